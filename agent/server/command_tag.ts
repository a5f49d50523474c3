// The few command tags which say that something of a session has changed that others must not find: prepared statements, the end of a transaction.

/** Nothing that concerns us. */
export const NOTHING = 0;
/** PREPARE by SQL. */
export const PREPARE = 2;
export const DEALLOCATED = 3;
export const DEALLOCATED_ALL = 4;
export const DISCARDED_ALL = 5;
export const COMMITTED = 6;
/** ROLLBACK, also to a savepoint; and COMMIT of a transaction that has failed. */
export const ROLLED_BACK = 7;

/**
 * What a CommandComplete message says, from `start` to `end` in `chunk`. It is asked for every query, so the tags are told
 * apart by the length of the message first: header, tag and NUL.
 */
export function meaningOfTag(chunk: Uint8Array, start: number, end: number): number {
  switch (end - start) {
    case 12:
      return isTag(chunk, start, 'COMMIT') ? COMMITTED : NOTHING;
    case 13:
      return isTag(chunk, start, 'PREPARE') ? PREPARE : NOTHING;
    case 14:
      return isTag(chunk, start, 'ROLLBACK') ? ROLLED_BACK : NOTHING;
    case 16:
      return isTag(chunk, start, 'DEALLOCATE') ? DEALLOCATED : NOTHING;
    case 17:
      return isTag(chunk, start, 'DISCARD ALL') ? DISCARDED_ALL : NOTHING;
    case 20:
      return isTag(chunk, start, 'DEALLOCATE ALL') ? DEALLOCATED_ALL : NOTHING;
    default:
      return NOTHING;
  }
}

function isTag(chunk: Uint8Array, start: number, tag: string): boolean {
  for (let i = 0; i < tag.length; i++) if (chunk[start + 5 + i] !== tag.charCodeAt(i)) return false;
  return true;
}
