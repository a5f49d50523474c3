// Reads settings from the command line: `--pool-mode session` is pool_mode.

import type { Problem } from '../../base/errors.ts';
import { unknownSetting } from '../complaints.ts';
import type { Located, SourceReading } from '../source.ts';
import { isSettingName, rowOf } from '../table.ts';

/** Setting name (with `_` or `-`) → its value, or its values in the order of the command line. */
export type Flags = Readonly<Record<string, string | readonly string[]>>;

/** Of a flag that is given twice the last one counts; of a list, all. */
export function readFlags(flags: Flags): SourceReading {
  const settings: Record<string, Located> = {};
  const problems: Problem[] = [];
  for (const [written, given] of Object.entries(flags)) {
    const name = written.replaceAll('-', '_');
    // `--source FILE` is how one file is given.
    const key = name === 'sources' ? '--source' : `--${name.replaceAll('_', '-')}`;
    const origin = { place: 'flag', key };
    const values = typeof given === 'string' ? [given] : given;
    if (!isSettingName(name)) problems.push(unknownSetting([name], origin));
    else if (values.length > 0)
      settings[name] = { value: rowOf(name).type === 'list' ? values : values.at(-1), origin };
  }
  return { format: 'flags', databases: [], settings, problems, files: [] };
}
