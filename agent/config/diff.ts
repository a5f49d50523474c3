// What a reload changes, in sentences with secrets masked, and whether a database is still the same server.

import { printOrigin } from '../base/origin.ts';
import { Secret } from '../base/secret.ts';
import { printValue } from './read_value.ts';
import type { DatabaseSettings, HostSettings, Settings, UserSettings } from './settings.ts';
import { rowOf, SETTING_NAMES, type SettingName } from './table.ts';

export interface Change {
  readonly subject: 'setting' | 'database' | 'user';
  /** The setting's, database's or user's name. */
  readonly name: string;
  readonly what: 'added' | 'removed' | 'changed';
  /** Server connections of this database were made with what no longer holds: they are replaced as they come free. */
  readonly replacesServers: boolean;
  /** `default_pool_size: 5 → 10 (application.yml:14)`. */
  readonly sentence: string;
}

/** What a server connection is made with, beside its host; a change in any of them makes it another server. */
const IDENTITY = [
  'dbname',
  'user',
  'sslmode',
  'sslrootcert',
  'sslcert',
  'sslkey',
  'sslnegotiation',
  'parameters',
  'connectQuery',
] as const satisfies readonly (keyof DatabaseSettings)[];

/** Fields that have a setting's value where nothing of their own is said. */
const FOLLOWED: Readonly<Record<string, SettingName>> = {
  poolMode: 'pool_mode',
  poolSize: 'default_pool_size',
  minPoolSize: 'min_pool_size',
  reservePoolSize: 'reserve_pool_size',
  maxDbConnections: 'max_db_connections',
  maxDbClientConnections: 'max_db_client_connections',
  queryWaitTimeoutMs: 'query_wait_timeout',
  serverLifetimeMs: 'server_lifetime',
  connectTimeoutMs: 'server_connect_timeout',
  maxUserConnections: 'max_user_connections',
  maxUserClientConnections: 'max_user_client_connections',
};

/** Connections of `a` are right for `b`: all of them, unless `hostsGone()` names hosts. */
export function sameServer(a: DatabaseSettings, b: DatabaseSettings): boolean {
  const somebodyStays = hostsGone(a, b).length < a.hosts.length;
  return somebodyStays && IDENTITY.every((field) => same(a[field], b[field])) && sharePassword(a, b);
}

/** Hosts of `a` that `b` does not name: another order, or one more host, is no reason to leave the others. */
export function hostsGone(a: DatabaseSettings, b: DatabaseSettings): readonly HostSettings[] {
  return a.hosts.filter((host) => !b.hosts.some((each) => same(each, host)));
}

/** While a password is rotated, connections that were made with either of the two stay right. */
function sharePassword(a: DatabaseSettings, b: DatabaseSettings): boolean {
  if (a.password === undefined || b.password === undefined) return a.password === b.password;
  const [theirs, theirNext] = [b.password, b.nextPassword];
  return [a.password, a.nextPassword].some(
    (each) => each !== undefined && (each.equals(theirs) || each.equals(theirNext)),
  );
}

/** Empty when nothing changed but where it is written. `originOf` is asked where a new value stands. */
export function diffSettings(
  before: Settings,
  after: Settings,
  originOf: (subject: string) => string | undefined = () => undefined,
): readonly Change[] {
  const changes: Change[] = [];
  for (const name of SETTING_NAMES) {
    if (same(before[name], after[name])) continue;
    const [was, is] = [printValue(rowOf(name), before[name]), printValue(rowOf(name), after[name])];
    const when = rowOf(name).reload === 'start' ? ': from the next start on' : '';
    const sentence = `${name}: ${was || '(empty)'} → ${is || '(empty)'}${at(originOf(name))}${when}`;
    changes.push({ subject: 'setting', name, what: 'changed', replacesServers: false, sentence });
  }
  if (before.hba !== undefined && after.hba !== undefined && !same(before.hba.texts, after.hba.texts)) {
    const sentence = `auth_hba_file, auth_ident_file: new contents, ${after.hba.rules.length} lines decide who comes in`;
    changes.push({
      subject: 'setting',
      name: 'auth_hba_file',
      what: 'changed',
      replacesServers: false,
      sentence,
    });
  }
  if (!same(before.peers, after.peers)) {
    const sentence = `peers: ${print(before.peers)} → ${print(after.peers)}`;
    changes.push({ subject: 'setting', name: 'peers', what: 'changed', replacesServers: false, sentence });
  }
  /** A database that merely follows a setting is no second change. */
  const follows = (key: string, was: unknown, is: unknown) => {
    const name = FOLLOWED[key];
    return name !== undefined && was === before[name] && is === after[name];
  };
  changes.push(...diffNamed('database', before.databases, after.databases, follows));
  changes.push(...diffNamed('user', before.users, after.users, follows));
  return changes;
}

