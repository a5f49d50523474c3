// The calls into the C library that need nothing but the machine: its clock, its users, its error numbers.

import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { errnoOf, errorName, openLibc } from './libc.ts';
import { monotonicMicroseconds } from './monotonic.ts';
import { peerCredentials } from './peer_credentials.ts';
import { localAddress } from './socket_address.ts';
import { AF_UNIX, SOCK_CLOEXEC, SOCK_STREAM } from './socket_constants.ts';
import { groupId, userName } from './users.ts';

const libc = openLibc();

test('errnoOf() and errorName() tell why a call failed', () => {
  expect(libc.close(-1)).toBe(-1);
  expect(errorName(errnoOf(libc))).toBe('EBADF');
  expect(errorName(111)).toBe('ECONNREFUSED');
  expect(errorName(0)).toBe('an unknown error');
});

test('monotonicMicroseconds() is the clock of /proc/uptime, and goes forward', () => {
  const before = monotonicMicroseconds(libc);
  const after = monotonicMicroseconds(libc);
  expect(after).toBeGreaterThanOrEqual(before);
  // /proc/uptime counts in hundredths of a second, and time in suspend besides: it is never behind.
  const uptime = BigInt(Math.ceil(Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1_000_000));
  expect(after).toBeLessThanOrEqual(uptime + 1_000_000n);
});

test('userName() knows root, and not a number that nobody has', () => {
  expect(userName(libc, 0)).toBe('root');
  expect(userName(libc, 4_000_000_123)).toBeUndefined();
});

test('userName() and groupId() agree with /etc/passwd and /etc/group', () => {
  for (const line of readFileSync('/etc/passwd', 'utf8').trim().split('\n').slice(0, 10)) {
    const [name, , uid] = line.split(':');
    expect(userName(libc, Number(uid))).toBe(name!);
  }
  for (const line of readFileSync('/etc/group', 'utf8').trim().split('\n').slice(0, 10)) {
    const [name, , gid] = line.split(':');
    expect(groupId(libc, name!)).toBe(Number(gid));
  }
  expect(groupId(libc, 'no-such-group-here')).toBeUndefined();
  expect(groupId(libc, '')).toBeUndefined();
});

test('peerCredentials() and localAddress() say nothing of what is not a connected socket', () => {
  expect(peerCredentials(libc, -1)).toBeUndefined();
  expect(localAddress(libc, -1)).toEqual({ kind: 'unknown', reason: 'EBADF' });
  const fd = libc.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  expect(peerCredentials(libc, fd)).toBeUndefined();
  expect(localAddress(libc, fd)).toEqual({ kind: 'unix', path: '' });
  libc.close(fd);
});
