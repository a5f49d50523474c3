// What a client has left in its session on purpose: followed where its text says it, asked of the server where it does not, pinned while it lasts.

import {
  type Action,
  ADVANCES,
  ANYTHING,
  LIBRARY,
  LISTENS,
  NOTIFIES,
  READS_SEQUENCE,
  SETTINGS,
  STATEMENTS,
  type StatementEffects,
  UNNAMED,
} from '../query/effects.ts';
import type { Lesson } from '../query/lessons.ts';
import type { Server } from '../server/server.ts';
import type { LeftBehind } from '../server/tenant.ts';
import { Answers, type Findings, inquirySql, withHidden } from '../state/inquiry.ts';
import { anew } from '../state/parameters.ts';
import { bitsOf, PINS, type Pin, resetsFor } from '../state/pins.ts';
import { isUndone, UndoLog } from '../state/undo_log.ts';
import { decodeTexts, encodeReadyForQuery } from '../wire/server_messages.ts';
import * as type from '../wire/types.ts';
import { foreignBits, LeakCheck, reportLeak, runsAnything, unannounced } from './leak_check.ts';
import { ListeningClient } from './listening_client.ts';
import { IgnoredBits, policyOf, tellLeft, tellShared } from './pin_policy.ts';
import { Restart } from './restart.ts';
import { Sequences } from './sequences.ts';
import type { Session } from './session.ts';

/** Settings that one transaction may change to values that its texts do not say; whoever changes more is asked about all. */
const NAMES_MAX = 200;
/** Of one transaction; more than are ever learned of one. */
const LESSONS_MAX = 16;

export class SessionState implements LeftBehind {
  /** Why it keeps its server between transactions. */
  readonly pins = new Set<Pin>();
  readonly #session: Session;
  readonly #log = new UndoLog();
  /** An error was told since the last ReadyForQuery. */
  #failed = false;
  /** Bits of `Effects`: what the server is to be asked when the transaction has ended. */
  #due = 0;
  #answers: Answers | undefined;
  #askedAbout = 0;
  /** Bits: the server did not say, and is asked again behind the client's next transaction. */
  #unanswered = 0;
  /** `Session.turns` at that. */
  #askedTurn = 0;
  /** Nothing was announced, and it is asked all the same. */
  #isChecking = false;
  /** Settings that its texts have changed to a value that they do not say; and those that the server is asked about. */
  #names = new Set<string>();
  #asked: ReadonlySet<string> = this.#names;
  /** Bits: what was left and may not be, to be taken away before anything else. */
  #toTakeAway = 0;
  readonly #ignored = new IgnoredBits();
  #isOver = false;
  /** The lease is looked at closely. */
  check: LeakCheck | undefined;
  /** What was learned and has run in this transaction. */
  readonly #lessons: Lesson[] = [];
  /** What the server has that nobody has announced can only be this client's: since it was looked at, or was new, nobody else has had it. */
  #isCertain = false;
  /** Bits: what was found that may be another's, while this client keeps the server. */
  #foreign = 0;
  /** Something was found that it had not announced: what is set may be that, and acquits nobody. */
  #hasLeaked = false;
  readonly listening: ListeningClient;
  readonly restart: Restart;
  readonly sequences: Sequences;

  constructor(session: Session) {
    this.#session = session;
    this.sequences = new Sequences(session);
    this.listening = new ListeningClient(session);
    this.restart = new Restart(session);
  }

  /** The server is asked what was left: `onReady()` will go on. */
  get isAsking(): boolean {
    return this.#answers !== undefined;
  }

  /** It has something to ask, or has asked. */
  get isToAsk(): boolean {
    return this.#answers !== undefined || this.check !== undefined;
  }

  onLease(server: Server): void {
    this.#isCertain = server.isLookedThrough;
    this.#foreign = 0;
    this.#choose(server);
  }

  #choose(server: Server): void {
    const { pool, context, keepsServer } = this.#session;
    const hasAllTexts = server.isLookedThrough;
    server.isLookedThrough = false;
    const isChosen = !keepsServer && pool.sampler.isNext(context.settings.leak_check_every);
    this.check = isChosen ? new LeakCheck(this.#isCertain, hasAllTexts) : undefined;
  }

