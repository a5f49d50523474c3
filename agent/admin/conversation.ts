// The protocol as the console speaks it: what each message asks for, in the simple and in the extended way.

import { AgentError } from '../base/errors.ts';
import type { LogFields } from '../base/log.ts';
import { type ConsoleRole, type ConsoleStart, consoleRole } from '../client/console_door.ts';
import { CONSOLE_DATABASE } from '../config/console_database.ts';
import { message } from '../wire/bytes.ts';
import {
  readBindBody,
  readExecuteBody,
  readParseBody,
  readQuery,
  readTargetBody,
  type TargetMessage,
} from '../wire/client_reads.ts';
import { printType } from '../wire/frame.ts';
import {
  encodeBare,
  encodeCommandComplete,
  encodeError,
  encodeNotice,
  encodeReadyForQuery,
} from '../wire/server_messages.ts';
import { encodeRowShape, RowWriter, spreadFormats } from '../wire/typed_rows.ts';
import * as type from '../wire/types.ts';
import { Plans, type Portal, parameterTypes, rowsOf } from './plans.ts';
import { Reply } from './reply.ts';
import type { ConsoleTools } from './show/row.ts';
import { type Outcome, type Task, taskOf } from './task.ts';
import { readCommands } from './words.ts';

const READY_IDLE = encodeReadyForQuery(type.IDLE);

export class Conversation {
  readonly reply: Reply;
  readonly #tools: ConsoleTools;
  /** Asked for every command: a reload may take somebody's rights away. */
  readonly #role: () => ConsoleRole | undefined;
  readonly #fields: LogFields;
  readonly #plans = new Plans();
  /** After an error in the extended protocol, until Sync. */
  #isGone = false;
  #isSkipping = false;
  #waits: { readonly giveUp: (error: AgentError) => void; readonly undo: () => void } | undefined;

  constructor(start: ConsoleStart, tools: ConsoleTools) {
    const { connection, user, isOwner, pid } = start;
    this.reply = new Reply(connection, tools.context.clock);
    this.#tools = tools;
    this.#role = () => consoleRole(tools.context.settings, user, isOwner);
    this.#fields = { client_pid: pid, database: CONSOLE_DATABASE, user };
  }

  get statementCount(): number {
    return this.#plans.named;
  }

  /** By the settings that are in force now. */
  get role(): ConsoleRole | undefined {
    return this.#role();
  }

  /** Waits for the next command. */
  ready(): void {
    this.reply.add(READY_IDLE);
    this.reply.send();
  }

  /** What it waits for is given up, and taken back; without that, nothing happens. */
  cancel(): void {
    const waits = this.#waits;
    if (waits === undefined) return;
    waits.giveUp(new AgentError('query_canceled'));
    try {
      waits.undo();
    } catch (error) {
      // Somebody else has taken it back before.
      if (!(error instanceof AgentError)) throw error;
    }
  }

  /** The client has gone: what it began goes on. */
  end(): void {
    this.#isGone = true;
    this.reply.end();
    this.#waits?.giveUp(new AgentError('query_canceled'));
  }

  /** Undefined: it is answered. @throws ProtocolError when it is no message at all. */
  take(kind: number, body: Uint8Array): Promise<void> | 'goodbye' | undefined {
    if (kind === type.TERMINATE) return 'goodbye';
    if (kind === type.SYNC) return this.#sync();
    if (this.#isSkipping) return undefined;
    switch (kind) {
      case type.QUERY:
        return this.#query(readQuery(body));
      case type.EXECUTE: {
        const { portal, rowsMax } = readExecuteBody(body);
        return this.#guarded(() => this.#execute(this.#plans.portal(portal), rowsMax));
      }
      case type.FLUSH:
        this.reply.send();
        return undefined;
      case type.FUNCTION_CALL:
        this.#error(new AgentError('console_command', { text: 'a function call' }));
        this.ready();
        return undefined;
      // As PostgreSQL outside of a COPY.
      case type.COPY_DATA:
      case type.COPY_DONE:
      case type.COPY_FAIL:
        return undefined;
      default:
        return this.#guardedAtOnce(() => this.#prepare(kind, body));
    }
  }

  #prepare(kind: number, body: Uint8Array): void {
    switch (kind) {
      case type.PARSE:
        this.#plans.parse(readParseBody(body), this.#tools.context.settings);
        return this.reply.add(encodeBare(type.PARSE_COMPLETE));
      case type.BIND:
        this.#plans.bind(readBindBody(body));
        return this.reply.add(encodeBare(type.BIND_COMPLETE));
      case type.DESCRIBE:
        return this.#describe(readTargetBody(body));
      case type.CLOSE: {
        const { kind: what, name } = readTargetBody(body);
        this.#plans.close(what, name);
        return this.reply.add(encodeBare(type.CLOSE_COMPLETE));
      }
      default:
        throw new AgentError('frontend_message_invalid', { type: printType(kind) });
    }
  }

