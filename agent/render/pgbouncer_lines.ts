// The sections [databases], [users] and [peers] of a pgbouncer.ini: one line for each, with what is its own.

import { isSocketHost } from '../base/socket_host.ts';
import type { DatabaseSettings, PeerSettings, Settings, UserSettings } from '../config/settings.ts';
import { connectionValue, INI, refusal, sectionKey } from './pgbouncer_text.ts';
import { Quoted } from './template.ts';

export interface Pair {
  readonly key: Quoted;
  readonly value: Quoted;
}

export interface SectionLine {
  readonly name: Quoted;
  readonly pairs: readonly Pair[];
}

/** Run-time parameters that a line in [databases] can say by themselves. */
const OWN_PARAMETERS: readonly string[] = ['client_encoding', 'datestyle', 'timezone', 'application_name'];

/** With `user=` and `password=` in its line every client of a database works as that user. */
export function needsPassword(database: DatabaseSettings, passwords: ReadonlyMap<string, string>): boolean {
  if (database.forceUser) return true;
  return database.password !== undefined && database.password.open() !== passwords.get(database.user);
}

/** `newer`: in the words of a PgBouncer that is newer than 1.18 too. */
export function databaseLine(
  database: DatabaseSettings,
  settings: Settings,
  passwords: ReadonlyMap<string, string>,
  newer: boolean,
): SectionLine {
  const [first, ...others] = database.hosts;
  if (others.some((each) => each.port !== first?.port)) {
    throw refusal('the ports', database.name, INI, 'PgBouncer has one port for all hosts of a database');
  }
  checkTls(database, settings);
  const forced = needsPassword(database, passwords);
  if (forced && Object.values(settings.users).some((user) => !mayUse(user, database))) {
    throw refusal('the login', database.name, INI, `PgBouncer would let every user in, as ${database.user}`);
  }
  const own = (value: number | string, inherited: number | string) =>
    value === inherited ? undefined : String(value);
  const parameters = Object.entries(database.parameters);
  const isOwn = ([name]: [string, string]) => newer && OWN_PARAMETERS.includes(name.toLowerCase());
  const pairs = connectionPairs(database.name, {
    host: database.hosts.map((each) => each.host).join(','),
    port: String(first?.port),
    // That of `*` is the name which is asked for.
    dbname: database.dbname || undefined,
    user: forced ? database.user : undefined,
    password: forced ? database.password?.open() : undefined,
    pool_mode: own(database.poolMode, settings.pool_mode),
    pool_size: own(database.poolSize, settings.default_pool_size),
    min_pool_size: own(database.minPoolSize, settings.min_pool_size),
    // The name that 1.18 knows; newer ones take it too.
    reserve_pool: own(database.reservePoolSize, settings.reserve_pool_size),
    max_db_connections: own(database.maxDbConnections, settings.max_db_connections),
    auth_user: database.auth === undefined ? undefined : own(database.auth.user, settings.auth_user),
    auth_query: own(database.auth?.query ?? settings.auth_query, settings.auth_query),
    auth_dbname: authDbname(database, settings),
    ...(newer ? newerTerms(database, settings) : {}),
    ...Object.fromEntries(parameters.filter(isOwn).map(([name, value]) => [name.toLowerCase(), value])),
    connect_query: connectQuery(
      database,
      parameters.filter((each) => !isOwn(each)),
    ),
  });
  return { name: sectionKey(database.name, 'the database'), pairs };
}

function newerTerms(
  database: DatabaseSettings,
  settings: Settings,
): Readonly<Record<string, string | undefined>> {
  return {
    query_wait_timeout: ownTime(database.queryWaitTimeoutMs, settings.query_wait_timeout),
    server_lifetime: ownTime(database.serverLifetimeMs, settings.server_lifetime),
    // There it is said of a database or not at all, and nothing said is round-robin.
    load_balance_hosts:
      database.hosts.length > 1 || database.loadBalanceHosts !== settings.load_balance_hosts
        ? database.loadBalanceHosts
        : undefined,
    max_db_client_connections:
      database.maxDbClientConnections === settings.max_db_client_connections
        ? undefined
        : String(database.maxDbClientConnections),
  };
}

function ownTime(ms: number, inherited: number): string | undefined {
  return ms === inherited ? undefined : String(ms / 1000);
}

/** Empty is the database itself, here and there. */
function authDbname({ name, auth }: DatabaseSettings, settings: Settings): string | undefined {
  if (auth === undefined || auth.database === '') return undefined;
  return auth.database === (settings.auth_dbname || name) ? undefined : auth.database;
}

