// A server goes from one client to another: it gets what that one has set, before anything of his goes there.

import { AgentError } from '../base/errors.ts';
import type { Server } from '../server/server.ts';
import { anew, difference, type Parameters } from '../state/parameters.ts';
import { inTime } from '../state/sure_settings.ts';
import type { Greeting } from './greetings.ts';
import type { Session } from './session.ts';
import { Switch } from './switch.ts';

/** So many servers in a row may have kept what another client has left there: then it is not their fault. */
const OTHERS_MAX = 3;

export class Handover {
  readonly #session: Session;
  readonly #greeting: Greeting;
  /** A server has taken the client's parameters as they are. */
  #accepted: boolean;
  /** Until the server has said whether it takes them, nothing of the client's goes there. */
  #asking: 'no' | 'first' | 'again' = 'no';
  /** What the server had before it was asked to take the client's. */
  #before: Parameters | undefined;
  /** And what it has when it has taken them. */
  #reached: Parameters | undefined;
  /** How it got its last server, where that was another's: the next one may be there again. */
  #last: Switch | undefined;
  #isRefused = false;
  #refusals = 0;

  constructor(session: Session, greeting: Greeting) {
    this.#session = session;
    this.#greeting = greeting;
    this.#accepted = greeting.accepted;
  }

  /** The server is asked whether it takes them: `onAnswered()` will follow. */
  get isAsking(): boolean {
    return this.#asking !== 'no';
  }

  get isAccepted(): boolean {
    return this.#accepted;
  }

  /** Gives the server the client's parameters before the client's first message goes there. */
  begin(server: Server): void {
    const { pool, parameters } = this.#session;
    const { current } = parameters;
    const isStrange = server.settingsOf !== undefined && server.settingsOf !== this.#session;
    if (current === server.parameters && !isStrange) return;
    if (this.#last?.isFrom(server.parameters, current) === true && !isStrange)
      return this.#switch(server, this.#last);
    const isFirst = !this.#accepted;
    this.#accepted = true;
    const elder = isStrange ? undefined : pool.elders.elderOf(server.parameters, current);
    if (elder !== undefined) {
      // They say the same: from now on they are the same, and the next comparison is one of references.
      server.parameters = elder;
      parameters.current = elder;
      if (isFirst) this.#greeting.accept(elder);
      return;
    }
    if (!isFirst && !isStrange) return this.#switch(server, new Switch(server.parameters, current));
    const has = server.parameters;
    const sql = isStrange ? anew(has, current, pool.welcome) : difference(has, current).join('');
    if (sql === '') return;
    if (isStrange) server.settingsOf = undefined;
    this.#told(server, has, has.withUnreported(current.unreported));
    this.#asking = isFirst ? 'first' : 'again';
    server.inject(inTime(has) + sql);
  }

  #switch(server: Server, next: Switch): void {
    if (next.query === undefined) return;
    this.#last = next.isShort ? next : undefined;
    this.#told(server, next.has, next.reached);
    // What may be refused is answered before the client's query is sent, which must not run without it; otherwise both leave
    // in one write: the relay uncorks.
    if (next.isSure) server.connection.cork();
    else this.#asking = 'again';
    server.injectKnown(next.query, next.answer);
  }

  #told(server: Server, has: Parameters, reached: Parameters): void {
    this.#before = has;
    this.#reached = reached;
    server.parameters = reached;
  }

  /** The server that was asked is ready. True: it has them now. False: it is for nobody, and the client needs another one. */
  onAnswered(server: Server): boolean {
    const { parameters } = this.#session;
    const isFirst = this.#asking === 'first';
    this.#asking = 'no';
    if (this.#isRefused) {
      this.#isRefused = false;
      if (isFirst) this.#accepted = false;
      return false;
    }
    this.#refusals = 0;
    // A Query has ended what anybody had parsed there without a name: nothing is to be closed in front of what the client says first.
    server.unnamedOf = undefined;
    if (!isFirst) return true;
    // It has said how it spells them: `ISO` is `ISO, MDY` there.
    parameters.tellReported(server);
    parameters.current = server.parameters;
    this.#greeting.accept(server.parameters);
    return true;
  }

  /**
   * All of them or none: it has what it had. Otherwise the next client would take back from it what it does not know.
   * Gives why the client ends; undefined: it gets another server.
   */
  onRefused(server: Server, reason: string): AgentError | undefined {
    const before = this.#before;
    this.#before = undefined;
    // Whoever comes next could not take it back either; or it has reported something meanwhile, which is not known to be undone.
    const isOthers = before !== undefined && before.unreported.size > 0;
    if (isOthers || server.parameters !== this.#reached || this.#asking !== 'first')
      server.retired ??= 'what a client has set there could not be taken back';
    if (before !== undefined) server.parameters = before;
    const isFirst = this.#asking === 'first';
    const mayBeOthers = this.#asking === 'again' || (isFirst && isOthers);
    if (!mayBeOthers || ++this.#refusals > OTHERS_MAX)
      return new AgentError(isFirst ? 'startup_parameter' : 'settings_not_taken', { reason });
    this.#isRefused = true;
    return undefined;
  }
}
