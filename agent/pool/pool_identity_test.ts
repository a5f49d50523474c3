// In whose name a pool logs in: whose password, which of two, and what a reload leaves as it is.

import { describe, expect, test } from 'bun:test';
import { ClientKey } from '../auth/client_key.ts';
import { Secret } from '../base/secret.ts';
import { databaseOf, dataPlane, settingsOf, userOf } from '../tests/harness/data_plane.ts';
import { settle } from '../tests/harness/fake_clock.ts';
import * as server from '../tests/harness/server_words.ts';
import { shape, Waiting } from './pool_fixture.ts';
import { identityOf, PoolIdentity } from './pool_identity.ts';

const [OLD, NEW, THIRD] = [1, 2, 3].map(() => new Secret(crypto.randomUUID())) as [Secret, Secret, Secret];

function key(): ClientKey {
  return new ClientKey(crypto.getRandomValues(new Uint8Array(32)));
}

describe('PoolIdentity', () => {
  test('tries what worked last first, and says so when it is another', () => {
    const identity = new PoolIdentity('app', [OLD, NEW]);
    expect(identity.secretsInOrder).toEqual([OLD, NEW]);
    expect(identity.onWorked(OLD)).toBe(false);
    expect(identity.onWorked(NEW)).toBe(true);
    expect(identity.secretsInOrder).toEqual([NEW, OLD]);
    expect(identity.onWorked(NEW)).toBe(false);
    expect(identity.onWorked(OLD)).toBe(true);
    expect(new PoolIdentity('app', [OLD, NEW]).onWorked(NEW)).toBe(true);
    expect(new PoolIdentity('app', [OLD]).onWorked(OLD)).toBe(false);
    expect(new PoolIdentity('app', []).onWorked(undefined)).toBe(false);
  });

  test('covers what logged in with a password that is still there, and nothing else', () => {
    const before = new PoolIdentity('app', [OLD, NEW]);
    const after = (...secrets: Secret[]) => new PoolIdentity('app', secrets).covers(before);
    // Nobody knows yet which of the two it was.
    expect([after(OLD, NEW), after(OLD), after(NEW), after(THIRD)]).toEqual([true, false, false, false]);
    before.onWorked(NEW);
    expect([after(OLD, NEW), after(OLD), after(NEW), after(THIRD, new Secret(NEW.open()))]).toEqual([
      true,
      false,
      true,
      true,
    ]);
    expect(new PoolIdentity('other', [NEW]).covers(before)).toBe(false);
  });

  test('inherits which password worked and what clients proved, from the same user', () => {
    const before = new PoolIdentity('app', [OLD, NEW]);
    const proved = key();
    before.onWorked(NEW);
    before.learn(proved);
    const after = new PoolIdentity('app', [new Secret(OLD.open()), new Secret(NEW.open())]);
    after.inherit(before);
    expect(after.secretsInOrder).toEqual([NEW, OLD]);
    expect(after.clientKeys).toEqual([proved]);
    const other = new PoolIdentity('other', [OLD, NEW]);
    other.inherit(before);
    expect([other.secretsInOrder, other.clientKeys]).toEqual([[OLD, NEW], []]);
  });

  test('keeps the last two keys, each once', () => {
    const identity = new PoolIdentity('app', []);
    const keys = [key(), key(), key()];
    expect(keys.map((each) => identity.learn(each))).toEqual([true, true, true]);
    expect(identity.learn(new ClientKey(keys[2]!.open()))).toBe(false);
    expect(identity.clientKeys).toEqual([keys[2]!, keys[1]!]);
  });
});

describe('identityOf()', () => {
  const users = [
    userOf({ name: 'idp_app', secret: OLD, nextSecret: NEW }),
    userOf({
      name: 'worker',
      secret: OLD,
      nextSecret: NEW,
      databaseSecrets: { jobs: THIRD },
      databaseNextSecrets: { jobs: OLD },
    }),
  ];
  const of = (database: Parameters<typeof databaseOf>[0], user: string) =>
    identityOf(databaseOf(database), user, settingsOf([], users));

  test('gives the two passwords of the database, else of its user', () => {
    expect(of({ password: THIRD }, 'idp_app').secrets).toEqual([THIRD]);
    expect(of({ password: THIRD, nextPassword: OLD }, 'idp_app').secrets).toEqual([THIRD, OLD]);
    expect(of({}, 'idp_app').secrets).toEqual([OLD, NEW]);
    expect(of({ user: 'nobody' }, 'nobody').secrets).toEqual([]);
    expect(of({ forceUser: true }, 'worker')).toMatchObject({ user: 'idp_app', secrets: [OLD, NEW] });
  });

  test('gives the two passwords that a user has at this one database', () => {
    expect(of({ password: THIRD }, 'worker').secrets).toEqual([OLD, NEW]);
    expect(of({ name: 'jobs' }, 'worker').secrets).toEqual([THIRD, OLD]);
  });
});

describe('PoolRegistry.apply() of a rotation', () => {
  const settings = (password: Secret, nextPassword?: Secret) =>
    settingsOf([databaseOf({ password, nextPassword })]);

  async function connected(password: Secret, nextPassword?: Secret) {
    const plane = await dataPlane(settings(password, nextPassword));
    const client = new Waiting();
    plane.pool().request(client);
    await settle();
    plane.pool().release(client.server!);
    return plane;
  }

  test('keeps connections while the password that they were made with is there', async () => {
    const plane = await connected(OLD);
    plane.registry.apply(settings(OLD, NEW));
    expect(shape(plane.pool())).toEqual([1, 0, 0, 0, 0]);
    plane.registry.apply(settings(NEW, OLD));
    expect([shape(plane.pool()), plane.pool().welcome === undefined]).toEqual([[1, 0, 0, 0, 0], false]);
    plane.registry.apply(settings(NEW));
    expect(shape(plane.pool())).toEqual([0, 0, 0, 0, 0]);
    plane.check();
  });

  test('tries at once with a password more, after the server has refused the one', async () => {
    const plane = await dataPlane(settings(OLD));
    plane.network.welcome = () => 'silent';
    const client = new Waiting();
    plane.pool().request(client);
    await settle();
    plane.network.server.says(server.errorResponse('no', 'FATAL', '28P01'));
    await settle();
    expect([client.fate, plane.pool().failing]).toEqual(['server_password_wrong', true]);
    plane.network.welcome = () => 'login';
    plane.registry.apply(settings(OLD, NEW));
    expect(plane.pool().failing).toBe(false);
    const again = new Waiting();
    plane.pool().request(again);
    await settle();
    expect(again.fate).toBe('leased');
    plane.check();
  });
});
