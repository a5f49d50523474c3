// Proving who one is at the door: each auth_type to its end, and what a stranger does in the middle of one.

import { describe, expect, test } from 'bun:test';
import { md5Answer, storedMd5 } from '../auth/md5.ts';
import { makeVerifier, printVerifier } from '../auth/scram_verifier.ts';
import { Secret } from '../base/secret.ts';
import type { Settings } from '../config/settings.ts';
import { PoolIdentity } from '../pool/pool_identity.ts';
import { join, message, query, split, startup, terminate } from '../tests/harness/client_words.ts';
import {
  type DataPlane,
  databaseOf,
  dataPlane,
  type FakeClient,
  settingsOf,
  userOf,
} from '../tests/harness/data_plane.ts';
import { settle, until } from '../tests/harness/fake_clock.ts';
import { serverWords } from '../tests/harness/server_words.ts';
import { HELLO, planeWithSecret, scramUpToProof } from './login_fixture.ts';

const WRONG = 'FATAL 28P01 password authentication failed for user "idp_app"';

function planeWith(secret: Secret, more: Partial<Settings>): Promise<DataPlane> {
  return planeWithSecret(secret, { client_login_failure_delay: 1_000, ...more });
}

function password(text: string): Uint8Array {
  return message('p', `${text}\0`);
}

/** The last word after everybody has thought. */
async function ending(plane: DataPlane, client: FakeClient): Promise<string | undefined> {
  await settle();
  plane.clock.advance(1_000);
  await settle();
  return client.heard().at(-1);
}

test('Login tells login_notify_message once, before the first ReadyForQuery', async () => {
  const plane = await planeWith(new Secret('x'), {
    auth_type: 'trust',
    login_notify_message: 'Hello, world',
  });
  const client = plane.accept();
  client.says(HELLO);
  await settle();
  expect(client.heard().slice(-2)).toEqual(['NOTICE 00000 Hello, world', 'Ready I']);
});

describe('Login by SCRAM', () => {
  const secret = new Secret(crypto.randomUUID());

  test('lets in who knows the password, and proves itself', async () => {
    const plane = await planeWith(secret, { auth_type: 'scram-sha-256' });
    const client = plane.accept();
    client.says(HELLO);
    const { proof, exchange } = await scramUpToProof(client, secret);
    client.says(proof);
    await settle();
    const sent = client.connection.takeSent();
    expect(serverWords(sent).slice(0, 2)).toEqual(['Authentication 12', 'Authentication 0']);
    expect(exchange.onServerFinal(split(sent)[0]!.body.subarray(4))).toBeUndefined();
    expect([serverWords(sent).at(-1), plane.context.clients.loginSuccesses]).toEqual(['Ready I', 1]);
  });

  test('tells a wrong password late, in PostgreSQL’s words, and counts it', async () => {
    const plane = await planeWith(secret, { auth_type: 'scram-sha-256' });
    const client = plane.accept();
    client.says(HELLO);
    const { proof } = await scramUpToProof(client, new Secret('another'));
    client.says(proof);
    await settle();
    expect(client.heard()).toEqual([]);
    plane.clock.advance(999);
    expect(client.heard()).toEqual([]);
    plane.clock.advance(1);
    expect([client.heard(), plane.context.clients.loginFailures]).toEqual([[WRONG], 1]);
    expect(plane.log.lines).toContain('warn login refused');
  });

  const interruptions: Readonly<Record<string, readonly [Uint8Array, string]>> = {
    'a second startup packet': [HELLO, 'that it is 12800 bytes long|a message other than a password'],
    'a query': [query('SELECT 1'), 'a message other than a password during the login'],
    'a goodbye': [terminate, 'a message other than a password during the login'],
    'a length that is none': [new Uint8Array([0x70, 0, 0, 0, 1]), 'that it is 1 bytes long'],
    'an endless password': [new Uint8Array([0x70, 0x7f, 0, 0, 0]), 'bytes long'],
    'two answers at once': [
      join(password('a'), password('b')),
      'bytes follow a password before it was answered',
    ],
    'no SASL at all': [password('a'), 'SASL initial response has no length|SCRAM message has a NUL byte'],
  };
  for (const [what, [bytes, reason]] of Object.entries(interruptions)) {
    for (const step of ['before', 'after'] as const) {
      test(`refuses ${what} ${step} the first answer`, async () => {
        const plane = await planeWith(secret, { auth_type: 'scram-sha-256' });
        const client = plane.accept();
        client.says(HELLO);
        if (step === 'after') await scramUpToProof(client, secret);
        client.heard();
        client.says(bytes);
        expect(await ending(plane, client)).toMatch(
          new RegExp(`^FATAL 08P01 protocol violation: .*(${reason})`),
        );
        expect([client.connection.isEnded, plane.network.tried.length]).toEqual([true, 0]);
      });
    }
  }

  test('takes no second proof while it thinks, or after', async () => {
    const plane = await planeWith(secret, { auth_type: 'scram-sha-256' });
    const client = plane.accept();
    client.says(HELLO);
    const { proof } = await scramUpToProof(client, secret);
    plane.network.welcome = () => 'silent';
    client.says(proof);
    client.says(proof);
    await settle();
    expect(client.heard().at(-1)).toBe('FATAL 08P01 protocol violation: a message before it was asked for');
    client.connection.closed();
    expect(plane.pool().waiting).toBe(0);
  });

  test('reads an answer at every split', async () => {
    const plane = await planeWith(secret, { auth_type: 'scram-sha-256' });
    for (let at = 1; at < 120; at += 7) {
      const client = plane.accept();
      client.says(HELLO);
      const { proof } = await scramUpToProof(client, secret);
      client.connection.receive(proof.subarray(0, at), proof.subarray(at));
      await settle();
      expect(client.heard().at(-1)).toBe('Ready I');
    }
  });
});

