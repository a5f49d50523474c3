// LISTEN in a client's text: its own server is told UNLISTEN instead, which does nothing there, because one connection listens for all.

import type { Effects } from '../query/effects.ts';

const UNLISTEN = Buffer.from('UNLISTEN');

/** The channels that the text will listen to. */
export function channelsOf({ statements }: Effects): string[] {
  const channels: string[] = [];
  for (const { actions } of statements)
    for (const action of actions) if (action.kind === 'listen') channels.push(action.channel);
  return channels;
}

/** The text as it goes to the server; undefined where it has no LISTEN. */
export function unlistening(text: Uint8Array, { statements }: Effects): Uint8Array | undefined {
  const pieces: Uint8Array[] = [];
  let at = 0;
  for (const { actions } of statements)
    for (const action of actions) {
      if (action.kind !== 'listen') continue;
      pieces.push(text.subarray(at, action.from), UNLISTEN);
      at = action.to;
    }
  if (pieces.length === 0) return undefined;
  pieces.push(text.subarray(at));
  return new Uint8Array(Buffer.concat(pieces));
}
