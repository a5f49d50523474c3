// Clients whom no file knows: who is asked for, what is made of the answer, and what the client can tell from it.

import { describe, expect, test } from 'bun:test';
import { makeCredentialBook } from '../auth/credential.ts';
import { storedMd5 } from '../auth/md5.ts';
import { encodeInitialResponse } from '../auth/sasl_frames.ts';
import { ScramClient, ScramKeyCache } from '../auth/scram_client.ts';
import { makeVerifier, printVerifier } from '../auth/scram_verifier.ts';
import { Secret } from '../base/secret.ts';
import type { Settings } from '../config/settings.ts';
import { message, split, startup } from '../tests/harness/client_words.ts';
import {
  type DataPlane,
  databaseOf,
  dataPlane,
  type FakeClient,
  settingsOf,
  userOf,
} from '../tests/harness/data_plane.ts';
import { settle } from '../tests/harness/fake_clock.ts';
import * as server from '../tests/harness/server_words.ts';
import { whomToAsk } from './unknown_user.ts';

const AUTH = { user: 'pooler', query: 'SELECT a($1)', database: 'idp' };
const PASSWORD = crypto.randomUUID();
const VERIFIER = printVerifier(await makeVerifier(PASSWORD, new Uint8Array(16).fill(9), 1));

async function planeWith(authType: Settings['auth_type']): Promise<DataPlane> {
  const pooler = userOf({ name: 'pooler', secret: new Secret(crypto.randomUUID()) });
  return dataPlane(
    settingsOf([databaseOf({ auth: AUTH })], [userOf({ secret: new Secret(PASSWORD) }), pooler], {
      auth_type: authType,
      client_login_failure_delay: 0,
      // Those of the verifier, as an operator sees to.
      scram_iterations: 1,
    }),
  );
}

/** The server that asks has `secret` for whoever is asked for; null is nobody. */
async function answer(plane: DataPlane, user: string, secret: string | null): Promise<void> {
  await settle();
  const rows = secret === null ? [] : [server.dataRow(user, secret)];
  plane.network.servers[0]!.says(
    server.parseComplete,
    server.bindComplete,
    ...rows,
    server.complete('SELECT'),
    server.ready(),
  );
  await settle();
}

async function comes(plane: DataPlane, user: string, secret: string | null): Promise<FakeClient> {
  const client = plane.accept();
  client.says(startup({ user, database: 'idp', options: '-c search_path=evil' }));
  await answer(plane, user, secret);
  return client;
}

/** The kinds and lengths of what a client is told until the end of its SCRAM login. */
async function scram(plane: DataPlane, client: FakeClient, password: string): Promise<string[]> {
  const seen: string[] = [];
  const told = () => {
    const all = split(client.connection.takeSent());
    seen.push(...all.map(({ type, body }) => `${type} ${body.length}`));
    return all[0]?.body;
  };
  told();
  const exchange = new ScramClient({
    identity: { kind: 'password', secret: new Secret(password) },
    nonce: crypto.getRandomValues(new Uint8Array(18)),
    cache: new ScramKeyCache(),
  });
  client.says(message('p', encodeInitialResponse('SCRAM-SHA-256', exchange.start())));
  const first = told();
  const final = first && (await exchange.onServerFirst(first.subarray(4)));
  if (!(final instanceof Uint8Array)) throw new Error('no challenge');
  client.says(message('p', final));
  await settle();
  plane.clock.advance(1);
  told();
  return seen;
}

describe('Login of a user whom the files do not have', () => {
  test('asks the server first, and says nothing before it has answered', async () => {
    const plane = await planeWith('scram-sha-256');
    const client = plane.accept();
    client.says(startup({ user: 'ann', database: 'idp' }));
    await settle();
    expect(client.heard()).toEqual([]);
    await answer(plane, 'ann', VERIFIER);
    expect(client.heard()).toEqual(['Authentication 10']);
  });

  test('lets in who proves the verifier, and brings its key to the server', async () => {
    const plane = await planeWith('scram-sha-256');
    const client = await comes(plane, 'ann', VERIFIER);
    const seen = await scram(plane, client, PASSWORD);
    expect(seen.at(-1)).toBe('Z 1');
    const { identity } = plane.registry.pool('idp', 'ann');
    expect([identity.user, identity.secrets.length, identity.clientKeys.length]).toEqual(['ann', 1, 1]);
  });

  test('tells a user that does not exist, an expired one and a wrong password apart for nobody', async () => {
    const plane = await planeWith('scram-sha-256');
    const wrong = await scram(plane, await comes(plane, 'anna', VERIFIER), 'wrong');
    const nobody = await scram(plane, await comes(plane, 'anne', null), PASSWORD);
    const expired = await scram(plane, await comes(plane, 'anni', ''), PASSWORD);
    expect([nobody, expired]).toEqual([wrong, wrong]);
    expect(wrong.at(-1)).toStartWith('E ');
    expect(plane.log.fields.flatMap(({ reason }) => (reason === undefined ? [] : [reason]))).toEqual([
      'wrong password',
      'user "anne" does not exist: auth_query gave no row',
      'user "anni" has no password at the server, or it has expired',
    ]);
  });

  test('asks whoever does not exist for what the others have', async () => {
    const plane = await planeWith('md5');
    expect((await comes(plane, 'nobody', null)).heard()).toEqual(['Authentication 10']);
    expect((await comes(plane, 'ann', storedMd5(PASSWORD, 'ann'))).heard()).toEqual(['Authentication 5']);
    expect((await comes(plane, 'nobody', null)).heard()).toEqual(['Authentication 5']);
  });

  test('refuses without a detail when the server cannot be asked', async () => {
    const plane = await planeWith('scram-sha-256');
    plane.network.welcome = () => new Error('the secret place is down');
    const client = plane.accept();
    client.says(startup({ user: 'ann', database: 'idp' }));
    await settle();
    plane.clock.advance(1);
    expect(client.heard()).toEqual(['FATAL 57P03 cannot find out who user "ann" is just now']);
    expect(plane.log.fields).toContainEqual(
      expect.objectContaining({ user: 'ann', reason: expect.stringContaining('the secret place is down') }),
    );
    expect(plane.context.clients.logins).toBe(0);
  });

  test('forgets a client that leaves while it is asked for, and one that speaks out of turn', async () => {
    const plane = await planeWith('scram-sha-256');
    const [gone, loud] = [plane.accept(), plane.accept()];
    for (const each of [gone, loud]) each.says(startup({ user: 'ann', database: 'idp' }));
    await settle();
    gone.connection.closed();
    loud.says(message('p', 'x\0'));
    expect(loud.heard().at(-1)).toContain('a message before it was asked for');
    await answer(plane, 'ann', VERIFIER);
    expect([gone.heard(), loud.heard(), plane.context.clients.logins]).toEqual([[], [], 0]);
    plane.check();
  });

  test('asks nobody for a user whom the files have', async () => {
    const plane = await planeWith('scram-sha-256');
    const client = plane.accept();
    client.says(startup({ user: 'idp_app', database: 'idp' }));
    expect(client.heard()).toEqual(['Authentication 10']);
    expect(plane.network.tried).toEqual([]);
  });
});

