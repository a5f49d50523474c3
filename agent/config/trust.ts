// Whose word counts: which files may say what is to be served and run, when they were found and not named.

import type { FileOwner } from './source.ts';

const ROOT_ID = 0;
const GROUP_WRITES = 0o020;
const OTHERS_WRITE = 0o002;

export interface Caller {
  /** By whose rights we act: the effective ids of the process. */
  readonly uid: number;
  readonly gid: number;
}

/** For the end of a sentence; undefined when only root and the caller can have written the file. */
export function whyUntrusted(owner: FileOwner | undefined, caller: Caller | undefined): string | undefined {
  if (owner === undefined || caller === undefined) return undefined;
  if (owner.uid !== ROOT_ID && owner.uid !== caller.uid) return `it belongs to user ${owner.uid}`;
  // A group of one's own, as many systems give to each user, may write too.
  const byGroup = (owner.mode & GROUP_WRITES) !== 0 && owner.gid !== ROOT_ID && owner.gid !== caller.gid;
  if (!byGroup && (owner.mode & OTHERS_WRITE) === 0) return undefined;
  return `others may write it (mode ${owner.mode.toString(8).padStart(4, '0')})`;
}

/** Why root is not to run a command that stands in a file: `sudo` in an application's directory would be its user's. */
export function whyNotRun(owner: FileOwner | undefined, caller: Caller | undefined): string | undefined {
  if (caller?.uid !== ROOT_ID) return undefined;
  const why = whyUntrusted(owner, caller);
  return why === undefined
    ? undefined
    : `root runs nothing that stands in a file of others, and of this one: ${why}; give the file to root, or run this as its user`;
}
