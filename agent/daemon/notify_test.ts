// makeNotifier() where nobody listens, and the watchdog's variables.

import { expect, test } from 'bun:test';
import { silentLog } from '../base/log.ts';
import { openLibc } from '../native/libc.ts';
import { makeNotifier } from './notify.ts';

const warnings: unknown[] = [];
const log = { ...silentLog, warn: (fields: unknown) => void warnings.push(fields) };
const machine = { pid: 4711, libc: openLibc(), systemd: undefined, log };

test('makeNotifier() without NOTIFY_SOCKET says nothing and complains of nothing', () => {
  warnings.length = 0;
  for (const env of [{}, { NOTIFY_SOCKET: '' }]) {
    const notifier = makeNotifier(env, machine);
    notifier.ready();
    notifier.reloading();
    notifier.status('fine');
    notifier.watchdog();
    notifier.mainPid(1);
    notifier.stopping();
    expect(notifier.watchdogIntervalMs).toBeUndefined();
  }
  expect(warnings).toEqual([]);
});

test('makeNotifier() goes on without a receiver, and complains once', () => {
  warnings.length = 0;
  const notifier = makeNotifier({ NOTIFY_SOCKET: `@${crypto.randomUUID()}` }, machine);
  notifier.ready();
  notifier.watchdog();
  expect(warnings).toMatchObject([{ reason: 'ECONNREFUSED' }]);
  warnings.length = 0;
  makeNotifier({ NOTIFY_SOCKET: 'vsock:2:1234' }, machine).ready();
  expect(warnings).toMatchObject([{ reason: 'NOTIFY_SOCKET is neither a path nor an abstract name' }]);
});

test('makeNotifier() halves WATCHDOG_USEC, where it is meant for this process', () => {
  function interval(env: Record<string, string>): number | undefined {
    return makeNotifier(env, machine).watchdogIntervalMs;
  }
  expect(interval({ WATCHDOG_USEC: '30000000' })).toBe(15_000);
  expect(interval({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '4711' })).toBe(15_000);
  expect(interval({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '4712' })).toBeUndefined();
  expect(interval({ WATCHDOG_USEC: '1' })).toBe(1);
  for (const WATCHDOG_USEC of ['0', '-5', 'soon', '']) expect(interval({ WATCHDOG_USEC })).toBeUndefined();
});
