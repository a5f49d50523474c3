// What becomes of a client's message: it is passed on as it is, replaced, or offered again.

import type { Server } from '../server/server.ts';
import * as expected from '../state/expected.ts';
import type { Framer } from '../wire/frame.ts';
import * as type from '../wire/types.ts';

/**
 * `take()` answers with 0: pass the message on as it is; a negative number: it is replaced by `pieces`;
 * a positive one: offer it again when so many of its bytes are there.
 */
export const AS_IT_IS = 0;
export const REPLACED = -1;
/** Something has to be there before it can be sent: it is offered again after `Relay.goOn()`. */
export const WAIT = -2;

export const KINDS: Readonly<Record<number, number>> = {
  [type.PARSE]: expected.PARSE,
  [type.BIND]: expected.BIND,
  [type.DESCRIBE]: expected.DESCRIBE,
  [type.CLOSE]: expected.CLOSE,
};

/** As it is, with an entry that says what answers it. */
export function asItIs(framer: Framer, server: Server): number {
  server.expected.push(KINDS[framer.type]!);
  return AS_IT_IS;
}

/** What a client may send between its login and its end. */
export const MESSAGES: ReadonlySet<number> = new Set([
  ...[type.QUERY, type.PARSE, type.BIND, type.DESCRIBE, type.EXECUTE, type.CLOSE, type.SYNC, type.FLUSH],
  ...[type.FUNCTION_CALL, type.COPY_DATA, type.COPY_DONE, type.COPY_FAIL, type.TERMINATE],
]);
