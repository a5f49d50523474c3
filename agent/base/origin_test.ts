// Origins as they are printed: where an operator can go and look.

import { expect, test } from 'bun:test';
import { type Origin, printOrigin } from './origin.ts';

const cases: readonly (readonly [Origin, string])[] = [
  [{ place: 'application.yml', line: 14 }, 'application.yml:14'],
  [{ place: 'application.yml', line: 14, key: 'database_host' }, 'application.yml:14'],
  [{ place: '.env', line: 0 }, '.env:0'],
  [{ place: 'environment', key: 'PGHOST' }, 'environment PGHOST'],
  [{ place: 'flag', key: '--pool-mode' }, 'flag --pool-mode'],
  [{ place: 'flag' }, 'flag'],
  [{ place: 'default', key: 'pool_mode' }, 'default'],
];

for (const [origin, printed] of cases) {
  test(`printOrigin() prints ${JSON.stringify(origin)} as ${printed}`, () => {
    expect(printOrigin(origin)).toBe(printed);
  });
}
