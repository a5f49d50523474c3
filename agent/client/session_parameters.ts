// What a client has set, as its texts and its servers say it.

import { AgentError } from '../base/errors.ts';
import { hasHighByte } from '../query/classify.ts';
import {
  type Action,
  ADVANCES,
  type Effects,
  NOTHING,
  NOTIFIES,
  type StatementEffects,
  TEMPORARY,
  UNREAD,
} from '../query/effects.ts';
import { eitherWay, inAnyEncoding } from '../query/either_way.ts';
import { glance, LOOK_CLOSER } from '../query/glance.ts';
import type { Server } from '../server/server.ts';
import type { ClientStatements, Mention } from '../state/client_statements.ts';
import { flatten, type Parameters } from '../state/parameters.ts';
import type { StatementRegistry } from '../state/statements.ts';
import { endOfString } from '../wire/bytes.ts';
import { encodeCommandComplete, encodeParameterStatus } from '../wire/server_messages.ts';
import type { Greeting } from './greetings.ts';
import { Handover } from './handover.ts';
import { channelsOf } from './listen_text.ts';
import { OwnStart, type StartedText } from './own_start.ts';
import { refusalOf } from './pin_policy.ts';
import type { Session } from './session.ts';
import type { Names } from './sql_names.ts';

/** What a text does to settings. */
type SetAction = Extract<Action, { kind: 'set' }>;

export type SettingAction = Extract<Action, { kind: 'set' | 'config' | 'reset' | 'reset_all' | 'discard' }>;

/** PostgreSQL has some 350 of its own. */
const FOLLOWED_MAX = 500;
const FOLLOWED_BYTES_MAX = 256 * 1024;

const BACKSLASH = 0x5c;
const SET_DONE = encodeCommandComplete('SET');

export class SessionParameters {
  /** What the client believes: what the server reported, and what it asked for at its start. */
  current: Parameters;
  readonly #session: Session;
  readonly #greeting: Greeting;
  /** What a RESET leads back to. */
  readonly start: OwnStart;
  /** How its servers get to it. */
  readonly handover: Handover;

  constructor(session: Session, greeting: Greeting) {
    this.#session = session;
    this.#greeting = greeting;
    this.current = greeting.parameters;
    this.start = new OwnStart(greeting);
    this.handover = new Handover(session, greeting);
  }

  /** The server reports it. True: it is new to the client. */
  onReported(name: string, value: string): boolean {
    if (this.current.reported.get(name) === value || this.#session.left.restart.isDue) return false;
    this.current = this.current.withReported(name, value);
    return true;
  }

  /** What a text of the client's leaves in its session. @param from where it begins in `chunk`; @param to where it ends, without its NUL. */
  effectsOf(chunk: Uint8Array, from: number, to: number): Effects {
    const isDoubtful = this.#isBehind && isDelicate(chunk, from, to);
    if (isDoubtful && hasHighByte(chunk, from, to)) return UNREAD;
    const { isConforming, isAsciiSafe, isUtf8 } = this.current;
    const { effects: reader } = this.#session.context;
    this.#session.left.check?.note(chunk, from, to);
    const effects = reader.read(chunk, from, to, isConforming, isAsciiSafe);
    if (isDoubtful) return eitherWay(effects, reader.read(chunk, from, to, !isConforming, isAsciiSafe));
    return isUtf8 ? effects : inAnyEncoding(effects);
  }

  /** A text that is to be one statement, where something in it leads back to the client's own start. */
  startedText(chunk: Uint8Array, from: number, to: number, effects: Effects): StartedText | undefined {
    if (this.start.isEmpty) return undefined;
    return this.start.inStatement(chunk.subarray(from, to), effects, this.current);
  }

  /** In what the server counts the characters of what the client writes. */
  get encoding(): string {
    const { reported } = this.current;
    const own = reported.get('client_encoding') ?? '';
    const ofServer = reported.get('server_encoding') ?? '';
    // Where nothing is converted the server counts in its own.
    return own === 'SQL_ASCII' || ofServer === 'SQL_ASCII' ? ofServer : own;
  }

  /** As `effectsOf()`; undefined: nothing at all. */
  readOf(chunk: Uint8Array, from: number, to: number): Effects | undefined {
    const effects = this.effectsOf(chunk, from, to);
    return effects === NOTHING ? undefined : effects;
  }

  /** What the execution of a statement leaves; it may be parsed anew, by another reading than that of its first Parse. */
  effectsOfMention(mention: Mention | undefined): Effects | undefined {
    if (mention?.statement === undefined) return mention?.effects;
    const { effects, reading, tail } = mention.statement;
    if (reading === undefined || reading === this.current.reading) return effects;
    return isDelicate(tail, 0, tail.length) ? UNREAD : effects;
  }

  /** Something of the client's is still to be done or reported: it may change what a backslash is. */
  get #isBehind(): boolean {
    const due = this.#session.server?.expected;
    return due !== undefined && (due.owesSync || due.owesClient);
  }