describe('Login by md5', () => {
  const secret = new Secret(crypto.randomUUID());
  for (const [what, text, isRight] of [
    ['the right password', secret.open(), true],
    ['a wrong one', 'wrong', false],
  ] as const) {
    test(`${isRight ? 'lets in' : 'refuses'} who answers with ${what}`, async () => {
      const plane = await planeWith(secret, { auth_type: 'md5' });
      const client = plane.accept();
      client.says(HELLO);
      const { body } = split(client.connection.takeSent())[0]!;
      expect(body.readInt32BE(0)).toBe(5);
      client.says(password(md5Answer(storedMd5(text, 'idp_app'), body.subarray(4))));
      expect(await ending(plane, client)).toBe(isRight ? 'Ready I' : WRONG);
    });
  }
});

describe('Login by plain', () => {
  const secret = new Secret(crypto.randomUUID());

  test('asks on a UNIX socket, and not over TCP in the clear', async () => {
    const plane = await planeWith(secret, { auth_type: 'plain' });
    const [unix, tcp] = [plane.accept('unix'), plane.accept('tcp')];
    for (const each of [unix, tcp]) each.says(HELLO);
    expect(unix.heard()).toEqual(['Authentication 3']);
    expect(await ending(plane, tcp)).toStartWith(
      'FATAL 28000 Cannot ask user "idp_app" for a password in the clear',
    );
    unix.says(password(secret.open()));
    expect(await ending(plane, unix)).toBe('Ready I');
  });

  test('proves a password by a verifier on another thread', async () => {
    const verifier = new Secret(printVerifier(await makeVerifier(secret.open(), new Uint8Array(16), 2)));
    const plane = await planeWith(verifier, { auth_type: 'plain' });
    plane.pool().identity = new PoolIdentity('idp_app', [secret]);
    for (const [text, last] of [
      [secret.open(), 'Ready I'],
      ['wrong', WRONG],
    ] as const) {
      const client = plane.accept();
      client.says(HELLO, new Uint8Array(0));
      client.says(password(text));
      await until(() => plane.context.clients.loginFailures + plane.context.clients.loginSuccesses > 0);
      expect(await ending(plane, client)).toBe(last);
      plane.context.clients.loginSuccesses = 0;
    }
  });

  test('refuses what is asked for after such a proof without an end of the agent', async () => {
    const verifier = new Secret(printVerifier(await makeVerifier(secret.open(), new Uint8Array(16), 2)));
    const plane = await planeWith(verifier, { auth_type: 'plain' });
    const client = plane.accept();
    client.says(startup({ user: 'idp_app', database: 'nothing' }));
    client.says(password(secret.open()));
    let last: string | undefined;
    await until(() => {
      last = client.heard().at(-1) ?? last;
      return client.connection.isEnded;
    });
    expect(last).toStartWith('FATAL 3D000 no such database: nothing');
  });

  test('does not mind a client that leaves while it thinks', async () => {
    const verifier = new Secret(printVerifier(await makeVerifier(secret.open(), new Uint8Array(16), 2)));
    const plane = await planeWith(verifier, { auth_type: 'plain' });
    const client = plane.accept();
    client.says(HELLO);
    client.says(password(secret.open()));
    client.connection.closed();
    let turns = 0;
    await until(() => ++turns > 50);
    expect([plane.context.clients.count, plane.context.clients.logins, plane.network.tried.length]).toEqual([
      0, 0, 0,
    ]);
  });
});