  /** A statement was done, or has failed where that undoes nothing. */
  onEffects({ bits, actions, lesson, behind }: StatementEffects): void {
    // A session of its own keeps its server, and that is made as new behind it.
    if (this.#session.keepsServer) return;
    const { settings } = this.#session.context;
    const looked = bits & ~this.#ignored.of(settings);
    if (lesson !== undefined && this.#lessons.length < LESSONS_MAX) this.#lessons.push(lesson);
    this.#due |= looked & ANYTHING;
    // Where no name is said, any setting may have changed.
    if ((looked & SETTINGS) !== 0 && !actions.some(({ kind }) => kind === 'change')) this.#due |= UNNAMED;
    if ((looked & LIBRARY) !== 0) this.#keep('library');
    if ((looked & ADVANCES) !== 0 && this.sequences.onAdvanced(looked)) this.#keep('sequence');
    if ((bits & READS_SEQUENCE) !== 0 && (bits & ANYTHING) !== ANYTHING) tellShared(this.#session);
    if ((bits & NOTIFIES) !== 0) this.listening.onNotified();
    for (const action of actions) {
      if (action.kind === 'discard') this.#discard(action, behind === 'query');
      else if (isUndone(action)) this.#log.add(action);
      // What was learned of a function, or stood where it could not be followed, is the server's own.
      if (action.kind === 'unlisten' && this.pins.has('listen')) this.#due |= LISTENS;
      if (action.kind === 'change') this.#onChange(action.name);
    }
  }

  #onChange(name: string): void {
    if (this.#names.size < NAMES_MAX) this.#names.add(name);
    else this.#due |= SETTINGS | UNNAMED;
  }

  onTransactionEnd(server: Server, isCommit: boolean): void {
    if (isCommit) return this.#commit(server);
    this.#log.clear();
    this.restart.onRolledBack();
  }

  onFailed(): void {
    this.#failed = true;
    this.restart.onFailed();
  }

  /** Outside of a block a run is a transaction of its own: it has been done as a whole, or not at all. */
  onRunEnd(server: Server): boolean {
    const failed = this.#failed;
    this.#failed = false;
    const isBehind = this.restart.onRunEnd(server.status !== type.IDLE);
    if (server.status !== type.IDLE) return false;
    this.#due |= this.#unanswered;
    this.#unanswered = 0;
    if (failed) this.#log.clear();
    else this.#commit(server);
    return isBehind;
  }

  /** The server is out of its transaction, and owes nothing. True: it was asked something first. */
  onReady(server: Server): boolean {
    // It has gone on since.
    if (this.#session.turns !== this.#askedTurn + 1) server.isLookedThrough = false;
    if ((this.#toTakeAway | this.#foreign) !== 0) return this.#takeAway(server);
    if (this.pins.has('sequence')) this.sequences.onTransactionEnd();
    const due = this.#due === 0 ? this.#dueUnannounced(server) : this.#due;
    this.#due = 0;
    if (due === 0) {
      server.touched = bitsOf(this.pins);
      // Kept for its sequences only, it is looked at as one that is lent anew.
      if (this.pins.size === 1 && this.pins.has('sequence')) this.#choose(server);
      return false;
    }
    // Until the answer is there, nobody knows.
    server.touched = bitsOf(this.pins) | due;
    this.#askedAbout = due;
    this.#askedTurn = this.#session.turns;
    const isUtf8 =
      this.#session.parameters.current.isUtf8 ||
      server.parameters.reported.get('server_encoding') === 'SQL_ASCII';
    this.#answers = new Answers(due, isUtf8);
    this.#asked = (due & UNNAMED) === 0 ? this.#names : this.#hiddenNames();
    this.#names = new Set();
    if ((due & UNNAMED) !== 0 && !this.#isChecking) server.settingsOf = this.#session;
    server.inject(inquirySql(due, this.#asked, isUtf8));
    return true;
  }

  /** What an operator does not allow, and the text did not say; and what is another's, where this client keeps the server all the same. */
  #takeAway(server: Server): boolean {
    const { parameters, pool } = this.#session;
    // What it has left itself by now, it keeps.
    const foreign = this.pins.size > 0 ? this.#foreign & ~(this.#due | bitsOf(this.pins)) : 0;
    const bits = this.#toTakeAway | (foreign & ~SETTINGS);
    this.#askedAbout = this.#toTakeAway;
    this.#toTakeAway = 0;
    this.#foreign = 0;
    if ((bits & LIBRARY) !== 0) server.retired ??= 'a client has loaded a library into it';
    const resets = resetsFor(bits);
    if ((foreign & SETTINGS) !== 0) resets.push(anew(server.parameters, parameters.current, pool.welcome));
    if (resets.length === 0) return this.onReady(server);
    // Until that is done.
    server.touched |= bits;
    this.#answers = new Answers(0);
    for (const sql of resets) server.inject(sql);
    return true;
  }

  /** Before anything that the client may have sent behind the question. */
  onAnswered(server: Server): boolean {
    if (this.#answers !== undefined) this.#learn(server, this.#answers);
    return this.restart.onAnswered();
  }

  onRow(body: Uint8Array): void {
    this.#answers?.onRow(decodeTexts(body));
  }

  /** It may have what it was asked about: the client keeps it. */
  onAskFailed(server: Server, reason: string): void {
    this.#answers = undefined;
    // Nothing was announced: it is not known to have left anything.
    if (this.#isChecking) {
      this.#isChecking = false;
      return;
    }
    this.#unanswered = this.#askedAbout;
    const { context, pid } = this.#session;
    context.log.warn({ client_pid: pid, reason }, 'a server did not say what a client has left on it');
    for (const { pin, bit } of PINS) if ((this.#askedAbout & bit) !== 0) this.#pin(pin);
    if ((this.#askedAbout & SETTINGS) !== 0) server.retired ??= `it did not say what is set: ${reason}`;
  }

  /** The client is gone: its pins count no longer. */
  close(): void {
    this.listening.close();
    for (const pin of this.pins) this.unpin(pin);
    this.#isOver = true;
  }

  /** What nobody has announced is asked for when all else is known, and nothing keeps the server. */
  #dueUnannounced({ database }: Server): number {
    const { check } = this;
    // What has come without a word goes without one. The turn behind the question is its answer.
    const { turns } = this.#session;
    if (this.pins.size > (this.pins.has('sequence') ? 1 : 0))
      return this.#hasLeaked && turns !== this.#askedTurn + 1 ? bitsOf(this.pins) & ANYTHING : 0;
    if (check === undefined || check.isAsked) return 0;
    check.isAsked = true;
    // What connect_query has set, locked or created looks as if a client had done it.
    if (runsAnything(database.connectQuery)) return 0;
    this.#isChecking = true;
    const unseen = database.connectQuery === '' ? 0 : SETTINGS | UNNAMED;
    return ANYTHING & ~(this.#ignored.of(this.#session.context.settings) | unseen);
  }

  /** True: the server has what may be another client's, and is not for this one either. */
  #isFound(server: Server, findings: Findings): boolean {
    const { pool, context } = this.#session;
    const found = unannounced(findings, this.pins, server.parameters);
    const { lessons } = context.effects;
    const { check } = this;
    const isChecking = this.#isChecking;
    this.#isChecking = false;
    const isOwn = !isChecking || check?.isCertain === true || found.length === 0;
    if (found.length > 0 && isOwn) {
      for (const lesson of this.#lessons) lessons.onGuilty(lesson);
      this.#hasLeaked ||= isChecking || this.#lessons.length > 0;
    } else if (isOwn && !this.#hasLeaked && findings.pins.size === 0) {
      for (const lesson of this.#lessons) lessons.onInnocent(lesson);
    }
    this.#lessons.length = 0;
    if (!isChecking || check === undefined) return false;
    // Whatever the client has asked meanwhile may leave something again.
    server.isLookedThrough = isOwn && this.#session.turns === this.#askedTurn;
    this.#isCertain ||= isOwn;
    if (found.length === 0) return false;
    pool.statistics.leaks++;
    reportLeak(this.#session, check, found);
    if (isOwn) return false;
    pool.sampler.watch();
    server.retired ??= 'a client has left something in its session that no text has announced';
    this.#foreign = foreignBits(found);
    return true;
  }

  #learn(server: Server, answers: Answers): void {
    this.#answers = undefined;
    const { asked, pins, settings, shared, bySql } = answers.findings;
    if (asked !== 0 && this.#isFound(server, answers.findings)) return;
    for (const { pin, bit } of PINS) {
      if ((asked & bit) === 0) continue;
      if (pins.has(pin)) this.#keep(pin);
      else this.unpin(pin);
    }
    // Other clients rely on them.
    if ((asked & STATEMENTS) !== 0 && !server.statements.agreesWith(shared, bySql)) {
      if (this.pins.has('prepared_statement')) server.statements.doubt();
      else this.#toTakeAway |= STATEMENTS;
    }
    const { parameters } = this.#session;
    if ((asked & UNNAMED) !== 0) parameters.onSettingsFound(server, settings);
    else if ((asked & SETTINGS) !== 0) parameters.onValuesFound(server, this.#asked, settings);
    this.#limit();
  }

  #limit(): void {
    const error = this.#session.parameters.tooMany;
    if (error !== undefined) this.#session.fail(error);
  }

  /** It is to hear of its own notifications first. */
  get #holdsForOwn(): boolean {
    return this.listening.isToSettle && this.#session.server?.status === type.IDLE;
  }

  /** ReadyForQuery was held back, because what the client began with is gone. True: that is being set again, and `onReady()` of the session follows. */
  restore(server: Server): boolean {
    if (this.restart.begin(server)) return true;
    // Otherwise that says it.
    if (this.restart.end(server) && !this.#holdsForOwn)
      this.#session.connection.write(encodeReadyForQuery(server.status));
    return false;
  }

  get holdsReady(): boolean {
    return this.restart.isDue || this.#holdsForOwn;
  }

  /** Settings that pg_settings does not show: an operator names them, or the client has set them by itself. */
  #hiddenNames(): ReadonlySet<string> {
    const { context, parameters } = this.#session;
    return withHidden(this.#names, context.settings.track_extra_parameters, parameters.current);
  }

  /** As the operator has it. */
  #keep(pin: Pin): void {
    const policy = policyOf(pin, this.#session.context.settings);
    if (policy === 'pin') return this.#pin(pin);
    tellLeft(this.#session, pin);
    if (policy === 'error') this.#toTakeAway |= bitsOf(new Set([pin]));
  }

  #pin(pin: Pin): void {
    if (this.#isOver) return;
    const { pool } = this.#session;
    if (this.pins.has(pin)) return;
    if (this.pins.size === 0) pool.pinned++;
    this.pins.add(pin);
    pool.pins.set(pin, 1 + (pool.pins.get(pin) ?? 0));
  }

  unpin(pin: Pin): void {
    const { pool } = this.#session;
    if (!this.pins.delete(pin)) return;
    if (pin === 'sequence') this.sequences.end();
    if (this.pins.size === 0) pool.pinned--;
    pool.pins.set(pin, pool.pins.get(pin)! - 1);
  }

  #commit(server: Server): void {
    if (this.#log.isFull) this.#due |= ANYTHING;
    const done = this.#log.commit();
    for (const action of done) this.#apply(server, action);
    this.listening.commit(done);
    if (done.length > 0) this.#limit();
    if (done.length === 1 && done[0]!.kind === 'set' && done[0]!.isAlone === true)
      this.#session.parameters.learn(done[0]!);
  }

  /** PostgreSQL runs DISCARD ALL as a transaction of its own, in a pipeline too: what fails behind it does not undo it. */
  #discard(action: Extract<Action, { kind: 'discard' }>, isStartBehind: boolean): void {
    const { server, parameters } = this.#session;
    if (action.what === 'sequences') this.unpin('sequence');
    if (action.what !== 'all' || server === undefined) return;
    this.#commit(server);
    parameters.apply(server, action);
    this.restart.onDiscarded(isStartBehind);
    // All of it is gone.
    this.#due = 0;
    for (const pin of this.pins) if (pin !== 'library') this.unpin(pin);
    this.listening.commit([action]);
  }

  #apply(server: Server, action: Action): void {
    const { parameters } = this.#session;
    switch (action.kind) {
      case 'set':
      case 'config':
      case 'reset':
      case 'reset_all':
        return parameters.apply(server, action);
    }
  }
}
