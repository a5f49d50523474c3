// The kernel's own word for how many files may be open.

import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { raiseDescriptorLimit } from './descriptor_limit.ts';
import { openLibc } from './libc.ts';

test('raiseDescriptorLimit() raises the soft limit to the hard one, and says it', () => {
  const limit = raiseDescriptorLimit(openLibc());
  const line = /^Max open files +(\d+|unlimited) +(\d+|unlimited)/m.exec(
    readFileSync('/proc/self/limits', 'utf8'),
  );
  const said = Number.isFinite(limit) ? String(limit) : 'unlimited';
  expect([line?.[1], line?.[2]]).toEqual([said, said]);
});
