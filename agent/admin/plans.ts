// The prepared statements and portals of one client of the console, by their names.

import { AgentError } from '../base/errors.ts';
import type { Settings } from '../config/settings.ts';
import { putInt32 } from '../wire/bytes.ts';
import type { BindMessage, ParseMessage } from '../wire/client_reads.ts';
import { type Cell, type Format, RowWriter, spreadFormats } from '../wire/typed_rows.ts';
import type { ConsoleTools } from './show/row.ts';
import { type Task, taskOf } from './task.ts';
import { readCommands } from './words.ts';

/** Of each kind, for one client. */
const NAMED_MAX = 100;

export interface Statement {
  /** Undefined: the text says nothing. */
  readonly task: Task | undefined;
  /** OIDs; no command has parameters, and a driver may say that there are some. */
  readonly types: readonly number[];
}

export interface Portal {
  readonly task: Task | undefined;
  readonly formats: readonly Format[];
  readonly writer: RowWriter | undefined;
  /** From its first Execute on. */
  rows: Iterator<readonly Cell[]> | undefined;
  /** All of it was answered, or it was done. */
  isDone: boolean;
}

export class Plans {
  readonly #statements = new Map<string, Statement>();
  readonly #portals = new Map<string, Portal>();

  /** Statements that have a name. */
  get named(): number {
    return this.#statements.size - (this.#statements.has('') ? 1 : 0);
  }

  /** @throws AgentError console_command, console_several, console_statement_known, console_many */
  parse({ name, sql, types }: ParseMessage, settings: Settings): void {
    const [first, ...others] = readCommands(sql);
    if (others.length > 0) throw new AgentError('console_several');
    if (name !== '') {
      if (this.#statements.has(name)) throw new AgentError('console_statement_known', { name });
      refuseMany(this.#statements.size, 'prepared statements');
    }
    this.#statements.set(name, { task: first === undefined ? undefined : taskOf(first, settings), types });
  }

  /** @throws AgentError console_statement_unknown, console_portal_known, console_bind, console_many */
  bind({ portal: name, statement: from, parameters, formats }: BindMessage): void {
    const statement = this.statement(from);
    const wanted = statement.types.length;
    if (parameters !== wanted)
      throw new AgentError('console_bind', { given: parameters, what: 'parameters', name: from, wanted });
    if (name !== '') {
      if (this.#portals.has(name)) throw new AgentError('console_portal_known', { name });
      refuseMany(this.#portals.size, 'portals');
    }
    const columns = statement.task?.kind === 'rows' ? statement.task.columns : [];
    const spread = spreadFormats(formats, columns.length);
    if (spread === undefined)
      throw new AgentError('console_bind', {
        ...{ given: formats.length, what: 'result formats', name: from, wanted: `${columns.length} columns` },
      });
    const writer = statement.task?.kind === 'rows' ? new RowWriter(columns, spread) : undefined;
    this.#portals.set(name, {
      task: statement.task,
      formats: spread,
      writer,
      rows: undefined,
      isDone: false,
    });
  }

  /** @throws AgentError console_statement_unknown */
  statement(name: string): Statement {
    const found = this.#statements.get(name);
    if (found === undefined) throw new AgentError('console_statement_unknown', { name });
    return found;
  }

  /** @throws AgentError console_portal_unknown */
  portal(name: string): Portal {
    const found = this.#portals.get(name);
    if (found === undefined) throw new AgentError('console_portal_unknown', { name });
    return found;
  }

  /** What is not there is closed already, as in PostgreSQL. */
  close(kind: 'statement' | 'portal', name: string): void {
    if (kind === 'statement') this.#statements.delete(name);
    else this.#portals.delete(name);
  }

  /** With the end of what PostgreSQL would call the transaction: a Sync, or a simple query. */
  closePortals(): void {
    this.#portals.clear();
  }

  /** A simple query does away with the statement that has no name. */
  closeUnnamed(): void {
    this.#statements.delete('');
  }
}

/** Starts it, where it has not been started. */
export function rowsOf(portal: Portal, tools: ConsoleTools): Iterator<readonly Cell[]> {
  portal.rows ??= portal.task?.kind === 'rows' ? portal.task.rows(tools)[Symbol.iterator]() : [].values();
  return portal.rows;
}

/** The body of ParameterDescription. */
export function parameterTypes(types: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(2 + types.length * 4);
  bytes[0] = types.length >> 8;
  bytes[1] = types.length;
  for (const [index, oid] of types.entries()) putInt32(bytes, 2 + index * 4, oid);
  return bytes;
}

function refuseMany(count: number, what: string): void {
  if (count >= NAMED_MAX) throw new AgentError('console_many', { max: NAMED_MAX, what });
}
