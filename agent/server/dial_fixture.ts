// One attempt to dial a scripted server, for the tests of dialing.

import { expect } from 'bun:test';
import { ScramKeyCache } from '../auth/scram_client.ts';
import { AgentError } from '../base/errors.ts';
import type { Secret } from '../base/secret.ts';
import type { DatabaseSettings } from '../config/settings.ts';
import { databaseOf } from '../tests/harness/data_plane.ts';
import { settle } from '../tests/harness/fake_clock.ts';
import { FakeNetwork, type FakeServer, UNTUNED } from '../tests/harness/fake_network.ts';
import { type Dialed, type DialPolicy, type DialTools, dial } from './dial.ts';

export const POLICY: DialPolicy = { protocols: 'tlsv1.3', ciphers: 'X', tcp: UNTUNED };
const identity = { user: 'idp_app', clientKeys: [] };

/** One dial on a network that says nothing by itself. */
export class Attempt {
  readonly network = new FakeNetwork();
  readonly late = new AbortController();
  outcome: Dialed | AgentError | undefined;

  constructor(more: Partial<DatabaseSettings> = {}, ...secrets: readonly Secret[]) {
    this.network.welcome = () => 'silent';
    this.#more = more;
    this.#secrets = secrets;
  }

  readonly #more: Partial<DatabaseSettings>;
  readonly #secrets: readonly Secret[];

  async begin(tools: Partial<DialTools> = {}): Promise<this> {
    const all: DialTools = {
      network: this.network,
      keys: new ScramKeyCache(),
      random: (bytes) => new Uint8Array(bytes),
      readPem: (path) => `PEM of ${path}`,
      policy: () => POLICY,
      ...tools,
    };
    dial(databaseOf(this.#more), { ...identity, secretsInOrder: this.#secrets }, all, this.late.signal).then(
      (dialed) => {
        this.outcome = dialed;
      },
      (error) => {
        this.outcome = error;
      },
    );
    await settle();
    return this;
  }

  get server(): FakeServer {
    return this.network.server;
  }

  /** The server's answer to SSLRequest, or any other bytes. */
  async says(bytes: string | Uint8Array): Promise<void> {
    this.server.connection.receive(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
    await settle();
  }

  async refusal(): Promise<string> {
    await settle();
    if (!(this.outcome instanceof AgentError)) throw new Error('it was not refused');
    for (const each of this.network.servers) expect(each.connection.isClosed).toBe(true);
    return `${this.outcome.code}: ${this.outcome.message}`;
  }

  async greeted(): Promise<Dialed> {
    this.server.greets();
    await settle();
    if (this.outcome === undefined || this.outcome instanceof Error)
      throw this.outcome ?? new Error('not yet');
    return this.outcome;
  }
}
