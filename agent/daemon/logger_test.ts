// The log where nothing can be written: a device that is always full.

import { afterAll, expect, test } from 'bun:test';
import { closeSync, openSync } from 'node:fs';
import { makeLog } from './logger.ts';

const full = openSync('/dev/full', 'w');
afterAll(() => closeSync(full));

test('makeLog() does not throw where the disk is full, so that no client is turned away for that', () => {
  const log = makeLog({ log_level: 'debug', log_format: 'json' }, false, false, full);
  expect(() => {
    for (let i = 0; i < 100; i++) log.warn({ i }, 'x'.repeat(20_000));
  }).not.toThrow();
});
