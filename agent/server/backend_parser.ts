// Reads a server's messages with pg-protocol, each one only when it is whole and ends as it should.

import type { BackendMessage } from 'pg-protocol/dist/messages.js';
import { Parser } from 'pg-protocol/dist/parser.js';
import { endOfString } from '../wire/bytes.ts';
import { Framer } from '../wire/frame.ts';
import { ProtocolError } from '../wire/protocol_error.ts';
import * as type from '../wire/types.ts';

/**
 * pg-protocol trusts its server: it reads strings beyond the end of their message, and never comes back from an error
 * message that lacks its last NUL. So it gets one message at a time, and no report that does not end.
 */
export class BackendParser {
  readonly #parser = new Parser();
  readonly #framer: Framer;

  /** @param lengthMax the longest message that is waited for, in bytes. */
  constructor(lengthMax: number) {
    this.#framer = new Framer(lengthMax);
  }

  /** @throws ProtocolError, or what pg-protocol throws: either way nothing more can be read. */
  parse(chunk: Uint8Array, onMessage: (message: BackendMessage) => void): void {
    const framer = this.#framer;
    if (!framer.feed(chunk)) return;
    while (framer.next()) {
      if (!framer.whole) return framer.hold();
      const isReport = framer.type === type.ERROR_RESPONSE || framer.type === type.NOTICE_RESPONSE;
      if (isReport && !endsWell(framer.chunk, framer.start + 5, framer.end))
        throw new ProtocolError('an error message does not end');
      const { buffer, byteOffset } = framer.chunk;
      // A copy of its own: pg-protocol may keep it.
      const bytes = Buffer.from(Buffer.from(buffer, byteOffset + framer.start, framer.end - framer.start));
      this.#parser.parse(bytes, onMessage);
    }
  }
}

/** Fields, each a letter and a string, and one NUL behind the last. */
function endsWell(chunk: Uint8Array, from: number, end: number): boolean {
  let at = from;
  while (at < end && chunk[at] !== 0) {
    const nul = endOfString(chunk, at + 1, end);
    if (nul < 0) return false;
    at = nul + 1;
  }
  return at < end;
}
