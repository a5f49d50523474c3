// A model of one PostgreSQL backend: chapter 55 of its documentation, for a toy of a SQL, one small step at a time.

import { concat, int32At } from '../../wire/bytes.ts';
import { message } from '../harness/client_words.ts';
import * as say from '../harness/server_words.ts';
import { ParametersModel } from './parameters_model.ts';
import { columnsOf, filled, type Portal, SqlModel } from './sql_model.ts';

/** How something under way is ended from outside. */
export type Interrupt = 'cancel' | 'lock_timeout';

export interface BackendHost {
  /** False: it has to wait, and will be stepped again. */
  mayGo(backend: Backend, what: string): boolean;
  onTransactionEnd(backend: Backend): void;
  /** Of the table that `cols` reads: counted up by `alter`. */
  version: number;
  /** Are the columns others than when it was parsed? */
  isStale(parsedAt: number): boolean;
  /** False: it is told what the version is when that is first seen. */
  readonly knowsVersion: boolean;
}

interface Message {
  readonly type: string;
  readonly body: Uint8Array;
}

const CANCELED = ['57014', 'canceling statement due to user request'] as const;
const LOCK_TIMEOUT = ['55P03', 'canceling statement due to lock timeout'] as const;

export class Backend {
  status: 'I' | 'T' | 'E' = 'I';
  readonly parameters: ParametersModel;
  readonly statements = new Map<string, string>();
  /** Advisory locks of the session, which outlive every transaction: key → how often it is held. Each client has keys of its own. */
  readonly held = new Map<string, number>();
  /** Of each statement, when it was parsed. */
  readonly #parsedAt = new Map<string, number>();
  /** What it said; whoever hosts it takes it off. */
  out: Uint8Array[] = [];
  /** A Parse that names its statement is refused with this, whatever else. */
  refusal: readonly [string, string] | undefined;
  /** Everything in `out` is to leave now. */
  mustFlush = false;
  /** What it waits for. */
  waitsFor: string | undefined;
  ended = false;
  /** Tags of what it ran, the last one; for the trace. */
  running = '';
  readonly host: BackendHost;
  readonly #sql = new SqlModel(this);
  #portals = new Map<string, Portal>();
  #skipping = false;
  #copying: 'simple' | 'extended' | undefined;
  #copied = 0;
  /** What is left of a simple Query. */
  #rest: string[] | undefined;
  #input: Message[] = [];
  #bytes: Uint8Array = new Uint8Array(0);

  constructor(host: BackendHost, asked: Readonly<Record<string, string>>) {
    this.host = host;
    this.parameters = new ParametersModel(asked);
  }

  /** Any part of what the other side sends; gives the messages that are whole now. */
  feed(chunk: Uint8Array): Uint8Array[] {
    const whole: Uint8Array[] = [];
    const all = this.#bytes.length === 0 ? chunk : concat([this.#bytes, chunk]);
    let at = 0;
    while (all.length - at >= 5) {
      const end = at + 1 + int32At(all, at + 1);
      if (end > all.length) break;
      this.#input.push({ type: String.fromCharCode(all[at]!), body: all.subarray(at + 5, end) });
      whole.push(all.subarray(at, end));
      at = end;
    }
    this.#bytes = all.subarray(at);
    return whole;
  }

  /** Nothing to do and nothing begun. */
  get isQuiet(): boolean {
    return this.#input.length === 0 && this.#rest === undefined && this.#copying === undefined;
  }

  get isCopying(): boolean {
    return this.#copying !== undefined;
  }

  get isSkipping(): boolean {
    return this.#skipping;
  }

  get owesNothing(): boolean {
    return this.#input.length === 0 && (this.#rest === undefined || this.#copying !== undefined);
  }

