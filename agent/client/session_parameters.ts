// What a client has set, and how its servers get to it: before its first message there, and after each SET of its own.

import type { Server } from '../server/server.ts';
import { difference, type Parameters } from '../state/parameters.ts';
import { encodeParameterStatus } from '../wire/server_messages.ts';
import type { Greeting } from './greetings.ts';
import type { Session } from './session.ts';
import { TrackedParameters } from './tracked_parameters.ts';

export class SessionParameters {
  /** What the client believes: what the server reported, and what it asked for at its start. */
  current: Parameters;
  readonly #session: Session;
  readonly #greeting: Greeting;
  /** A server has taken the client's parameters as they are. */
  #accepted: boolean;
  /** Until the server has said whether it takes them, nothing of the client's goes there. */
  #asking = false;
  #tracked: TrackedParameters | undefined;
  /** What the server had before it was asked to take the client's. */
  #unreportedBefore: ReadonlyMap<string, string> | undefined;

  constructor(session: Session, greeting: Greeting) {
    this.#session = session;
    this.#greeting = greeting;
    this.#accepted = greeting.accepted;
    this.current = greeting.parameters;
  }

  /** The server is asked whether it takes them: `onAccepted()` will go on. */
  get isAsking(): boolean {
    return this.#asking;
  }

  /** The server is asked what the client has set: `lookAtSettings()` will go on. */
  get isTracking(): boolean {
    return this.#tracked !== undefined;
  }

  /** Gives the server the client's parameters before the client's first message goes there. */
  synchronize(server: Server): void {
    if (this.current === server.parameters) return;
    const isFirst = !this.#accepted;
    this.#accepted = true;
    const elder = this.#session.pool.elders.elderOf(server.parameters, this.current);
    if (elder !== undefined) {
      // They say the same: from now on they are the same, and the next comparison is one of references.
      server.parameters = elder;
      this.current = elder;
      if (isFirst) this.#greeting.accept(elder);
      return;
    }
    const sql = difference(server.parameters, this.current);
    if (sql === '') return;
    this.#unreportedBefore = server.parameters.unreported;
    server.parameters = server.parameters.withUnreported(this.current.unreported);
    // What a server has never taken may be refused, and then the client's query must not run without it.
    this.#asking = isFirst;
    // Otherwise the relay uncorks: both leave in one write.
    if (!isFirst) server.connection.cork();
    server.inject(sql);
  }

  /** The server has them now, and has said how it spells them: `ISO` is `ISO, MDY` there. */
  onAccepted(server: Server): void {
    this.#asking = false;
    for (const [name, value] of server.parameters.reported) {
      if (this.current.reported.get(name) === value) continue;
      this.#session.connection.write(encodeParameterStatus(name, value));
    }
    this.current = server.parameters;
    this.#greeting.accept(server.parameters);
  }

  /** All of them or none: it has what it had. Otherwise the next client would take back from it what it does not know. */
  onRefused(server: Server): void {
    if (this.#unreportedBefore === undefined) return;
    server.parameters = server.parameters.withUnreported(this.#unreportedBefore);
    this.#unreportedBefore = undefined;
  }

  /** The server reports it. True: it is new to the client. */
  onReported(name: string, value: string): boolean {
    if (this.current.reported.get(name) === value) return false;
    this.current = this.current.withReported(name, value);
    return true;
  }

  /** A row of the answer to what the client has set. */
  onRow(body: Uint8Array): void {
    this.#tracked?.onRow(body);
  }

  /** That question failed: what it has set is known to nobody now, and the next client must not inherit it. */
  onTrackingFailed(server: Server, reason: string): void {
    this.#tracked = undefined;
    server.retired ??= `it did not say what a client has set: ${reason}`;
  }

  /** What a SET did that the server does not report has to be asked for. True: the answer is on its way. */
  lookAtSettings(server: Server): boolean {
    if (this.#tracked !== undefined) {
      this.current = this.#tracked.applyTo(this.current);
      server.parameters = this.#tracked.applyTo(server.parameters);
      this.#tracked = undefined;
      // Behind the question the client may have sent another SET, which the answer knows nothing of.
      if (!server.settingsTouched) return false;
    }
    server.settingsTouched = false;
    const { context, mode } = this.#session;
    const names = context.settings.track_extra_parameters.filter((name) => !hasName(server.parameters, name));
    // RESET ALL may have undone what we gave it, and SET may have replaced it.
    server.parameters = server.parameters.withUncertain();
    if (names.length === 0 || mode === 'session') return false;
    this.#tracked = new TrackedParameters(names);
    server.inject(this.#tracked.sql);
    return true;
  }
}

function hasName(parameters: Parameters, name: string): boolean {
  for (const own of parameters.reported.keys()) if (own.toLowerCase() === name.toLowerCase()) return true;
  return false;
}
