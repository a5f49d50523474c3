// THE settings table: every setting that pgsidecar has, one row each; all else about settings is derived from it.

import { AGENT_SETTINGS } from './table/agent.ts';
import { CLIENT_SETTINGS } from './table/clients.ts';
import { LISTENING_SETTINGS } from './table/listening.ts';
import type { SettingRow, ValueOf } from './table/row.ts';
import { SERVER_SETTINGS } from './table/servers.ts';
import { SESSION_STATE_SETTINGS } from './table/session_state.ts';

export const SETTINGS = {
  ...LISTENING_SETTINGS,
  ...CLIENT_SETTINGS,
  ...SERVER_SETTINGS,
  ...SESSION_STATE_SETTINGS,
  ...AGENT_SETTINGS,
} as const;

export type SettingName = keyof typeof SETTINGS;

/** The value of every row under its own name: durations in milliseconds, sizes in bytes, lists frozen. */
export type SettingValues = { readonly [Name in SettingName]: ValueOf<(typeof SETTINGS)[Name]> };

/** In the order of the documentation. */
export const SETTING_NAMES = Object.freeze(Object.keys(SETTINGS)) as readonly SettingName[];

export const DEFAULTS: SettingValues = Object.freeze(
  Object.fromEntries(SETTING_NAMES.map((name) => [name, SETTINGS[name].default])),
) as unknown as SettingValues;

export function rowOf(name: SettingName): SettingRow {
  return SETTINGS[name];
}

/** By SET at the console, too; else only by what the operator writes into a file, as the file system lets him. */
export function isSettable({ type, fileOnly }: SettingRow): boolean {
  return type !== 'path' && fileOnly !== true;
}

export function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(SETTINGS, name);
}
