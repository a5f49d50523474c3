// PgBouncer's own defaults where they are others than ours: as the weakest source of all, or as a note that they do not hold.

import type { Explanation } from './explain.ts';
import type { ChosenSettings } from './merge.ts';
import { printValue } from './read_value.ts';
import type { Settings } from './settings.ts';
import type { SourceReading } from './source.ts';
import type { SettingRow } from './table/row.ts';
import { rowOf, SETTING_NAMES, type SettingName } from './table.ts';

const PLACE = "PgBouncer's default";
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
    // So that a complaint says server_tls_sslmode, which is what can be written, and not the key of a database.
    const origin = { place: PLACE, key: name };
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

/** A setting that the ini does not say, and that has another default here than in PgBouncer. Both as they are printed. */
export interface DifferingDefault {
  readonly setting: SettingName;
  readonly here: string;
  readonly there: string;
}

/** All that is otherwise than in PgBouncer because nobody said it. */
export function differingDefaults(settings: ChosenSettings): readonly DifferingDefault[] {
  // What is ours alone cannot be written into an ini.
  const unsaid = DIFFERENT.filter(
    ([name, row]) => row.pgbouncer !== undefined && settings[name].origin.place === 'default',
  );
  return unsaid.map(([setting, row]) => {
    const [here, there] = [row.default, row.pgbouncerDefault!].map((each) => printValue(row, each)) as [
      string,
      string,
    ];
    return { setting, here: here || '(empty)', there: there || '(empty)' };
  });
}

/** With what PgBouncer would have, beside each value that stands at a default of ours that differs. */
export function explainDiffering(
  explanation: Explanation,
  differing: readonly DifferingDefault[],
): Explanation {
  const beside = differing.map(
    ({ setting, there }) => [setting, { ...explanation[setting]!, pgbouncer: there }] as const,
  );
  return Object.freeze({ ...explanation, ...Object.fromEntries(beside) });
}

/** What holds where nobody says anything, as far as that is PgBouncer's default and not the table's. */
export function standingDefaults(settings: ChosenSettings): Pick<Settings, 'defaults'> {
  const held = DIFFERENT.filter(([name]) => {
    const { origin, wonOver } = settings[name];
    return [origin, ...wonOver.map((each) => each.origin)].some((each) => each.place === PLACE);
  });
  if (held.length === 0) return {};
  return { defaults: Object.fromEntries(held.map(([name, row]) => [name, row.pgbouncerDefault!])) };
}

const DIFFERENT: readonly (readonly [SettingName, SettingRow])[] = SETTING_NAMES.flatMap((name) => {
  const row = rowOf(name);
  return row.pgbouncerDefault === undefined ? [] : [[name, row] as const];
});
