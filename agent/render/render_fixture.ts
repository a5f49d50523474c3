// Settings for the tests of this room: two databases, two users, passwords made up for the run.

import { Secret } from '../base/secret.ts';
import type { DatabaseSettings, Settings, UserSettings } from '../config/settings.ts';
import { DEFAULTS } from '../config/table.ts';

export function databaseFixture(more: Partial<DatabaseSettings> = {}): DatabaseSettings {
  return {
    name: 'idp',
    role: 'writer',
    hosts: [{ host: 'writer.example.com', port: 5432 }],
    dbname: 'idp',
    user: 'idp_app',
    password: undefined,
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
    queryWaitTimeoutMs: DEFAULTS.query_wait_timeout,
    connectTimeoutMs: DEFAULTS.server_connect_timeout,
    serverLifetimeMs: DEFAULTS.server_lifetime,
    parameters: {},
    origin: { place: 'application.yml', line: 3 },
    ...more,
  };
}

export function userFixture(more: Partial<UserSettings> = {}): UserSettings {
  return {
    name: 'idp_app',
    secret: undefined,
    databaseSecrets: {},
    databases: ['idp'],
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
    origin: { place: 'application.yml', line: 5 },
    ...more,
  };
}

export function settingsFixture(
  databases: readonly DatabaseSettings[],
  users: readonly UserSettings[] = [],
  more: Partial<Settings> = {},
): Settings {
  return {
    ...DEFAULTS,
    databases: Object.fromEntries(databases.map((database) => [database.name, database])),
    peers: {},
    users: Object.fromEntries(users.map((user) => [user.name, user])),
    ...more,
  };
}

/** A password with every letter in it that some syntax gives a meaning. */
export function nastySecret(): Secret {
  return new Secret(`${crypto.randomUUID()} '"\\#;=%@:/?&$\`{{x}}ü`);
}
