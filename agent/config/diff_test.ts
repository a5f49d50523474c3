// Which change makes another server of a database, and which is only another limit.

import { expect, test } from 'bun:test';
import { Secret } from '../base/secret.ts';
import { diffSettings, hostsGone, sameServer } from './diff.ts';
import type { DatabaseSettings, HostSettings, Settings } from './settings.ts';
import { DEFAULTS } from './table.ts';

const password = crypto.randomUUID();

function database(changes: Partial<DatabaseSettings> = {}): DatabaseSettings {
  return {
    name: 'main',
    role: 'writer',
    hosts: [{ host: 'db.example', port: 5432 }],
    dbname: 'main',
    user: 'app',
    password: new Secret(password),
    forceUser: false,
    sslmode: 'verify-full',
    sslrootcert: 'system',
    sslcert: undefined,
    sslkey: undefined,
    sslnegotiation: 'postgres',
    loadBalanceHosts: 'disable',
    poolMode: 'transaction',
    poolSize: 20,
    minPoolSize: 0,
    reservePoolSize: 0,
    maxDbConnections: 0,
    maxDbClientConnections: 0,
    connectQuery: '',
    queryWaitTimeoutMs: 120_000,
    serverLifetimeMs: 3_600_000,
    connectTimeoutMs: 15_000,
    parameters: {},
    origin: { place: 'pgsidecar.yml', line: 1 },
    ...changes,
  };
}

function settings(main: DatabaseSettings, changes: Partial<Settings> = {}): Settings {
  return { ...DEFAULTS, databases: { main }, users: {}, peers: {}, ...changes };
}

test('sameServer() compares secrets by what they hold, and origins not at all', () => {
  const moved = database({ password: new Secret(password), origin: { place: 'elsewhere.yml', line: 9 } });
  expect(sameServer(database(), moved)).toBe(true);
  expect(sameServer(database(), database({ poolSize: 5, poolMode: 'session', name: 'other' }))).toBe(true);
});

test('sameServer() says no for everything that a server connection is made with', () => {
  const changes: Partial<DatabaseSettings>[] = [
    { hosts: [{ host: 'db.example', port: 5433 }] },
    { hosts: [] },
    { dbname: 'other' },
    { user: 'other' },
    { password: new Secret(crypto.randomUUID()) },
    { password: undefined },
    { sslmode: 'require' },
    { sslrootcert: '/etc/ca.pem' },
    { sslcert: '/etc/cert.pem' },
    { sslkey: '/etc/key.pem' },
    { sslnegotiation: 'direct' },
    { parameters: { jit: 'off' } },
  ];
  for (const change of changes) {
    expect(sameServer(database(), database(change)), Object.keys(change).join()).toBe(false);
    expect(sameServer(database(change), database()), Object.keys(change).join()).toBe(false);
  }
});

const [ONE, TWO, THREE] = ['db.example', 'spare.example', 'third.example'].map((host) => ({
  host,
  port: 5432,
}));

test('sameServer() goes by the hosts that stay, and hostsGone() names the others', () => {
  const both = database({ hosts: [ONE!, TWO!] });
  const cases: [DatabaseSettings, DatabaseSettings, boolean, string][] = [
    [database(), both, true, ''],
    [both, database({ hosts: [TWO!, ONE!] }), true, ''],
    [both, database(), true, 'spare.example'],
    [both, database({ hosts: [THREE!, TWO!] }), true, 'db.example'],
    [both, database({ hosts: [THREE!] }), false, 'db.example,spare.example'],
    [both, database({ hosts: [ONE!], dbname: 'other' }), false, 'spare.example'],
  ];
  for (const [was, is, same, gone] of cases) {
    const names = hostsGone(was, is).map(({ host }) => host);
    expect([sameServer(was, is), names.join()]).toEqual([same, gone]);
  }
});

test('diffSettings() says which servers are replaced when hosts come and go', () => {
  const hosts = (...these: HostSettings[]): Settings => settings(database({ hosts: these }));
  const said = (was: Settings, is: Settings): string => diffSettings(was, is)[0]!.sentence;
  const before = 'database "main" (pgsidecar.yml:1): hosts: ';
  expect(said(hosts(ONE!), hosts(ONE!, TWO!))).toBe(
    `${before}db.example:5432 → db.example:5432,spare.example:5432`,
  );
  expect(said(hosts(ONE!, TWO!), hosts(TWO!))).toBe(
    `${before}db.example:5432,spare.example:5432 → spare.example:5432; its server connections to db.example:5432 are replaced as they come free`,
  );
  expect(said(hosts(ONE!), hosts(TWO!))).toBe(
    `${before}db.example:5432 → spare.example:5432; its server connections are replaced as they come free`,
  );
});

test('diffSettings() marks the databases whose servers are replaced', () => {
  const [change, ...others] = diffSettings(settings(database()), settings(database({ dbname: 'other' })));
  expect(others).toEqual([]);
  expect(change).toMatchObject({ subject: 'database', name: 'main', what: 'changed', replacesServers: true });
  const [smaller] = diffSettings(settings(database()), settings(database({ poolSize: 5 })));
  expect(smaller).toMatchObject({ what: 'changed', replacesServers: false });
});

test('diffSettings() tells a setting once, not again for each database that follows it', () => {
  const after = settings(database({ poolSize: 5 }), { default_pool_size: 5 });
  const changes = diffSettings(settings(database()), after, (name) => `origin of ${name}`);
  expect(changes.map(({ sentence }) => sentence)).toEqual([
    'default_pool_size: 20 → 5 (origin of default_pool_size)',
  ]);
});

test('diffSettings() shows no secret', () => {
  const after = database({ password: new Secret(crypto.randomUUID()) });
  const user = {
    name: 'app',
    databaseSecrets: {},
    databases: ['*'],
    poolMode: undefined,
    poolSize: undefined,
    reservePoolSize: undefined,
    queryWaitTimeoutMs: undefined,
    queryTimeoutMs: undefined,
    transactionTimeoutMs: undefined,
    idleTransactionTimeoutMs: undefined,
    clientIdleTimeoutMs: undefined,
    maxUserConnections: 0,
    maxUserClientConnections: 0,
    origin: { place: 'x' },
  };
  const changes = diffSettings(
    settings(database(), { users: { app: { ...user, secret: new Secret(password) } } }),
    settings(after, {
      users: { app: { ...user, secret: undefined, databaseSecrets: { main: new Secret(password) } } },
    }),
  );
  expect(changes.length).toBe(2);
  expect(JSON.stringify(changes)).not.toContain(password);
  expect(JSON.stringify(changes)).not.toContain(after.password?.open() ?? '-');
});
