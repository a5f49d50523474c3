// The framer: the same messages whatever the chunks, and nothing lost or doubled by hold(), stopBefore() and keep().

import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { join, message } from '../tests/harness/client_words.ts';
import { concat } from './bytes.ts';
import { Framer, printType } from './frame.ts';
import { ProtocolError } from './protocol_error.ts';

const LENGTH_MAX = 1_000;

const messages = fc.array(
  fc
    .tuple(fc.constantFrom('Q', 'P', 'B', 'S', 'd'), fc.uint8Array({ maxLength: 30 }))
    .map(([kind, body]) => message(kind, body)),
  { maxLength: 6 },
);
/** Where to cut a stream; positions behind its end cut nothing. */
const cuts = fc.array(fc.nat(200), { maxLength: 12 });

function cut(stream: Uint8Array, at: readonly number[]): Uint8Array[] {
  const edges = [0, ...[...at].filter((each) => each <= stream.length).sort((a, b) => a - b), stream.length];
  return edges.slice(1).map((edge, i) => stream.subarray(edges[i], edge));
}

/** Passes everything on as it comes: what a relay does. Says which messages were announced. */
function relay(framer: Framer, chunks: readonly Uint8Array[]): { passed: Uint8Array; seen: number[][] } {
  const out: Uint8Array[] = [];
  const seen: number[][] = [];
  for (const chunk of chunks) {
    if (!framer.feed(chunk)) continue;
    while (framer.next()) seen.push([framer.type, framer.end - framer.start]);
    out.push(framer.chunk.subarray(0, framer.limit));
  }
  return { passed: concat(out), seen };
}

/** Holds every message until it is whole: what a reader does. */
function read(framer: Framer, chunks: readonly Uint8Array[]): Uint8Array[] {
  const whole: Uint8Array[] = [];
  for (const chunk of chunks) {
    if (!framer.feed(chunk)) continue;
    while (framer.next()) {
      if (framer.whole) whole.push(framer.chunk.subarray(framer.start, framer.end));
      else framer.hold();
    }
  }
  return whole;
}

const shapes = (all: readonly Uint8Array[]): number[][] => all.map((each) => [each[0]!, each.length]);

test('Framer announces the same messages and passes the same bytes, whatever the splits', () => {
  fc.assert(
    fc.property(messages, cuts, (all, at) => {
      const stream = concat(all);
      const framer = new Framer(LENGTH_MAX);
      const { passed, seen } = relay(framer, cut(stream, at));
      expect(seen).toEqual(shapes(all));
      expect(Buffer.from(passed)).toEqual(Buffer.from(stream));
      expect([framer.inMessage, framer.heldBytes]).toEqual([false, 0]);
    }),
  );
});

test('Framer.hold() gives every message whole, whatever the splits', () => {
  fc.assert(
    fc.property(messages, cuts, (all, at) => {
      const framer = new Framer(LENGTH_MAX);
      expect(read(framer, cut(concat(all), at)).map((each) => Buffer.from(each))).toEqual(
        all.map((each) => Buffer.from(each)),
      );
      expect(framer.inMessage).toBe(false);
    }),
  );
});

test('Framer takes a stream byte by byte', () => {
  const all = [message('Q', 'SELECT 1\0'), message('S'), message('d', Buffer.alloc(300))];
  const bytes = [...concat(all)].map((byte) => new Uint8Array([byte]));
  expect(relay(new Framer(LENGTH_MAX), bytes).seen).toEqual(shapes(all));
  expect(read(new Framer(LENGTH_MAX), bytes)).toEqual(all);
});

test('Framer.hold() of only a few bytes offers the message again as soon as these are there', () => {
  const whole = message('P', 'name\0SELECT 1\0\0\0');
  const framer = new Framer(LENGTH_MAX);
  framer.feed(whole.subarray(0, 5));
  expect(framer.next()).toBe(true);
  framer.hold(7);
  expect([framer.limit, framer.heldBytes, framer.next()]).toEqual([0, 5, false]);
  expect(framer.feed(whole.subarray(5, 6))).toBe(false);
  expect(framer.feed(whole.subarray(6, 8))).toBe(true);
  expect(framer.next()).toBe(true);
  expect([framer.start, framer.whole, framer.limit, framer.inMessage]).toEqual([0, false, 8, true]);
});

test('Framer.limit is where the held part begins, so that what is before it can go', () => {
  const [first, second] = [message('S'), message('Q', 'SELECT 1\0')];
  const framer = new Framer(LENGTH_MAX);
  framer.feed(join(first, second.subarray(0, 8)));
  framer.next();
  framer.next();
  framer.hold();
  expect([framer.limit, framer.heldBytes, framer.inMessage]).toEqual([first.length, 8, true]);
  framer.feed(second.subarray(8));
  expect([framer.next(), framer.start, framer.whole]).toEqual([true, 0, true]);
});

