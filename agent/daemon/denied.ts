// Why a file may not be read: who asks, whose it is, and what would let him in.

import { accessSync, constants, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { openLibc } from '../native/libc.ts';
import { groupName, userName } from '../native/users.ts';

const ROOT_GROUP = 'root';

/** @param path absolute; @param unit the service that is to read it; undefined where a person does. */
export function whyDenied(path: string, unit: string | undefined): string {
  const user = nameOfUser(process.geteuid!());
  const advice = unit === undefined ? "run as root, or as the agent's user" : undefined;
  const closed = foldersAbove(path).find((folder) => !may(folder, constants.X_OK));
  const what = closed ?? path;
  const found = statOf(what);
  const verb = closed === undefined ? 'may not' : `may not go into ${closed}`;
  if (found === undefined) return `user "${user}" ${verb}${advice === undefined ? '' : `: ${advice}`}`;
  const { owner, group, mode } = found;
  const isOpenToGroup = (mode & (closed === undefined ? 0o040 : 0o010)) !== 0;
  const drop =
    isOpenToGroup && group !== ROOT_GROUP
      ? `Let the agent in: SupplementaryGroups=${group} in a drop-in of ${unit}`
      : `Let the agent in: give it a group that may, and SupplementaryGroups= of that group in a drop-in of ${unit}`;
  const whose = `it belongs to ${owner}:${group}, mode ${(mode & 0o7777).toString(8).padStart(4, '0')}`;
  return `user "${user}" ${verb}; ${whose}. ${advice === undefined ? drop : `Run${advice.slice(3)}`}`;
}

/** From the root down. */
function foldersAbove(path: string): string[] {
  const folder = dirname(path);
  return folder === path ? [] : [...foldersAbove(folder), folder];
}

function may(path: string, what: number): boolean {
  try {
    accessSync(path, what);
    return true;
  } catch {
    return false;
  }
}

function statOf(path: string): { owner: string; group: string; mode: number } | undefined {
  try {
    const { uid, gid, mode } = statSync(path);
    return { owner: nameOfUser(uid), group: groupName(openLibc(), gid) ?? String(gid), mode };
  } catch {
    return undefined;
  }
}

function nameOfUser(uid: number): string {
  return userName(openLibc(), uid) ?? String(uid);
}
