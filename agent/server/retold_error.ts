// What a server says of a prepared statement, told with the client's own name for it.

import type { Mention, Shift } from '../state/client_statements.ts';
import { encodeError } from '../wire/server_messages.ts';

/** duplicate_prepared_statement */
const NAME_TAKEN = '42P05';
const SYNTAX_ERROR = '42601';
/** Of what could not be put there, or has failed the transaction before it came to its turn. */
const NOT_THERE = '26000';
const TRANSACTION_FAILED = '25P02';
/** undefined_table */
const NO_TABLE = '42P01';
/** PostgreSQL knows no longer names (NAMEDATALEN). A longer one is put in once: an error may repeat what its client sent as often as it likes. */
const NAME_BYTES_MAX = 63;

/**
 * @param message a whole ErrorResponse. @param mention of the message that it answers. @param done statements of that which
 * were done before.
 * Undefined: it can be passed on as it is. The names are bytes in the client's encoding, and so is the message.
 */
export function retellError(
  message: Uint8Array,
  sqlstate: string,
  mention: Mention,
  done = 0,
): Uint8Array | undefined {
  if (mention.failure !== undefined && (sqlstate === NOT_THERE || sqlstate === TRANSACTION_FAILED))
    return mention.failure;
  const own = mention.each?.[done] ?? mention;
  const shifts = own.shifts ?? mention.shifts;
  const named = withNames(message, sqlstate, own);
  if (shifts === undefined || shifts.length === 0) return named;
  // Tables stand only in what it executes.
  if (own.ownFrom > 0 && sqlstate === NO_TABLE) return named;
  return withPlace(named ?? message, shifts, own.ownFrom) ?? named;
}

/** The place of an error (P, in characters from 1) as it is in the client's own text. */
function withPlace(message: Uint8Array, shifts: readonly Shift[], ownFrom: number): Uint8Array | undefined {
  const body = Buffer.from(message.buffer, message.byteOffset + 5, message.length - 5).toString('latin1');
  const found = /\0P(\d+)\0/.exec(body);
  if (found === null) return undefined;
  const told = Number(found[1]);
  if (told <= ownFrom) return undefined;
  let place = told;
  for (const { at, by } of shifts) if (told > at) place -= Math.min(by, told - at - 1);
  return place === told ? undefined : withBody(message, body.replace(found[0], `\0P${place}\0`));
}

function withBody(message: Uint8Array, body: string): Uint8Array {
  const retold = Buffer.from(body, 'latin1');
  const bytes = new Uint8Array(5 + retold.length);
  bytes[0] = message[0]!;
  new DataView(bytes.buffer).setInt32(1, 4 + retold.length);
  bytes.set(retold, 5);
  return bytes;
}

function withNames(message: Uint8Array, sqlstate: string, mention: Mention): Uint8Array | undefined {
  const { refusal, serverName, name } = mention;
  // What is refused for itself is sent as a text that nobody can read, and no name is in it.
  const isRefused = sqlstate === NAME_TAKEN || (serverName === '' && sqlstate === SYNTAX_ERROR);
  if (refusal !== undefined && isRefused)
    return encodeError({ severity: 'ERROR', sqlstate: refusal.row.sqlstate, message: refusal.message });
  if (serverName === '' || serverName === name) return undefined;
  const body = Buffer.from(message.buffer, message.byteOffset + 5, message.length - 5).toString('latin1');
  if (!body.includes(serverName)) return undefined;
  const put = (): string => name;
  return withBody(
    message,
    name.length > NAME_BYTES_MAX ? body.replace(serverName, put) : body.replaceAll(serverName, put),
  );
}
