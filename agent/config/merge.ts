// Lays the sources over each other, the strongest first, and keeps beside each value what it won over.

import type { Problem } from '../base/errors.ts';
import { complaintAbout } from './complaints.ts';
import { readValue } from './read_value.ts';
import type { Located, SourceReading } from './source.ts';
import type { SettingValue } from './table/row.ts';
import { rowOf, SETTING_NAMES, type SettingName } from './table.ts';

/** A value, where it came from, and the values that it won over, the strongest of them first. */
export interface Chosen<T = unknown> extends Located<T> {
  readonly wonOver: readonly Located<T>[];
}

export type ChosenSettings = Readonly<Record<SettingName, Chosen<SettingValue>>>;

/**
 * The precedence, strongest first: flags, PGSIDECAR_ variables, pgsidecar.yml, the application's sources in the order in
 * which they are given, the framework's environment variable, the default of the table. A value that cannot be used is
 * complained about even where a stronger one wins: the next edit may uncover it.
 */
export function mergeSettings(readings: readonly SourceReading[]): {
  readonly settings: ChosenSettings;
  readonly problems: readonly Problem[];
} {
  const problems: Problem[] = [];
  const settings = SETTING_NAMES.map((name) => {
    const row = rowOf(name);
    const candidates: Located<SettingValue>[] = [];
    for (const reading of readings) {
      const located = Object.hasOwn(reading.settings, name) ? reading.settings[name] : undefined;
      if (located === undefined || located.value === null) continue;
      const read = readValue(row, located.value);
      if ('value' in read) candidates.push({ value: read.value, origin: located.origin });
      else problems.push(complaintAbout(name, row, located, read.expected));
    }
    candidates.push({ value: row.default, origin: { place: 'default' } });
    return [name, choose(candidates)] as const;
  });
  return { settings: Object.fromEntries(settings) as unknown as ChosenSettings, problems };
}

/** The first candidate wins. */
export function choose<T>(candidates: readonly Located<T>[]): Chosen<T> {
  const [first, ...wonOver] = candidates;
  if (first === undefined) throw new Error('choose() needs a candidate');
  return { ...first, wonOver };
}
