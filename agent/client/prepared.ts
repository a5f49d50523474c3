// A client's prepared statements in transaction mode: its names for shared statements, put on whichever server it has.

import type { Server } from '../server/server.ts';
import * as expected from '../state/expected.ts';
import { isSharedName, type Statement, type StatementRegistry } from '../state/statements.ts';
import { nameAt } from '../wire/bytes.ts';
import {
  encodeCloseStatement,
  encodeParse,
  encodeStatementTarget,
  readBind,
  readParse,
  readTarget,
  renameBind,
} from '../wire/client_messages.ts';
import type { Framer } from '../wire/frame.ts';
import * as type from '../wire/types.ts';

const HEADER_BYTES = 5;
const STATEMENT = 0x53; // S

/**
 * `take()` answers with 0: pass the message on as it is; a negative number: it is replaced by `takePieces()`;
 * a positive one: offer it again when so many of its bytes are there.
 */
const AS_IT_IS = 0;
const REPLACED = -1;

export class PreparedStatements {
  readonly #registry: StatementRegistry;
  readonly #names = new Map<string, Statement>();
  #pieces: Uint8Array[] = [];
  #restAt: number | undefined;
  /** The chunk with the last Parse without a name, while a Bind may still come for it. */
  #unnamed: Uint8Array | undefined;
  #unnamedStart = 0;
  #unnamedEnd = 0;
  /** The server of this lease has it. */
  #unnamedThere = false;

  constructor(registry: StatementRegistry) {
    this.#registry = registry;
  }

  get size(): number {
    return this.#names.size;
  }

  /** Another server now, or a simple Query of the agent's own there: it knows nothing of our unnamed statement. */
  forgetServer(): void {
    this.#unnamedThere = false;
  }

  /**
   * Before the first message to this server: the statement without a name that another client left there must not be
   * found by a Bind of this one. A Query (ours too), or another such Parse, does away with it anyway.
   */
  onFirst(framer: Framer, server: Server): void {
    if (server.unnamedOf === undefined || server.unnamedOf === this) return;
    const { chunk, start } = framer;
    if (framer.type === type.PARSE && chunk[start + HEADER_BYTES] === 0) return;
    server.unnamedOf = undefined;
    if (framer.type === type.QUERY || !server.expected.isEmpty) return;
    // The relay uncorks: both leave in one write.
    server.connection.cork();
    server.expected.push(expected.CLOSE, expected.SKIP);
    server.write(encodeCloseStatement(''));
  }

  /** A simple Query destroys the unnamed statement (PostgreSQL protocol, 55.2.3). */
  forgetUnnamed(): void {
    this.#unnamed = undefined;
  }

  takePieces(): Uint8Array[] {
    const pieces = this.#pieces;
    this.#pieces = [];
    return pieces;
  }

  /** Where the rest of a replaced message goes on that can be passed as it is; undefined when all of it was replaced. */
  takeRestAt(): number | undefined {
    const at = this.#restAt;
    this.#restAt = undefined;
    return at;
  }

  close(): void {
    for (const statement of this.#names.values()) this.#registry.release(statement);
    this.#names.clear();
    this.#unnamed = undefined;
  }

  /**
   * Parse, Bind, Describe or Close. @param max statements a server keeps; 0 passes names on as they are.
   * @param heldMax bytes that may be kept back of a message that need not be read whole.
   */
  take(framer: Framer, server: Server, max: number, heldMax: number): number {
    // After an error the server passes over everything up to Sync, and so do we.
    if (max === 0 || server.expected.isFailed) return this.#asItIs(framer, server);
    switch (framer.type) {
      case type.PARSE:
        return this.#parse(framer, server, max, heldMax);
      case type.BIND:
        return this.#bind(framer, server, max);
      default:
        return this.#target(framer, server, max);
    }
  }

  #asItIs(framer: Framer, server: Server): number {
    if (framer.type === type.PARSE) server.unnamedOf = this;
    server.expected.push(KINDS[framer.type]!);
    return AS_IT_IS;
  }

