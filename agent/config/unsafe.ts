// What is dangerous or contradictory and can be served all the same: an error, or only a warning (unsafe_settings).

import { type Problem, problem } from '../base/errors.ts';
import { settingAt } from './complaints.ts';
import type { Chosen, ChosenSettings } from './merge.ts';
import type { SettingValue } from './table/row.ts';

/** For a problem whose sentence is true of both. */
export function unsafeSeverity({ unsafe_settings }: ChosenSettings): Problem['severity'] {
  return unsafe_settings.value === 'warn' ? 'warning' : 'error';
}

export function unsafe(
  settings: ChosenSettings,
  name: string,
  chosen: Chosen<SettingValue>,
  danger: string,
): Problem {
  const details = { setting: settingAt(name, chosen.origin), value: print(chosen) };
  return unsafeSeverity(settings) === 'error'
    ? problem('error', 'setting_contradiction', { ...details, contradiction: danger }, chosen.origin)
    : problem('warning', 'setting_weak', { ...details, danger }, chosen.origin);
}

function print({ value }: Chosen<SettingValue>): string {
  return Array.isArray(value) ? value.join(', ') : String(value);
}