  #describe({ kind, name }: TargetMessage): void {
    if (kind === 'portal') {
      const portal = this.#plans.portal(name);
      return this.#shape(portal.task, portal.formats);
    }
    const { task, types } = this.#plans.statement(name);
    this.reply.add(message(type.PARAMETER_DESCRIPTION, parameterTypes(types)));
    this.#shape(task, []);
  }

  #shape(task: Task | undefined, formats: Portal['formats']): void {
    const hasRows = task?.kind === 'rows';
    this.reply.add(hasRows ? encodeRowShape(task.columns, formats) : encodeBare(type.NO_DATA));
  }

  #sync(): undefined {
    this.#isSkipping = false;
    this.#plans.closePortals();
    this.ready();
  }

  async #execute(portal: Portal, rowsMax: number): Promise<void> {
    const { task, writer } = portal;
    if (task === undefined) return this.reply.add(encodeBare(type.EMPTY_QUERY_RESPONSE));
    this.#count();
    if (task.kind === 'act') return this.#act(task);
    this.#refuse(task);
    const { isLast } = await this.reply.rows(rowsOf(portal, this.#tools), writer!, rowsMax);
    this.reply.add(isLast ? encodeCommandComplete('SHOW') : encodeBare(type.PORTAL_SUSPENDED));
  }

  async #query(sql: string): Promise<void> {
    const { settings } = this.#tools.context;
    this.#plans.closePortals();
    this.#plans.closeUnnamed();
    try {
      // All of them are read before the first is done.
      const tasks = readCommands(sql).map((each) => taskOf(each, settings));
      if (tasks.length === 0) this.reply.add(encodeBare(type.EMPTY_QUERY_RESPONSE));
      for (const task of tasks) {
        await this.#run(task);
        await this.reply.settle();
      }
    } catch (error) {
      if (!(error instanceof AgentError)) throw error;
      this.#error(error);
    }
    this.ready();
  }

  async #run(task: Task): Promise<void> {
    this.#count();
    if (task.kind === 'act') return this.#act(task);
    this.#refuse(task);
    const formats = spreadFormats([], task.columns.length)!;
    this.reply.add(encodeRowShape(task.columns, formats));
    const writer = new RowWriter(task.columns, formats);
    await this.reply.rows(task.rows(this.#tools)[Symbol.iterator](), writer, 0);
    this.reply.add(encodeCommandComplete('SHOW'));
  }

  async #act(task: Extract<Task, { kind: 'act' }>): Promise<void> {
    this.#refuse(task);
    const { tag, notice } = await this.#untilGivenUp(task);
    if (notice !== undefined)
      this.reply.add(encodeNotice({ severity: 'NOTICE', sqlstate: '00000', ...notice }));
    this.reply.add(encodeCommandComplete(tag));
  }

  async #untilGivenUp(task: Extract<Task, { kind: 'act' }>): Promise<Outcome> {
    const { promise: givenUp, reject: giveUp } = Promise.withResolvers<never>();
    this.#waits = { giveUp, undo: () => task.undo?.(this.#tools) };
    try {
      return await Promise.race([task.act(this.#tools), givenUp]);
    } finally {
      this.#waits = undefined;
    }
  }

  /** @throws AgentError console_admin_needed, console_not_allowed */
  #refuse({ isForAdmins }: Task): void {
    const role = this.#role();
    if (role === undefined || (isForAdmins && role !== 'admin')) throw new AgentError('console_admin_needed');
  }

  #count(): void {
    this.#tools.context.clients.consoleQueries++;
  }

  /** An error costs what is left up to the Sync. */
  async #guarded(step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      this.#skip(error);
    }
  }

  #guardedAtOnce(step: () => void): undefined {
    try {
      step();
    } catch (error) {
      this.#skip(error);
    }
  }

  #skip(error: unknown): void {
    if (!(error instanceof AgentError) || error.code === 'frontend_message_invalid') throw error;
    this.#error(error);
    this.#isSkipping = true;
  }

  #error(error: AgentError): void {
    const { settings, log } = this.#tools.context;
    const { sqlstate } = error.row;
    this.reply.add(encodeError({ severity: 'ERROR', sqlstate, message: error.message }));
    // Nobody was told.
    if (settings.log_pooler_errors && !this.#isGone)
      log.warn({ ...this.#fields, code: error.code }, forTheLog(error));
  }
}

/** Somebody meant another database when he typed his ALTER USER … PASSWORD here: no more than its first word is kept. */
function forTheLog(error: AgentError): string {
  const { text } = error.details;
  if (error.code !== 'console_command' || text === undefined) return error.message;
  const typed = String(text);
  const word = /^[A-Za-z_]{1,20}(?![^\s;])/.exec(typed)?.[0] ?? '';
  return new AgentError('console_command', { text: `${word}… (${typed.length} characters)` }).message;
}
