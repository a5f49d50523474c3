// Reads settings that SET said at the console: they win over every file, and over the command line.

import type { Located, SourceReading } from '../source.ts';
import type { SettingName } from '../table.ts';

export const CONSOLE_PLACE = 'SET at the console';

/** Setting → its value as it was typed. */
export type ConsoleSettings = Readonly<Partial<Record<SettingName, string>>>;

export function readConsoleSettings(set: ConsoleSettings): SourceReading {
  const origin = { place: CONSOLE_PLACE };
  const settings: Record<string, Located> = {};
  for (const [name, value] of Object.entries(set)) settings[name] = { value, origin };
  return { format: 'console', databases: [], settings, problems: [], files: [] };
}
