// A duration on the command line: 30s, 2min, or a number of seconds.

import { AgentError } from '../base/errors.ts';
import { durationExpected, parseDuration } from '../base/units.ts';
import { type Call, flagValue } from './command.ts';

/** Milliseconds; undefined when the flag was not given. Throws flag_value_invalid. */
export function durationFlag(call: Call, name: string): number | undefined {
  const written = flagValue(call, name);
  if (written === undefined) return undefined;
  const ms = parseDuration(written);
  if (ms !== undefined) return ms;
  throw new AgentError('flag_value_invalid', {
    flag: `--${name}`,
    value: written,
    expected: durationExpected(),
  });
}
