// A reference model of one PostgreSQL backend: the protocol as its chapter 55 tells it, for a toy of a SQL.
//
// The statements, one or several with `;` between them: `rows 3`, `fail`, `syntax`, `begin`, `commit`, `rollback`,
// `copyin`, `copyout`, `notice`, `set name=value`, `discard`, and nothing at all. What the agent says by itself
// (set_config, RESET, current_setting) is understood too.

import { concat } from '../../wire/bytes.ts';
import { message, split } from './client_words.ts';
import * as server from './server_words.ts';

type Status = 'I' | 'T' | 'E';

export class ToyBackend {
  status: Status = 'I';
  readonly settings = new Map<string, string>();
  readonly statements = new Map<string, string>();
  /** Errors that no client of its own asked for: a statement that is there twice, or not at all. */
  readonly surprises: string[] = [];
  /** Whoever is here sees a different answer; a test puts a server's name in it. */
  readonly mark: string;
  #portals = new Map<string, string>();
  #skipping = false;
  #copying: 'simple' | 'extended' | undefined;
  #rest: string[] = [];
  #input: Uint8Array = new Uint8Array(0);
  #out: Uint8Array[] = [];

  constructor(mark = '') {
    this.mark = mark;
  }

  /** Takes any part of a client's stream, gives what it answers. */
  take(bytes: Uint8Array): Uint8Array {
    this.#input = concat([this.#input, bytes]);
    let at = 0;
    while (this.#input.length - at >= 5) {
      const end = at + 1 + Buffer.from(this.#input).readInt32BE(at + 1);
      if (end > this.#input.length) break;
      this.#onMessage(this.#input.subarray(at, end));
      at = end;
    }
    this.#input = this.#input.subarray(at);
    const out = concat(this.#out);
    this.#out = [];
    return out;
  }

  #onMessage(bytes: Uint8Array): void {
    const { type, body } = split(bytes)[0]!;
    if (this.#copying !== undefined) return this.#onCopyMessage(type);
    if (this.#skipping && type !== 'S') return;
    const words = body.toString('latin1').split('\0');
    // A string without its end is refused before anything of the message is believed (pq_getmsgstring()).
    if (words.length <= (STRINGS[type] ?? 0)) return this.#error('08P01', 'invalid string in message', true);
    switch (type) {
      case 'Q':
        return this.#onQuery(words[0]!);
      case 'F':
        this.#say(server.functionCallResponse);
        return this.#ready();
      case 'P':
        return this.#onParse(words[0]!, words[1]!);
      case 'B':
        return this.#onBind(words[0]!, words[1]!);
      case 'D':
        return this.#onDescribe(words[0]!);
      case 'E':
        return this.#onExecute(words[0]!);
      case 'C':
        if (words[0]![0] === 'S') this.statements.delete(words[0]!.slice(1));
        else this.#portals.delete(words[0]!.slice(1));
        return this.#say(server.closeComplete);
      case 'S':
        this.#skipping = false;
        return this.#ready();
    }
  }

  #onCopyMessage(type: string): void {
    const how = this.#copying;
    // Sync and Flush mean nothing while data comes (copyfromparse.c).
    if (type === 'd' || type === 'S' || type === 'H') return;
    this.#copying = undefined;
    if (type === 'c') this.#say(server.complete('COPY 1'));
    else this.#error('57014', 'COPY failed', how === 'extended');
    if (how === 'extended') return;
    if (type === 'c') this.#run(this.#rest);
    else this.#ready();
  }

  #onQuery(sql: string): void {
    this.statements.delete('');
    const all = sql.split(';').map((each) => each.trim());
    if (all.length > 1 && all.at(-1) === '') all.pop();
    this.#run(all);
  }

  /** Simple protocol: one after the other, up to the first error; a COPY waits for its data. */
  #run(all: readonly string[]): void {
    for (const [i, sql] of all.entries()) {
      if (sql === 'copyin' && this.#mayRun(sql)) {
        this.#copying = 'simple';
        this.#rest = all.slice(i + 1);
        return this.#say(server.copyIn());
      }
      const columns = this.#columns(sql);
      if (columns !== undefined && this.#mayRun(sql)) this.#say(columns);
      if (!this.#execute(sql, false)) break;
    }
    this.#ready();
  }

  #onParse(name: string, sql: string): void {
    if (name === '') this.statements.delete('');
    if (!this.#mayRun(sql)) return this.#error('25P02', 'the transaction is aborted', true);
    if (sql === 'syntax') return this.#error('42601', 'syntax error', true);
    if (name !== '' && this.statements.has(name)) {
      this.surprises.push(`"${name}" is there twice`);
      return this.#error('42P05', 'the statement exists', true);
    }
    this.statements.set(name, sql);
    this.#say(server.parseComplete);
  }

  #onBind(portal: string, name: string): void {
    const sql = this.statements.get(name);
    if (sql === undefined) return this.#missing(name);
    if (!this.#mayRun(sql)) return this.#error('25P02', 'the transaction is aborted', true);
    this.#portals.set(portal, sql);
    this.#say(server.bindComplete);
  }

  #onDescribe(target: string): void {
    const name = target.slice(1);
    const sql = (target[0] === 'S' ? this.statements : this.#portals).get(name);
    if (sql === undefined) return this.#missing(name);
    if (!this.#mayRun(sql)) return this.#error('25P02', 'the transaction is aborted', true);
    if (target[0] === 'S') this.#say(server.parameterDescription());
    this.#say(this.#columns(sql) ?? server.noData);
  }

  #onExecute(portal: string): void {
    const sql = this.#portals.get(portal);
    if (sql === undefined) return this.#error('34000', 'there is no such portal', true);
    if (sql === 'copyin' && this.#mayRun(sql)) {
      this.#copying = 'extended';
      return this.#say(server.copyIn());
    }
    this.#execute(sql, true);
  }

  #missing(name: string): void {
    this.surprises.push(`"${name}" is not there`);
    this.#error('26000', 'the statement does not exist', true);
  }

  #mayRun(sql: string): boolean {
    return this.status !== 'E' || ['commit', 'rollback', 'ROLLBACK'].includes(sql);
  }

  #columns(sql: string): Uint8Array | undefined {
    return /^(?:rows|SELECT|show)/.test(sql) ? server.rowDescription('x') : undefined;
  }

