// The trace of a replayed seed: every message as libpq's PQtrace() prints it, with the time and whose it is in front.

import { int32At } from '../../wire/bytes.ts';
import { type Side, traceLine } from '../conversations/trace.ts';

/** Whole messages only. @param who `c3` for a client, `p104` for a process of the server's; `F` is what is said to that server. */
export function traced(who: string, side: Side, bytes: Uint8Array): string[] {
  const lines: string[] = [];
  for (let at = 0; at + 5 <= bytes.length; ) {
    const end = at + 1 + int32At(bytes, at + 1);
    const message = { type: String.fromCharCode(bytes[at]!), body: Buffer.from(bytes.subarray(at + 5, end)) };
    lines.push(`${who}\t${traceLine(side, message)}`);
    at = end;
  }
  return lines;
}

/** A startup packet, which has no type. */
export function tracedStartup(who: string, words: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(words).map(([name, value]) => `"${name}" "${value}"`);
  return `${who}\tF\tStartupMessage\t ${pairs.join(' ')}`;
}
