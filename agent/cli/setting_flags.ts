// Every row of the settings table as a flag: default_pool_size is --default-pool-size NUMBER.

import { printValue } from '../config/read_value.ts';
import type { SettingRow, SettingType } from '../config/table/row.ts';
import { rowOf, SETTING_NAMES, type SettingName } from '../config/table.ts';
import type { Flag } from './command.ts';

/** `--source FILE` and `--environment NAME` stand among the flags that say what to load, with a text of their own. */
const SPELLED_OTHERWISE: Readonly<Record<string, SettingName>> = {
  source: 'sources',
  environment: 'environment',
};

const VALUE_OF: Readonly<Record<SettingType, string | undefined>> = {
  string: 'TEXT',
  integer: 'NUMBER',
  boolean: undefined,
  duration: 'TIME',
  size: 'SIZE',
  octal: 'OCTAL',
  enum: 'WORD',
  path: 'PATH',
  list: 'LIST',
};

export const SETTING_FLAGS: readonly Flag[] = SETTING_NAMES.filter(
  (name) => !Object.values(SPELLED_OTHERWISE).includes(name),
).map((name) => flagOf(name, rowOf(name)));

const SETTING_OF: ReadonlyMap<string, SettingName> = new Map([
  ...SETTING_NAMES.map((name) => [flagName(name), name] as const),
  ...Object.entries(SPELLED_OTHERWISE),
]);

/** The setting that the flag sets; undefined for a command's own flags. */
export function settingOf(flag: Flag): SettingName | undefined {
  return SETTING_OF.get(flag.name);
}

/** A setting's words are checked by the loader, together with all else that is wrong. */
export function isSettingFlag(flag: Flag): boolean {
  return SETTING_OF.has(flag.name);
}

export function flagName(setting: string): string {
  return setting.replaceAll('_', '-');
}

function flagOf(name: SettingName, row: SettingRow): Flag {
  const value = VALUE_OF[row.type];
  return {
    name: flagName(name),
    ...(value === undefined ? { negatable: true } : { value }),
    ...(row.values === undefined ? {} : { values: row.values }),
    ...(row.type === 'list' ? { repeatable: true } : {}),
    ...(row.type === 'path' ? { completes: name.endsWith('_dir') ? 'directory' : 'file' } : {}),
    summary: row.doc,
  };
}

/** The first sentence of a row's doc, as text for a terminal. */
export function firstSentence(doc: string): string {
  const end = /\.(?=\s|$)/.exec(doc);
  return (end === null ? doc : doc.slice(0, end.index)).replaceAll('`', '');
}

/** The row's default as one would write it; empty when it is "not set". */
export function defaultOf(row: SettingRow): string {
  return printValue(row, row.default);
}
