// The sentences about a setting that cannot be used: unknown, with the nearest known name, or of a wrong value.

import { type Problem, problem } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import type { Origin } from '../base/origin.ts';
import { expectedOf } from './read_value.ts';
import type { Located } from './source.ts';
import { DATABASE_KEYS, PEER_KEYS, USER_KEYS } from './table/keys.ts';
import type { KeyRow } from './table/row.ts';
import { isSettingName, rowOf, SETTING_NAMES } from './table.ts';

/** Of pgsidecar.yml, and the keys beneath the names in each. */
const SECTIONS: Readonly<Record<string, Readonly<Record<string, KeyRow>>>> = {
  databases: DATABASE_KEYS,
  users: USER_KEYS,
  peers: PEER_KEYS,
};
/** Nobody reads more of a wrong value than this. */
const VALUE_CHARS_MAX = 80;

/** The row of a path in pgsidecar.yml: `pool_mode`, or `databases`, a name, `pool_size`. */
export function rowAt(path: readonly string[]): KeyRow | undefined {
  const [first = '', , key] = path;
  if (path.length === 1) return isSettingName(first) ? rowOf(first) : undefined;
  if (path.length !== 3 || key === undefined) return undefined;
  const keys = Object.hasOwn(SECTIONS, first) ? SECTIONS[first]! : {};
  return Object.hasOwn(keys, key) ? keys[key] : undefined;
}

export function unknownSetting(path: readonly string[], origin: Origin): Problem {
  const setting = path.join('.');
  return problem('error', 'setting_unknown', { setting, advice: adviceOn(path) }, origin);
}

/** `expected` when the reader already said it. What stands in place of a mapping is not shown: a password, or a URL with one. */
export function invalidSetting(
  setting: string,
  row: KeyRow | undefined,
  written: unknown,
  origin: Origin,
  expected?: string,
): Problem {
  const isHidden = row?.secret || (row === undefined && expected === undefined);
  const details = {
    setting,
    value: isHidden ? '***' : printWritten(written),
    expected: expected ?? expectedAt(setting, row, written),
  };
  return problem('error', 'setting_invalid', details, origin);
}

function expectedAt(setting: string, row: KeyRow | undefined, written: unknown): string {
  if (row !== undefined) return expectedOf(row, written);
  // A run-time parameter has no row: its name is PostgreSQL's.
  if (/^databases\..*\.parameters\../.test(setting)) return 'one text or number, as SET takes it';
  return 'a mapping, with its own keys beneath it';
}

function adviceOn(path: readonly string[]): string {
  const key = path.at(-1) ?? '';
  const inDatabase = Object.hasOwn(DATABASE_KEYS, key);
  if (path.length === 1 && inDatabase) return `${key} belongs to one database, beneath \`databases: NAME:\``;
  if (path.length === 3 && isSettingName(key)) return `${key} is for all, at the top level of the file`;
  const known = path.length === 1 ? [...SETTING_NAMES, ...Object.keys(SECTIONS)] : keysOf(path[0]);
  const meant = nearest(key, known);
  if (meant !== undefined) return `did you mean "${meant}"?`;
  return path.length === 1
    ? '`man pgsidecar.yml` and `pgsidecar run --help` have every setting'
    : `expected one of ${known.join(', ')}`;
}

function keysOf(section: string | undefined): readonly string[] {
  const keys = Object.keys(SECTIONS[section ?? ''] ?? {});
  return section === 'databases' ? [...keys, 'parameters'] : keys;
}

function printWritten(written: unknown): string {
  const items: readonly unknown[] = Array.isArray(written) ? written : [written];
  const words = items.map((item) => {
    if (Array.isArray(item)) return 'a list';
    return typeof item === 'object' && item !== null ? 'a mapping' : String(item);
  });
  const text = words.join(', ').replace(/[\x00-\x1f\x7f]/g, '?');
  return text.length > VALUE_CHARS_MAX ? `${text.slice(0, VALUE_CHARS_MAX)}…` : text;
}

export function complaintAbout(setting: string, row: KeyRow, located: Located, expected: string): Problem {
  const { value, origin } = located;
  return invalidSetting(settingAt(setting, origin), row, value, origin, expected);
}

/** Named as it is written where it is written: `database_pool_idp` in application.yml is our pool_size. */
export function settingAt(setting: string, { line, key }: Origin): string {
  if (key === undefined) return setting;
  // Of a URL it is only a part, and the URL's name says nothing about it.
  if (line !== undefined) return /(^|_)url$/i.test(key) ? setting : key;
  const name = key
    .replace(/^(--|PGSIDECAR_)/, '')
    .replaceAll('-', '_')
    .toLowerCase();
  return isSettingName(name) ? name : setting;
}
