// What a server has done, as its command tags tell: statements that came and went, transactions that ended, what was left in the session.

import {
  type Action,
  ANYTHING,
  type Effects,
  LIBRARY,
  SETTINGS,
  type StatementEffects,
  UNREAD,
  WHOLE,
} from '../query/effects.ts';
import { DEALLOCATE, type Mention, PREPARE as PREPARES } from '../state/client_statements.ts';
import { isUndone } from '../state/undo_log.ts';
import { encodeCommandComplete } from '../wire/server_messages.ts';
import {
  COMMITTED,
  DEALLOCATED,
  DEALLOCATED_ALL,
  DISCARDED_ALL,
  meaningOfTag,
  NOTHING as NO_MEANING,
  PREPARE,
  ROLLED_BACK,
} from './command_tag.ts';
import type { Server } from './server.ts';

/** Of a statement that the agent has put into a client's text. */
const NOTHING_TO_READ = new Uint8Array(0);
const LISTENING = encodeCommandComplete('LISTEN');

/** Of a statement that nobody has read. */
const EVERYTHING: StatementEffects = { bits: ANYTHING, actions: [] };

/**
 * A whole CommandComplete, from `start` to `end` in `chunk`, that the server has not yet booked as its answer. Gives the one
 * that its client is to read instead: for LISTEN the server was told UNLISTEN.
 */
export function onCommandComplete(
  server: Server,
  chunk: Uint8Array,
  start: number,
  end: number,
): Uint8Array | undefined {
  const meaning = meaningOfTag(chunk, start, end);
  const effects = server.expected.mention?.effects;
  if (effects !== undefined && server.expected.show()) {
    if (effects.statements[server.statementsDone++]?.behind === 'statement') server.expected.hide();
    return NOTHING_TO_READ;
  }
  const done = effects === undefined ? undefined : onDone(server, effects, meaning);
  book(server, effects, meaning);
  if (done?.behind === 'statement') {
    server.expected.hide();
    return chunk.slice(start, end);
  }
  return done?.actions.some(isListen) === true ? LISTENING : undefined;
}

function isListen({ kind }: Action): boolean {
  return kind === 'listen';
}

function book(server: Server, effects: Effects | undefined, meaning: number): void {
  switch (meaning) {
    case COMMITTED:
    case ROLLED_BACK:
      if (effects === undefined && !server.expected.isInjected) onTransactionEnd(server, meaning);
      return;
    case PREPARE:
      return onPrepared(server);
    case DEALLOCATED:
      return onDeallocated(server);
    case DISCARDED_ALL:
    case DEALLOCATED_ALL:
      return onAllDeallocated(server);
  }
}

/**
 * A portal was stopped at its limit of rows, or a FunctionCall was answered: neither has a command tag, and the portal may never
 * be run to its end.
 */
export function onDoneWithoutTag(server: Server): void {
  const effects = server.expected.mention?.effects;
  if (effects !== undefined && !server.expected.isInjected) onDone(server, effects, NO_MEANING);
}

/** An error was told to the client. What cannot be undone may have been done all the same: an advisory lock outlives the error behind it. */
export function onFailed(server: Server, effects: Effects | undefined): void {
  if (effects !== undefined && effects.bits !== 0)
    leave(server, effects === UNREAD ? EVERYTHING : { bits: bitsOfFailed(server, effects), actions: [] });
  if (server.touched !== 0) server.tenant.left?.onFailed();
}

/** Of the statements before it each has told its own when it was done. */
function bitsOfFailed({ statementsDone }: Server, { bits, statements }: Effects): number {
  const failed = statements.length === 1 ? statements[0] : statements[statementsDone];
  const isWhole = failed !== undefined && ((failed.bits & LIBRARY) === 0 || (failed.bits & WHOLE) !== 0);
  return isWhole ? bits & ~LIBRARY : bits;
}

/** One more statement of a text that leaves something. */
function onDone(server: Server, effects: Effects, meaning: number): StatementEffects {
  const { statements, bits } = effects;
  if (statements.length === 0) {
    // They were not told apart: any of them may be the end of a transaction.
    const any = effects === UNREAD ? EVERYTHING : { bits, actions: [] };
    leave(server, any);
    if (meaning === COMMITTED || meaning === ROLLED_BACK) onTransactionEnd(server, meaning);
    return any;
  }
  const done = statements.length === 1 ? statements[0]! : (statements[server.statementsDone++] ?? EVERYTHING);
  if (done.bits !== 0 || done.actions.length > 0) leave(server, done);
  else if (meaning === COMMITTED || meaning === ROLLED_BACK) onTransactionEnd(server, meaning);
  return done;
}

/** Of interest where something was left before it. */
function onTransactionEnd(server: Server, meaning: number): void {
  if (server.touched !== 0) server.tenant.left?.onTransactionEnd(server, meaning === COMMITTED);
}

function leave(server: Server, effects: StatementEffects): void {
  server.touched |= effects.actions.some(isUndone) ? effects.bits | SETTINGS : effects.bits;
  server.tenant.left?.onEffects(effects);
}

/** By SQL: the client's own, or one that nobody keeps books of. */
function onPrepared(server: Server): void {
  const { isInjected, run } = server.expected;
  if (isInjected) return;
  const mention = mentionDone(server);
  if (mention?.effect !== PREPARES || mention.statement === undefined) return server.statements.doubt();
  mention.owner.onPrepared(mention);
  // Of an Execute that is known by its entry.
  if (server.expected.isPending(mention.statement)) return;
  server.statements.put(mention.statement, run);
  server.statements.onParsed(mention.statement, true);
}

/** One statement is gone: the stand-in for the client's, or one that SQL made, or one of ours that somebody knew. */
function onDeallocated(server: Server): void {
  const mention = mentionDone(server);
  if (mention?.effect !== DEALLOCATE) return server.statements.doubt();
  mention.owner.onDeallocated(mention);
  if (mention.statement === undefined) return;
  server.statements.onClosed(mention.statement);
  // It was made by the very text that has ended it.
  if (mention.statement.isOwn) server.statements.forget(mention.statement);
}

/** What the statement that was just done says of names. */
function mentionDone({ expected, statementsDone }: Server): Mention | undefined {
  const { mention } = expected;
  // One alone is not counted.
  return mention?.each === undefined ? mention : mention.each[Math.max(statementsDone - 1, 0)];
}

function onAllDeallocated(server: Server): void {
  server.statements.clear((each) => server.expected.isPending(each));
  if (!server.expected.isInjected) server.tenant.onStatementsDropped?.();
}
