// takeInheritedSockets() where there is nothing to take, and where what systemd said cannot be.

import { expect, test } from 'bun:test';
import { AgentError } from '../base/errors.ts';
import { openLibc } from '../native/libc.ts';
import { takeInheritedSockets } from './sockets.ts';

const machine = { pid: 4711, libc: openLibc() };

function failureOf(env: Record<string, string | undefined>): AgentError {
  try {
    takeInheritedSockets(env, machine);
  } catch (error) {
    if (error instanceof AgentError) return error;
  }
  throw new Error('expected an AgentError');
}

test('takeInheritedSockets() takes nothing without LISTEN_FDS, or when it is meant for another process', () => {
  expect(takeInheritedSockets({}, machine)).toEqual([]);
  expect(takeInheritedSockets({ LISTEN_FDS: '1', LISTEN_PID: '4712' }, machine)).toEqual([]);
  expect(takeInheritedSockets({ LISTEN_FDS: '1' }, machine)).toEqual([]);
  expect(takeInheritedSockets({ LISTEN_FDS: '0', LISTEN_PID: '4711' }, machine)).toEqual([]);
});

test('takeInheritedSockets() removes the variables, so that no child takes them for its own', () => {
  const env = { LISTEN_FDS: '1', LISTEN_PID: '4712', LISTEN_FDNAMES: 'x', LISTEN_PIDFDID: '1', PATH: '/bin' };
  takeInheritedSockets(env, machine);
  expect(env as Record<string, string>).toEqual({ PATH: '/bin' });
});

test('takeInheritedSockets() refuses a number that is none, too many, or other than that of the names', () => {
  const LISTEN_PID = '4711';
  for (const LISTEN_FDS of ['', '-1', 'two', '65', '99999']) {
    expect(failureOf({ LISTEN_FDS, LISTEN_PID }).message).toContain('from 0 to 64');
  }
  expect(failureOf({ LISTEN_FDS: '2', LISTEN_PID, LISTEN_FDNAMES: 'one' }).message).toBe(
    'Cannot use the sockets that systemd passed in LISTEN_FDNAMES="one": expected 2 names with colons between them',
  );
});
