// Settings as a pgsidecar.yml that means the same: what differs from the defaults, every database, every user.

import template from '../../templates/native/pgsidecar.yml.mustache' with { type: 'text' };
import { printDuration } from '../base/units.ts';
import { printValue } from '../config/read_value.ts';
import type { DatabaseSettings, Settings, UserSettings } from '../config/settings.ts';
import { DATABASE_KEYS, USER_KEYS } from '../config/table/keys.ts';
import type { SettingValue } from '../config/table/row.ts';
import { DEFAULTS, rowOf, SETTING_NAMES, type SettingName } from '../config/table.ts';
import type { WantedFile } from './plan.ts';
import { hasSecret } from './secrets.ts';
import { fill, Quoted } from './template.ts';

interface Line {
  readonly key: Quoted;
  readonly value: Quoted;
}

export function renderNative(settings: Settings): readonly WantedFile[] {
  const databases = Object.values(settings.databases).map((database) => ({
    name: yamlText(database.name),
    keys: databaseLines(database, settings),
    parameters: parameterView(database),
  }));
  const users = Object.values(settings.users)
    .map((user) => ({ name: yamlText(user.name), keys: userLines(user, settings) }))
    .filter((user) => user.keys.length > 0);
  const listed = users.length === 0 ? undefined : { list: users };
  const text = fill(template, { settings: settingLines(settings), databases, users: listed });
  return [{ name: 'pgsidecar.yml', text, secret: hasSecret(settings), mask: masker(text) }];
}

function settingLines(settings: Settings): Line[] {
  return SETTING_NAMES.filter((name) => isSaid(name, settings)).map((name) =>
    line(name, printValue(rowOf(name), settings[name])),
  );
}

function isSaid(name: SettingName, settings: Settings): boolean {
  // What the sources said is in this file, which is there to be read without them.
  if (name === 'sources') return false;
  // The loader fills in where the control socket is when nobody says it.
  if (name === 'control_socket' && settings[name] === `${settings.unix_socket_dir}/pgsidecar.control`)
    return false;
  return !same(settings[name], DEFAULTS[name]);
}

function same(a: SettingValue, b: SettingValue): boolean {
  return String(a) === String(b);
}

/** A database inherits from the settings above it, so that only what is its own is written. */
function databaseLines(database: DatabaseSettings, settings: Settings): Line[] {
  const own = <T>(value: T, inherited: T, print: (value: T) => string = String) =>
    value === inherited ? undefined : print(value);
  return lines({
    host: database.hosts.map((each) => each.host).join(','),
    port: database.hosts.map((each) => each.port).join(','),
    dbname: database.dbname || undefined,
    user: database.user || '*',
    password: database.password?.open(),
    password_next: database.nextPassword?.open(),
    role: database.role,
    force_user: database.forceUser ? 'yes' : undefined,
    admit_user: database.admitsUser === false ? 'no' : undefined,
    sslmode: own<string>(database.sslmode, settings.server_tls_sslmode),
    sslrootcert: own(database.sslrootcert, settings.server_tls_ca_file),
    sslcert: own(database.sslcert ?? '', settings.server_tls_cert_file),
    sslkey: own(database.sslkey ?? '', settings.server_tls_key_file),
    sslnegotiation: own<string>(database.sslnegotiation, settings.server_tls_negotiation),
    auth_user: own(database.auth?.user ?? '', settings.auth_user),
    auth_query: own(database.auth?.query ?? settings.auth_query, settings.auth_query),
    auth_dbname: own(
      database.auth?.database ?? '',
      settings.auth_dbname || (database.auth ? database.name : ''),
    ),
    load_balance_hosts: own<string>(database.loadBalanceHosts, settings.load_balance_hosts),
    pool_mode: own<string>(database.poolMode, settings.pool_mode),
    pool_size: own(database.poolSize, settings.default_pool_size),
    min_pool_size: own(database.minPoolSize, settings.min_pool_size),
    reserve_pool_size: own(database.reservePoolSize, settings.reserve_pool_size),
    max_db_connections: own(database.maxDbConnections, settings.max_db_connections),
    max_db_client_connections: own(database.maxDbClientConnections, settings.max_db_client_connections),
    query_wait_timeout: own(database.queryWaitTimeoutMs, settings.query_wait_timeout, printDuration),
    server_lifetime: own(database.serverLifetimeMs, settings.server_lifetime, printDuration),
    connect_query: database.connectQuery === '' ? undefined : database.connectQuery,
    connect_timeout: own(database.connectTimeoutMs, settings.server_connect_timeout, (ms) =>
      String(ms / 1000),
    ),
  });
}

