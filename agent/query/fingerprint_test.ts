// What a fingerprint shows of a text, and that no value is in it.

import { expect, test } from 'bun:test';
import { fingerprintOf } from './fingerprint.ts';

function of(sql: string): string {
  const bytes = Buffer.from(`xx${sql}\0`);
  return fingerprintOf(bytes, 2, bytes.length - 1);
}

for (const [sql, expected] of [
  ["SELECT  f(1, 'a'), -2.5e3 -- x", 'select f ( ? ) , - ?'],
  ['/*traceparent=1*/ SELECT f($1)', 'select f ( ? )'],
  ["INSERT INTO t VALUES (1, 'a', $$b$$), (2, E'\\'', $x$c$x$)", 'insert into t values ( ? )'],
  ['SELECT "Odd Name".f(U&"d" , 1)', 'select "Odd Name" . f ( U&"d" , ? )'],
  ["SELECT 0xdeadbeef, 1_000_000, X'1F', B'01', N'x', U&'y'", 'select ?'],
  ["SELECT 'never ends", 'select ?'],
  ['SELECT 1 /* never ends', 'select ?'],
  ['SELECT $x$never ends', 'select ?'],
  ['', ''],
] as const)
  test(`fingerprintOf() gives of ${sql === '' ? 'an empty text' : sql} no value`, () => {
    expect(of(sql)).toBe(expected);
  });

for (const [what, sql, expected] of [
  ['the settings of a session decide', "SELECT 'a\\', 'hidden' || '", 'select ? …'],
  ['the encoding of a client decides', "SELECT E'\x83\\', 'hidden', '", 'select ? …'],
  ['a quote was not doubled', "SELECT 'it's hidden', 1", 'select ? …'],
] as const)
  test(`fingerprintOf() ends where ${what} what is a value`, () => {
    const bytes = Buffer.from(sql, 'latin1');
    expect(fingerprintOf(bytes, 0, bytes.length)).toBe(expected);
  });

test('fingerprintOf() is the same however many values there are, and however long they are', () => {
  const long = `SELECT f('${'x'.repeat(10_000)}', 2) FROM t WHERE a IN (1, 2, 3)`;
  expect(of(long)).toBe(of("select F('', $7) from T where A in (9)"));
});

test('fingerprintOf() is cut', () => {
  expect(of(`SELECT ${'a, '.repeat(10_000)}b`).length).toBeLessThan(310);
  expect(of(`SELECT ${'a'.repeat(100_000)}`).length).toBeLessThan(310);
});
