// A toy of a SQL, for simulated backends: what each statement does and says.
//
// The statements: `rows 3 8 @tag`, `lock k @tag`, `sleep 20 @tag`, `fail @tag`, `syntax @tag`, `notice @tag`, `begin`, `commit`,
// `rollback`, `copyin @tag`, `copyout 2 @tag`, `set name value`, `quietly name value`, `reset name`, `show name @tag`, `hold key @tag`, `drop key @tag`, `alter`, `cols @tag`, `deallocate all`, `deallocate name`, `discard all`,
// nothing at all; and what the agent says by itself. `@$1` stands for a tag that comes with Bind.

import { int32At } from '../../wire/bytes.ts';
import { message } from '../harness/client_words.ts';
import * as say from '../harness/server_words.ts';
import type { Backend } from './backend.ts';

export interface Portal {
  readonly sql: string;
  /** Rows that are left; undefined before it ran. */
  left: number | undefined;
  done: boolean;
  /** Of what `cols` reads, as its Bind found it; undefined: not known yet. */
  version: number | undefined;
}

export class SqlModel {
  readonly #backend: Backend;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  /** False: it failed. */
  run(sql: string, portal: Portal | undefined, rowsMax: number, isExtended: boolean): boolean {
    const [verb = '', ...words] = sql.split(' ');
    const tag = words.at(-1)?.startsWith('@') === true ? words.at(-1)!.slice(1) : '';
    switch (verb) {
      case '':
        this.#backend.say(say.emptyQuery);
        return true;
      case 'fail':
      case 'syntax':
        return this.#backend.error('22012', `division by zero for ${tag}`, isExtended);
      case 'rows':
        return this.#rows(Number(words[0]), Number(words[1]), tag, portal, rowsMax);
      case 'lock':
      case 'sleep':
        this.#backend.say(say.dataRow(`${tag}|${this.#backend.parameters.shown()}`));
        return this.#done('SELECT 1');
      case 'hold':
      case 'drop':
        return this.#hold(words[0]!, verb === 'hold' ? 1 : -1, tag);
      case 'cols':
        return this.#columns(tag, portal);
      case 'copyout':
        this.#backend.say(say.copyOut());
        for (let i = 0; i < Number(words[0]); i++) this.#backend.say(message('d', `${tag}.${i}\n`));
        this.#backend.say(say.copyDoneByServer);
        return this.#done(`COPY ${words[0]}`);
      case 'notice':
        this.#backend.say(say.notice(tag));
        this.#backend.mustFlush = true;
        return this.#done('DO');
      case 'show':
        this.#backend.say(say.dataRow(`${tag}|${this.#backend.parameters.get(words[0]!)}`));
        return this.#done('SHOW');
      default:
        return this.#runControl(verb.toLowerCase(), words, sql, isExtended);
    }
  }

  #runControl(verb: string, words: readonly string[], sql: string, isExtended: boolean): boolean {
    switch (verb) {
      case 'begin':
        if (this.#backend.status === 'T')
          this.#backend.say(warning('25001', 'there is already a transaction in progress'));
        this.#backend.status = 'T';
        return this.#done('BEGIN');
      case 'commit':
      case 'rollback': {
        if (this.#backend.status === 'I')
          this.#backend.say(warning('25P01', 'there is no transaction in progress'));
        const commits = verb === 'commit' && this.#backend.status !== 'E';
        if (commits) this.#backend.parameters.commit();
        else this.#backend.parameters.rollback();
        this.#backend.endTransaction();
        return this.#done(commits ? 'COMMIT' : 'ROLLBACK');
      }
      case 'alter':
        this.#backend.host.version++;
        return this.#done('ALTER TABLE');
      case 'set':
        return this.#set(sql, isExtended);
      case 'quietly':
        this.#backend.parameters.set(words[0]!, words.slice(1).join(' '));
        return this.#done('SELECT 1');
      case 'reset':
        if (words.join(' ') === 'ALL') this.#backend.parameters.resetAll();
        else this.#backend.parameters.reset(words[0]!.replaceAll('"', ''));
        return this.#done('RESET');
      case 'deallocate':
        return this.#deallocate(words[0]!, isExtended);
      case 'discard':
        if (this.#backend.status !== 'I')
          return this.#backend.error('25001', 'DISCARD ALL cannot run inside a transaction', isExtended);
        this.#dropStatements();
        this.#backend.parameters.resetAll();
        this.#backend.held.clear();
        return this.#done('DISCARD ALL');
      case 'select':
        return this.#runSelect(sql, isExtended);
      default:
        return this.#backend.error('42601', `syntax error: ${sql}`, isExtended);
    }
  }

  /** `set name value`, and what the agent says itself: `SET "name" TO 'value'`. */
  #set(sql: string, isExtended: boolean): boolean {
    // What the agent gives its own question.
    if (sql.startsWith('SET LOCAL ')) return this.#done('SET');
    const own = /^SET "([^"]+)" TO '(.*)'$/.exec(sql);
    const [, name, value] = own ?? /^set (\w+) (.*)$/.exec(sql) ?? [];
    // A list of names, told name by name.
    const whole = own === null ? value! : value!.replaceAll("', '", ', ');
    if (this.#backend.parameters.set(name!, whole)) return this.#done('SET');
    if (own === null) return this.#done('SET');
    return this.#backend.error('42704', `unrecognized configuration parameter "${name}"`, isExtended);
  }

