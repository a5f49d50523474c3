// The log where lines are not taken: a fake descriptor that is full, broken, or takes a part.

import { expect, test } from 'bun:test';
import { FakeClock } from '../tests/harness/fake_clock.ts';
import { LogOutput } from './log_output.ts';

const LINE_BYTES = 1000;
const RETRY_MS = 200;
const KEPT = Math.floor((1024 * 1024) / LINE_BYTES);

function line(n: number): string {
  return `${String(n).padStart(LINE_BYTES - 1, '.')}\n`;
}

function setUp() {
  const clock = new FakeClock();
  const written: string[] = [];
  const back: string[] = [];
  const device = {
    room: Number.POSITIVE_INFINITY,
    error: undefined as string | undefined,
    take(bytes: Uint8Array): number {
      if (this.error !== undefined) throw Object.assign(new Error(this.error), { code: this.error });
      const taken = Math.min(bytes.length, this.room);
      this.room -= taken;
      written.push(Buffer.from(bytes.subarray(0, taken)).toString());
      return taken;
    },
  };
  const output = new LogOutput(
    (bytes) => device.take(bytes),
    clock,
    (lines, reason) => {
      back.push(`${lines} ${reason}`);
    },
  );
  const text = () => written.join('');
  return { clock, device, output, text, back };
}

test('LogOutput writes a line at once, and needs no timer for it', () => {
  const { output, text, clock } = setUp();
  output.write('one\n');
  expect(text()).toBe('one\n');
  expect(clock.pending).toBe(0);
});

test('LogOutput keeps what is not taken, and writes it in its order once there is room', () => {
  const { output, text, clock, device, back } = setUp();
  device.room = 5;
  for (const each of ['one\n', 'two\n', 'three\n']) output.write(each);
  expect(text()).toBe('one\nt');
  expect(output.status).toEqual({ linesLost: 0, failure: 'nobody reads standard error' });
  device.room = 4;
  clock.advance(RETRY_MS);
  expect(text()).toBe('one\ntwo\nt');
  device.room = Number.POSITIVE_INFINITY;
  clock.advance(RETRY_MS);
  expect(text()).toBe('one\ntwo\nthree\n');
  expect(output.status).toEqual({ linesLost: 0, failure: undefined });
  expect([back, clock.pending] as unknown).toEqual([[], 0]);
});

test('LogOutput loses and counts what comes when a megabyte waits, and says so when all that was kept is written', () => {
  const { output, text, clock, device, back } = setUp();
  device.error = 'ENOSPC';
  for (let n = 0; n < KEPT + 25; n++) output.write(line(n));
  expect(output.status).toEqual({ linesLost: 25, failure: 'ENOSPC' });
  clock.advance(RETRY_MS);
  expect(back).toEqual([]);
  device.error = undefined;
  clock.advance(RETRY_MS);
  expect(text()).toBe(Array.from({ length: KEPT }, (_, n) => line(n)).join(''));
  expect(back).toEqual(['25 ENOSPC']);
  expect(output.status).toEqual({ linesLost: 25, failure: undefined });
  output.write('on\n');
  expect(text().endsWith('\non\n')).toBe(true);
});

test('LogOutput takes one line that is longer than all that may wait', () => {
  const { output, device, clock, text } = setUp();
  device.room = 10;
  output.write('x'.repeat(2_000_000));
  device.room = Number.POSITIVE_INFINITY;
  clock.advance(RETRY_MS);
  expect(text().length).toBe(2_000_000);
});

test('LogOutput loses, counts and tells a line that is too long for its place, and nothing waits behind it', () => {
  const clock = new FakeClock();
  const written: string[] = [];
  const back: string[] = [];
  const take = (bytes: Uint8Array): number => {
    if (bytes.length > LINE_BYTES) throw Object.assign(new Error('too long'), { code: 'EMSGSIZE' });
    written.push(Buffer.from(bytes).toString());
    return bytes.length;
  };
  const output = new LogOutput(take, clock, (lines, reason) => back.push(`${lines} ${reason}`));
  output.write('x'.repeat(LINE_BYTES + 1));
  output.write('x'.repeat(LINE_BYTES + 2));
  output.write('one\n');
  expect(written).toEqual(['one\n']);
  expect(output.status.linesLost).toBe(2);
  clock.advance(RETRY_MS);
  expect(back).toEqual(['2 EMSGSIZE']);
  expect(output.status).toEqual({ linesLost: 2, failure: undefined });
  expect(clock.pending).toBe(0);
});
