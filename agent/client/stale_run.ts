// A prepared statement whose table has changed under it: what failed for that is parsed anew and sent once more, unseen.

import type { Server } from '../server/server.ts';
import * as expected from '../state/expected.ts';
import type { Statement } from '../state/statements.ts';
import { int32At } from '../wire/bytes.ts';
import { encodeCloseStatement, encodeParse } from '../wire/client_messages.ts';
import * as type from '../wire/types.ts';

/** Different statements of one run, each of them stale. */
const ATTEMPTS_MAX = 5;

interface Message {
  readonly type: number;
  readonly start: number;
}

/** What is sent again when the server has passed over the rest of the run. */
interface Again {
  readonly statement: Statement;
  readonly bytes: Uint8Array;
  readonly entries: readonly expected.Resent[];
}

/**
 * PostgreSQL says "cached plan must not change result type" when a statement is bound whose columns are not those of its
 * Parse any more. Outside of a transaction nothing has happened then but the reading of that one message, so it is repaired:
 * the statement is closed and parsed again, and the client's messages are sent from that one on. Only when the client asks
 * for the columns in the same run (Describe): one that relies on what it was told earlier has to hear the error.
 */
export class StaleRun {
  /** All that went to the server since it was lent, in one write; undefined when it was more than one. */
  #sent: Uint8Array | undefined;
  #isFirst = false;
  #attempts = 0;
  #again: Again | undefined;

  /** A server was lent: nothing was said to it yet. */
  begin(): void {
    this.#isFirst = true;
    this.#attempts = 0;
    this.#sent = undefined;
  }

  forget(): void {
    this.#sent = undefined;
    this.#again = undefined;
  }

  onSent(bytes: Uint8Array): void {
    this.#sent = this.#isFirst ? bytes : undefined;
    this.#isFirst = false;
  }

  /** The rest of the run is to be sent again: the server's answer to its Sync is all that is waited for. */
  get isDue(): boolean {
    return this.#again !== undefined;
  }

  /** The message that the server is at has failed for its stale `statement`. True: nobody hears of it. */
  repair(server: Server, statement: Statement): boolean {
    const sent = this.#sent;
    this.#sent = undefined;
    if (sent === undefined || server.status !== type.IDLE) return false;
    if (this.#attempts++ === ATTEMPTS_MAX) return false;
    const messages = messagesOf(sent);
    const failedAt = messages.length - server.expected.length;
    // Behind an Execute the client has rows already, and what they stand for is undone by the error.
    const before = messages.slice(0, Math.max(failedAt, 0));
    const rest = messages.slice(Math.max(failedAt, 0));
    if (failedAt < 0 || before.some((each) => each.type === type.EXECUTE || each.type === type.QUERY))
      return false;
    if (!rest.some((each) => each.type === type.DESCRIBE)) return false;
    const entries = server.expected.takeRun();
    if (entries === undefined) return false;
    this.#again = { statement, entries, bytes: sent.subarray(messages[failedAt]!.start) };
    return true;
  }

  /** The server is through with the run that failed. */
  sendAgain(server: Server): void {
    const { statement, bytes, entries } = this.#again!;
    this.#again = undefined;
    const due = server.expected;
    due.push(expected.CLOSE, expected.SKIP, statement);
    due.push(expected.PARSE, expected.SKIP, statement);
    server.statements.put(statement, due.run);
    if (statement.reading !== server.tenant.reading) server.statements.distrust(statement);
    for (const { kind, mention } of entries) due.push(kind, expected.FORWARD, undefined, mention);
    server.connection.cork();
    server.write(encodeCloseStatement(statement.name));
    server.write(encodeParse(statement.name, statement.tail));
    server.write(bytes);
    server.connection.uncork();
    // Another statement of the same run may be stale too.
    this.#sent = bytes;
  }
}

/** Each message that has an entry, in its order: not the data of a COPY, and a Flush only when it is none (`Relay`). */
function messagesOf(bytes: Uint8Array): Message[] {
  const messages: Message[] = [];
  for (let at = 0; at + 5 <= bytes.length; at += 1 + int32At(bytes, at + 1)) {
    if (bytes[at] === type.COPY_DATA) continue;
    if (bytes[at] === type.FLUSH && int32At(bytes, at + 1) === 4) continue;
    messages.push({ type: bytes[at]!, start: at });
  }
  return messages;
}
