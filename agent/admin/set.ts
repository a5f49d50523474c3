// SET at the console.

import { AgentError } from '../base/errors.ts';
import { settingNamed } from './show/config.ts';
import { DRIVER_PARAMETERS } from './shows.ts';
import type { Task } from './task.ts';

export function setSetting(key: string, _value: string): Task {
  if (Object.hasOwn(DRIVER_PARAMETERS, key)) {
    const outcome = { tag: 'SET', notice: { message: 'SET ignored' } };
    return { kind: 'act', isForAdmins: false, act: () => Promise.resolve(outcome) };
  }
  return {
    kind: 'act',
    isForAdmins: true,
    act: async () => {
      if (settingNamed(key) === undefined)
        throw new AgentError('console_set', { reason: `there is no setting "${key}"` });
      throw new AgentError('console_set', { reason: 'it cannot be set yet' });
    },
  };
}
