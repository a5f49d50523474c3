// SQL that speaks of prepared statements by their names, PREPARE, EXECUTE and DEALLOCATE: what a client means, and what the server is told instead.

import type { AgentError } from '../base/errors.ts';
import {
  type Action,
  type Effects,
  type Naming,
  STATEMENTS,
  type StatementEffects,
} from '../query/effects.ts';
import type { Server } from '../server/server.ts';
import * as names from '../state/client_statements.ts';
import { type ClientStatements, type Mention, mentionOf, type Shift } from '../state/client_statements.ts';
import { isSharedName, type Statement, type StatementRegistry } from '../state/statements.ts';
import { concat } from '../wire/bytes.ts';
import { type Edit, edited, shiftsOf } from './rewriting.ts';

/** PostgreSQL cuts identifiers that are longer, and says so. */
const NAME_BYTES_MAX = 63;
/** Statements that execute statements that execute statements, and so on: no more is followed. */
const DEPTH_MAX = 8;

/** Such a text, as it goes to a server. */
export interface Named {
  /** The text with the server's names in place of the client's. */
  readonly sql: Uint8Array;
  readonly shifts: readonly Shift[];
  /** Must be on the server before it. */
  readonly needs: ReadonlySet<Statement>;
  /** Made for this text alone, and among `needs`: to be given back when they were sent. */
  readonly borrowed: readonly Statement[];
  /** By the number of the statement in the text: what it does to the client's names, and how errors say them. */
  readonly each: readonly (Mention | undefined)[];
  readonly effects: Effects;
  /** Names in it that PostgreSQL cuts, as they are written. */
  readonly cut: readonly Uint8Array[];
}

export interface Names {
  readonly owner: ClientStatements;
  readonly registry: StatementRegistry;
  /** `Parameters.reading` of the client. */
  readonly reading: string;
  /** What a part of a text leaves. */
  readonly read: (text: Uint8Array, from: number, to: number) => Effects;
  /** In what the client writes. */
  readonly encoding: string;
  /** Why it may have no more of them. */
  readonly refusal: AgentError | undefined;
}

/** Does the text speak of statements by their names, or of all of them? */
export function isNaming({ statements }: Effects): boolean {
  for (const { actions } of statements) if (actions.some(isOfNames)) return true;
  return false;
}

/** It is about one statement. */
export function isName({ kind }: Action): boolean {
  return kind === 'prepare' || kind === 'execute' || kind === 'deallocate';
}

function isOfNames(action: Action): boolean {
  if (isName(action) || action.kind === 'deallocate_all') return true;
  return action.kind === 'discard' && action.what === 'all';
}

/** The name in a text that is one statement; undefined where it has none. */
export function namingOf({ isSingle, statements }: Effects): Naming | undefined {
  if (!isSingle) return undefined;
  for (const action of statements[0]!.actions)
    if (action.kind === 'prepare' || action.kind === 'execute' || action.kind === 'deallocate') return action;
  return undefined;
}

/** What the client means by its names at this moment. `LISTEN` is told as `listen_text.ts` says. */
export function translate(text: Uint8Array, effects: Effects, all: Names, so = new SoFar()): Named {
  const translation = new Translation(text, effects.isSingle, all, so);
  let { bits } = effects;
  const statements = effects.statements.map((statement, i) => {
    const read = translation.add(statement, i);
    bits |= read.bits;
    return read;
  });
  const { edits, needs, borrowed, each, cut, advance } = translation;
  const shifts = shiftsOf(text, edits, all.encoding);
  for (const { mention, edit } of translation.executes)
    mention.ownFrom = shifts[edit]!.at + edits[edit]!.put.length;
  return {
    sql: edits.length === 0 ? text : edited(text, edits),
    shifts,
    ...{ needs, borrowed, each, cut },
    effects: { ...effects, bits, statements, ...(advance !== undefined && { advance }) },
  };
}

interface Known {
  readonly statement: Statement;
  /** What it stands for, where that speaks of names itself. */
  readonly source: names.NamingText | undefined;
  /** By this very text: it is on the server when the rest of the text is run. */
  readonly isMadeHere: boolean;
}

/** What the statements of a text have made of the client's names so far. */
class SoFar {
  readonly names = new Map<string, Known | undefined>();
  isAllGone = false;
  /** That were ended. */
  standIns = 0;
  depth = 0;
}