  /**
   * The client has temporary objects, or may have when all that it sent is done. What its texts mean depends on these: PostgreSQL
   * looks for them before any others, and a plan that is there already may be of the others. So it shares no Parse of these.
   */
  get mayMeanTemporary(): boolean {
    const { server } = this.#session;
    return server !== undefined && (server.touched & TEMPORARY) !== 0;
  }

  /** What somebody has to know of what a text leaves, which is about to be sent; undefined: nothing. */
  leaving(effects: Effects | undefined, server: Server): Effects | undefined {
    if (effects === undefined || effects === NOTHING) return undefined;
    // What is parsed behind it, before it is done.
    if ((effects.bits & TEMPORARY) !== 0 && makesTemporary(effects)) server.touched |= TEMPORARY;
    if ((effects.bits & ADVANCES) !== 0) {
      server.advanced = true;
      if (server.advancedBy !== this.#session)
        server.advancedBy = server.advancedBy === undefined ? this.#session : server;
    }
    const { advance } = effects;
    return advance !== undefined && this.#session.left.sequences.passes(advance) ? undefined : effects;
  }

  /** Of a statement that was read before: meanwhile something may have been learned about its text. */
  readAgain(mention: Mention | undefined): Mention | undefined {
    const { left, context } = this.#session;
    const { edition } = context.effects.lessons;
    const statement = mention?.statement;
    if (statement === undefined || (statement.taught === edition && left.check === undefined)) return mention;
    statement.taught = edition;
    const { tail, sql, effects } = statement;
    // What is said to the server instead of LISTEN would be read; and of PREPARE nothing runs yet.
    if (
      sql !== undefined ||
      mention?.source !== undefined ||
      effects === undefined ||
      channelsOf(effects).length > 0
    )
      return mention;
    const end = endOfString(tail, 0, tail.length);
    if (end >= 0) statement.effects = this.effectsOf(tail, 0, end);
    return mention;
  }

  /** By what its names are looked for. @param refusal why it may have no more of them. */
  namesOf(
    owner: ClientStatements,
    registry: StatementRegistry,
    { tenant }: Server,
    refusal: AgentError | undefined,
  ): Names {
    const { isConforming, isAsciiSafe } = this.current;
    const { effects } = this.#session.context;
    const read: Names['read'] = (text, from, to) => effects.read(text, from, to, isConforming, isAsciiSafe);
    return { owner, registry, reading: tenant.reading ?? '', refusal, read, encoding: this.encoding };
  }

  /** Functions may have SQL as it is (PostgreSQL 14). */
  get readsBodies(): boolean {
    return Number.parseInt(this.current.reported.get('server_version') ?? '', 10) >= 14;
  }

  /** Why a text may not go to the server. */
  refusalOf(effects: Effects): AgentError | undefined {
    const { pool, left, context } = this.#session;
    return refusalOf(effects, pool, left.pins.size > 0, context.settings);
  }

  /** To be run before the text, so that it finds no number of a sequence that is another client's; mostly empty. */
  sequencesSql(effects: Effects, server: Server): string {
    return this.#session.left.sequences.sqlBefore(effects, server);
  }

  /** What was notified before a text that listens, or does so no longer, is certain when all before it is answered: the client waits. */
  waitsToListen(effects: Effects, { expected: due }: Server): boolean {
    return due.owesClient && !due.owesSync && this.#session.left.listening.isConcerned(effects);
  }

  /** Before a text that listens or notifies goes to the server. False: the client waits. @throws AgentError */
  prepareToListen(effects: Effects, server: Server): boolean {
    const { listening } = this.#session.left;
    if (this.waitsToListen(effects, server)) return false;
    const channels = channelsOf(effects);
    if (channels.length > 0 && !listening.prepare(channels)) return false;
    return (effects.bits & NOTIFIES) === 0 || listening.prepareToNotify(server);
  }

  /** A server has taken this, and nothing else with it. */
  learn(action: SetAction): void {
    if (!this.#isSharable(action)) return;
    const { name } = action;
    this.#session.pool.knownSettings.learn(name, wholeValueOf(action), this.current.reportedOf(name) ?? '');
  }

  /** A SET that a server of the pool has taken before: the client has it now, and its next server will. False: a server must be asked. */
  setKnown(action: SetAction): boolean {
    if (!this.#isSharable(action)) return false;
    const { connection, pool } = this.#session;
    const { name } = action;
    const value = wholeValueOf(action);
    const reported = pool.knownSettings.reportedAfter(name, value);
    if (reported === undefined) return false;
    connection.write(SET_DONE);
    const own = this.current.spellingOf(name);
    if (own === undefined) this.current = this.current.withSetting(name, value);
    else if (this.onReported(own, reported)) connection.write(encodeParameterStatus(own, reported));
    return true;
  }

  /** Not where it depends on whose rights the session has at that moment, or on what it had: `ISO` leaves the order of days and months as it is. */
  #isSharable(action: SetAction): boolean {
    const { name } = action;
    const { unreported } = this.current;
    if (name === 'role' || name === 'session_authorization') return false;
    if (name === 'datestyle' && !wholeValueOf(action).includes(',')) return false;
    return this.handover.isAccepted && !unreported.has('role') && !unreported.has('session_authorization');
  }

  /** Every server that the client gets is told all of them, and so is everybody who gets it next. */
  get tooMany(): AgentError | undefined {
    const { unreported } = this.current;
    let bytes = 0;
    for (const [name, value] of unreported) bytes += name.length + value.length;
    if (unreported.size <= FOLLOWED_MAX && bytes <= FOLLOWED_BYTES_MAX) return undefined;
    const limits = { max: FOLLOWED_MAX, bytesMax: FOLLOWED_BYTES_MAX };
    return new AgentError('followed_settings_full', { ...limits, count: unreported.size, bytes });
  }

  /** What a client's own text has set, and is committed: the server has it already. */
  apply(server: Server, action: SettingAction): void {
    this.current = this.#after(this.current, action);
    server.parameters = this.#after(server.parameters, action);
  }

  /** What the server says of those that it was asked about; one without a value is as the server has it by itself. */
  onValuesFound(server: Server, names: Iterable<string>, found: ReadonlyMap<string, string>): void {
    for (const name of names) {
      if (this.current.reports(name)) continue;
      this.current = this.current.withSetting(name, found.get(name));
      server.parameters = server.parameters.withSetting(name, found.get(name));
    }
  }

  /** What the server says it has set, of all that it does not report. */
  onSettingsFound(server: Server, found: ReadonlyMap<string, string>): void {
    const unreported = new Map<string, string>();
    for (const [name, value] of found) if (!server.parameters.reports(name)) unreported.set(name, value);
    const whose = server.parameters.reported.get('session_authorization');
    if (whose !== undefined && whose !== this.#session.pool.welcome?.reported.get('session_authorization'))
      unreported.set('session_authorization', whose);
    this.current = this.current.withUnreported(unreported);
    server.parameters = server.parameters.withUnreported(unreported);
  }

  /** The client has not heard of it. */
  tellReported(server: Server): void {
    for (const [name, value] of server.parameters.reported) {
      if (this.current.reported.get(name) === value) continue;
      this.#session.connection.write(encodeParameterStatus(name, value));
      this.current = this.current.withReported(name, value);
    }
  }

  #after(before: Parameters, action: SettingAction): Parameters {
    const { asked } = this.#greeting;
    switch (action.kind) {
      case 'set':
      case 'config': {
        if (action.name === 'session_authorization')
          return before.withSetting('role', undefined).withSetting(action.name, wholeValueOf(action));
        return before.reports(action.name) ? before : before.withSetting(action.name, wholeValueOf(action));
      }
      case 'reset':
        if (action.name === 'session_authorization')
          return before.withSetting('role', undefined).withSetting(action.name, asked.get(action.name));
        return before.reports(action.name) ? before : before.withSetting(action.name, asked.get(action.name));
      default:
        return this.#afterAll(before, action.kind === 'discard');
    }
  }

  /** RESET ALL leaves whose rights a session has (GUC_NO_RESET_ALL), DISCARD ALL does not. */
  #afterAll(before: Parameters, isDiscard: boolean): Parameters {
    const left = new Map<string, string>();
    for (const [name, value] of this.#greeting.asked) if (!before.reports(name)) left.set(name, value);
    if (!isDiscard)
      for (const name of ['session_authorization', 'role']) {
        const value = before.unreported.get(name);
        if (value !== undefined) left.set(name, value);
      }
    return before.withUnreported(left);
  }
}

/** It may: what only throws them away hides nothing from anybody. */
function makesTemporary({ statements }: Effects): boolean {
  const makes = ({ bits, actions }: StatementEffects): boolean =>
    (bits & TEMPORARY) !== 0 && !actions.some(({ kind }) => kind === 'discard');
  return statements.length === 0 || statements.some(makes);
}

/** Does it depend on standard_conforming_strings, or on the encoding, what the text does? */
function isDelicate(bytes: Uint8Array, from: number, to: number): boolean {
  return bytes.subarray(from, to).includes(BACKSLASH) && glance(bytes, from, to) === LOOK_CLOSER;
}

/** As set_config() takes it. */
function wholeValueOf(action: Extract<SettingAction, { kind: 'set' | 'config' }>): string {
  return action.kind === 'config' ? action.value : flatten(action.name, action.values);
}
