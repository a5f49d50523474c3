// Messages of a server that are nothing but their type: known by it, and written by the agent itself where it answers for the server.

import { CLOSE, PARSE } from '../state/expected.ts';
import { encodeBare } from '../wire/server_messages.ts';
import * as type from '../wire/types.ts';

export const BARE: ReadonlySet<number> = new Set([
  ...[type.PARSE_COMPLETE, type.BIND_COMPLETE, type.CLOSE_COMPLETE, type.NO_DATA],
  ...[type.EMPTY_QUERY_RESPONSE, type.PORTAL_SUSPENDED, type.COPY_DONE],
]);

/** What is said to a client for a message that nobody passed on, by its kind. */
export const FAKES: Readonly<Record<number, Uint8Array>> = {
  [PARSE]: encodeBare(type.PARSE_COMPLETE),
  [CLOSE]: encodeBare(type.CLOSE_COMPLETE),
};
