// What a client hears of its statements in a transaction that has failed: no server takes them there, and the first word on them is not that.

import { isExit, parametersIn } from '../query/parameters.ts';
import type { Server } from '../server/server.ts';
import type { Mention } from '../state/client_statements.ts';
import * as expected from '../state/expected.ts';
import type { Statement } from '../state/statements.ts';
import { encodeCloseStatement, encodeParse } from '../wire/client_messages.ts';
import type { Pieces } from '../wire/pieces.ts';
import { IN_FAILED_TRANSACTION } from '../wire/types.ts';

const PLACE = 'pgsidecar refused';

/** Its transaction has failed, and nothing is under way that may end it: what is bound is refused, whatever it means. */
export function isRefusing({ status, expected: due }: Server): boolean {
  return status === IN_FAILED_TRANSACTION && !due.isToRun && !due.isBehind;
}

/**
 * PostgreSQL counts the values of a Bind before it says that the transaction has failed. So the server gets an empty statement,
 * which it takes, with as many parameters. Gives its name; undefined: it takes the statement itself, which ends transactions.
 */
export function putRefused(
  pieces: Pieces,
  { source }: Mention,
  { sql, tail }: Statement,
  server: Server,
  isConforming: boolean,
): string | undefined {
  const nul = sql?.length ?? tail.indexOf(0);
  const text = sql ?? tail;
  if (isExit(text, 0, nul)) return undefined;
  // The parameters of what it speaks of are not its own.
  const inText = source === undefined ? parametersIn(text, 0, nul, isConforming) : 0;
  const declared = sql === undefined ? (tail[nul + 1]! << 8) | tail[nul + 2]! : 0;
  const count = Math.max(inText, declared);
  const parse = new Uint8Array(3 + 4 * count);
  new DataView(parse.buffer).setUint16(1, count);
  // text
  for (let i = 0; i < count; i++) parse[3 + 4 * i + 3] = 25;
  pieces.add(encodeCloseStatement(PLACE));
  server.expected.push(expected.CLOSE, expected.SKIP);
  pieces.add(encodeParse(PLACE, parse));
  server.expected.push(expected.PARSE, expected.SKIP);
  return PLACE;
}