test('whomToAsk() asks for secrets, of users whom the book has none of, where somebody can be asked', async () => {
  const { context } = await planeWith('scram-sha-256');
  const ask = (user: string, database: string, authType: Parameters<typeof whomToAsk>[2]['authType']) =>
    whomToAsk(context.settings, context.books.common, { user, database, authType })?.auth;
  for (const authType of ['scram-sha-256', 'md5', 'plain'] as const)
    for (const user of ['ann', 'constructor', '__proto__']) expect(ask(user, 'idp', authType)).toEqual(AUTH);
  for (const authType of ['peer', 'cert', 'trust'] as const)
    expect(ask('ann', 'idp', authType)).toBeUndefined();
  // Nobody serves these: the one that asks for the others is asked, and so nobody learns that.
  for (const database of ['other', 'constructor', '__proto__'])
    expect(ask('ann', database, 'md5')).toEqual(AUTH);
  // Who makes roles on a server makes no admins of the console.
  expect(ask('ann', 'pgbouncer', 'md5')).toBeUndefined();
  expect(ask('idp_app', 'idp', 'md5')).toBeUndefined();
  expect(ask('idp_app', 'other', 'md5')).toBeUndefined();
  const settings = settingsOf([databaseOf()]);
  for (const database of ['idp', 'other']) {
    const asked = { user: 'ann', database, authType: 'md5' } as const;
    expect(whomToAsk(settings, context.books.common, asked)).toBeUndefined();
  }
});

test('A server that cannot be asked tells nobody which databases there are', async () => {
  const plane = await planeWith('scram-sha-256');
  plane.network.welcome = () => new Error('it is down');
  const told: string[][] = [];
  for (const database of ['idp', 'nowhere', 'idp', 'nowhere']) {
    const client = plane.accept();
    client.says(startup({ user: 'ann', database }));
    await settle();
    plane.clock.advance(1);
    await settle();
    told.push(client.heard());
  }
  expect(told[0]).toEqual(['FATAL 57P03 cannot find out who user "ann" is just now']);
  for (const each of told) expect(each).toEqual(told[0]!);
});

test('Who has proved who he is by auth_query is told which databases there are', async () => {
  const plane = await planeWith('plain');
  const client = plane.accept();
  client.says(startup({ user: 'ann', database: 'nowhere' }));
  await answer(plane, 'ann', storedMd5(PASSWORD, 'ann'));
  client.says(message('p', `${PASSWORD}\0`));
  await settle();
  expect(client.heard().at(-1)).toBe('FATAL 3D000 no such database: nowhere (pgsidecar serves idp)');
  // The operator learns whose login that was, and to what.
  expect(plane.log.fields).toContainEqual(
    expect.objectContaining({ user: 'ann', database: 'nowhere', code: 'database_unknown' }),
  );
});

test('The console asks no server about a user, and goes by no password of a database, where * and auth_query serve every name', async () => {
  const any = databaseOf({ name: '*', dbname: '', user: '', auth: { ...AUTH, database: '' } });
  const known = [userOf({ name: 'pooler', secret: new Secret(crypto.randomUUID()) }), userOf()];
  const more = { auth_type: 'scram-sha-256', client_login_failure_delay: 0, scram_iterations: 1 } as const;
  const settings = settingsOf([any, databaseOf({ auth: AUTH })], known, {
    ...more,
    admin_users: ['ann', 'idp_app'],
  });
  const plane = await dataPlane(settings);
  // A password that holds at the databases of `*` alone.
  const secrets = [{ name: 'idp_app', secret: new Secret(PASSWORD) }];
  const own = await makeCredentialBook(secrets, plane.context.books.common.options);
  plane.context.books = { ...plane.context.books, byDatabase: new Map([['*', own]]) };
  for (const user of ['ann', 'idp_app']) {
    const client = plane.accept();
    client.says(startup({ user, database: 'pgbouncer' }));
    const seen = await scram(plane, client, PASSWORD);
    expect([seen.at(-1)?.slice(0, 1), plane.log.fields.at(-1)?.told]).toEqual([
      'E',
      `password authentication failed for user "${user}"`,
    ]);
  }
  expect([plane.network.tried, [...plane.registry]]).toEqual([[], []]);
});
