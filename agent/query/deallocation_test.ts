// What ends prepared statements by SQL: recognized however PostgreSQL lets it be written, and nothing else is.

import { describe, expect, test } from 'bun:test';
import { readDeallocation } from './deallocation.ts';

function read(sql: string): string | undefined {
  const bytes = Buffer.from(`xx${sql}\0`, 'latin1');
  const found = readDeallocation(bytes, 2, bytes.length - 1);
  return found === undefined ? undefined : (found.name ?? '(all)');
}

describe('readDeallocation() reads', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['DEALLOCATE s1', 's1'],
    ['deallocate S1;', 's1'],
    ['DEALLOCATE "_pg3_0"', '_pg3_0'],
    ['DEALLOCATE "S 1"', 'S 1'],
    ['DEALLOCATE "a""b"', 'a"b'],
    ['DEALLOCATE PREPARE s1', 's1'],
    ['DEALLOCATE prepare', 'prepare'],
    ['  -- why\n /* and *\n where */ DEALLOCATE\ts1 ; -- that is all', 's1'],
    ['DEALLOCATE ALL', '(all)'],
    ['DEALLOCATE PREPARE ALL', '(all)'],
    ['DEALLOCATE "all"', 'all'],
    ['discard all', '(all)'],
    ['DEALLOCATE \xe9', '\xe9'],
  ];
  for (const [sql, name] of cases) test(JSON.stringify(sql), () => expect(read(sql)).toBe(name));
});

describe('readDeallocation() leaves to the server', () => {
  const cases = [
    ...['', ' ', ';', 'DELETE FROM t', 'DISCARD PLANS', 'DISCARD', 'DEALLOCATE', 'DROP TABLE t'],
    ...['DEALLOCATE s1; SELECT 1', 'DEALLOCATE s1 s2', 'DEALLOCATEs1', 'DEALLOCATE $1', 'DEALLOCATE ""'],
    ...['SELECT 1; DEALLOCATE ALL', 'DEALLOCATE U&"a"', '/* never closed DEALLOCATE s1', 'DEALLOCATE "s1'],
    ...[`DEALLOCATE ${'x'.repeat(64)}`, `DEALLOCATE s1 ${' '.repeat(300)}`, '/* a /* b */ c */ DISCARD ALL'],
  ];
  for (const sql of cases) test(JSON.stringify(sql.slice(0, 50)), () => expect(read(sql)).toBeUndefined());
});
