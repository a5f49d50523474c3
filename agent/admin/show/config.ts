// SHOW CONFIG: every setting under PgBouncer's name where it has one, as it is now and by default.

import { printOctal } from '../../base/units.ts';
import type { SettingRow, SettingValue } from '../../config/table/row.ts';
import { isSettable, rowOf, SETTING_NAMES, type SettingName } from '../../config/table.ts';
import { columns, type Show } from './row.ts';

export const CONFIG: Show = {
  name: 'config',
  doc: 'Every setting. Secrets are shown as `***`.',
  columns: columns(
    ['key', 'text', "The setting, under PgBouncer's name where it has one."],
    ['value', 'text', 'What it is now: durations in seconds, sizes in bytes, yes and no as 1 and 0.'],
    ['default', 'text', 'What it is where nothing is said.'],
    [
      'changeable',
      'text',
      '`yes`: SET takes it; `no`: only the file says it, as what the agent runs, reads and writes.',
    ],
  ),
  *rows({ context }) {
    const rows = SETTING_NAMES.map((name) => ({ name, key: consoleNameOf(name), row: rowOf(name) }));
    rows.sort((one, other) => (one.key < other.key ? -1 : 1));
    for (const { name, key, row } of rows) {
      const { [name]: value, defaults } = context.settings;
      const standard = defaults?.[name] ?? row.default;
      yield [key, printSetting(row, value), printSetting(row, standard), isSettable(row) ? 'yes' : 'no'];
    }
  },
};

export function consoleNameOf(name: SettingName): string {
  const { pgbouncer } = rowOf(name);
  return typeof pgbouncer === 'string' ? pgbouncer : name;
}

/** The setting that is meant; undefined when there is none. */
export function settingNamed(key: string): SettingName | undefined {
  return (
    SETTING_NAMES.find((name) => name === key) ?? SETTING_NAMES.find((name) => consoleNameOf(name) === key)
  );
}

/** As PgBouncer prints its own, so that a script can compare numbers. */
export function printSetting(row: SettingRow, value: SettingValue): string {
  if (row.secret || (row.isMasked && value !== '')) return '***';
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (row.type === 'duration' && typeof value === 'number')
    return String(row.bareUnit === 'ms' ? value : value / 1000);
  if (row.type === 'octal' && typeof value === 'number') return printOctal(value);
  return Array.isArray(value) ? value.join(', ') : String(value);
}
