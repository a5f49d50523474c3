// Statements of the protocol whose text speaks of others: PREPARE, EXECUTE and DEALLOCATE, with a name of their own or without.

import type { Effects } from '../query/effects.ts';
import type { Server } from '../server/server.ts';
import * as names from '../state/client_statements.ts';
import {
  type ClientStatements,
  type Mention,
  mentionOf,
  type NamingText,
  type Shift,
} from '../state/client_statements.ts';
import * as expected from '../state/expected.ts';
import type { Statement, StatementRegistry } from '../state/statements.ts';
import { concat } from '../wire/bytes.ts';
import { encodeCloseStatement, encodeParse } from '../wire/client_messages.ts';
import type { Pieces } from '../wire/pieces.ts';
import { isRefusing } from './failed_transaction.ts';
import { unlistening } from './listen_text.ts';
import { need } from './put_statement.ts';
import { edited, shiftsOf } from './rewriting.ts';
import type { SessionParameters } from './session_parameters.ts';
import { isCut, type Names, namingOf, translate } from './sql_names.ts';

/** What is run once, or only read, is called so on a server. None of the shared ones, which begin with `pgsidecar_` and are counted. */
const RUNNING = 'pgsidecar running';
const READING = 'pgsidecar reading';

/** What the text of a new statement leaves; LISTEN is not what the server is told. */
export function readText(statement: Statement, length: number, parameters: SessionParameters): void {
  const { tail } = statement;
  const effects = parameters.effectsOf(tail, 0, length);
  statement.effects = effects;
  const told = unlistening(tail.subarray(0, length), effects, parameters.encoding);
  if (told !== undefined) statement.tail = concat([told.sql, tail.subarray(length)]);
}

/** The statement that a Parse names, with what its text leaves. */
export function acquireRead(
  registry: StatementRegistry,
  parameters: SessionParameters,
  chunk: Uint8Array,
  { tail, textEnd }: { readonly tail: number; readonly textEnd: number },
  end: number,
  effects: Effects,
): Statement {
  const own = parameters.startedText(chunk, tail, textEnd, effects)?.text;
  const whole = own === undefined ? chunk.subarray(tail, end) : concat([own, chunk.subarray(textEnd, end)]);
  const statement = registry.acquire(
    whole,
    parameters.current.reading,
    undefined,
    !parameters.mayMeanTemporary,
  );
  if (statement.effects === undefined) readText(statement, own?.length ?? textEnd - tail, parameters);
  return statement;
}

/** How a server is told a text at its Parse. */
export interface Told {
  readonly tail: Uint8Array;
  /** Has to be there before. */
  readonly relies: Statement | undefined;
  readonly shifts: readonly Shift[] | undefined;
  readonly isCut: boolean;
}

/**
 * PostgreSQL looks for names when a statement is bound and run. Only the columns of an EXECUTE are looked for at its Parse, and
 * stay what they are then. So the server gets any other text as it is.
 */
export function told({ text, rest, effects }: NamingText, { owner, encoding }: Names, server: Server): Told {
  const naming = namingOf(effects);
  const isLookedFor = naming?.kind === 'execute' && !isRefusing(server);
  const target = isLookedFor ? owner.find(naming.name)?.statement : undefined;
  if (naming === undefined || target === undefined)
    return { tail: concat([text, rest]), relies: undefined, shifts: undefined, isCut: false };
  const { from, to } = naming;
  const edits = [{ from, to, put: `"${target.name}"` }];
  return {
    tail: concat([edited(text, edits), rest]),
    relies: target,
    shifts: shiftsOf(text, edits, encoding),
    isCut: isCut(text, from, to),
  };
}

/** What a portal is made of that was bound to such a statement. */
export interface BoundNaming {
  /** What its Execute does to the client's names, and how errors say them. */
  readonly ends: Mention | undefined;
  readonly effects: Effects;
  /** What is to be bound; undefined: the statement itself. */
  readonly place: string | undefined;
}

/** For a Bind: what the text means at this moment is put on the server. @param said what the statement itself is there. */
export function bindNaming(
  { text, rest, effects }: NamingText,
  said: Uint8Array | undefined,
  pieces: Pieces,
  server: Server,
  max: number,
  all: Names,
): BoundNaming {
  const named = translate(text, effects, all);
  for (const each of named.needs) need(pieces, each, server, max);
  const tail = concat([named.sql, rest]);
  const ends = named.each[0];
  if (ends !== undefined) ends.shifts ??= named.shifts;
  for (const each of named.borrowed) all.registry.release(each);
  const isThere = said !== undefined && Buffer.compare(said, tail) === 0;
  if (!isThere) put(RUNNING, tail, undefined, pieces, server);
  return { ends, effects: named.effects, place: isThere ? undefined : RUNNING };
}

/** For one use: it is there until the next is. */
function put(
  name: string,
  tail: Uint8Array,
  mention: Mention | undefined,
  pieces: Pieces,
  { expected: due }: Server,
): void {
  pieces.add(encodeCloseStatement(name));
  due.push(expected.CLOSE, expected.SKIP);
  pieces.add(encodeParse(name, tail));
  due.push(expected.PARSE, expected.SKIP, undefined, mention);
}

/**
 * The server itself is to say that it cuts names of a text that are not in what it is told: it reads the text as its client wrote
 * it, and runs nothing. @param tail what follows the name in a Parse. @param swallowsErrors the client hears of them otherwise.
 */
export function tellCut(
  tail: Uint8Array,
  pieces: Pieces,
  server: Server,
  owner: Names['owner'],
  swallowsErrors: boolean,
): void {
  const mention = mentionOf(owner, names.NOTHING, '', '', undefined);
  mention.hears = 'cuts';
  if (swallowsErrors) mention.standsBefore = mention;
  put(READING, tail, mention, pieces, server);
}

/** The same, of a statement's text: what is wrong with it is the answer to the client's own Parse. */
export function tellCutOf(
  { text, rest }: NamingText,
  pieces: Pieces,
  server: Server,
  owner: Names['owner'],
): void {
  tellCut(concat([text, rest]), pieces, server, owner, false);
}

export function sourceOf(
  chunk: Uint8Array,
  from: number,
  textEnd: number,
  end: number,
  effects: Effects,
): NamingText {
  // Of their own: the chunk may hold megabytes of other messages.
  const text = new Uint8Array(chunk.subarray(from, textEnd));
  return { text, rest: new Uint8Array(chunk.subarray(textEnd, end)), effects };
}

/** What a name will mean is not certain, because an earlier run may yet fail: names are looked for when that is answered. */
export function isUncertain(owner: ClientStatements, { expected: due }: Server): boolean {
  return owner.isUnsettled && !due.owesSync && due.owesClient;
}
