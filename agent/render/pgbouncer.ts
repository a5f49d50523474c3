// Settings as pgbouncer.ini and userlist.txt: what PgBouncer 1.18 reads, or a refusal where it has no such meaning.

import ini from '../../templates/pgbouncer/pgbouncer.ini.mustache' with { type: 'text' };
import userlist from '../../templates/pgbouncer/userlist.txt.mustache' with { type: 'text' };
import { isSocketHost } from '../base/socket_host.ts';
import { printOctal } from '../base/units.ts';
import type { DatabaseSettings, Settings, UserSettings } from '../config/settings.ts';
import { rowOf, SETTING_NAMES, type SettingName } from '../config/table.ts';
import {
  connectionValue,
  INI,
  iniMasker,
  iniText,
  refusal,
  sectionKey,
  USERLIST,
  userlistMask,
  userlistWord,
} from './pgbouncer_text.ts';
import type { WantedFile } from './plan.ts';
import { hasSecret } from './secrets.ts';
import { fill, Quoted } from './template.ts';

export interface PgbouncerWishes {
  /** Where userlist.txt will be, for auth_file; empty when nobody knows. */
  readonly directory: string;
  /** The machine's own CAs: PgBouncer knows no `system`. */
  readonly systemCaFile: string;
}

interface Pair {
  readonly key: Quoted;
  readonly value: Quoted;
}

export function renderPgbouncer(settings: Settings, wishes: PgbouncerWishes): readonly WantedFile[] {
  const passwords = passwordsOf(settings);
  const databases = Object.values(settings.databases);
  const iniFile = fill(ini, {
    notes: notesOf(settings).map((text) => ({ text: new Quoted(text) })),
    databases: databases.map((database) => ({
      name: sectionKey(database.name, 'the database'),
      pairs: databasePairs(database, settings, passwords),
    })),
    users: listed(Object.values(settings.users).flatMap((user) => userView(user))),
    settings: settingPairs(settings, wishes, (name) => !NEWER.has(name)),
    newer: listed(settingPairs(settings, wishes, (name) => NEWER.has(name))),
  });
  const userlistText = fill(userlist, {
    users: [...passwords].map(([name, secret]) => ({
      name: userlistWord(name, name),
      secret: userlistWord(secret, name),
    })),
  });
  const forced = databases.some((database) => needsPassword(database, passwords));
  return [
    { name: INI, text: iniFile, secret: forced, mask: iniMasker(iniFile) },
    { name: USERLIST, text: userlistText, secret: hasSecret(settings), mask: userlistMask },
  ];
}

/** PgBouncer has one list for both sides: what clients prove, and what it logs in with. */
function passwordsOf(settings: Settings): Map<string, string> {
  const passwords = new Map<string, string>();
  for (const user of Object.values(settings.users)) {
    if (user.secret !== undefined) passwords.set(user.name, user.secret.open());
  }
  // A verifier cannot log in to a server, the password that belongs to it can do both.
  for (const { user, password } of Object.values(settings.databases)) {
    const known = passwords.get(user);
    if (password !== undefined && (known === undefined || isVerifier(known)))
      passwords.set(user, password.open());
  }
  return passwords;
}

function isVerifier(secret: string): boolean {
  return secret.startsWith('SCRAM-SHA-256$') || /^md5[0-9a-f]{32}$/.test(secret);
}

/** With `user=` and `password=` in its line every client of a database works as that user. */
function needsPassword(database: DatabaseSettings, passwords: ReadonlyMap<string, string>): boolean {
  if (database.forceUser) return true;
  return database.password !== undefined && database.password.open() !== passwords.get(database.user);
}

function databasePairs(
  database: DatabaseSettings,
  settings: Settings,
  passwords: ReadonlyMap<string, string>,
): Pair[] {
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
  return connectionPairs(database.name, {
    host: database.hosts.map((each) => each.host).join(','),
    port: String(first?.port),
    dbname: database.dbname,
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
    connect_query: connectQuery(database),
  });
}

