// SQL that speaks of prepared statements by their names, PREPARE, EXECUTE and DEALLOCATE: what a client means, and what the server is told instead.

import type { AgentError } from '../base/errors.ts';
import { type Effects, type Naming, STATEMENTS, type StatementEffects } from '../query/effects.ts';
import type { Server } from '../server/server.ts';
import * as names from '../state/client_statements.ts';
import { type ClientStatements, type Mention, mentionOf } from '../state/client_statements.ts';
import { isSharedName, type Statement, type StatementRegistry } from '../state/statements.ts';

/** Such a text, as it goes to a server. */
export interface Named {
  /** What its Query or Execute does to the client's names, and how errors say them. */
  readonly mention: Mention;
  /** The text with the server's name in place of the client's. */
  readonly sql: Uint8Array;
  /** Must be on the server before it. */
  readonly needs: Statement | undefined;
}

/** The one that a text is about; undefined where it is about none, or where it is one text of several statements. */
export function namingOf({ isSingle, statements }: Effects): Naming | undefined {
  if (!isSingle) return undefined;
  for (const action of statements[0]!.actions)
    if (action.kind === 'prepare' || action.kind === 'execute' || action.kind === 'deallocate') return action;
  return undefined;
}

export function endsAll({ isSingle, statements }: Effects): boolean {
  return (
    isSingle &&
    statements[0]!.actions.some(
      (action) => action.kind === 'deallocate_all' || (action.kind === 'discard' && action.what === 'all'),
    )
  );
}

export interface Names {
  readonly owner: ClientStatements;
  readonly registry: StatementRegistry;
  /** `Parameters.reading` of the client. */
  readonly reading: string;
  /** Why it may have no more of them. */
  readonly refusal: AgentError | undefined;
}

/** Undefined: the server may have the text as it is. */
export function translate(text: Uint8Array, naming: Naming, all: Names): Named | undefined {
  const named = translated(text, naming, all);
  if (named !== undefined) named.mention.shifts = [{ at: naming.from, by: named.sql.length - text.length }];
  return named;
}

function translated(text: Uint8Array, naming: Naming, all: Names): Named | undefined {
  switch (naming.kind) {
    case 'prepare':
      return prepare(text, naming, all);
    case 'execute':
      return execute(text, naming, all);
    default:
      return deallocate(text, naming, all);
  }
}

function prepare(text: Uint8Array, naming: Naming, { owner, registry, reading, refusal }: Names): Named {
  const { name } = naming;
  const { standIn } = registry;
  if (refusal !== undefined || owner.find(name) !== undefined) {
    const mention = mentionOf(owner, names.DROP_UNNAMED, name, standIn.name, undefined);
    mention.refusal = refusal;
    return { mention, sql: renamed(text, naming, standIn.name), needs: standIn };
  }
  const statement = registry.acquireSql(reading, (own) => renamed(text, naming, own));
  statement.effects = effectsOf(naming.prepares);
  const mention = owner.prepare(name, statement);
  return { mention, sql: statement.sql!, needs: undefined };
}

function execute(text: Uint8Array, naming: Naming, { owner }: Names): Named | undefined {
  const { name } = naming;
  const known = owner.find(name);
  if (known === undefined) return isSharedName(name) ? nobodysText(text, naming, owner) : undefined;
  const mention = mentionOf(owner, names.DROP_UNNAMED, name, known.serverName, known.statement);
  mention.effects = known.statement?.effects;
  return { mention, sql: renamed(text, naming, known.serverName), needs: known.statement };
}

/** Others may use the statement: the server is told to end one that is in its place, and says whether that can be done. */
function deallocate(text: Uint8Array, naming: Naming, { owner, registry }: Names): Named | undefined {
  const { name } = naming;
  const { standIn } = registry;
  if (owner.find(name) === undefined)
    return isSharedName(name) ? nobodysText(text, naming, owner) : undefined;
  const mention = mentionOf(owner, names.DEALLOCATE, name, standIn.name, standIn);
  return { mention, sql: renamed(text, naming, standIn.name), needs: standIn };
}

/** A client's own word for one of our names: the server does not have it, and says so. */
function nobodysText(text: Uint8Array, naming: Naming, owner: ClientStatements): Named {
  const own = nobodys(naming.name);
  const mention = mentionOf(owner, names.DROP_UNNAMED, naming.name, own, undefined);
  return { mention, sql: renamed(text, naming, own), needs: undefined };
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

function renamed(text: Uint8Array, { from, to }: Naming, name: string): Uint8Array {
  return new Uint8Array(
    Buffer.concat([text.subarray(0, from), Buffer.from(`"${name}"`, 'latin1'), text.subarray(to)]),
  );
}

function effectsOf(prepares: StatementEffects | undefined): Effects | undefined {
  if (prepares === undefined || (prepares.bits === 0 && prepares.actions.length === 0)) return undefined;
  return { bits: prepares.bits, statements: [prepares], isSingle: true };
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
