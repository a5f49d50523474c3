// SQL that ends prepared statements, DEALLOCATE and DISCARD ALL: what a client means by it, and what the server is told instead.

import { readDeallocation } from '../query/deallocation.ts';
import type { Server } from '../server/server.ts';
import * as names from '../state/client_statements.ts';
import { type ClientStatements, type Mention, mentionOf } from '../state/client_statements.ts';
import { isSharedName, type StatementRegistry } from '../state/statements.ts';

/**
 * What the text ends, of this client's: a name of its own, or all. Undefined when the server may have it as it is.
 * @param from where the text begins in `chunk`; @param to where it ends, without its NUL.
 */
export function readMention(
  owner: ClientStatements,
  { standIn }: StatementRegistry,
  chunk: Uint8Array,
  from: number,
  to: number,
): Mention | undefined {
  const found = readDeallocation(chunk, from, to);
  if (found === undefined) return undefined;
  const { name } = found;
  if (name === undefined) return mentionOf(owner, names.DEALLOCATE_ALL, '', '', undefined);
  if (owner.find(name) !== undefined) return mentionOf(owner, names.DEALLOCATE, name, standIn.name, standIn);
  return isSharedName(name)
    ? mentionOf(owner, names.DROP_UNNAMED, name, nobodys(name), undefined)
    : undefined;
}

/** It is sent: from now on nobody may rely on what it ends. */
export function onDeallocating({ effect, statement }: Mention, server: Server): void {
  if (effect === names.DEALLOCATE_ALL) server.statements.doubt();
  else if (statement !== undefined) server.statements.forget(statement);
}

/** What the server is told, whose name for it is another one. */
export function sqlOf({ serverName }: Mention): string {
  return `DEALLOCATE "${serverName}"`;
}

/** A client's own word for one of our names: the server does not have it, and says so. */
export function nobodys(name: string): string {
  return `${name} `;
}
