// Puts a shared statement on a server that does not have it, and closes the one that was not used for the longest time.

import type { Server } from '../server/server.ts';
import type { Mention } from '../state/client_statements.ts';
import * as expected from '../state/expected.ts';
import { readingSql } from '../state/parameters.ts';
import type { Statement } from '../state/statements.ts';
import { concat } from '../wire/bytes.ts';
import {
  encodeBareBind,
  encodeClosePortal,
  encodeCloseStatement,
  encodeExecute,
  encodeParse,
  encodeSync,
} from '../wire/client_messages.ts';
import type { Pieces } from '../wire/pieces.ts';
import { IDLE, IN_FAILED_TRANSACTION } from '../wire/types.ts';

const HEADER_BYTES = 5;
/** What a PREPARE is run by; no client has a name with a blank at its end from us, and it is gone at once. */
const PREPARING = 'pgsidecar_preparing';

/**
 * May a Parse of it be answered without asking? The server has it, would not refuse a Parse, as a failed transaction does, and
 * reads the text as it did then: what is still to be run may be a SET. And it has nothing to say of it.
 */
export function canAnswerFor(statement: Statement, server: Server): boolean {
  const { expected: due, statements, status } = server;
  if (statement.isCut) return false;
  return (
    statements.has(statement, due.run) && !due.isBehind && !due.isToRun && status !== IN_FAILED_TRANSACTION
  );
}

/**
 * For a message that uses it; the client sees nothing of that. True when something has to be sent, which is in `pieces`.
 * @param mention of what becomes of an error of it.
 */
export function need(
  pieces: Pieces,
  statement: Statement,
  server: Server,
  max: number,
  mention?: Mention,
): boolean {
  if (server.statements.has(statement, server.expected.run)) {
    server.statements.touch(statement);
    return false;
  }
  place(pieces, statement, server, max, expected.SKIP, mention);
  return true;
}

/**
 * For a message that uses it by a name of the client's. When the Parse of that name is still to be done, in an earlier run of
 * the same write, it is relied on: should it be refused or passed over, this message has to fail too.
 */
export function needFor(
  pieces: Pieces,
  mention: Mention,
  statement: Statement,
  server: Server,
  max: number,
): void {
  if (mention.parses > 0 && server.statements.isExpected(statement, mention.run)) return;
  need(pieces, statement, server, max);
}

/** For the client's own Parse, whose answer it gets. @param max statements that the server keeps. */
export function put(
  pieces: Pieces,
  statement: Statement,
  server: Server,
  max: number,
  mention: Mention,
): void {
  const { expected: due, statements, status } = server;
  if (status === IN_FAILED_TRANSACTION && statements.has(statement, due.run))
    tryParse(pieces, statement, due, mention);
  else place(pieces, statement, server, max, expected.FORWARD, mention);
  mention.run = due.run;
}

/** A transaction that has failed takes no new Parse: what is there stays there, and the server says under another name whether it takes this. */
function tryParse(pieces: Pieces, { tail }: Statement, due: expected.Expected, mention: Mention): void {
  pieces.add(encodeCloseStatement(PREPARING));
  due.push(expected.CLOSE, expected.SKIP);
  pieces.add(encodeParse(PREPARING, tail));
  due.push(expected.PARSE, expected.FORWARD, undefined, mention);
  pieces.add(encodeCloseStatement(PREPARING));
  due.push(expected.CLOSE, expected.SKIP);
}

function place(
  pieces: Pieces,
  statement: Statement,
  server: Server,
  max: number,
  disposition: number,
  mention: Mention | undefined,
): void {
  const { statements, expected: due } = server;
  const isFirst = server.status === IDLE && !due.owesSync;
  // Both of them, whatever the limit is.
  const room = statement.relies === undefined ? max : Math.max(max, 2);
  if (statement.relies !== undefined) need(pieces, statement.relies, server, room);
  // What an error ahead may still undo, nobody knows: a Close makes sure, and does no harm where there is nothing.
  if (due.isBehind || statements.mayHave(statement)) closeUnseen(pieces, statement, server);
  // A client that has changed its settings since it prepared that: it is read as it was then.
  const { reading } = statement;
  const { reading: now } = server.tenant;
  const isOther = reading !== undefined && now !== undefined && reading !== now;
  // What the client has set for its transaction only ends with that.
  const isLocal = !(isFirst && disposition === expected.SKIP);
  if (isOther) runAll(pieces, readingSql(now, reading, isLocal), due);
  if (statement.sql === undefined) {
    pieces.add(encodeParse(statement.name, statement.tail));
    due.push(expected.PARSE, disposition, statement, mention);
  } else runUnseen(pieces, statement.sql, due, statement, mention);
  if (isOther) runAll(pieces, readingSql(reading, now, isLocal), due);
  // What the client runs next may have to be the first of its transaction.
  if (isOther && isFirst && disposition === expected.SKIP) {
    pieces.add(encodeSync());
    due.push(expected.SYNC, expected.SKIP);
  }
  server.counts.serverParses++;
  statements.put(statement, due.run);
  for (let old = statements.evict(room); old !== undefined; old = statements.evict(room))
    closeUnseen(pieces, old, server);
}

/** Runs SQL of our own in the extended protocol, since it may have to stand in the middle of a run; nothing of the client's is touched. @param statement that it makes. */
export function runUnseen(
  pieces: Pieces,
  sql: Uint8Array,
  due: expected.Expected,
  statement: Statement | undefined,
  mention?: Mention,
): void {
  // One that failed has left its own there.
  pieces.add(encodeCloseStatement(PREPARING));
  due.push(expected.CLOSE, expected.SKIP);
  pieces.add(encodeParse(PREPARING, concat([sql, new Uint8Array(3)])));
  due.push(expected.PARSE, expected.SKIP, undefined, mention);
  pieces.add(encodeBareBind(PREPARING, PREPARING));
  due.push(expected.BIND, expected.SKIP, undefined, mention);
  pieces.add(encodeExecute(PREPARING));
  due.push(expected.EXECUTE, expected.SKIP, statement, mention);
  pieces.add(encodeClosePortal(PREPARING));
  due.push(expected.CLOSE, expected.SKIP);
  pieces.add(encodeCloseStatement(PREPARING));
  due.push(expected.CLOSE, expected.SKIP);
}

function runAll(pieces: Pieces, texts: readonly string[], due: expected.Expected): void {
  for (const sql of texts) runUnseen(pieces, Buffer.from(sql), due, undefined);
}

/** What a statement on the server executes is not there any more for its client: the server is to say so. */
export function takeAway(pieces: Pieces, statement: Statement, server: Server): void {
  server.statements.forget(statement);
  closeUnseen(pieces, statement, server);
}

function closeUnseen(pieces: Pieces, statement: Statement, server: Server): void {
  pieces.add(encodeCloseStatement(statement.name));
  server.expected.push(expected.CLOSE, expected.SKIP, statement);
}

/** Makes the server look at a name in the client's encoding, which only it knows: nothing there has that name. */
export function letServerRead(pieces: Pieces, nameAndNul: Uint8Array, server: Server): void {
  const close = encodeCloseStatement('x'.repeat(nameAndNul.length - 1));
  close.set(nameAndNul, HEADER_BYTES + 1);
  pieces.add(close);
  server.expected.push(expected.CLOSE, expected.SKIP);
}
