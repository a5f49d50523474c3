// A bank of its own for each file of faults: a PostgreSQL, agents in front of it, tellers at work, and the comparison of the books.

import { expect } from 'bun:test';
import type { Agent, AgentOptions } from '../harness/agent.ts';
import { type Application, serve } from '../harness/application.ts';
import { type CertificateAuthority, createCertificateAuthority } from '../harness/certificates.ts';
import { type Postgres, type PostgresOptions, startPostgres } from '../harness/postgres.ts';
import { Ledger, openBank, reconcile, resetBank, untilQuiet } from './ledger.ts';
import { type Counter, type Load, startLoad } from './tellers.ts';

export type Settings = NonNullable<Application['settings']>;

/** The agent that serves now; a test that ends it opens the next one at the same socket. */
export class Branch implements AsyncDisposable {
  readonly #agents: Agent[];
  readonly #bank: Bank;

  constructor(bank: Bank, first: Agent) {
    this.#bank = bank;
    this.#agents = [first];
  }

  get agent(): Agent {
    return this.#agents.at(-1)!;
  }

  async openAgain(): Promise<void> {
    const env = { PGSIDECAR_UNIX_SOCKET_DIR: this.#agents[0]!.socketDir };
    this.#agents.push(await this.#bank.start({}, { env }));
  }

  /** The first one last, because the socket is in its directory. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const agent of this.#agents.toReversed()) await agent.stop();
  }
}

export class Bank {
  readonly postgres: Postgres;
  readonly authority: CertificateAuthority;

  private constructor(postgres: Postgres, authority: CertificateAuthority) {
    this.postgres = postgres;
    this.authority = authority;
  }

  static async open(options: PostgresOptions = {}, hosts?: readonly string[]): Promise<Bank> {
    const authority = createCertificateAuthority();
    const postgres = await startPostgres({
      tls: { server: authority.issueServer(hosts === undefined ? {} : { hosts }) },
      users: { app: '' },
      databases: { shop: 'app' },
      ...options,
    });
    await openBank(postgres);
    return new Bank(postgres, authority);
  }

  reset(): Promise<void> {
    return resetBank(this.postgres);
  }

  start(
    settings: Settings = {},
    options: AgentOptions = {},
    more: Partial<Application> = {},
  ): Promise<Agent> {
    return serve(
      {
        postgres: this.postgres,
        authority: this.authority,
        // Plain, because some of the tellers speak the protocol themselves.
        settings: { default_pool_size: 4, auth_type: 'plain', server_login_retry: '200ms', ...settings },
        ...more,
      },
      options,
    );
  }

  /** Where tellers find the agents: one socket, whoever listens there. */
  counter({ socketDir }: Agent): Counter {
    return { socketDir, user: 'app', password: this.postgres.passwordOf('app'), database: 'shop' };
  }

  /** The bank works, `act` happens to it, the bank goes on; then the books are compared, and nothing is left lying about. */
  async underLoad(
    branch: Pick<Branch, 'agent'>,
    act: (load: Load, ledger: Ledger) => Promise<void>,
  ): Promise<Ledger> {
    const ledger = new Ledger();
    const load = startLoad(ledger, this.counter(branch.agent));
    await load.progress();
    await act(load, ledger);
    await load.progress();
    await load.stop();
    await untilQuiet(this.postgres, branch.agent);
    await reconcile(this.postgres, ledger);
    return ledger;
  }

  async close(): Promise<void> {
    await this.postgres.stop();
  }
}

/** What the server said, the loss of it, that it is not there or coming up; the last are the drivers' own words. */
const KNOWN: readonly RegExp[] = [
  /^(?:08001|08004|08006|57P0[123])$/,
  /^Client has encountered a connection error/,
  /^Connection terminated/,
  /^the connection is gone$/,
  // Whoever writes at the moment in which the connection is closed hears this before he reads why.
  /^(?:EPIPE|ECONNRESET)$/,
];

/** @param more what this fault brings besides. */
export function expectKnown({ errors }: Ledger, ...more: readonly RegExp[]): void {
  const known = [...KNOWN, ...more];
  expect(errors.filter((error) => !known.some((each) => each.test(error)))).toEqual([]);
}
