// What a client has left in its session on purpose: followed where its text says it, asked of the server where it does not, pinned while it lasts.

import {
  type Action,
  ANYTHING,
  LIBRARY,
  NOTIFIES,
  SETTINGS,
  type StatementEffects,
} from '../query/effects.ts';
import type { Server } from '../server/server.ts';
import type { LeftBehind } from '../server/tenant.ts';
import { Answers, inquirySql } from '../state/inquiry.ts';
import { bitsOf, PINS, type Pin } from '../state/pins.ts';
import { isUndone, UndoLog } from '../state/undo_log.ts';
import { decodeTexts } from '../wire/server_messages.ts';
import * as type from '../wire/types.ts';
import { ListeningClient } from './listening_client.ts';
import type { Session } from './session.ts';

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
  readonly listening: ListeningClient;

  constructor(session: Session) {
    this.#session = session;
    this.listening = new ListeningClient(session);
  }

  /** The server is asked what was left: `onReady()` will go on. */
  get isAsking(): boolean {
    return this.#answers !== undefined;
  }

  /** A statement was done, or has failed where that undoes nothing. */
  onEffects({ bits, actions }: StatementEffects): void {
    // A session of its own keeps its server, and that is made as new behind it.
    if (this.#session.keepsServer) return;
    this.#due |= bits & ANYTHING;
    if ((bits & LIBRARY) !== 0) this.pins.add('library');
    if ((bits & NOTIFIES) !== 0) this.listening.onNotifying(this.#session.server);
    for (const action of actions) if (isUndone(action)) this.#log.add(action);
  }

  onTransactionEnd(server: Server, isCommit: boolean): void {
    if (isCommit) this.#commit(server);
    else this.#log.clear();
  }

  onFailed(): void {
    this.#failed = true;
  }

  /** Outside of a block a run is a transaction of its own: it has been done as a whole, or not at all. */
  onRunEnd(server: Server): void {
    const failed = this.#failed;
    this.#failed = false;
    if (server.status !== type.IDLE) return;
    if (failed) this.#log.clear();
    else this.#commit(server);
  }

  /** The server is out of its transaction, and owes nothing. True: it was asked something first. */
  onReady(server: Server): boolean {
    if (this.#answers !== undefined) this.#learn(server, this.#answers);
    const due = this.#due;
    this.#due = 0;
    if (due === 0) {
      server.touched = bitsOf(this.pins);
      return false;
    }
    // Until the answer is there, nobody knows.
    server.touched = bitsOf(this.pins) | due;
    this.#askedAbout = due;
    this.#answers = new Answers(due);
    server.inject(inquirySql(due, this.#hiddenNames()));
    return true;
  }

  onRow(body: Uint8Array): void {
    this.#answers?.onRow(decodeTexts(body));
  }

  /** It may have what it was asked about: the client keeps it. */
  onAskFailed(server: Server, reason: string): void {
    this.#answers = undefined;
    const { context, pid } = this.#session;
    context.log.warn({ client_pid: pid, reason }, 'a server did not say what a client has left on it');
    for (const { pin, bit } of PINS) if ((this.#askedAbout & bit) !== 0) this.pins.add(pin);
    if ((this.#askedAbout & SETTINGS) !== 0) server.retired ??= `it did not say what is set: ${reason}`;
  }

  #learn(server: Server, answers: Answers): void {
    this.#answers = undefined;
    const { asked, pins, settings } = answers.findings;
    for (const { pin, bit } of PINS) {
      if ((asked & bit) === 0) continue;
      if (pins.has(pin)) this.pins.add(pin);
      else this.pins.delete(pin);
    }
    if ((asked & SETTINGS) !== 0) this.#session.parameters.onSettingsFound(server, settings);
  }

  get holdsReady(): boolean {
    return this.listening.isToSettle && this.#session.server?.status === type.IDLE;
  }

  /** Settings that pg_settings does not show: an operator names them, or the client has set them by itself. */
  #hiddenNames(): Set<string> {
    const { context, parameters } = this.#session;
    const names = new Set(context.settings.track_extra_parameters.map((name) => name.toLowerCase()));
    for (const name of parameters.current.unreported.keys()) if (name.includes('.')) names.add(name);
    return names;
  }

  #commit(server: Server): void {
    if (this.#log.isFull) this.#due |= SETTINGS;
    for (const action of this.#log.commit()) this.#apply(server, action);
  }

  #apply(server: Server, action: Action): void {
    const { parameters } = this.#session;
    switch (action.kind) {
      case 'set':
      case 'config':
      case 'reset':
      case 'reset_all':
        return parameters.apply(server, action);
      case 'listen':
        return this.listening.add(action.channel);
      case 'unlisten':
        return this.listening.remove(action.channel);
      case 'discard':
        if (action.what === 'all') {
          parameters.apply(server, action);
          // Nothing else can have stood beside it.
          this.#due = 0;
          this.pins.clear();
          this.listening.remove(undefined);
        }
        return;
    }
  }
}