  /** False: it failed. */
  #execute(sql: string, extended: boolean): boolean {
    if (!this.#mayRun(sql)) {
      this.#error('25P02', 'the transaction is aborted', extended);
      return false;
    }
    const [word = '', rest = ''] = sql.split(/ (.*)/);
    switch (word) {
      case '':
        this.#say(server.emptyQuery);
        return true;
      case 'fail':
      case 'syntax':
        this.#error('22012', `division by zero${this.mark}`, extended);
        return false;
      case 'rows':
        for (let i = 0; i < Number(rest); i++) this.#say(server.dataRow(`${i}${this.mark}`));
        return this.#done(`SELECT ${rest}`);
      case 'copyout':
        this.#say(server.copyOut(), message('d', '1\n'), message('d', '2\n'), server.copyDoneByServer);
        return this.#done('COPY 2');
      case 'notice':
        this.#say(server.notice('look'));
        return this.#done('DO');
      case 'begin':
      case 'BEGIN':
        if (this.status === 'I') this.status = 'T';
        return this.#done('BEGIN');
      case 'commit':
      case 'COMMIT':
      case 'rollback':
      case 'ROLLBACK': {
        const tag = word.toLowerCase() === 'commit' && this.status === 'T' ? 'COMMIT' : 'ROLLBACK';
        this.status = 'I';
        return this.#done(tag);
      }
      case 'discard':
        this.statements.clear();
        this.settings.clear();
        return this.#done('DISCARD ALL');
      default:
        return this.#executeSetting(word, rest, extended);
    }
  }

  #executeSetting(word: string, rest: string, extended: boolean): boolean {
    const config = /^pg_catalog\.set_config\('(\w+)', '(.*)', false\)$/.exec(rest);
    if (word === 'SELECT' && config !== null) {
      this.settings.set(config[1]!, config[2]!);
      this.#say(server.dataRow(config[2]!));
      return this.#done('SELECT 1');
    }
    if (word === 'SELECT' && rest.includes('pg_settings')) {
      for (const [name, value] of this.settings) this.#say(server.dataRow(`set ${name}`, value));
      return this.#done(`SELECT ${this.settings.size}`);
    }
    // What the agent gives its own statements.
    if (word === 'SET' && rest.startsWith('LOCAL ')) return this.#done('SET');
    const own = /^"(\w+)" TO '(.*)'$/.exec(rest);
    if (word === 'SET' && own !== null) {
      this.settings.set(own[1]!, own[2]!);
      return this.#done('SET');
    }
    if (word === 'RESET' && rest === 'ALL') {
      this.settings.clear();
      return this.#done('RESET');
    }
    if (word === 'RESET') {
      this.settings.delete(rest.replaceAll('"', ''));
      return this.#done('RESET');
    }
    if (word === 'set') {
      const [name = '', value = ''] = rest.split('=');
      this.settings.set(name, value);
      return this.#done('SET');
    }
    if (word === 'show') {
      this.#say(server.dataRow(this.settings.get(rest) ?? null));
      return this.#done('SHOW');
    }
    this.#error('42601', 'syntax error', extended);
    return false;
  }

  #done(tag: string): true {
    this.#say(server.complete(tag));
    return true;
  }

  #error(sqlstate: string, text: string, skips: boolean): void {
    if (this.status === 'T') this.status = 'E';
    this.#skipping = skips;
    this.#say(server.errorResponse(text, 'ERROR', sqlstate));
  }

  #ready(): void {
    if (this.status === 'I') this.#portals.clear();
    this.#say(server.ready(this.status));
  }

  #say(...messages: readonly Uint8Array[]): void {
    this.#out.push(...messages);
  }
}

/** Strings that a message begins with. */
const STRINGS: Readonly<Record<string, number>> = { P: 2, B: 2, D: 1, E: 1, C: 1 };
