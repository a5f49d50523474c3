// LISTEN in a client's text: its own server is told UNLISTEN instead, which does nothing there, because one connection listens for all.

import type { Effects } from '../query/effects.ts';
import type { Shift } from '../state/client_statements.ts';
import { type Edit, edited, shiftsOf } from './rewriting.ts';

/** The channels that the text will listen to. */
export function channelsOf({ statements }: Effects): string[] {
  const channels: string[] = [];
  for (const { actions } of statements)
    for (const action of actions) if (action.kind === 'listen') channels.push(action.channel);
  return channels;
}

/** The text as it goes to the server, and what that does to places in it; undefined where it has no LISTEN. @param encoding the client's. */
export function unlistening(
  text: Uint8Array,
  { statements }: Effects,
  encoding: string,
): { readonly sql: Uint8Array; readonly shifts: readonly Shift[] } | undefined {
  const edits: Edit[] = [];
  for (const { actions } of statements)
    for (const action of actions)
      if (action.kind === 'listen') edits.push({ from: action.from, to: action.to, put: 'UNLISTEN' });
  if (edits.length === 0) return undefined;
  return { sql: edited(text, edits), shifts: shiftsOf(text, edits, encoding) };
}