/** PgBouncer has one set of server_tls_ settings; a host by its socket directory uses none of them. */
function checkTls(database: DatabaseSettings, settings: Settings): void {
  if (database.hosts.every((each) => isSocketHost(each.host))) return;
  const asWritten = [
    database.sslmode,
    database.sslrootcert,
    database.sslcert ?? '',
    database.sslkey ?? '',
  ].join(' ');
  const tls = tlsOf(settings);
  const asServed = [
    tls.server_tls_sslmode,
    tls.server_tls_ca_file,
    tls.server_tls_cert_file,
    tls.server_tls_key_file,
  ].join(' ');
  if (asWritten === asServed) return;
  throw refusal(
    'the TLS settings',
    database.name,
    INI,
    'PgBouncer has one server_tls_sslmode, CA and certificate for all databases',
  );
}

/** What all databases agree on, by the first one that goes over TCP. */
export function tlsOf(settings: Settings): Readonly<Record<TlsSetting, string>> {
  const database = Object.values(settings.databases).find((each) =>
    each.hosts.some(({ host }) => !isSocketHost(host)),
  );
  return {
    server_tls_sslmode: database?.sslmode ?? settings.server_tls_sslmode,
    server_tls_ca_file: database?.sslrootcert ?? settings.server_tls_ca_file,
    server_tls_cert_file: database === undefined ? settings.server_tls_cert_file : (database.sslcert ?? ''),
    server_tls_key_file: database === undefined ? settings.server_tls_key_file : (database.sslkey ?? ''),
  };
}

type TlsSetting =
  | 'server_tls_sslmode'
  | 'server_tls_ca_file'
  | 'server_tls_cert_file'
  | 'server_tls_key_file';

/** Startup parameters are not PgBouncer's to send, but a query after each connect is: before the database's own. */
function connectQuery(
  database: DatabaseSettings,
  parameters: readonly (readonly [string, string])[],
): string | undefined {
  const statements = parameters.map(([name, value]) => `SET ${identifier(name)} TO ${literal(value)}`);
  if (database.connectQuery !== '') statements.push(database.connectQuery);
  return statements.length === 0 ? undefined : statements.join('; ');
}

/** Means the same whatever standard_conforming_strings says. */
function literal(value: string): string {
  const quoted = `'${value.replaceAll("'", "''")}'`;
  return value.includes('\\') ? `E${quoted.replaceAll('\\', '\\\\')}` : quoted;
}

function identifier(name: string): string {
  return name
    .split('.')
    .map((part) => (/^[a-z_][a-z0-9_]*$/i.test(part) ? part : `"${part.replaceAll('"', '""')}"`))
    .join('.');
}

export function mayUse(user: UserSettings, database: DatabaseSettings): boolean {
  return user.databases.includes('*') || user.databases.includes(database.name);
}

/** Undefined where nothing is said of this user that a list of passwords does not say. */
export function userLine(user: UserSettings, settings: Settings, newer: boolean): SectionLine | undefined {
  const own = (value: number, inherited: number) => (value === inherited ? undefined : String(value));
  const time = (ms: number | undefined) => (ms === undefined ? undefined : String(ms / 1000));
  const pairs = connectionPairs(user.name, {
    pool_mode: user.poolMode,
    max_user_connections: own(user.maxUserConnections, settings.max_user_connections),
    ...(newer
      ? {
          pool_size: user.poolSize?.toString(),
          reserve_pool_size: user.reservePoolSize?.toString(),
          max_user_client_connections: own(
            user.maxUserClientConnections,
            settings.max_user_client_connections,
          ),
          query_timeout: time(user.queryTimeoutMs),
          query_wait_timeout: time(user.queryWaitTimeoutMs),
          idle_transaction_timeout: time(user.idleTransactionTimeoutMs),
          transaction_timeout: time(user.transactionTimeoutMs),
          client_idle_timeout: time(user.clientIdleTimeoutMs),
        }
      : {}),
  });
  // Who has no password stands in no list of them.
  const isNowhereElse = newer && user.secret === undefined;
  if (pairs.length === 0 && !isNowhereElse) return undefined;
  return { name: sectionKey(user.name, 'the user'), pairs };
}

export function peerLine(id: string, { host, port, poolSize }: PeerSettings): SectionLine {
  const pairs = connectionPairs(id, { host, port: String(port), pool_size: String(poolSize) });
  return { name: sectionKey(id, 'the peer'), pairs };
}

function connectionPairs(name: string, values: Readonly<Record<string, string | undefined>>): Pair[] {
  return Object.entries(values).flatMap(([key, value]) =>
    value === undefined ? [] : [{ key: new Quoted(key), value: connectionValue(key, value, name) }],
  );
}
