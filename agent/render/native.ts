// Settings as a pgsidecar.yml that means the same: what differs from the defaults, every database, every user.

import template from '../../templates/native/pgsidecar.yml.mustache' with { type: 'text' };
import { printDuration } from '../base/units.ts';
import { ANY_DATABASE } from '../config/any_database.ts';
import { printValue } from '../config/read_value.ts';
import type { DatabaseSettings, Settings, UserSettings } from '../config/settings.ts';
import { DATABASE_KEYS, USER_KEYS } from '../config/table/keys.ts';
import type { SettingValue } from '../config/table/row.ts';
import { DEFAULTS, rowOf, SETTING_NAMES, type SettingName } from '../config/table.ts';
import { MARK, type WantedFile } from './plan.ts';
import { hasSecret } from './secrets.ts';
import { fill, Quoted } from './template.ts';

interface Line {
  readonly key: Quoted;
  readonly value: Quoted;
}

/** What `import` has to say besides: texts of our own, which are put behind a `#` as they are. */
export interface NativeComments {
  /** The lines above everything else; the first has the mark of who wrote the file. */
  readonly head: readonly string[];
  /** Behind the value of a setting, or the name of a database or user: `pool_mode`, `databases.shop`; empty for none. */
  at(path: string): string;
  /** His password stands in the auth_file, and is not repeated. */
  isInAuthFile(user: string): boolean;
}

const HEAD = `${MARK}: all that was loaded, in one file. What is not here is at its default.`;
const SILENT: NativeComments = { head: [HEAD], at: () => '', isInAuthFile: () => false };

export function renderNative(settings: Settings, comments: NativeComments = SILENT): readonly WantedFile[] {
  const comment = (path: string) => new Quoted(oneLine(comments.at(path), '  # '));
  const databases = Object.values(settings.databases).map((database) => ({
    name: yamlText(database.name),
    comment: comment(`databases.${database.name}`),
    keys: databaseLines(database, settings),
    parameters: parameterView(database),
  }));
  const users = Object.values(settings.users)
    .filter((user) => !isKnownOtherwise(user, settings, comments))
    .map((user) => ({
      name: yamlText(user.name),
      comment: comment(`users.${user.name}`),
      keys: userLines(user, settings, comments.isInAuthFile(user.name)),
    }));
  const peers = Object.entries(settings.peers).map(([id, { host, port, poolSize }]) => ({
    name: yamlQuoted(id),
    comment: new Quoted(''),
    keys: lines({ host, port: String(port), pool_size: String(poolSize) }),
  }));
  const text = fill(template, {
    head: comments.head.map((each) => ({ text: new Quoted(oneLine(each, ' ')) })),
    settings: settingLines(settings).map((each) => ({ ...each, comment: comment(each.key.text) })),
    databases,
    users: listed(users),
    peers: listed(peers),
  });
  return [{ name: 'pgsidecar.yml', text, secret: hasSecret(settings), mask: masker(text) }];
}

function listed<T>(list: readonly T[]): { readonly list: readonly T[] } | undefined {
  return list.length === 0 ? undefined : { list };
}

/** A comment cannot end by itself. */
function oneLine(text: string, before: string): string {
  return text === '' ? '' : before + text.replace(/[\0-\x1f\x7f-\x9f\u2028\u2029]+/g, ' ');
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
      settings.auth_dbname || (database.auth && database.name !== ANY_DATABASE ? database.name : ''),
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

/** There is nothing to say of a user whom the databases or the auth_file bring. */
function isKnownOtherwise(user: UserSettings, settings: Settings, { isInAuthFile }: NativeComments): boolean {
  if (user.origin.place === settings.auth_file) return true;
  if (userLines(user, settings, isInAuthFile(user.name)).length > 0) return false;
  return isInAuthFile(user.name) || databasesOf(user, settings).length > 0;
}

/** Those that let him in by being his. */
function databasesOf({ name }: UserSettings, settings: Settings): readonly DatabaseSettings[] {
  return Object.values(settings.databases).filter((each) => each.user === name && each.admitsUser !== false);
}

/** What the loader would not find out by itself, from the databases and the auth_file. */
function userLines(user: UserSettings, settings: Settings, isInAuthFile: boolean): Line[] {
  const databases = databasesOf(user, settings);
  const known = isInAuthFile || databases.length === 0 ? '*' : databases.map((each) => each.name).join(', ');
  const password = databases.find((each) => each.password !== undefined)?.password;
  const own = <T>(value: T, inherited: T) => (value === inherited ? undefined : String(value));
  const said = (value: number | undefined, print: (value: number) => string = String) =>
    value === undefined ? undefined : print(value);
  return lines({
    password:
      isInAuthFile || user.secret === undefined || user.secret.equals(password)
        ? undefined
        : user.secret.open(),
    password_next:
      isInAuthFile ||
      user.nextSecret === undefined ||
      databases.some((each) => user.nextSecret?.equals(each.nextPassword))
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
  'peers',
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