/** Empty is the database itself, here and there. */
function authDbname({ name, auth }: DatabaseSettings, settings: Settings): string | undefined {
  if (auth === undefined || auth.database === (settings.auth_dbname || name)) return undefined;
  return auth.database;
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
function tlsOf(settings: Settings): Readonly<Record<TlsSetting, string>> {
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
function connectQuery(database: DatabaseSettings): string | undefined {
  const statements = Object.entries(database.parameters).map(
    ([name, value]) => `SET ${identifier(name)} TO ${literal(value)}`,
  );
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

/** What PgBouncer 1.18 does otherwise, for whoever reads the file. */
function notesOf(settings: Settings): string[] {
  const databases = Object.values(settings.databases);
  const named = (wanted: (database: DatabaseSettings) => boolean) =>
    databases
      .filter(wanted)
      .map((database) => database.name)
      .join(', ');
  const several = named((database) => database.hosts.length > 1);
  const timed = named(
    (database) =>
      database.queryWaitTimeoutMs !== settings.query_wait_timeout ||
      database.serverLifetimeMs !== settings.server_lifetime ||
      database.connectTimeoutMs !== settings.server_connect_timeout,
  );
  const users = (wanted: (user: UserSettings) => boolean) =>
    Object.values(settings.users)
      .filter(wanted)
      .map((user) => user.name)
      .join(', ');
  const unasked = settings.auth_user === '' ? '' : named((database) => database.auth === undefined);
  const rotated = users((user) => user.nextSecret !== undefined);
  const ending = users((user) => user.validUntil !== undefined);
  const crowded = named(
    ({ maxDbClientConnections }) => maxDbClientConnections !== settings.max_db_client_connections,
  );
  const own = Object.values(settings.users).filter((user) => hasOwnTerms(user, settings));
  const limited = Object.values(settings.users).some((user) => databases.some((each) => !mayUse(user, each)));
  return [
    ...(several === ''
      ? []
      : [`Hosts of ${several}: pgsidecar tries them in order, PgBouncer goes round them.`]),
    ...(timed === ''
      ? []
      : [`Times of ${timed}: pgsidecar has some of its own there, PgBouncer has one for all.`]),
    ...(rotated === ''
      ? []
      : [
          `Passwords of ${rotated}: pgsidecar takes a second one while they are rotated, PgBouncer does not.`,
        ]),
    ...(ending === '' ? [] : [`valid_until of ${ending}: PgBouncer lets them in for ever.`]),
    ...(crowded === ''
      ? []
      : [`Clients of ${crowded}: pgsidecar has a limit of their own, PgBouncer 1.18 has none.`]),
    ...(own.length === 0
      ? []
      : [
          `Users ${own.map(({ name }) => name).join(', ')}: pgsidecar has sizes or times of their own, PgBouncer 1.18 has only pool_mode and max_user_connections.`,
        ]),
    ...(unasked === ''
      ? []
      : [`Databases ${unasked}: PgBouncer asks auth_query there too, for who is in no file.`]),
    ...(limited ? ['Users: PgBouncer lets each of them ask for every database; the server decides.'] : []),
  ];
}

/** What `[users]` of PgBouncer 1.18 cannot say. */
function hasOwnTerms(user: UserSettings, settings: Settings): boolean {
  return (
    user.maxUserClientConnections !== settings.max_user_client_connections ||
    [
      user.poolSize,
      user.reservePoolSize,
      user.queryWaitTimeoutMs,
      user.queryTimeoutMs,
      user.transactionTimeoutMs,
      user.idleTransactionTimeoutMs,
      user.clientIdleTimeoutMs,
    ].some((each) => each !== undefined)
  );
}

function mayUse(user: UserSettings, database: DatabaseSettings): boolean {
  return user.databases.includes('*') || user.databases.includes(database.name);
}

function userView(user: UserSettings): { name: Quoted; pairs: Pair[] }[] {
  const pairs = connectionPairs(user.name, {
    pool_mode: user.poolMode,
    max_user_connections: user.maxUserConnections === 0 ? undefined : String(user.maxUserConnections),
  });
  return pairs.length === 0 ? [] : [{ name: sectionKey(user.name, 'the user'), pairs }];
}

/** Settings that came after 1.18, which stops at a name that it does not know. */
const NEWER: ReadonlySet<SettingName> = new Set<SettingName>([
  'max_prepared_statements',
  'track_extra_parameters',
  'max_db_client_connections',
  'max_user_client_connections',
  'cancel_wait_timeout',
  'query_wait_notify',
  'scram_iterations',
  'transaction_timeout',
  'auth_ident_file',
  'auth_dbname',
]);

/** Every setting that PgBouncer has, whether or not it is at our default: PgBouncer's are others. */
function settingPairs(
  settings: Settings,
  wishes: PgbouncerWishes,
  wanted: (name: SettingName) => boolean,
): Pair[] {
  if (settings.auth_type === 'peer') {
    throw refusal('auth_type peer', 'the agent', INI, 'PgBouncer has it in an auth_hba_file only');
  }
  const values: Partial<Record<SettingName, string>> = { ...tlsOf(settings), auth_file: authFile(wishes) };
  // pgsidecar lets every startup parameter follow its client; PgBouncer turns away what it does not know. Drivers send this one.
  const ignored = new Set([...settings.ignore_startup_parameters, 'extra_float_digits']);
  values.ignore_startup_parameters = [...ignored].join(', ');
  const asksServers = Object.values(settings.databases).some((each) => each.auth !== undefined);
  if (values.server_tls_ca_file === 'system') values.server_tls_ca_file = wishes.systemCaFile;
  return SETTING_NAMES.filter((name) => rowOf(name).pgbouncer !== undefined && wanted(name)).flatMap(
    (name) => {
      const value = values[name] ?? iniValue(name, settings);
      // An empty file name is not "none" to PgBouncer, but a file that it cannot open.
      if (value === '' && MAY_NOT_BE_EMPTY.test(name)) return [];
      if (name === 'auth_query' && !asksServers) return [];
      const key = rowOf(name).pgbouncer;
      return [{ key: new Quoted(typeof key === 'string' ? key : name), value: iniText(name, value) }];
    },
  );
}

const MAY_NOT_BE_EMPTY = /(_file|_ciphers|_group|listen_addr|auth_user|auth_dbname|logfile|pidfile|^user)$/;

function authFile(wishes: PgbouncerWishes): string {
  return wishes.directory === '' ? USERLIST : `${wishes.directory.replace(/\/$/, '')}/${USERLIST}`;
}

/** In PgBouncer's units: seconds (milliseconds where the row says so), bytes, 0 and 1. */
function iniValue(name: SettingName, settings: Settings): string {
  const value = settings[name];
  if (Array.isArray(value)) return value.join(', ');
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (typeof value !== 'number') return String(value);
  const { type } = rowOf(name);
  if (type === 'octal') return printOctal(value);
  if (type !== 'duration') return String(value);
  if (rowOf(name).bareUnit === 'ms') return String(value);
  // The operating system counts keepalives in whole seconds, and PgBouncer reads no others there.
  return String(name.startsWith('tcp_keep') ? Math.ceil(value / 1000) : value / 1000);
}

function listed<T>(list: readonly T[]): { readonly list: readonly T[] } | undefined {
  return list.length === 0 ? undefined : { list };
}

function connectionPairs(name: string, values: Readonly<Record<string, string | undefined>>): Pair[] {
  return Object.entries(values).flatMap(([key, value]) =>
    value === undefined ? [] : [{ key: new Quoted(key), value: connectionValue(key, value, name) }],
  );
}