  /** Is the next thing one that says nothing, whatever happens? */
  get nextIsSilent(): boolean {
    const next = this.#input[0]?.type;
    if (next === undefined || (this.#rest !== undefined && this.#copying === undefined)) return false;
    if (this.#copying !== undefined) return next === 'H' || next === 'S' || (next === 'd' && !this.#isBad());
    return this.#skipping ? next !== 'S' && next !== 'X' : 'Hdcf'.includes(next);
  }

  /** One step. `waits`: it will go on when what it waits for is there. */
  step(interrupt?: Interrupt): 'idle' | 'did' | 'waits' {
    if (this.ended) return 'idle';
    if (this.#rest !== undefined && this.#copying === undefined) return this.#stepQuery(interrupt);
    const next = this.#input[0];
    if (next === undefined) return 'idle';
    if (this.#copying !== undefined) this.#onCopyMessage(next);
    else if (!(this.#skipping && next.type !== 'S' && next.type !== 'X')) {
      if (interrupt !== undefined && 'QPBDEC'.includes(next.type)) this.#onInterrupted(next, interrupt);
      else if (!this.#onMessage(next)) return 'waits';
    }
    this.#input.shift();
    return 'did';
  }

  /** What is stopped before it began has thrown away what was there without a name. */
  #onInterrupted({ type, body }: Message, interrupt: Interrupt): void {
    if (type === 'Q' || (type === 'P' && body[0] === 0)) this.statements.delete('');
    if (type === 'Q') this.#portals.delete('');
    this.#interrupted(interrupt, type !== 'Q');
  }

  #interrupted(interrupt: Interrupt, isExtended: boolean): void {
    const [code, text] = interrupt === 'cancel' ? CANCELED : LOCK_TIMEOUT;
    this.error(code, text, isExtended);
    if (!isExtended) this.#ready();
  }

  #onMessage({ type, body }: Message): boolean {
    const words = Buffer.from(body).toString('latin1').split('\0');
    switch (type) {
      case 'Q':
        this.#onQuery(words[0]!);
        return true;
      case 'P':
        this.#onParse(words[0]!, words[1]!);
        return true;
      case 'B':
        this.#onBind(words[0]!, words[1]!, body);
        return true;
      case 'D':
        this.#onDescribe(words[0]!);
        return true;
      case 'E':
        return this.#onExecute(words[0]!, int32At(body, body.length - 4));
      case 'C':
        if (words[0]![0] === 'S') this.statements.delete(words[0]!.slice(1));
        else this.#portals.delete(words[0]!.slice(1));
        this.say(say.closeComplete);
        return true;
      case 'S':
        this.#skipping = false;
        this.#endImplicit();
        this.#ready();
        return true;
      case 'H':
        this.mustFlush = true;
        return true;
      case 'X':
        this.ended = true;
        return true;
      default:
        // What is left of a COPY that failed.
        return true;
    }
  }

  #isBad(): boolean {
    const body = this.#input[0]!.body;
    return body.length >= 3 && body[0] === 0x62 && body[1] === 0x61 && body[2] === 0x64;
  }

  #onCopyMessage({ type, body }: Message): void {
    const how = this.#copying!;
    if (type === 'S' || type === 'H') return;
    if (type === 'd' && !this.#isBad()) {
      this.#copied++;
      return;
    }
    this.#copying = undefined;
    if (type === 'c') this.say(say.complete(`COPY ${this.#copied}`));
    else if (type === 'f') {
      const reason = Buffer.from(body.subarray(0, -1)).toString('latin1');
      this.error('57014', `COPY from stdin failed: ${reason}`, how === 'extended');
    } else if (type === 'd') this.error('22P02', 'bad data', how === 'extended');
    else this.error('08P01', `unexpected message type ${type} during COPY`, how === 'extended');
    if (how === 'extended' || type === 'c') return;
    this.#rest = undefined;
    this.#ready();
  }

  #onQuery(sql: string): void {
    this.statements.delete('');
    this.#portals.delete('');
    const all = sql.split(';').map((each) => each.trim());
    if (all.length > 1 && all.at(-1) === '') all.pop();
    this.#rest = all;
  }

  /** One statement of a simple Query, or its end. */
  #stepQuery(interrupt: Interrupt | undefined): 'did' | 'waits' {
    const rest = this.#rest!;
    const sql = rest[0];
    if (sql === undefined) {
      this.#rest = undefined;
      this.#endImplicit();
      this.#ready();
      return 'did';
    }
    if (interrupt !== undefined) {
      this.#rest = undefined;
      this.#interrupted(interrupt, false);
      return 'did';
    }
    const refusal = this.#refusal(sql);
    if (refusal !== undefined) this.error(...refusal, false);
    else if (!this.#mayGo(sql)) return 'waits';
    else {
      rest.shift();
      if (sql.startsWith('copyin')) {
        this.#beginCopy('simple');
        return 'did';
      }
      const columns = columnsOf(sql, this.host.version);
      if (columns !== undefined) this.say(columns);
      if (this.#sql.run(sql, undefined, 0, false)) return 'did';
    }
    this.#rest = undefined;
    this.#ready();
    return 'did';
  }

  #onParse(name: string, sql: string): void {
    if (name === '') this.statements.delete('');
    if (sql.startsWith('syntax')) return this.#refuse('42601', `syntax error in ${sql}`);
    const refusal = this.#refusal(sql);
    if (refusal !== undefined) return this.#refuse(...refusal);
    if (name !== '' && this.refusal !== undefined) return this.#refuse(...this.refusal);
    if (name !== '' && this.statements.has(name))
      return this.#refuse('42P05', `prepared statement "${name}" already exists`);
    this.statements.set(name, sql);
    this.#parsedAt.set(name, this.host.version);
    this.say(say.parseComplete);
  }

  #onBind(portal: string, name: string, body: Uint8Array): void {
    const sql = this.statements.get(name);
    if (sql === undefined) return this.#missing(name);
    // An empty one too (PostgreSQL, exec_bind_message()).
    const refusal = this.#refusal(sql === '' ? ';' : sql);
    if (refusal !== undefined) return this.#refuse(...refusal);
    if (portal !== '' && this.#portals.has(portal))
      return this.#refuse('42P03', `cursor "${portal}" already exists`);
    if (this.#isStale(name, sql)) return this.#refuseStale();
    const version = this.host.knowsVersion ? this.host.version : undefined;
    this.#portals.set(portal, {
      sql: filled(sql, portal, name, body),
      left: undefined,
      done: false,
      version,
    });
    this.say(say.bindComplete);
  }

