// What an operator tells the data plane: PAUSE, RESUME, DISABLE, KILL, SUSPEND and their like, with PgBouncer's meaning.

import type { Clock } from '../base/clock.ts';
import { AgentError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { CONSOLE_DATABASE } from '../config/console_database.ts';
import type { Connection } from '../net/connection.ts';
import type { Plane } from './plane.ts';

/** How often is looked whether everything that was written has left. */
const FLUSH_LOOK_MS = 20;

export interface VerbParts {
  readonly plane: Pick<Plane, 'context' | 'registry' | 'suspension'>;
  readonly clock: Clock;
  readonly log: Log;
}

export class Verbs {
  readonly #plane: VerbParts['plane'];
  readonly #clock: Clock;
  readonly #log: Log;

  constructor({ plane, clock, log }: VerbParts) {
    this.#plane = plane;
    this.#clock = clock;
    this.#log = log;
  }

  /** Of everything; single databases may be paused besides. */
  get mode(): 'running' | 'paused' | 'suspended' {
    if (this.#plane.suspension.isOn) return 'suspended';
    return this.#plane.registry.holds.isPaused ? 'paused' : 'running';
  }

  async pause(database?: string): Promise<void> {
    this.#tell('PAUSE', database);
    if (database !== undefined) this.#check(database, 'pause');
    if (this.mode !== 'running') throw new AgentError('already_paused');
    await this.#plane.registry.pause(database);
  }

  resume(database?: string): void {
    this.#tell('RESUME', database);
    const { registry } = this.#plane;
    if (database === undefined) {
      if (this.mode === 'running') throw new AgentError('not_paused');
      if (this.#plane.suspension.isOn) this.#plane.suspension.end();
    } else {
      this.#check(database, 'resume');
      if (!registry.holds.paused.has(database)) throw new AgentError('database_not_paused', { database });
    }
    registry.resume(database);
  }

  disable(database: string): void {
    this.#tell('DISABLE', database);
    this.#check(database, 'disable');
    this.#plane.registry.holds.disabled.add(database);
  }

  enable(database: string): void {
    this.#tell('ENABLE', database);
    // PgBouncer's own slip of the tongue.
    this.#check(database, 'disable');
    this.#plane.registry.holds.disabled.delete(database);
  }

  reconnect(database?: string): void {
    this.#tell('RECONNECT', database);
    if (database !== undefined) this.#check(database, 'reconnect');
    this.#plane.registry.reconnect(database);
  }

  kill(database?: string): void {
    this.#tell('KILL', database);
    if (this.mode !== 'running') throw new AgentError('already_paused');
    if (database !== undefined) this.#check(database, 'kill');
    const { registry, context } = this.#plane;
    // First of all: what its clients leave behind is not lent again.
    void registry.pause(database).catch(() => {});
    for (const session of context.clients) {
      const { name } = session.pool.database;
      if (database === undefined || name === database) session.kill(killed(name));
    }
    registry.kill(database, killed);
  }

  killClient(id: number): void {
    const session = this.#plane.context.clients.find(id);
    if (session === undefined) throw new AgentError('client_not_found');
    session.kill(new AgentError('client_killed'));
  }

  async suspend(): Promise<void> {
    this.#tell('SUSPEND', undefined);
    if (this.mode !== 'running') throw new AgentError('already_paused');
    const connections = this.#plane.suspension.begin();
    const until = this.#clock.now() + this.#plane.context.settings.suspend_timeout;
    const isFlushed = ({ isClosed, buffered }: Connection): boolean => isClosed || buffered === 0;
    while (this.#plane.suspension.isOn && !connections.every(isFlushed)) {
      if (this.#clock.now() >= until) {
        for (const each of connections) if (!isFlushed(each)) each.close();
        return;
      }
      await new Promise<void>((resolve) => this.#clock.after(FLUSH_LOOK_MS, resolve));
    }
  }

  async waitClose(database?: string): Promise<void> {
    this.#tell('WAIT_CLOSE', database);
    if (database !== undefined) this.#check(database, 'wait in');
    await this.#plane.registry.waitClose(database);
  }

  /** @throws AgentError console_database, no_such_database */
  #check(database: string, verb: string): void {
    // With the console nothing of this can be done.
    if (database === CONSOLE_DATABASE) throw new AgentError('console_database', { verb, database });
    if (!this.#plane.registry.serves(database)) throw new AgentError('no_such_database', { database });
  }

  /** As PgBouncer logs it. */
  #tell(verb: string, database: string | undefined): void {
    this.#log.info(
      {},
      database === undefined ? `${verb} command issued` : `${verb} '${database}' command issued`,
    );
  }
}

function killed(database: string): AgentError {
  return new AgentError('database_killed', { database });
}
