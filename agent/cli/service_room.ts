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
  /** What a socket unit listens at, in systemd's words; nothing where there is no such unit. */
  listens(unit: string): readonly string[];
}

const SYSTEMCTL_MS_MAX = 5_000;

export const serviceRoom: ServiceRoom = Object.freeze({
  // A service stands in the root directory, and finds no file of the application where whoever asks happens to be.
  io: (env: SourceIo['env'], unit: string | undefined) =>
    sourceIo(env, unit === undefined ? process.cwd() : '/', undefined, unit),
  become,
  listens,
});

function become(unit: string): boolean {
  if (process.getuid?.() !== 0) return false;
  const said = Object.fromEntries(show(unit, ['LoadState', 'User', 'Group', 'SupplementaryGroups']));
  const { LoadState, User, Group, SupplementaryGroups } = said;
  if (LoadState !== 'loaded' || User === undefined || User === '' || User === 'root') return false;
  // The user is made by the package, and a group may be missing: the start of the unit says that better than we could.
  const further = (SupplementaryGroups ?? '').split(' ').filter((name) => name !== '');
  const groups = { ...(Group === undefined || Group === '' ? {} : { group: Group }), further };
  return becomeUser(openLibc(), User, groups) === undefined;
}

function listens(unit: string): readonly string[] {
  const said = show(unit, ['LoadState', 'Listen']);
  const isLoaded = said.some(([name, value]) => name === 'LoadState' && value === 'loaded');
  return isLoaded ? said.flatMap(([name, value]) => (name === 'Listen' ? [value] : [])) : [];
}

/** Name and value of each, where one may come more than once; nothing where there is no systemd. */
function show(unit: string, properties: readonly string[]): readonly (readonly [string, string])[] {
  const words = ['show', '--property', properties.join(','), unit];
  const { stdout } = spawnSync('systemctl', words, {
    encoding: 'utf8',
    timeout: SYSTEMCTL_MS_MAX,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const lines = (stdout ?? '').split('\n').map((line) => /^(\w+)=(.*)$/.exec(line));
  return lines.flatMap((found) => (found === null ? [] : [[found[1]!, found[2]!] as const]));
}
