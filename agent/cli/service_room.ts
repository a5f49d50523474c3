// What systemd says of a unit, and becoming its user for good.

import { spawnSync } from 'node:child_process';
import type { SourceIo } from '../config/source.ts';
import { sourceIo } from '../daemon/source_io.ts';
import { becomeUser } from '../native/become_user.ts';
import { openLibc } from '../native/libc.ts';

/** Of the packaged service, for commands on its own configuration. */
export interface ServiceRoom {
  /** Files as this process reads them, and the service's variables. @param unit as whose user they are read, for what a refusal advises. */
  io(env: SourceIo['env'], unit: string | undefined): SourceIo;
  /** From root to the unit's user, with its groups; false where this is not root, or there is no such unit or user. */
  become(unit: string): boolean;
}

const SYSTEMCTL_MS_MAX = 5_000;
const PROPERTIES = ['LoadState', 'User', 'Group', 'SupplementaryGroups'] as const;

export const serviceRoom: ServiceRoom = Object.freeze({
  // A service stands in the root directory, and finds no file of the application where whoever asks happens to be.
  io: (env: SourceIo['env'], unit: string | undefined) =>
    sourceIo(env, unit === undefined ? process.cwd() : '/', undefined, unit),
  become,
});

function become(unit: string): boolean {
  if (process.getuid?.() !== 0) return false;
  const { LoadState, User, Group, SupplementaryGroups } = show(unit);
  if (LoadState !== 'loaded' || User === undefined || User === '' || User === 'root') return false;
  // The user is made by the package, and a group may be missing: the start of the unit says that better than we could.
  const further = (SupplementaryGroups ?? '').split(' ').filter((name) => name !== '');
  const groups = { ...(Group === undefined || Group === '' ? {} : { group: Group }), further };
  return becomeUser(openLibc(), User, groups) === undefined;
}

/** Empty where there is no systemd. */
function show(unit: string): Partial<Record<(typeof PROPERTIES)[number], string>> {
  const words = ['show', '--property', PROPERTIES.join(','), unit];
  const { stdout } = spawnSync('systemctl', words, {
    encoding: 'utf8',
    timeout: SYSTEMCTL_MS_MAX,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const lines = (stdout ?? '').split('\n').map((line) => /^(\w+)=(.*)$/.exec(line));
  return Object.fromEntries(lines.flatMap((found) => (found === null ? [] : [[found[1], found[2]]])));
}
