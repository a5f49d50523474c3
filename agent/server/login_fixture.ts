// A login on a connection without a socket, and what became of it.

import { expect } from 'bun:test';
import { ScramKeyCache } from '../auth/scram_client.ts';
import { AgentError } from '../base/errors.ts';
import { join } from '../tests/harness/client_words.ts';
import { settle } from '../tests/harness/fake_clock.ts';
import { FakeConnection } from '../tests/harness/fake_connection.ts';
import * as server from '../tests/harness/server_words.ts';
import { type LoginOptions, type LoginResult, login } from './login.ts';

export const KEY = new Uint8Array([1, 2, 3, 4]);
export const END = join(
  server.parameterStatus('TimeZone', 'UTC'),
  server.backendKey(77, KEY),
  server.ready(),
);

export class Talk {
  readonly connection = new FakeConnection();
  readonly late = new AbortController();
  outcome: LoginResult | AgentError | undefined;

  constructor(more: Partial<LoginOptions> = {}, isLate = false) {
    if (isLate) this.late.abort();
    const options: LoginOptions = {
      user: 'idp_app',
      dbname: 'idp',
      secret: undefined,
      parameters: {},
      keys: new ScramKeyCache(),
      random: (bytes) => crypto.getRandomValues(new Uint8Array(bytes)),
      mayTellPassword: false,
      ...more,
    };
    login(this.connection, options, this.late.signal).then(
      (result) => {
        this.outcome = result;
      },
      (error) => {
        this.outcome = error;
      },
    );
  }

  says(...messages: readonly Uint8Array[]): void {
    this.connection.receive(join(...messages));
  }

  /** What it was refused with; a failed test when it was not. */
  async refusal(): Promise<string> {
    await settle();
    if (!(this.outcome instanceof AgentError)) throw new Error('the login was not refused');
    expect(this.connection.isClosed).toBe(true);
    return `${this.outcome.code}: ${this.outcome.message}`;
  }

  async result(): Promise<LoginResult> {
    await settle();
    if (this.outcome === undefined || this.outcome instanceof Error)
      throw this.outcome ?? new Error('not yet');
    expect(this.connection.isClosed).toBe(false);
    return this.outcome;
  }
}
