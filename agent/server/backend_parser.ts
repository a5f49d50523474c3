// Reads a server's messages with pg-protocol, each one only when it is whole and ends as it should.

import type { BackendMessage } from 'pg-protocol/dist/messages.js';
import { Parser } from 'pg-protocol/dist/parser.js';
import { endOfString, int32At } from '../wire/bytes.ts';
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
      if (framer.type === type.BACKEND_KEY_DATA) {
        onMessage(readKey(framer.chunk.subarray(framer.start + 5, framer.end)) as unknown as BackendMessage);
        continue;
      }
      const { buffer, byteOffset } = framer.chunk;
      // A copy of its own: pg-protocol may keep it.
      const bytes = Buffer.from(Buffer.from(buffer, byteOffset + framer.start, framer.end - framer.start));
      this.#parser.parse(bytes, onMessage);
    }
  }
}

/** In place of pg-protocol's, which knows keys of 4 bytes and would cut a longer one. */
export interface KeyMessage {
  readonly name: 'backendKeyData';
  readonly processID: number;
  /** A copy of its own. */
  readonly secretKey: Uint8Array;
}

function readKey(body: Uint8Array): KeyMessage {
  const bytes = body.length - 4;
  if (bytes < 1 || bytes > type.CANCEL_KEY_BYTES_MAX)
    throw new ProtocolError(`a cancel key of ${bytes} bytes`);
  return { name: 'backendKeyData', processID: int32At(body, 0), secretKey: body.slice(4) };
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
