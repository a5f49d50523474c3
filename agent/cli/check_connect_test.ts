// How many connections the pools may ask of one server, and what is worth a warning.

import { expect, test } from 'bun:test';
import { Secret } from '../base/secret.ts';
import type { DatabaseSettings, Settings, UserSettings } from '../config/settings.ts';
import { DEFAULTS } from '../config/table.ts';
import type { ServerProbe } from '../daemon/probe.ts';
import { connectReports, type ProbeServer, printHost, serverConnectionsMax } from './check_connect.ts';

const HOST = { host: 'db.example', port: 5432 };
const DAY_MS = 86_400_000;
const CONSOLE_USERS = { admin_users: ['adm'], stats_users: ['watcher'] };

function settings(databases: Partial<DatabaseSettings>[], users: Partial<UserSettings>[]): Settings {
  const all = databases.map((each, index) => ({
    name: `db${index}`,
    hosts: [HOST],
    poolSize: 10,
    reservePoolSize: 0,
    maxDbConnections: 0,
    ...each,
  }));
  const everybody = users.map((each, index) => ({
    name: `user${index}`,
    databases: ['*'],
    maxUserConnections: 0,
    ...each,
  }));
  return {
    ...DEFAULTS,
    databases: Object.fromEntries(all.map((each) => [each.name, each as DatabaseSettings])),
    peers: {},
    users: Object.fromEntries(everybody.map((each) => [each.name, each as UserSettings])),
  };
}

function probe(more: Partial<ServerProbe> = {}): ServerProbe {
  return {
    tlsVersion: 'TLSv1.3',
    certificateNotAfter: 90 * DAY_MS,
    serverVersion: '18.1',
    maxConnections: 100,
    reservedConnections: 3,
    isStandby: false,
    tookMs: 1,
    ...more,
  };
}

test('serverConnectionsMax() counts a pool for each user, within every limit', () => {
  expect(serverConnectionsMax(settings([{}], []), HOST)).toBe(10);
  expect(serverConnectionsMax(settings([{}], [{}, {}]), HOST)).toBe(20);
  expect(serverConnectionsMax(settings([{}], [{}, { maxUserConnections: 4 }]), HOST)).toBe(14);
  expect(serverConnectionsMax(settings([{}], [{}, { databases: ['other'] }]), HOST)).toBe(10);
  expect(serverConnectionsMax(settings([{ maxDbConnections: 5 }], [{}, {}]), HOST)).toBe(5);
  expect(serverConnectionsMax(settings([{ forceUser: true }], [{}, {}]), HOST)).toBe(10);
});

test('serverConnectionsMax() adds up the databases of one server only', () => {
  const other = { hosts: [{ host: 'db.example', port: 5433 }] };
  expect(serverConnectionsMax(settings([{}, {}, other], [{}]), HOST)).toBe(20);
});

test('connectReports() warns of a certificate that ends soon, or has', async () => {
  const warningsAt = async (days: number) => {
    const [report] = await connectReports(settings([{}], [{}]), async () => probe(), (90 - days) * DAY_MS);
    return report?.warnings;
  };
  expect(await warningsAt(21)).toEqual([]);
  expect(await warningsAt(20)).toEqual(['its certificate ends in 20 days']);
  expect(await warningsAt(1)).toEqual(['its certificate ends in 1 day']);
  expect(await warningsAt(-2)).toEqual(['its certificate ended 2 days ago']);
});

test('connectReports() takes a lone standby for a mistake, unless a replica was wanted', async () => {
  const standby = async () => probe({ isStandby: true });
  const [writer] = await connectReports(settings([{ role: 'writer' }], [{}]), standby, 0);
  expect(writer?.warnings).toEqual(['it is a standby, and the application means to write there']);
  const [replica] = await connectReports(settings([{ role: 'replica' }], [{}]), standby, 0);
  expect(replica?.warnings).toEqual([]);
});

test('connectReports() looks as whoever asks for users, then as whom only applications have, and as users of the console last', async () => {
  const plain = (name: string, databases: readonly string[] = ['*']): Partial<UserSettings> => ({
    name,
    databases,
    secret: new Secret(crypto.randomUUID()),
  });
  const lookers = async (users: Partial<UserSettings>[], database: Partial<DatabaseSettings> = {}) => {
    const given = { ...settings([{ user: '', dbname: 'shop', ...database }], users), ...CONSOLE_USERS };
    const seen: string[] = [];
    const look: ProbeServer = async ({ user, password }) => {
      seen.push(user);
      // In his own name, and with no other's password.
      expect(password).toBe(given.users[user]!.secret);
      return probe();
    };
    const [report] = await connectReports(given, look, 0);
    return [...seen, ...(report?.warnings ?? [])];
  };
  const [admin, stats, app, asker] = [plain('adm'), plain('watcher'), plain('app'), plain('pooler')];
  const auth = { user: 'pooler', query: 'SELECT a($1)', database: 'shop' };
  expect(await lookers([admin, stats, app])).toEqual(['app']);
  expect(await lookers([admin, stats, app, asker], { auth })).toEqual(['pooler']);
  // Who asks for users may stand in admin_users too.
  expect(await lookers([app, admin], { auth: { ...auth, user: 'adm' } })).toEqual(['adm']);
  // A user of other databases, and one of whom there is a verifier alone, log in nowhere here.
  const elsewhere = plain('other', ['jobs']);
  const verifier = { ...app, secret: new Secret(`md5${'0'.repeat(32)}`) };
  expect(await lookers([elsewhere, verifier, stats, admin])).toEqual(['watcher']);
  expect(await lookers([elsewhere, verifier])).toEqual([
    'nobody looked: every client logs in as himself, and no password is known that would do',
  ]);
});

test('connectReports() lets a programmer error through', async () => {
  const broken = async () => {
    throw new TypeError('x');
  };
  await expect(connectReports(settings([{}], [{}]), broken, 0)).rejects.toThrow(TypeError);
});

test('printHost() prints what psql prints', () => {
  expect(printHost(HOST)).toBe('db.example:5432');
  expect(printHost({ host: '::1', port: 5432 })).toBe('[::1]:5432');
  expect(printHost({ host: '/var/run/postgresql', port: 5433 })).toBe('/var/run/postgresql/.s.PGSQL.5433');
});
