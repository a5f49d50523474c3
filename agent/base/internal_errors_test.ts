// Mistakes of our own, made by a few functions here, on a clock that a test moves.

import { expect, test } from 'bun:test';
import { Diary } from '../tests/harness/data_plane.ts';
import { FakeClock } from '../tests/harness/fake_clock.ts';
import { codePath, InternalErrors } from './internal_errors.ts';

const MINUTE_MS = 60_000;

function setUp() {
  const [clock, log] = [new FakeClock(), new Diary()];
  return { clock, log, errors: new InternalErrors(clock, log) };
}

function mistake(): never {
  throw new Error('it cannot be');
}

function otherMistake(): never {
  throw new Error('nor can this');
}

function thrownBy(step: () => never): unknown {
  try {
    step();
  } catch (error) {
    return error;
  }
}

test('InternalErrors.add() counts by the function and file of ours, and logs the trace', () => {
  const { errors, log } = setUp();
  errors.add(thrownBy(mistake), { client_pid: 7 }, 'an internal error closed a session');
  errors.add(thrownBy(otherMistake), {}, 'an internal error closed a session');
  expect(errors.total).toBe(2);
  expect(errors.paths.map(({ path, count, message }) => ({ path, count, message }))).toEqual([
    { path: 'mistake (agent/base/internal_errors_test.ts)', count: 1, message: 'it cannot be' },
    { path: 'otherMistake (agent/base/internal_errors_test.ts)', count: 1, message: 'nor can this' },
  ]);
  expect(log.lines).toEqual(Array(2).fill('error an internal error closed a session'));
  expect(log.fields[0]).toMatchObject({ client_pid: 7, stack: expect.stringContaining('it cannot be\n') });
});

test('InternalErrors.paths says that a path repeats from the second time within a minute until a minute after the last', () => {
  const { errors, clock } = setUp();
  const repeats = () => errors.paths.map((path) => path.repeats);
  errors.add(thrownBy(mistake), {}, 'x');
  expect(repeats()).toEqual([false]);
  clock.advance(MINUTE_MS + 1);
  errors.add(thrownBy(mistake), {}, 'x');
  expect(repeats()).toEqual([false]);
  clock.advance(MINUTE_MS);
  errors.add(thrownBy(mistake), {}, 'x');
  expect(repeats()).toEqual([true]);
  clock.advance(MINUTE_MS - 1);
  errors.add(thrownBy(otherMistake), {}, 'x');
  expect(repeats()).toEqual([true, false]);
  clock.advance(1);
  expect(repeats()).toEqual([false, false]);
});

test('InternalErrors.add() logs few traces of one path in a minute, and counts them all', () => {
  const { errors, log, clock } = setUp();
  for (let i = 0; i < 1_000; i++) errors.add(thrownBy(mistake), {}, 'x');
  expect(errors.total).toBe(1_000);
  expect(log.lines.length).toBe(5);
  clock.advance(MINUTE_MS + 1);
  errors.add(thrownBy(mistake), {}, 'x');
  expect(log.lines.length).toBe(6);
  expect(log.fields.at(-1)).toMatchObject({ count: 1_001 });
});

test('InternalErrors.add() keeps a limited number of paths, and takes whatever was thrown', () => {
  const { errors } = setUp();
  for (let i = 0; i < 500; i++) {
    const error = new Error('many');
    error.stack = `Error: many\n    at f${i} (/x/agent/pool/pool.ts:1:1)`;
    errors.add(error, {}, 'x');
  }
  expect(errors.paths.length).toBe(101);
  expect(errors.paths.at(-1)).toMatchObject({ path: 'elsewhere', count: 400 });
  for (const thrown of [undefined, null, 'a text', { no: 'error' }]) errors.add(thrown, {}, 'x');
  expect(errors.total).toBe(504);
});

test('InternalErrors.guard() lets nothing through, and notes it', () => {
  const { errors } = setUp();
  errors.guard('x', mistake);
  errors.guard('x', () => {});
  expect(errors.total).toBe(1);
});

test('codePath() is the first frame in our own code, in source and in an executable', () => {
  const frames = [
    [
      'at parse (/srv/node_modules/pg-protocol/dist/parser.js:7:3)',
      'at Pool.tick (/srv/agent/pool/pool.ts:240:9)',
    ],
    ['at /srv/agent/client/relay.ts:12:5'],
    ['at async boot (/srv/agent/daemon/run.ts:99)'],
    ['at write (/$bunfs/root/pgsidecar:120:33)'],
    ['at write (native:1:11)'],
    [],
  ];
  expect(
    frames.map((lines) => codePath(['Error: at (sea', ...lines.map((line) => `    ${line}`)].join('\n'))),
  ).toEqual([
    'Pool.tick (agent/pool/pool.ts)',
    'anonymous (agent/client/relay.ts)',
    'boot (agent/daemon/run.ts)',
    'write (/$bunfs/root/pgsidecar)',
    'write (native)',
    'unknown',
  ]);
});