function diffNamed(
  subject: 'database' | 'user',
  before: Readonly<Record<string, DatabaseSettings | UserSettings>>,
  after: Readonly<Record<string, DatabaseSettings | UserSettings>>,
  follows: (key: string, was: unknown, is: unknown) => boolean,
): Change[] {
  const changes: Change[] = [];
  const change = (name: string, what: Change['what'], sentence: string, replacesServers = false) =>
    changes.push({ subject, name, what, replacesServers, sentence });
  for (const name of Object.keys(before)) {
    if (!Object.hasOwn(after, name)) change(name, 'removed', `${subject} "${name}" is gone`);
  }
  for (const [name, is] of Object.entries(after)) {
    const was = Object.hasOwn(before, name) ? before[name] : undefined;
    if (was === undefined) {
      change(name, 'added', `${subject} "${name}" is new${at(printOrigin(is.origin))}`);
      continue;
    }
    const fields = (Object.keys(is) as (keyof typeof is)[]).filter(
      (key) => key !== 'origin' && !same(was[key], is[key]) && !follows(key, was[key], is[key]),
    );
    if (fields.length === 0) continue;
    const which = 'hosts' in was && 'hosts' in is ? serversReplaced(was, is) : undefined;
    const words = fields.map((key) => changed(key, was[key], is[key]));
    const servers = which === undefined ? '' : `; ${which} are replaced as they come free`;
    change(
      name,
      'changed',
      `${subject} "${name}"${at(printOrigin(is.origin))}: ${words.join(', ')}${servers}`,
      which !== undefined,
    );
  }
  return changes;
}

function serversReplaced(was: DatabaseSettings, is: DatabaseSettings): string | undefined {
  if (!sameServer(was, is)) return 'its server connections';
  const gone = hostsGone(was, is);
  return gone.length === 0 ? undefined : `its server connections to ${print(gone)}`;
}

/** Secrets are compared without being opened. */
function same(a: unknown, b: unknown): boolean {
  if (a instanceof Secret) return a.equals(b instanceof Secret ? b : undefined);
  if (typeof a !== 'object' || a === null || typeof b !== 'object' || b === null) return a === b;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => Object.hasOwn(b, key) && same(member(a, key), member(b, key)));
}

function member(of: object, key: string): unknown {
  return (of as Readonly<Record<string, unknown>>)[key];
}

function changed(key: string, was: unknown, is: unknown): string {
  if (key === 'databaseSecrets') return 'passwords of single databases changed';
  if (key === 'databaseNextSecrets') return 'second passwords of single databases changed';
  const name = PASSWORD_WORDS[key];
  if (name !== undefined)
    return was === undefined || is === undefined
      ? `${name}: ${print(was)} → ${print(is)}`
      : `${name} changed`;
  if (was instanceof Secret && is instanceof Secret) return `${snake(key)} changed`;
  return `${snake(key)}: ${print(was)} → ${print(is)}`;
}

/** The fields that hold them → what they are called where they are written. */
const PASSWORD_WORDS: Readonly<Record<string, string>> = {
  secret: 'password',
  nextSecret: 'password_next',
  nextPassword: 'password_next',
};

/** As it would be written: hosts as `a:5432,b:5432`, lists with commas, nothing as `(none)`. */
function print(value: unknown): string {
  if (value === undefined || value === '') return '(none)';
  if (value instanceof Secret) return '***';
  if (Array.isArray(value)) return value.map(print).join(',') || '(none)';
  if (typeof value !== 'object' || value === null) return String(value);
  if ('host' in value && 'port' in value) return `${value.host}:${value.port}`;
  return (
    Object.entries(value)
      .map(([key, each]) => `${key}=${print(each)}`)
      .join(' ') || '(none)'
  );
}

function at(origin: string | undefined): string {
  return origin === undefined ? '' : ` (${origin})`;
}

/** poolSize → pool_size, queryWaitTimeoutMs → query_wait_timeout_ms. */
function snake(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
