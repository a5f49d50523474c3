// Gives up root for another system user, with its groups, for good.

import { errnoOf, errorName, type Libc } from './libc.ts';
import { userIds } from './users.ts';

/**
 * Gives what went wrong; undefined when the process is that user now, in all of its threads (the C library sees to that).
 * The groups first: whoever is no longer root cannot change them.
 */
export function becomeUser(libc: Libc, name: string): string | undefined {
  const ids = userIds(libc, name);
  if (ids === undefined) return 'there is no such user';
  if (process.getuid?.() === ids.uid) return undefined;
  const text = Buffer.from(`${name}\0`, 'utf8');
  const steps = [
    () => libc.initgroups(text, ids.gid),
    () => libc.setgid(ids.gid),
    () => libc.setuid(ids.uid),
  ];
  for (const step of steps) if (step() !== 0) return errorName(errnoOf(libc));
  return undefined;
}