class Translation {
  readonly edits: Edit[] = [];
  readonly needs = new Set<Statement>();
  readonly borrowed: Statement[] = [];
  readonly each: (Mention | undefined)[] = [];
  readonly cut: Uint8Array[] = [];
  /** It does nothing but to execute what is known to advance sequences. */
  advance: Effects['advance'];
  /** And which of the edits is the name of each. */
  readonly executes: { readonly mention: Mention; readonly edit: number }[] = [];
  readonly #text: Uint8Array;
  readonly #isSingle: boolean;
  readonly #all: Names;
  readonly #so: SoFar;

  constructor(text: Uint8Array, isSingle: boolean, all: Names, so: SoFar) {
    this.#text = text;
    this.#isSingle = isSingle;
    this.#all = all;
    this.#so = so;
  }

  /** The next statement of the text. Gives what it leaves, with what the statement that it executes leaves. */
  add(statement: StatementEffects, i: number): StatementEffects {
    let read = statement;
    for (const action of statement.actions) {
      switch (action.kind) {
        case 'listen':
          this.edits.push({ from: action.from, to: action.to, put: 'UNLISTEN' });
          break;
        case 'prepare':
          this.each[i] = this.#prepare(action);
          break;
        case 'execute':
          read = this.#execute(action, read, i);
          break;
        case 'deallocate':
          this.each[i] = this.#deallocate(action);
          break;
        default:
          if (isOfNames(action)) this.each[i] = this.#endAll();
      }
    }
    return read;
  }

  #find(name: string): Known | undefined {
    const { isAllGone, names: own } = this.#so;
    if (isAllGone || own.has(name)) return own.get(name);
    const mention = this.#all.owner.find(name);
    if (mention?.statement === undefined) return undefined;
    return { statement: mention.statement, source: mention.source, isMadeHere: false };
  }

  #prepare(naming: Naming): Mention {
    const { owner, registry, reading, refusal } = this.#all;
    const { name } = naming;
    const known = this.#find(name);
    if (known !== undefined || (refusal !== undefined && !this.#so.isAllGone)) {
      const taken = known?.isMadeHere === true ? known.statement : this.#standIn();
      this.#put(naming, taken.name);
      const mention = mentionOf(owner, names.NOTHING, name, taken.name, undefined);
      mention.refusal = refusal;
      return mention;
    }
    const [start, end] = this.#isSingle ? [0, this.#text.length] : [naming.start, naming.end];
    const statement = registry.acquireSql(reading, (own) =>
      edited(this.#text.subarray(start, end), [editOf(naming, own, start)]),
    );
    statement.effects = this.#effectsOf(naming);
    this.#put(naming, statement.name);
    this.#so.names.set(name, { statement, source: undefined, isMadeHere: true });
    return owner.prepare(name, statement);
  }

  /** Of what it prepares, as of that text by itself. */
  #effectsOf({ prepares, inner, end }: Naming): Effects | undefined {
    if (prepares === undefined || (prepares.bits === 0 && prepares.actions.length === 0)) return undefined;
    const effects = inner === undefined ? undefined : this.#all.read(this.#text, inner, end);
    return effects?.advance !== undefined
      ? effects
      : { bits: prepares.bits, statements: [prepares], isSingle: true };
  }

  #execute(naming: Naming, effects: StatementEffects, i: number): StatementEffects {
    const { owner } = this.#all;
    const { name } = naming;
    const known = this.#find(name);
    if (known === undefined) {
      this.each[i] = this.#putNobodys(naming);
      return effects;
    }
    const { statement } = known;
    if (known.source !== undefined && isRun(naming, known.source))
      return this.#executeNaming(naming, known.source, statement, effects, i);
    if (!known.isMadeHere) this.needs.add(statement);
    this.#put(naming, statement.name);
    const mention = mentionOf(owner, names.NOTHING, name, statement.name, statement);
    this.executes.push({ mention, edit: this.edits.length - 1 });
    this.each[i] = mention;
    if (this.#isSingle && effects.bits === 0) this.advance = statement.effects?.advance;
    return withEffects(effects, statement.effects, naming.isInside === true);
  }

  /** What it executes speaks of statements by their names itself: the server gets what that means now. */
  #executeNaming(
    naming: Naming,
    { text, rest, effects: own }: names.NamingText,
    statement: Statement,
    effects: StatementEffects,
    i: number,
  ): StatementEffects {
    const { owner, registry, reading } = this.#all;
    if (this.#so.depth === DEPTH_MAX) {
      this.needs.add(statement);
      this.#put(naming, statement.name);
      return effects;
    }
    this.#so.depth++;
    const named = translate(text, own, this.#all, this.#so);
    this.#so.depth--;
    const placed = registry.acquire(concat([named.sql, rest]), reading);
    for (const each of named.needs) this.needs.add(each);
    this.borrowed.push(...named.borrowed, placed);
    this.needs.add(placed);
    this.#put(naming, placed.name);
    const each = named.each[0] ?? mentionOf(owner, names.NOTHING, naming.name, placed.name, undefined);
    each.shifts ??= named.shifts;
    this.each[i] = each;
    return withEffects(effects, named.effects, naming.isInside === true);
  }

  /** Others may use the statement: the server is told to end one that is in its place, and says whether that can be done. */
  #deallocate(naming: Naming): Mention | undefined {
    const { owner } = this.#all;
    const { name } = naming;
    const known = this.#find(name);
    if (known === undefined) return this.#putNobodys(naming);
    const ended = known.isMadeHere ? known.statement : this.#standIn();
    if (!known.isMadeHere) this.#so.standIns++;
    this.#put(naming, ended.name);
    this.#so.names.set(name, undefined);
    return mentionOf(owner, names.DEALLOCATE, name, ended.name, ended);
  }

  #endAll(): Mention {
    this.#so.isAllGone = true;
    this.#so.names.clear();
    return mentionOf(this.#all.owner, names.DEALLOCATE_ALL, '', '', undefined);
  }

  #standIn(): Statement {
    const statement = this.#all.registry.standInAt(this.#so.standIns);
    this.needs.add(statement);
    return statement;
  }

  /** A client's own word for one of our names: the server does not have it, and says so. */
  #putNobodys(naming: Naming): Mention | undefined {
    const { name } = naming;
    if (!isSharedName(name)) return undefined;
    const own = nobodys(name);
    this.#put(naming, own);
    return mentionOf(this.#all.owner, names.NOTHING, name, own, undefined);
  }

  #put(naming: Naming, name: string): void {
    const { from, to } = naming;
    this.edits.push(editOf(naming, name, 0));
    if (isCut(this.#text, from, to)) this.cut.push(this.#text.subarray(from, to));
  }
}