  #onDescribe(target: string): void {
    const name = target.slice(1);
    const isStatement = target[0] === 'S';
    const sql = isStatement ? this.statements.get(name) : this.#portals.get(name)?.sql;
    if (sql === undefined) {
      if (isStatement) return this.#missing(name);
      return this.#refuse('34000', `portal "${name}" does not exist`);
    }
    const refusal = this.#refusal(sql);
    if (refusal !== undefined) return this.#refuse(...refusal);
    if (isStatement && this.#isStale(name, sql)) return this.#refuseStale();
    const portal = isStatement ? undefined : this.#portals.get(name);
    if (portal !== undefined) portal.version ??= this.host.version;
    if (isStatement) this.say(PARAMETERS[sql.includes('@$1') ? 1 : 0]!);
    this.say(columnsOf(sql, portal?.version ?? this.host.version) ?? say.noData);
  }

  #onExecute(name: string, rowsMax: number): boolean {
    const portal = this.#portals.get(name);
    if (portal === undefined) {
      this.error('34000', `portal "${name}" does not exist`, true);
      return true;
    }
    const { sql } = portal;
    const refusal = this.#refusal(sql);
    if (refusal !== undefined) {
      this.error(...refusal, true);
      return true;
    }
    if (portal.done && !sql.startsWith('rows')) {
      this.error('55000', `portal "${name}" cannot be run`, true);
      return true;
    }
    if (!this.#mayGo(sql)) return false;
    if (sql.startsWith('copyin')) {
      portal.done = true;
      this.#beginCopy('extended');
      return true;
    }
    this.#sql.run(sql, portal, rowsMax, true);
    portal.done = true;
    return true;
  }

  #beginCopy(how: 'simple' | 'extended'): void {
    this.#copying = how;
    this.#copied = 0;
    this.say(say.copyIn());
    this.mustFlush = true;
  }

  #isStale(name: string, sql: string): boolean {
    return sql.startsWith('cols') && this.host.isStale(this.#parsedAt.get(name)!);
  }

  #refuseStale(): void {
    this.#refuse('0A000', STALE, 'RevalidateCachedQuery');
  }

  #missing(name: string): void {
    this.#refuse('26000', `prepared statement "${name}" does not exist`);
  }

  /** In the extended protocol. */
  #refuse(sqlstate: string, text: string, routine?: string): void {
    this.error(sqlstate, text, true, routine);
  }

  /** Why it may not run now. */
  #refusal(sql: string): readonly [string, string] | undefined {
    if (this.status !== 'E' || /^(?:commit|rollback)$/i.test(sql) || sql === '') return undefined;
    return ['25P02', 'current transaction is aborted, commands ignored until end of transaction block'];
  }

  #mayGo(sql: string): boolean {
    this.waitsFor = undefined;
    if (!sql.startsWith('lock') && !sql.startsWith('sleep')) return true;
    const what = sql.split(' ', 2).join(' ');
    this.running = sql;
    if (this.host.mayGo(this, what)) return true;
    this.waitsFor = what;
    return false;
  }

  /** False, for whoever returns it. */
  error(sqlstate: string, text: string, skips: boolean, routine?: string): false {
    this.#skipping = skips;
    this.parameters.rollback();
    const before = this.status;
    this.endTransaction();
    this.status = before === 'I' ? 'I' : 'E';
    this.say(say.errorResponse(text, 'ERROR', sqlstate, routine));
    this.mustFlush = true;
    return false;
  }

  endTransaction(): void {
    this.status = 'I';
    this.#portals.clear();
    this.waitsFor = undefined;
    this.host.onTransactionEnd(this);
  }

  #endImplicit(): void {
    if (this.status !== 'I') return;
    this.parameters.commit();
    this.endTransaction();
  }

  #ready(): void {
    for (const [name, value] of this.parameters.changes()) this.say(say.parameterStatus(name, value));
    this.say(say.ready(this.status));
    this.mustFlush = true;
  }

  say(...messages: readonly Uint8Array[]): void {
    this.out.push(...messages);
  }
}

const STALE = 'cached plan must not change result type';
const PARAMETERS: readonly Uint8Array[] = [
  message('t', Buffer.from([0, 0])),
  message('t', Buffer.from([0, 1, 0, 0, 0, 25])),
];
