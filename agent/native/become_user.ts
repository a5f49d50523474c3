// Gives up root for another system user, with its groups, for good.

import { cString, errnoOf, errorName, type Libc } from './libc.ts';
import { groupIdOf, userIds } from './users.ts';

/** As systemd's Group= and SupplementaryGroups= say them, by name or number. */
export interface Groups {
  /** In place of the user's own. */
  readonly group?: string;
  /** Beside those that the user is in. */
  readonly further?: readonly string[];
}

/**
 * Gives what went wrong; undefined when the process is that user now, in all of its threads (the C library sees to that).
 * The groups first: whoever is no longer root cannot change them. What is not known is told before anything has changed.
 */
export function becomeUser(
  libc: Libc,
  name: string,
  { group, further = [] }: Groups = {},
): string | undefined {
  const ids = userIds(libc, name);
  if (ids === undefined) return 'there is no such user';
  if (process.getuid?.() === ids.uid) return undefined;
  const wanted = [...(group === undefined ? [] : [group]), ...further];
  const unknown = wanted.find((each) => groupIdOf(libc, each) === undefined);
  if (unknown !== undefined) return `there is no group "${unknown}"`;
  const gid = group === undefined ? ids.gid : groupIdOf(libc, group)!;
  const steps = [
    () => libc.initgroups(cString(name), gid),
    () => addGroups(libc, further),
    () => libc.setgid(gid),
    () => libc.setuid(ids.uid),
  ];
  for (const step of steps) if (step() !== 0) return errorName(errnoOf(libc));
  return undefined;
}

function addGroups(libc: Libc, names: readonly string[]): number {
  if (names.length === 0) return 0;
  const ids = new Set([...process.getgroups!(), ...names.map((each) => groupIdOf(libc, each)!)]);
  return libc.setgroups(BigInt(ids.size), new Uint32Array(ids));
}
