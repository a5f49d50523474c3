// Statements of the protocol whose text speaks of others: PREPARE, EXECUTE and DEALLOCATE under a name, as asyncpg and pgx prepare every text.

import type { Effects } from '../query/effects.ts';
import type { Server } from '../server/server.ts';
import * as names from '../state/client_statements.ts';
import { type ClientStatements, type Mention, mentionOf } from '../state/client_statements.ts';
import * as expected from '../state/expected.ts';
import type { Statement, StatementRegistry } from '../state/statements.ts';
import { concat } from '../wire/bytes.ts';
import { encodeCloseStatement, encodeParse } from '../wire/client_messages.ts';
import type { Pieces } from '../wire/pieces.ts';
import { unlistening } from './listen_text.ts';
import { need } from './put_statement.ts';
import type { SessionParameters } from './session_parameters.ts';
import { namingOf, translate } from './sql_names.ts';

/** What they are called on every server, each anew for each use. None of the shared ones, which begin with `pgsidecar_` and are counted. */
const PLACE = 'pgsidecar naming';

/** What the text of a new statement leaves; LISTEN is not what the server is told. */
export function readText(statement: Statement, length: number, parameters: SessionParameters): void {
  const { tail } = statement;
  const effects = parameters.effectsOf(tail, 0, length);
  statement.effects = effects;
  statement.naming = namingOf(effects);
  const told = unlistening(tail.subarray(0, length), effects);
  if (told !== undefined) statement.tail = concat([told, tail.subarray(length)]);
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
  const statement = registry.acquire(whole, parameters.current.reading);
  if (statement.effects === undefined) readText(statement, own?.length ?? textEnd - tail, parameters);
  return statement;
}

/** The client's Parse of one: the server says whether it can be read. What it names is looked for when it is used, as PostgreSQL does. */
export function parseNaming(pieces: Pieces, { tail }: Statement, mention: Mention, server: Server): void {
  close(pieces, server);
  pieces.add(encodeParse(PLACE, tail));
  server.expected.push(expected.PARSE, expected.FORWARD, undefined, mention);
}

export interface NamingTools {
  readonly pieces: Pieces;
  readonly owner: ClientStatements;
  readonly registry: StatementRegistry;
  /** Statements that a server keeps. */
  readonly max: number;
}

/** For a Bind or a Describe of one: puts there what it means at this moment. Gives what stands for it in that message. */
export function putNaming(
  { name, statement }: Mention,
  isBind: boolean,
  server: Server,
  { pieces, owner, registry, max }: NamingTools,
): Mention {
  const { tail, effects, naming } = statement!;
  const length = tail.indexOf(0);
  const text = tail.subarray(0, length);
  const reading = server.tenant.reading ?? '';
  // A PREPARE is no different by its name until it is done.
  const isRead = isBind || naming!.kind !== 'prepare';
  const all = { owner, registry, reading, refusal: undefined };
  const named = isRead ? translate(text, naming!, all) : undefined;
  if (isBind) owner.onBound(named?.mention);
  if (named?.needs !== undefined) need(pieces, named.needs, server, max);
  close(pieces, server);
  pieces.add(encodeParse(PLACE, named === undefined ? tail : concat([named.sql, tail.subarray(length)])));
  server.expected.push(expected.PARSE, expected.SKIP);
  const mention = mentionOf(owner, names.NOTHING, name, PLACE, undefined);
  mention.ends = named?.mention;
  mention.effects = named === undefined ? effects : named.mention.effects;
  return mention;
}

function close(pieces: Pieces, server: Server): void {
  pieces.add(encodeCloseStatement(PLACE));
  server.expected.push(expected.CLOSE, expected.SKIP);
}