test('Framer keeps part of a header, and says so', () => {
  const framer = new Framer(LENGTH_MAX);
  framer.feed(message('S').subarray(0, 3));
  expect([framer.next(), framer.limit, framer.inMessage, framer.heldBytes]).toEqual([false, 0, true, 3]);
});

test('Framer.stopBefore() keeps the message and all that follows, and again() offers both', () => {
  fc.assert(
    fc.property(messages, cuts, fc.nat(5), (all, at, stopAt) => {
      const framer = new Framer(LENGTH_MAX);
      const chunks = cut(concat(all), at);
      const seen: number[][] = [];
      const out: Uint8Array[] = [];
      let waiting = false;
      const walk = (): void => {
        while (framer.next()) {
          if (seen.length === stopAt && !waiting) {
            waiting = true;
            framer.stopBefore();
            break;
          }
          seen.push([framer.type, framer.end - framer.start]);
        }
        out.push(framer.chunk.subarray(0, framer.limit));
      };
      for (const chunk of chunks) {
        if (waiting) framer.keep(chunk);
        else if (framer.feed(chunk)) walk();
      }
      if (waiting) {
        expect(framer.heldBytes).toBeGreaterThan(0);
        if (framer.again()) walk();
      }
      expect(seen).toEqual(shapes(all));
      expect(Buffer.from(concat(out))).toEqual(Buffer.from(concat(all)));
    }),
  );
});

test('Framer.again() offers nothing when nothing is kept, or not enough', () => {
  const framer = new Framer(LENGTH_MAX);
  expect(framer.again()).toBe(false);
  framer.feed(message('Q', 'SELECT 1\0').subarray(0, 8));
  framer.next();
  framer.hold();
  expect(framer.again()).toBe(false);
});

test('Framer.passed is what belongs to a message of an earlier chunk', () => {
  const framer = new Framer(LENGTH_MAX);
  const whole = message('d', Buffer.alloc(20));
  framer.feed(whole.subarray(0, 10));
  framer.next();
  framer.feed(whole.subarray(10, 15));
  expect([framer.passed, framer.inMessage, framer.next()]).toEqual([5, true, false]);
  framer.feed(new Uint8Array(0));
  expect([framer.passed, framer.inMessage]).toEqual([0, true]);
  framer.feed(join(whole.subarray(15), message('S')));
  expect([framer.passed, framer.inMessage]).toEqual([10, false]);
  expect([framer.next(), framer.start]).toEqual([true, 10]);
});

describe('Framer refuses a message whose length is', () => {
  for (const length of [0, 1, 3, -1, -2147483648, LENGTH_MAX + 1, 0x7fffffff]) {
    test(`${length}, before its body comes`, () => {
      const header = Buffer.from('Q\0\0\0\0');
      header.writeInt32BE(length, 1);
      const framer = new Framer(LENGTH_MAX);
      framer.feed(header);
      expect(() => framer.next()).toThrow(ProtocolError);
      expect(() => framer.next()).toThrow(`a message of type 'Q' says that it is ${length} bytes long`);
    });
  }
});

test('Framer lets through a message of exactly the limit', () => {
  const framer = new Framer(LENGTH_MAX);
  framer.feed(message('d', Buffer.alloc(LENGTH_MAX - 4)));
  expect([framer.next(), framer.whole]).toEqual([true, true]);
});

test('printType() prints letters and digits as they are, the rest as a number', () => {
  expect([0x51, 0x31, 0x00, 0x7f].map(printType)).toEqual(["'Q'", "'1'", '0x00', '0x7f']);
});

test('Framer puts together what comes byte by byte, however much that is', () => {
  const framer = new Framer(1_000_000);
  const body = Uint8Array.from({ length: 200_000 }, (_, i) => i & 0xff);
  const bytes = message('P', body);
  const whole = read(
    framer,
    Array.from(bytes, (each) => new Uint8Array([each])),
  );
  expect(whole.length).toBe(1);
  expect(Buffer.compare(whole[0]!, bytes)).toBe(0);
  // Long pieces between short ones stay in their order.
  const cuts = [1, 2, 300, 301, 5_000, 5_001, ...Array.from({ length: 600 }, (_, i) => 6_000 + i), 9_000];
  const mixed = read(framer, cut(bytes, cuts));
  expect(Buffer.compare(mixed[0]!, bytes)).toBe(0);
});