  #parse(framer: Framer, server: Server, max: number, heldMax: number): number {
    const { chunk, start, end, whole } = framer;
    if (!whole && chunk.length < start + HEADER_BYTES + 1) return HEADER_BYTES + 1;
    if (end > start + HEADER_BYTES && chunk[start + HEADER_BYTES] === 0) {
      // Where the network cuts it decides nothing: only what is too long to be kept is passed on without a memory of it.
      if (!whole && end - start <= heldMax) return end - start;
      // No view of it yet: making one costs more than all else here, and hardly any is ever needed.
      this.#unnamed = whole ? chunk : undefined;
      this.#unnamedStart = start;
      this.#unnamedEnd = end;
      this.#unnamedThere = true;
      server.unnamedOf = this;
      server.expected.push(expected.PARSE);
      return AS_IT_IS;
    }
    if (!whole) return end - start;
    const { name, tail } = readParse(chunk, start, end);
    const statement = this.#registry.acquire(chunk.subarray(tail, end));
    const before = this.#names.get(name);
    if (before !== undefined) this.#registry.release(before);
    this.#names.set(name, statement);
    if (server.statements.has(statement, server.expected.run)) {
      server.statements.touch(statement);
      server.expected.push(expected.PARSE, expected.FAKE);
    } else {
      this.#put(statement, server, max, expected.FORWARD);
    }
    return REPLACED;
  }

  #bind(framer: Framer, server: Server, max: number): number {
    const { chunk, start, end } = framer;
    const at = readBind(chunk, start, end);
    if (at === undefined) return chunk.length - start + 1;
    if (at.statementAt === at.statementEnd) {
      const injected = this.#unnamedIsNeeded(server);
      server.expected.push(expected.BIND);
      if (!injected) return AS_IT_IS;
      this.#restAt = start;
      return REPLACED;
    }
    const name = nameAt(chunk, at.statementAt, at.statementEnd);
    const statement = this.#names.get(name);
    if (statement === undefined && !isSharedName(name)) return this.#asItIs(framer, server);
    if (statement !== undefined) this.#need(statement, server, max);
    this.#pieces.push(renameBind(chunk, start, end, at, statement?.name ?? nobodys(name)));
    this.#restAt = at.statementEnd + 1;
    server.expected.push(expected.BIND);
    return REPLACED;
  }

  /** Describe and Close: of a portal they pass, of a statement they get its other name. */
  #target(framer: Framer, server: Server, max: number): number {
    const { chunk, start, end, whole } = framer;
    if (!whole) return end - start;
    // Most are of the unnamed portal, and a portal's name is the server's business.
    if (chunk[start + HEADER_BYTES] !== STATEMENT) return this.#asItIs(framer, server);
    const { name } = readTarget(chunk, start, end);
    if (framer.type === type.CLOSE) return this.#close(name, framer, server);
    if (name === '') {
      const injected = this.#unnamedIsNeeded(server);
      server.expected.push(expected.DESCRIBE);
      if (!injected) return AS_IT_IS;
      this.#restAt = start;
      return REPLACED;
    }
    const statement = this.#names.get(name);
    if (statement === undefined && !isSharedName(name)) return this.#asItIs(framer, server);
    if (statement !== undefined) this.#need(statement, server, max);
    this.#pieces.push(encodeStatementTarget(type.DESCRIBE, statement?.name ?? nobodys(name)));
    server.expected.push(expected.DESCRIBE);
    return REPLACED;
  }

  /** The server keeps the statement for others: only the client's name for it ends. */
  #close(name: string, framer: Framer, server: Server): number {
    if (name === '') this.#unnamed = undefined;
    const statement = this.#names.get(name);
    if (statement === undefined && !isSharedName(name)) return this.#asItIs(framer, server);
    this.#names.delete(name);
    if (statement !== undefined) this.#registry.release(statement);
    server.expected.push(expected.CLOSE, expected.FAKE);
    return REPLACED;
  }

  /** True when the unnamed statement had to be put on this server first. */
  #unnamedIsNeeded(server: Server): boolean {
    if (this.#unnamedThere || this.#unnamed === undefined) return false;
    this.#pieces.push(this.#unnamed.subarray(this.#unnamedStart, this.#unnamedEnd));
    server.unnamedOf = this;
    server.expected.push(expected.PARSE, expected.SKIP);
    this.#unnamedThere = true;
    return true;
  }

  #need(statement: Statement, server: Server, max: number): void {
    if (server.statements.has(statement, server.expected.run)) server.statements.touch(statement);
    else this.#put(statement, server, max, expected.SKIP);
  }

  #put(statement: Statement, server: Server, max: number, disposition: number): void {
    // What an error ahead may still undo, nobody knows: a Close makes sure, and does no harm where there is nothing.
    if (server.expected.isBehind) this.#closeUnseen(statement, server);
    this.#pieces.push(encodeParse(statement.name, statement.tail));
    server.expected.push(expected.PARSE, disposition, statement);
    server.statements.put(statement, server.expected.run);
    for (let old = server.statements.evict(max); old !== undefined; old = server.statements.evict(max)) {
      this.#closeUnseen(old, server);
    }
  }

  #closeUnseen(statement: Statement, server: Server): void {
    this.#pieces.push(encodeCloseStatement(statement.name));
    server.expected.push(expected.CLOSE, expected.SKIP, statement);
  }
}

/** A client's own word for one of our names: the server does not have it, and says so. */
function nobodys(name: string): string {
  return `${name} `;
}

const KINDS: Readonly<Record<number, number>> = {
  [type.PARSE]: expected.PARSE,
  [type.BIND]: expected.BIND,
  [type.DESCRIBE]: expected.DESCRIBE,
  [type.CLOSE]: expected.CLOSE,
};
