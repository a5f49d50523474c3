// PgBouncer's own defaults where they are others than ours: as the weakest source of all, or as a note that they do not hold.

import type { ChosenSettings } from './merge.ts';
import { printValue } from './read_value.ts';
import type { SourceReading } from './source.ts';
import type { SettingRow } from './table/row.ts';
import { rowOf, SETTING_NAMES, type SettingName } from './table.ts';

/** With an ini they hold in any case: ours is no safer one, and whoever wrote the ini counted on it. */
const KEPT: readonly SettingName[] = ['pool_mode'];

/**
 * For whoever is started as PgBouncer is: where nobody says anything, what PgBouncer would have; with an ini alone, as far
 * as ours is not safer.
 */
export function pgbouncerDefaults(
  { defaults }: { readonly defaults?: 'pgbouncer' },
  isIni: boolean,
): readonly SourceReading[] {
  const held = DIFFERENT.filter(([name]) => defaults !== undefined || (isIni && KEPT.includes(name)));
  if (held.length === 0) return [];
  const settings = held.map(([name, row]) => {
    const origin = { place: "PgBouncer's default" };
    return [name, { value: printValue(row, row.pgbouncerDefault!), origin }] as const;
  });
  return [
    {
      format: 'pgbouncer.ini',
      databases: [],
      settings: Object.fromEntries(settings),
      problems: [],
      files: [],
    },
  ];
}

/** One sentence with all that is otherwise than in PgBouncer because nobody said it; undefined where nothing is. */
export function defaultsNote(settings: ChosenSettings): string | undefined {
  const isUnsaid = (name: SettingName): boolean => settings[name].origin.place === 'default';
  // What is ours alone cannot be written there.
  const unsaid = DIFFERENT.filter(([name, row]) => row.pgbouncer !== undefined && isUnsaid(name));
  if (unsaid.length === 0) return undefined;
  const words = unsaid.map(([name, row]) => {
    const [ours, theirs] = [row.default, row.pgbouncerDefault!].map(
      (each) => printValue(row, each) || '(empty)',
    );
    return `${name} ${ours} (there ${theirs})`;
  });
  return `what the ini does not say is at pgsidecar's default, and these are others than PgBouncer's: ${words.join('; ')}. Write them into the ini where PgBouncer's are meant`;
}

const DIFFERENT: readonly (readonly [SettingName, SettingRow])[] = SETTING_NAMES.flatMap((name) => {
  const row = rowOf(name);
  return row.pgbouncerDefault === undefined ? [] : [[name, row] as const];
});
