// Names of system users and numbers of groups, as the machine's own name services know them (passwd, sssd, LDAP).

import { ptr } from 'bun:ffi';
import { cString, type Libc } from './libc.ts';

/** struct passwd and struct group both begin with `char *name, *passwd;` and then their first number. */
const FIRST_NUMBER_AT = 16;
/** The group of a struct passwd stands behind its user. */
const SECOND_NUMBER_AT = 20;
/** Larger than either struct, on glibc and on musl. */
const STRUCT_BYTES = 64;
const TEXT_BYTES_FIRST = 1024;
/** A group of thousands has a long list of members; beyond this something is wrong. */
const TEXT_BYTES_MAX = 1_048_576;
const ERANGE = 34;

/** May ask the network where the machine is set up so: call it once per login, never on the data path. */
export function userName(libc: Libc, uid: number): string | undefined {
  const entry = lookUp((struct, text, found) => libc.getpwuid_r(uid, struct, text, text.length, found));
  return entry?.name;
}

/** The numbers of a system user and of its own group; undefined where there is no such user. */
export function userIds(
  libc: Libc,
  name: string,
): { readonly uid: number; readonly gid: number } | undefined {
  const wanted = cString(name);
  const entry = lookUp((struct, text, found) => libc.getpwnam_r(wanted, struct, text, text.length, found));
  return entry === undefined ? undefined : { uid: entry.number, gid: entry.second };
}

export function groupId(libc: Libc, name: string): number | undefined {
  const wanted = cString(name);
  const entry = lookUp((struct, text, found) => libc.getgrnam_r(wanted, struct, text, text.length, found));
  return entry?.number;
}

export function groupName(libc: Libc, gid: number): string | undefined {
  return lookUp((struct, text, found) => libc.getgrgid_r(gid, struct, text, text.length, found))?.name;
}

/** A group by its name, or by its number where the machine has no name for it. */
export function groupIdOf(libc: Libc, group: string): number | undefined {
  return groupId(libc, group) ?? (/^\d+$/.test(group) ? Number(group) : undefined);
}

type Ask = (struct: Uint8Array, text: Uint8Array, found: BigUint64Array) => number;

function lookUp(
  ask: Ask,
): { readonly name: string; readonly number: number; readonly second: number } | undefined {
  const struct = new Uint8Array(STRUCT_BYTES);
  const fields = new DataView(struct.buffer);
  const found = new BigUint64Array(1);
  for (let textBytes = TEXT_BYTES_FIRST; textBytes <= TEXT_BYTES_MAX; textBytes *= 4) {
    const text = Buffer.alloc(textBytes);
    const errno = ask(struct, text, found);
    if (errno === ERANGE) continue;
    if (errno !== 0 || found[0] === 0n) return undefined;
    // The struct points into `text`, where all its strings lie: no memory is read but our own.
    const nameAt = Number(fields.getBigUint64(0, true)) - ptr(text);
    const nameEnd = text.indexOf(0, nameAt);
    if (nameAt < 0 || nameAt >= text.length || nameEnd < 0) return undefined;
    return {
      name: text.toString('utf8', nameAt, nameEnd),
      number: fields.getUint32(FIRST_NUMBER_AT, true),
      second: fields.getUint32(SECOND_NUMBER_AT, true),
    };
  }
  return undefined;
}
