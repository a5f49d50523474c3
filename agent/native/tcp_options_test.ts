// The kernel's own word for what setTcpOptions() has told it, on sockets that are connected to nobody.

import { afterAll, expect, test } from 'bun:test';
import { type Libc, openLibc } from './libc.ts';
import {
  AF_INET,
  AF_UNIX,
  IPPROTO_TCP,
  SO_KEEPALIVE,
  SOCK_CLOEXEC,
  SOCK_STREAM,
  SOL_SOCKET,
  TCP_KEEPCNT,
  TCP_KEEPIDLE,
  TCP_KEEPINTVL,
  TCP_USER_TIMEOUT,
} from './socket_constants.ts';
import { setTcpOptions } from './tcp_options.ts';

const libc: Libc = openLibc();
const opened: number[] = [];
afterAll(() => {
  for (const fd of opened) libc.close(fd);
});

function open(family: number): number {
  const fd = libc.socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  opened.push(fd);
  return fd;
}

function read(fd: number): number[] {
  const options = [
    [SOL_SOCKET, SO_KEEPALIVE],
    [IPPROTO_TCP, TCP_KEEPIDLE],
    [IPPROTO_TCP, TCP_KEEPINTVL],
    [IPPROTO_TCP, TCP_KEEPCNT],
    [IPPROTO_TCP, TCP_USER_TIMEOUT],
  ] as const;
  return options.map(([level, option]) => {
    const value = new Int32Array(1);
    const result = libc.getsockopt(fd, level, option, value, new Uint32Array([value.byteLength]));
    return result === 0 ? value[0]! : result;
  });
}

test('setTcpOptions() sets all of them, seconds rounded up and the user timeout to the millisecond', () => {
  const fd = open(AF_INET);
  const keepAlive = { idleMs: 2500, intervalMs: 1001, probes: 4 };
  expect(setTcpOptions(libc, fd, { keepAlive, userTimeoutMs: 2501 })).toBeUndefined();
  expect(read(fd)).toEqual([1, 3, 2, 4, 2501]);
});

test('setTcpOptions() leaves to the kernel what is 0 or not wanted', () => {
  const [fd, untouched] = [open(AF_INET), read(open(AF_INET))];
  expect(setTcpOptions(libc, fd, { keepAlive: undefined, userTimeoutMs: 0 })).toBeUndefined();
  expect(read(fd)).toEqual(untouched);
  const keepAlive = { idleMs: 9000, intervalMs: 0, probes: 0 };
  expect(setTcpOptions(libc, fd, { keepAlive, userTimeoutMs: 0 })).toBeUndefined();
  expect(read(fd)).toEqual([1, 9, ...untouched.slice(2)]);
});

test('setTcpOptions() takes the largest of what the settings take', () => {
  const fd = open(AF_INET);
  const keepAlive = { idleMs: 32_767_000, intervalMs: 32_767_000, probes: 127 };
  expect(setTcpOptions(libc, fd, { keepAlive, userTimeoutMs: 24 * 86_400_000 })).toBeUndefined();
  expect(read(fd)).toEqual([1, 32_767, 32_767, 127, 24 * 86_400_000]);
});

test('setTcpOptions() says what the kernel refused first, and why', () => {
  const keepAlive = { idleMs: 1000, intervalMs: 1000, probes: 128 };
  const fd = open(AF_INET);
  expect(setTcpOptions(libc, fd, { keepAlive, userTimeoutMs: 7 })).toBe('TCP_KEEPCNT: EINVAL');
  // The others are set all the same.
  const [, idle, , , userTimeout] = read(fd);
  expect([idle, userTimeout]).toEqual([1, 7]);
  const refused = setTcpOptions(libc, open(AF_UNIX), { keepAlive: undefined, userTimeoutMs: 7 });
  expect(refused).toMatch(/^TCP_USER_TIMEOUT: E(?:OPNOTSUPP|NOTSUP)$/);
  expect(setTcpOptions(libc, -1, { keepAlive, userTimeoutMs: 0 })).toBe('TCP_KEEPIDLE: EBADF');
});
