// A cancel request: a connection of its own, and an end that comes whatever the server does.

import { expect, test } from 'bun:test';
import { ScramKeyCache } from '../auth/scram_client.ts';
import type { SslMode } from '../config/settings.ts';
import { cancelRequest, sslRequest } from '../tests/harness/client_words.ts';
import { databaseOf } from '../tests/harness/data_plane.ts';
import { settle } from '../tests/harness/fake_clock.ts';
import { FakeNetwork, UNTUNED } from '../tests/harness/fake_network.ts';
import { cancel } from './cancel.ts';
import type { DialTools } from './dial.ts';
import type { Server } from './server.ts';

class Attempt {
  readonly network = new FakeNetwork();
  readonly late = new AbortController();
  outcome: string | undefined;
  readonly key = new Uint8Array([1, 2, 3, 4]);

  constructor(sslmode: SslMode, more: Partial<FakeNetwork> = {}) {
    this.network.welcome = () => 'silent';
    Object.assign(this.network, more);
    const tools: DialTools = {
      network: this.network,
      keys: new ScramKeyCache(),
      random: (bytes) => new Uint8Array(bytes),
      readPem: (path) => path,
      policy: () => ({ protocols: 'secure', ciphers: '', tcp: UNTUNED }),
    };
    const address = { host: '10.0.0.2', port: 6432 };
    const server = {
      database: databaseOf({ sslmode }),
      address,
      pid: 77,
      key: this.key,
    } as unknown as Server;
    cancel(server, tools, this.late.signal).then(
      () => {
        this.outcome = 'done';
      },
      (error: Error) => {
        this.outcome = error.message;
      },
    );
  }
}

test('cancel() dials the server’s own address, and says nothing but the request', async () => {
  const attempt = new Attempt('disable');
  await settle();
  expect(attempt.network.tried).toEqual(['10.0.0.2:6432']);
  expect(attempt.network.server.heardBytes()).toEqual(cancelRequest(77, attempt.key));
  expect(attempt.outcome).toBeUndefined();
});

test('cancel() is done when the server has closed the connection, and not before', async () => {
  const attempt = new Attempt('disable');
  await settle();
  attempt.network.server.says(new Uint8Array([0x45]));
  await settle();
  expect(attempt.outcome).toBeUndefined();
  attempt.network.server.connection.closed();
  await settle();
  expect(attempt.outcome).toBe('done');
});

test('cancel() tells its key by TLS where the server’s own connection has it', async () => {
  const attempt = new Attempt('verify-full');
  await settle();
  expect(attempt.network.server.heardBytes()).toEqual(sslRequest);
  attempt.network.server.connection.receive(Buffer.from('S'));
  await settle();
  expect(attempt.network.server.connection.tls).toBeDefined();
  expect(attempt.network.server.heardBytes()).toEqual(cancelRequest(77, attempt.key));
});

for (const sslmode of ['disable', 'require'] as const) {
  test(`cancel() ends when it is given up (${sslmode})`, async () => {
    const attempt = new Attempt(sslmode);
    await settle();
    if (sslmode === 'require') attempt.network.server.connection.receive(Buffer.from('S'));
    await settle();
    attempt.late.abort();
    await settle();
    expect([attempt.outcome, attempt.network.server.connection.isClosed]).toEqual(['done', true]);
  });
}

test('cancel() ends when the connection is gone before the request could be sent', async () => {
  const network = new FakeNetwork();
  const connect = async (): Promise<FakeNetwork['server']['connection']> => {
    network.welcome = () => 'silent';
    const connection = (await network.connect({ host: 'a', port: 1 }, new AbortController().signal)) as never;
    network.server.connection.closed();
    return connection;
  };
  const attempt = new Attempt('disable', { connect } as Partial<FakeNetwork>);
  await settle();
  expect(attempt.outcome).toBe('done');
});

test('cancel() rejects when the server cannot be reached', async () => {
  const attempt = new Attempt('disable', { welcome: () => new Error('connection refused') });
  await settle();
  expect(attempt.outcome).toBe('cannot connect to the server: connection refused');
});
