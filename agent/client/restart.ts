// Sets again what a client began with, behind a DISCARD ALL: that takes it all away at once, and lets nothing be said behind it in the same transaction.

import type { Server } from '../server/server.ts';
import type { Session } from './session.ts';

export class Restart {
  readonly #session: Session;
  /** It was done by a Query: what sets the client's own again is the next, and the client is told that it is ready behind that. */
  #isBehind = false;
  /** It was done in a run: what sets the client's own again is a part of that, and an error or ROLLBACK may undo it. */
  #isAtRisk = false;
  /** That was undone. */
  #isDue = false;
  #isCertain = false;
  #isRunning = false;

  constructor(session: Session) {
    this.#session = session;
  }

  /** The client hears nothing of the server's own start. */
  get isDue(): boolean {
    return this.#isDue;
  }

  /** What the client began with is being set again. */
  get isRunning(): boolean {
    return this.#isRunning;
  }

  onDiscarded(isBehind: boolean): void {
    this.#isBehind = isBehind;
    this.#isAtRisk = !isBehind && !this.#session.parameters.start.isEmpty;
  }

  /** An error was told. */
  onFailed(): void {
    this.#isDue = this.#isAtRisk;
  }

  /** ROLLBACK was done; another transaction may have begun by it. */
  onRolledBack(): void {
    this.#isDue = this.#isAtRisk;
    this.#isCertain = true;
  }

  /** True: the client is told that it is ready behind the agent's query that follows. */
  onRunEnd(isOpen: boolean): boolean {
    // What an error has undone in a block is undone by its end.
    if (isOpen && !this.#isCertain) this.#isDue = false;
    if (!isOpen) this.#isAtRisk = false;
    this.#isCertain = false;
    return this.#isBehind;
  }

  /** True: this is the ReadyForQuery that the client waits for. */
  onAnswered(): boolean {
    const isOwed = this.#isBehind;
    this.#isBehind = false;
    return isOwed;
  }

  /** True: it has begun, and `onReady()` of the session follows; or false, where it is over or was not due. */
  begin(server: Server): boolean {
    const { parameters, relay } = this.#session;
    if (this.#isRunning || !this.#isDue) return false;
    this.#isRunning = true;
    relay.wait();
    server.inject(parameters.start.sql(parameters.current));
    return true;
  }

  /** True: it is over now. */
  end(server: Server): boolean {
    if (!this.#isRunning) return false;
    this.#isRunning = false;
    this.#isDue = false;
    this.#session.parameters.tellReported(server);
    return true;
  }
}
