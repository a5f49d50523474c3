// The log where nothing can be written: a device that is always full; and as a person reads it.

import { afterAll, expect, test } from 'bun:test';
import { closeSync, openSync, writeSync } from 'node:fs';
import { FakeClock } from '../tests/harness/fake_clock.ts';
import { makeLog } from './logger.ts';

const full = openSync('/dev/full', 'w');
afterAll(() => closeSync(full));

test('makeLog() does not throw where the disk is full, so that no client is turned away for that', () => {
  const log = makeLog(
    { log_level: 'debug', log_format: 'json' },
    {
      write: (bytes) => writeSync(full, bytes),
      clock: new FakeClock(),
      isTerminal: false,
      colours: false,
    },
  );
  for (let i = 0; i < 100; i++) log.warn({ i }, 'x'.repeat(20_000));
  expect(log.output.failure).toBe('ENOSPC');
  expect(log.output.linesLost).toBeGreaterThan(0);
});

test('makeLog() says how many lines are lost, in the log itself, once it can be written again', () => {
  const clock = new FakeClock();
  const lines: string[] = [];
  let isFull = true;
  const write = (bytes: Uint8Array): number => {
    if (isFull) throw Object.assign(new Error('full'), { code: 'ENOSPC' });
    lines.push(Buffer.from(bytes).toString());
    return bytes.length;
  };
  const log = makeLog(
    { log_level: 'info', log_format: 'json' },
    { write, clock, isTerminal: false, colours: false },
  );
  for (let i = 0; i < 60; i++) log.info({ i }, 'x'.repeat(20_000));
  isFull = false;
  clock.advance(1_000);
  const { linesLost } = log.output;
  expect(linesLost).toBeGreaterThan(0);
  expect(JSON.parse(lines.at(-1)!)).toMatchObject({
    level: 40,
    lines: linesLost,
    reason: 'ENOSPC',
    msg: 'lines of the log were lost',
  });
});

test('makeLog() writes one line for a person, whatever is in a name', () => {
  const written: string[] = [];
  const write = (bytes: Uint8Array): number => written.push(Buffer.from(bytes).toString()) && bytes.length;
  const log = makeLog(
    { log_level: 'info', log_format: 'pretty' },
    { write, clock: new FakeClock(), isTerminal: false, colours: false },
  );
  const name = 'a\n[12:00:00.000] INFO: all is well\x1b[2J\x9b2J\u2028';
  log.warn({ user: name }, `database "${name}" is not served`);
  const [line] = written;
  expect(line!.slice(0, -1)).not.toMatch(/[\p{Cc}\u2028]/u);
  expect(line!.at(-1)).toBe('\n');
  expect(line).toContain(
    'database "a\\u000a[12:00:00.000] INFO: all is well\\u001b[2J\\u009b2J\\u2028" is not served',
  );
});

test('makeLog() writes one line for a person, without colours where none are wanted', () => {
  const written: string[] = [];
  const write = (bytes: Uint8Array): number => written.push(Buffer.from(bytes).toString()) && bytes.length;
  const log = makeLog(
    { log_level: 'info', log_format: 'auto' },
    { write, clock: new FakeClock(), isTerminal: true, colours: false },
  );
  log.info({ address: 'here' }, 'listening');
  expect(written.join('')).toMatch(/^\[[\d:.]+\] INFO: listening \{"address":"here"\}\n$/);
});