/** Of what is no query, EXPLAIN and CREATE TABLE AS run nothing. */
function isRun({ isInside }: Naming, { effects }: names.NamingText): boolean {
  return isInside !== true || namingOf(effects)?.kind === 'execute';
}

function editOf({ from, to }: Naming, name: string, start: number): Edit {
  return { from: from - start, to: to - start, put: `"${name}"` };
}

/** Is the identifier that is written there too long for PostgreSQL? */
export function isCut(text: Uint8Array, from: number, to: number): boolean {
  if (to - from <= NAME_BYTES_MAX) return false;
  const written = Buffer.from(text.subarray(from, to)).toString('latin1');
  const { length } = written.startsWith('"') ? written.slice(1, -1).replaceAll('""', '"') : written;
  return length > NAME_BYTES_MAX;
}

/** @param isInside what is executed there is a query, or is not run. */
function withEffects(
  effects: StatementEffects,
  more: Effects | undefined,
  isInside: boolean,
): StatementEffects {
  if (more === undefined) return effects;
  const all = more.isSingle ? more.statements[0]!.actions : [];
  const actions = isInside ? all.filter(({ kind }) => kind === 'config' || kind === 'change') : all;
  return { ...effects, bits: effects.bits | more.bits, actions: [...effects.actions, ...actions] };
}

/** It is sent: from now on nobody may rely on what it ends. */
export function onDeallocating({ effect, statement }: Mention, server: Server): void {
  if (effect === names.DEALLOCATE_ALL) server.statements.expectEnd();
  else if (effect === names.DEALLOCATE && statement !== undefined) server.statements.forget(statement);
}

/** One of our names that the server does not have, for a client that says it. */
export function nobodys(name: string): string {
  return `${name} `;
}

/** Of a text whose names are the server's own, because they could not be replaced: only the server knows what it has then. */
export function withStatements(effects: Effects): Effects {
  const isNaming = effects.statements.some(({ actions }) =>
    actions.some(({ kind }) => kind === 'prepare' || kind === 'deallocate'),
  );
  if (!isNaming) return effects;
  const asked = ({ bits, actions }: StatementEffects): StatementEffects => ({
    bits: bits | STATEMENTS,
    actions,
  });
  return { ...effects, bits: effects.bits | STATEMENTS, statements: effects.statements.map(asked) };
}