describe('Login by peer and trust', () => {
  test('lets in the system user of the same name, and refuses another', async () => {
    for (const [peer, last] of [
      ['idp_app', 'Ready I'],
      ['root', 'FATAL 28000 unix socket login rejected: peer authentication failed for user "idp_app"'],
      [undefined, 'FATAL 28000 unix socket login rejected: peer authentication failed for user "idp_app"'],
    ] as const) {
      const plane = await planeWith(new Secret('x'), { auth_type: 'peer' });
      Object.assign(plane.context, { peerUser: () => peer });
      const client = plane.accept();
      client.says(HELLO);
      expect(await ending(plane, client)).toBe(last);
    }
  });

  test('lets in by trust who exists, and nobody else', async () => {
    const plane = await planeWith(new Secret('x'), { auth_type: 'trust' });
    const client = plane.accept();
    client.says(startup({ user: 'stranger', database: 'idp' }));
    expect(await ending(plane, client)).toBe('FATAL 28000 "trust" authentication failed for user "stranger"');
  });
});

describe('Login that has proved who it is', () => {
  test('is told at once when the server cannot be reached', async () => {
    const plane = await planeWith(new Secret('x'), { auth_type: 'trust' });
    plane.network.welcome = () => new Error('connection refused');
    const [first, second] = [plane.accept(), plane.accept()];
    first.says(HELLO);
    await settle();
    second.says(HELLO);
    for (const each of [first, second])
      expect(each.heard()).toEqual(['FATAL 08001 cannot connect to the server: connection refused']);
    expect(plane.network.tried.length).toBe(1);
  });

  test('leaves the queue when it goes away before the first server is there', async () => {
    const plane = await planeWith(new Secret('x'), { auth_type: 'trust' });
    plane.network.welcome = () => 'silent';
    const client = plane.accept();
    client.says(HELLO);
    await settle();
    expect(plane.pool().waiting).toBe(1);
    client.connection.closed();
    expect([plane.pool().waiting, plane.pool().clients, plane.context.clients.logins]).toEqual([0, 0, 0]);
    plane.network.server.greets();
    await settle();
    expect([client.heard(), plane.pool().idle]).toEqual([[], 1]);
    plane.check();
  });

  test('is told when the first server takes too long', async () => {
    const plane = await planeWith(new Secret('x'), { auth_type: 'trust', client_login_timeout: 5_000 });
    plane.network.welcome = () => 'silent';
    const client = plane.accept();
    client.says(HELLO);
    await settle();
    plane.clock.advance(5_000);
    expect(client.heard().at(-1)).toBe(
      'FATAL 08P01 client_login_timeout: the login was not finished in time',
    );
    client.connection.closed();
    plane.network.server.greets();
    await settle();
    expect([plane.context.clients.count, plane.pool().waiting, plane.pool().idle]).toEqual([0, 0, 1]);
  });

  test('is refused a database that is not its own, in plain words', async () => {
    const people = [userOf({ databases: ['jobs'] })];
    const plane = await dataPlane(settingsOf([databaseOf(), databaseOf({ name: 'jobs' })], people));
    const client = plane.accept();
    client.says(HELLO);
    await settle();
    expect(client.heard().at(-1)).toMatch(/^FATAL \w+ .*idp.*/);
    expect(plane.network.tried.length).toBe(0);
  });
});
