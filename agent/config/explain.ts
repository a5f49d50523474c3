// Where every value came from, and what it won over: what `pgsidecar explain` prints, with secrets masked.

import { AgentError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import { type Origin, printOrigin } from '../base/origin.ts';
import type { Chosen, ChosenSettings } from './merge.ts';
import type { MergedDatabase } from './merge_databases.ts';
import { printValue } from './read_value.ts';
import type { ResolvedDatabase } from './resolve_database.ts';
import type { ResolvedUser } from './resolve_user.ts';
import type { UserSettings } from './settings.ts';
import type { Located, UserDraft, UserField } from './source.ts';
import { PGBOUNCER_NAMES, pgbouncerName } from './sources/pgbouncer_names.ts';
import { DATABASE_KEYS, USER_KEYS } from './table/keys.ts';
import type { KeyRow, SettingValue } from './table/row.ts';
import { rowOf, SETTING_NAMES } from './table.ts';

/** Texts only, as they are printed: nothing here has to be masked again. */
export interface ExplainedValue {
  readonly value: string;
  readonly origin: string;
  readonly wonOver: readonly { readonly value: string; readonly origin: string }[];
  /** PgBouncer's default, where an ini does not say the setting and ours is another. */
  readonly pgbouncer?: string;
}

/** `pool_mode`, `databases.idp.host`, `databases.idp.parameters.statement_timeout`, `users.idp.databases` → its value. */
export type Explanation = Readonly<Record<string, ExplainedValue>>;

export function explanationOf(
  settings: ChosenSettings,
  merged: readonly MergedDatabase[],
  resolved: readonly ResolvedDatabase[],
  userDrafts: readonly UserDraft[],
  users: readonly ResolvedUser[],
): Explanation {
  const explained: [string, ExplainedValue][] = SETTING_NAMES.map((name) => [
    name,
    printChosen(rowOf(name), settings[name]),
  ]);
  for (const { name, fields, parameters } of merged) {
    const chosen = resolved.find((each) => each.settings.name === name)?.chosen ?? fields;
    for (const [key, value] of Object.entries(chosen)) {
      explained.push([
        `databases.${name}.${key}`,
        printChosen(DATABASE_KEYS[key]!, value as Chosen<SettingValue>),
      ]);
    }
    for (const [key, value] of Object.entries(parameters)) {
      explained.push([`databases.${name}.parameters.${key}`, printChosen(undefined, value)]);
    }
  }
  for (const user of users) explained.push(...explainUser(user, userDrafts));
  return Object.freeze(Object.fromEntries(explained));
}

/**
 * The lines for one subject: a setting, `databases.NAME`, `databases.NAME.host`, `users.NAME`, a name of PgBouncer's, the
 * beginning of several (`pin_`); all that somebody set, for no subject. Throws AgentError setting_unknown, with the nearest known name.
 */
export function explain(explanation: Explanation, subject?: string): readonly string[] {
  const entries = Object.entries(explanation);
  if (subject === undefined) {
    const said = entries.filter(([, { origin }]) => origin !== 'default');
    // Whoever wrote an ini counts on what he has not written, too.
    const differing = entries.filter(([, { pgbouncer }]) => pgbouncer !== undefined);
    return [...said, ...differing].flatMap(([name, value]) => linesOf(name, value));
  }
  // As a flag is spelled: `pool-mode`. Names of databases and users have their own dashes.
  const name = subject.includes('.') ? subject : subject.replace(/^--/, '').replaceAll('-', '_');
  const found = entries.filter(([each]) => each === name || each.startsWith(`${name}.`));
  if (found.length > 0) return found.flatMap(([each, value]) => linesOf(each, value));
  const there = pgbouncerName(name);
  if (there !== undefined) {
    const names: readonly string[] = there.settings;
    const meant = entries.filter(([each]) => names.includes(each) || isKey(each, there.key));
    return [`${name}: ${there.says}`, ...meant.flatMap(([each, value]) => linesOf(each, value))];
  }
  const family = subject.endsWith('_') ? entries.filter(([name]) => name.startsWith(subject)) : [];
  if (family.length > 0) return family.flatMap(([name, value]) => linesOf(name, value));
  throw new AgentError(
    'setting_unknown',
    { setting: subject, advice: adviceOn(subject, explanation) },
    { place: 'the command line' },
  );
}

function adviceOn(subject: string, explanation: Explanation): string {
  const names = Object.keys(explanation);
  const sections = names.map((name) => name.replace(/^(databases|users)\.(.+?)\..*/, '$1.$2'));
  // `idp` alone: whoever reads `status` knows a database by its name, and not the section that it is in.
  const meant =
    sections.find((each) => each.endsWith(`.${subject}`)) ??
    nearest(subject, [...names, ...new Set(sections), ...PGBOUNCER_NAMES]);
  return meant === undefined ? '`pgsidecar explain` lists what is set' : `did you mean "${meant}"?`;
}

/** `databases.shop.pool_size` for `pool_size`. */
function isKey(path: string, key: string | undefined): boolean {
  return key !== undefined && /^(databases|users)\./.test(path) && path.endsWith(`.${key}`);
}

function linesOf(name: string, { value, origin, wonOver, pgbouncer }: ExplainedValue): string[] {
  const lost = wonOver.map((each) => `  won over ${each.value || '(empty)'}  (${each.origin})`);
  const there = pgbouncer === undefined ? '' : `; PgBouncer's is ${pgbouncer}`;
  return [`${name} = ${value || '(empty)'}  (${origin}${there})`, ...lost];
}

function printChosen(
  row: KeyRow | undefined,
  { value, origin, wonOver }: Chosen<SettingValue>,
): ExplainedValue {
  const print = (each: Located<SettingValue>) => ({
    value: row === undefined ? String(each.value) : printValue(row, each.value),
    origin: printOrigin(each.origin),
  });
  return { ...print({ value, origin }), wonOver: wonOver.map(print) };
}

function explainUser(
  { settings: user, secretOrigin }: ResolvedUser,
  drafts: readonly UserDraft[],
): [string, ExplainedValue][] {
  const draft = drafts.find((each) => each.name === user.name);
  const lines: [string, ExplainedValue][] = [];
  const add = (key: string, value: SettingValue, origin: Origin) => {
    const row = USER_KEYS[key]!;
    lines.push([
      `users.${user.name}.${key}`,
      { value: printValue(row, value), origin: printOrigin(origin), wonOver: [] },
    ]);
  };
  const origin = (key: keyof UserDraft['fields']) => draft?.fields[key]?.origin ?? user.origin;
  if (user.secret !== undefined) add('password', '', secretOrigin);
  if (user.nextSecret !== undefined) add('password_next', '', secretOrigin);
  if (user.validUntil !== undefined) add('valid_until', user.validUntil, origin('valid_until'));
  add('databases', user.databases, origin('databases'));
  for (const [key, field] of Object.entries(OWN_TERMS) as [UserField, keyof UserSettings][]) {
    const value = user[field] as SettingValue | undefined;
    if (value !== undefined && draft?.fields[key] !== undefined) add(key, value, origin(key));
  }
  return lines;
}

/** What can be said of a user alone, and where Settings have it. */
const OWN_TERMS: Readonly<Partial<Record<UserField, keyof UserSettings>>> = {
  pool_mode: 'poolMode',
  pool_size: 'poolSize',
  reserve_pool_size: 'reservePoolSize',
  query_wait_timeout: 'queryWaitTimeoutMs',
  query_timeout: 'queryTimeoutMs',
  transaction_timeout: 'transactionTimeoutMs',
  idle_transaction_timeout: 'idleTransactionTimeoutMs',
  client_idle_timeout: 'clientIdleTimeoutMs',
  max_user_connections: 'maxUserConnections',
  max_user_client_connections: 'maxUserClientConnections',
};
