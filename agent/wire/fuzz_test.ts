// Arbitrary bytes into every decoder: each gives a value or throws ProtocolError, and never anything else.

import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { message } from '../tests/harness/client_words.ts';
import { stringAt } from './bytes.ts';
import { readBind, readParse, readTarget } from './client_messages.ts';
import { Framer } from './frame.ts';
import { ProtocolError } from './protocol_error.ts';
import { decodeFirstColumn, decodeParameterStatus, decodeReport, readError } from './server_messages.ts';
import { decodeStartup, startupLength } from './startup.ts';

/** Bytes that are likelier than others to mean something: NUL, letters, the lengths of short messages. */
const byte = fc.oneof(
  { weight: 3, arbitrary: fc.constant(0) },
  { weight: 2, arbitrary: fc.constantFrom(4, 5, 8, 0x50, 0x53, 0x70, 0xff) },
  { weight: 2, arbitrary: fc.nat(255) },
);
const bytes = fc.array(byte, { maxLength: 64 }).map((all) => new Uint8Array(all));

function decodes(run: () => unknown): void {
  try {
    run();
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    expect(error.message).not.toBe('');
  }
}

/** The body as that of a whole message with another one behind it. */
function framed(body: Uint8Array): readonly [Uint8Array, number, number] {
  const whole = message('x', body);
  return [new Uint8Array(Buffer.concat([whole, Buffer.from('S\0\0\0\x04')])), 0, whole.length];
}

const decoders: Readonly<Record<string, (body: Uint8Array) => unknown>> = {
  stringAt: (body) => stringAt(body, 0, body.length),
  readParse: (body) => readParse(...framed(body)),
  readBind: (body) => readBind(...framed(body)),
  readTarget: (body) => readTarget(...framed(body)),
  decodeReport,
  readError,
  decodeParameterStatus,
  decodeFirstColumn,
  startupLength,
  decodeStartup: (body) => {
    const length = startupLength(body);
    if (length > 0 && body.length >= length) decodeStartup(body.subarray(0, length));
  },
};

describe('arbitrary bytes', () => {
  for (const [name, decode] of Object.entries(decoders)) {
    test(`${name}() gives a value or throws ProtocolError`, () => {
      fc.assert(
        fc.property(bytes, (body) => decodes(() => decode(body))),
        { numRuns: 300 },
      );
    });
  }

  test('decodeStartup() gives a value or throws ProtocolError for a packet of any code', () => {
    const code = fc.constantFrom(80_877_102, 80_877_103, 80_877_104, 196_608, 196_610, 131_072);
    fc.assert(
      fc.property(code, bytes, (version, body) => {
        const packet = Buffer.alloc(8 + body.length);
        packet.writeInt32BE(packet.length, 0);
        packet.writeInt32BE(version, 4);
        packet.set(body, 8);
        decodes(() => decodeStartup(packet));
      }),
      { numRuns: 300 },
    );
  });

  test('readParse(), readBind() and readTarget() never read behind their message', () => {
    fc.assert(
      fc.property(bytes, bytes, (body, after) => {
        const whole = message('x', body);
        const chunk = new Uint8Array(Buffer.concat([whole, after]));
        for (const read of [readParse, readBind, readTarget]) {
          const outcome = (within: Uint8Array): unknown => {
            try {
              return read(within, 0, whole.length);
            } catch (error) {
              return (error as Error).message;
            }
          };
          expect(outcome(chunk)).toEqual(outcome(whole));
        }
      }),
      { numRuns: 200 },
    );
  });
});

test('Framer walks arbitrary chunks forwards only, and keeps within them', () => {
  fc.assert(
    fc.property(fc.array(bytes, { maxLength: 6 }), fc.nat(3), (chunks, what) => {
      const framer = new Framer(1_000);
      decodes(() => {
        for (const chunk of chunks) {
          if (!framer.feed(chunk)) continue;
          let before = framer.passed;
          while (framer.next()) {
            expect(framer.start).toBeGreaterThanOrEqual(before);
            expect(framer.end).toBeGreaterThan(framer.start);
            before = framer.end;
            if (what === 1 && !framer.whole) framer.hold();
            if (what === 2) framer.stopBefore();
          }
          expect(framer.limit).toBeLessThanOrEqual(framer.chunk.length);
        }
      });
    }),
    { numRuns: 300 },
  );
});