/** What the loader would not find out by itself, from the databases and the auth_file. */
function userLines(user: UserSettings, settings: Settings): Line[] {
  if (user.origin.place === settings.auth_file) return [];
  const databases = Object.values(settings.databases).filter((each) => each.user === user.name);
  const known = databases.length === 0 ? '*' : databases.map((each) => each.name).join(', ');
  const password = databases.find((each) => each.password !== undefined)?.password;
  const own = <T>(value: T, inherited: T) => (value === inherited ? undefined : String(value));
  const said = (value: number | undefined, print: (value: number) => string = String) =>
    value === undefined ? undefined : print(value);
  return lines({
    password: user.secret === undefined || user.secret.equals(password) ? undefined : user.secret.open(),
    password_next:
      user.nextSecret === undefined || databases.some((each) => user.nextSecret?.equals(each.nextPassword))
        ? undefined
        : user.nextSecret.open(),
    valid_until: user.validUntil,
    databases: own(user.databases.join(', '), known),
    pool_mode: user.poolMode,
    pool_size: said(user.poolSize),
    reserve_pool_size: said(user.reservePoolSize),
    query_wait_timeout: said(user.queryWaitTimeoutMs, printDuration),
    query_timeout: said(user.queryTimeoutMs, printDuration),
    transaction_timeout: said(user.transactionTimeoutMs, printDuration),
    idle_transaction_timeout: said(user.idleTransactionTimeoutMs, printDuration),
    client_idle_timeout: said(user.clientIdleTimeoutMs, printDuration),
    max_user_connections: own(user.maxUserConnections, settings.max_user_connections),
    max_user_client_connections: own(user.maxUserClientConnections, settings.max_user_client_connections),
  });
}

function parameterView(database: DatabaseSettings): { readonly list: Line[] } | undefined {
  const list = Object.entries(database.parameters).map(([name, value]) => line(name, value));
  return list.length === 0 ? undefined : { list };
}

function lines(values: Readonly<Record<string, string | undefined>>): Line[] {
  return Object.entries(values).flatMap(([key, value]) => (value === undefined ? [] : [line(key, value)]));
}

function line(key: string, value: string): Line {
  // A password is always in quotes: which ones would need them says something about it.
  return { key: yamlText(key), value: key === 'password' ? yamlQuoted(value) : yamlText(value) };
}

/** Words that are plainly a text, numbers and their units, in every YAML; the rest in double quotes, where JSON and YAML agree. */
export function yamlText(text: string): Quoted {
  const isNumber = /^(0|[1-9][0-9]*(ms|s|min|h|d|B|kB|MB|GB)?)$/.test(text);
  const isWord = /^[a-z_/][a-z0-9_./-]*$/i.test(text) && !/^(y|n|yes|no|on|off|true|false|null)$/i.test(text);
  if (isNumber || isWord) return new Quoted(text);
  return yamlQuoted(text);
}

/** JSON leaves DEL and the C1 controls as they are; YAML wants them escaped. */
function yamlQuoted(text: string): Quoted {
  return new Quoted(JSON.stringify(text).replace(/[\x7f-\x9f\u2028\u2029\ufeff]/g, unicodeEscape));
}

function unicodeEscape(letter: string): string {
  return `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

const KEYS: ReadonlySet<string> = new Set([
  ...SETTING_NAMES,
  ...Object.keys(DATABASE_KEYS),
  ...Object.keys(USER_KEYS),
  'databases',
  'users',
  'parameters',
]);

/** A line may be shown when it has the template's shape and a key that we know, or is one that we wrote ourselves. */
function masker(written: string): (line: string) => string | undefined {
  const ours = new Set(written.split('\n'));
  return (text) => {
    const match = /^( *)("(?:[^"\\]|\\.)*"|[\w./-]+):(?: (.*))?$/.exec(text);
    if (match === null) return text.startsWith('#') && ours.has(text) ? text : undefined;
    const [, indent = '', key = '', value] = match;
    if (value === undefined) return text;
    if (key === 'password' || key === 'url') return `${indent}${key}: "***"`;
    return KEYS.has(key) || ours.has(text) ? text : undefined;
  };
}