  /** An advisory lock of the session: no rollback gives it back. */
  #hold(key: string, change: 1 | -1, tag: string): boolean {
    const { held, parameters } = this.#backend;
    const count = Math.max(0, (held.get(key) ?? 0) + change);
    if (count === 0) held.delete(key);
    else held.set(key, count);
    this.#backend.say(say.dataRow(`${tag}|${count}|${parameters.shown()}`));
    return this.#done('SELECT 1');
  }

  /** As many columns as the table had when it was bound. */
  #columns(tag: string, portal: Portal | undefined): true {
    const { host, parameters } = this.#backend;
    if (portal !== undefined) portal.version ??= host.version;
    const version = portal?.version ?? host.version;
    this.#backend.say(say.dataRow(`${tag}|v${version}|${parameters.shown()}`));
    return this.#done('SELECT 1');
  }

  #deallocate(word: string, isExtended: boolean): boolean {
    if (word.toLowerCase() === 'all') {
      this.#dropStatements();
      return this.#done('DEALLOCATE ALL');
    }
    const name = word.replaceAll('"', '');
    if (!this.#backend.statements.delete(name))
      return this.#backend.error('26000', `prepared statement "${name}" does not exist`, isExtended);
    return this.#done('DEALLOCATE');
  }

  /** The one without a name stays (PostgreSQL, DropAllPreparedStatements()). */
  #dropStatements(): void {
    for (const name of this.#backend.statements.keys())
      if (name !== '') this.#backend.statements.delete(name);
  }

  /** What the agent asks by itself. */
  #runSelect(sql: string, isExtended: boolean): boolean {
    const config = /set_config\('([\w.]+)', '(.*)', false\)$/.exec(sql);
    if (config !== null) {
      if (!this.#backend.parameters.set(config[1]!, config[2]!))
        return this.#backend.error(
          '42704',
          `unrecognized configuration parameter "${config[1]}"`,
          isExtended,
        );
      this.#backend.say(say.dataRow(config[2]!));
      return this.#done('SELECT 1');
    }
    const { parameters, statements, held } = this.#backend;
    if (sql.includes("'advisory_lock'") && held.size > 0)
      this.#backend.say(say.dataRow('advisory_lock', null));
    if (sql.includes("'shared'")) {
      const shared = [...statements.keys()].filter((name) => name.startsWith('pgsidecar_'));
      this.#backend.say(say.dataRow('shared', String(shared.length)));
    }
    const found = sql.includes('pg_settings') ? parameters.changedUnreported : [];
    for (const name of found) this.#backend.say(say.dataRow(`set ${name}`, parameters.get(name)!));
    const isKnown =
      /UNION ALL|pg_locks/.test(sql) || sql === 'SELECT 1' || sql.startsWith("SELECT 'timeout'");
    if (!isKnown) return this.#backend.error('42601', `syntax error: ${sql}`, isExtended);
    return this.#done(`SELECT ${found.length}`);
  }

  #rows(count: number, size: number, tag: string, portal: Portal | undefined, rowsMax: number): boolean {
    const left = portal?.left ?? (portal?.done === true ? 0 : count);
    const now = rowsMax > 0 ? Math.min(left, rowsMax) : left;
    const shown = this.#backend.parameters.shown();
    for (let i = count - left; i < count - left + now; i++)
      this.#backend.say(say.dataRow(`${tag}|${i}|${shown}|${'.'.repeat(size)}`));
    if (portal !== undefined) portal.left = left - now;
    if (rowsMax > 0 && now === rowsMax) {
      this.#backend.say(say.portalSuspended);
      return true;
    }
    return this.#done(`SELECT ${now}`);
  }

  #done(tag: string): true {
    this.#backend.say(say.complete(tag));
    return true;
  }
}

const COLUMN = say.rowDescription('x');

/** @param version of the table that `cols` reads. */
export function columnsOf(sql: string, version: number): Uint8Array | undefined {
  if (sql.startsWith('cols')) return say.rowDescription(`v${version}`);
  return /^(?:rows|lock|hold|drop|sleep|show|SELECT)/.test(sql) ? COLUMN : undefined;
}

function warning(sqlstate: string, text: string): Uint8Array {
  return message('N', `SWARNING\0VWARNING\0C${sqlstate}\0M${text}\0\0`);
}

/** The statement with the tag that Bind brought. */
export function filled(sql: string, portal: string, name: string, body: Uint8Array): string {
  if (!sql.includes('@$1')) return sql;
  // Two names, no formats, one parameter: its length, its bytes.
  const at = portal.length + name.length + 2 + 4;
  const length = int32At(body, at);
  const value = Buffer.from(body.subarray(at + 4, at + 4 + length)).toString('latin1');
  return sql.replace('@$1', `@${value}`);
}
