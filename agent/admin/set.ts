// SET at the console: a setting by PgBouncer's name or ours, with a value as PgBouncer would take it.

import { AgentError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import { NOT_NEEDED } from '../config/sources/pgbouncer_names.ts';
import { takeValue } from '../config/sources/pgbouncer_value.ts';
import { isSettable, rowOf, SETTING_NAMES } from '../config/table.ts';
import { consoleNameOf, settingNamed } from './show/config.ts';
import type { ConsoleTools } from './show/row.ts';
import { DRIVER_PARAMETERS } from './shows.ts';
import type { Outcome, Task } from './task.ts';

/** @param value undefined is DEFAULT: what the files say. */
export function setTask(key: string, value: string | undefined): Task {
  const isDrivers = Object.hasOwn(DRIVER_PARAMETERS, key);
  if (isDrivers) return answer({ tag: 'SET', notice: { message: 'SET ignored' } });
  return { kind: 'act', isForAdmins: true, act: (tools) => set(key, value, tools) };
}

/** What drivers say of themselves when they connect changes nothing, whoever says it. */
function answer(outcome: Outcome): Task {
  return { kind: 'act', isForAdmins: false, act: () => Promise.resolve(outcome) };
}

/** @throws AgentError console_set */
async function set(key: string, value: string | undefined, { controls }: ConsoleTools): Promise<Outcome> {
  const tag = `SET ${key}=${value ?? 'DEFAULT'}`;
  const name = settingNamed(key);
  if (name === undefined) {
    const instead = Object.hasOwn(NOT_NEEDED, key) ? NOT_NEEDED[key] : undefined;
    if (instead !== undefined) return { tag, notice: { message: `${key} means nothing here: ${instead}` } };
    throw new AgentError('console_set', { reason: unknown(key) });
  }
  // Who has the console's password has not for that the agent's system user.
  if (!isSettable(rowOf(name))) throw new AgentError('console_set', { reason: onlyInFile(key) });
  const taken = value === undefined ? { value } : takeValue(name, rowOf(name), value);
  const { ok, problems } = await controls.set(name, taken.value);
  if (!ok) throw new AgentError('console_set', { reason: problems.join('; ') });
  return taken.note === undefined ? { tag } : { tag, notice: { message: taken.note } };
}

function unknown(key: string): string {
  const meant = nearest(key, SETTING_NAMES.map(consoleNameOf));
  return `there is no setting "${key}"${meant === undefined ? '' : `; did you mean "${meant}"?`}`;
}

function onlyInFile(key: string): string {
  return `"${key}" is not changed at the console, since it says what the agent runs, reads, writes or is; set it in the file`;
}
