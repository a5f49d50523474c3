// Texts that were learned: found again whatever their values are, told once an hour, forgotten when nothing comes of them.

import { expect, test } from 'bun:test';
import { ANYTHING, NOTHING } from './effects.ts';
import { EffectsReader } from './effects_reader.ts';
import { Lessons, noted } from './lessons.ts';
import { READS, RUNS, RUNS_NOTHING, suspicionOf } from './taught.ts';

const HOUR_MS = 3_600_000;

function notedOf(sql: string) {
  const bytes = Buffer.from(sql);
  return noted(bytes, 0, bytes.length);
}

function readWith(reader: EffectsReader, sql: string) {
  const bytes = Buffer.from(sql);
  return reader.read(bytes, 0, bytes.length, true, true);
}

function finds(lessons: Lessons, sql: string): boolean {
  const bytes = Buffer.from(sql);
  return lessons.find(bytes, 0, bytes.length) !== undefined;
}

test('EffectsReader reads a text that was learned as one that may leave anything, whatever its values are', () => {
  const reader = new EffectsReader();
  expect(readWith(reader, "SELECT quiet('a', 1)")).toBe(NOTHING);
  reader.lessons.learn(notedOf("SELECT quiet('a', 1)"), 0);
  for (const sql of [
    "SELECT quiet('b', 2)",
    '/*x*/ select  quiet($1,$2)',
    'SELECT quiet(0xff);'.slice(0, -1),
  ]) {
    const { bits, statements, isSingle } = readWith(reader, sql);
    expect([bits, statements.length, isSingle]).toEqual([ANYTHING, 1, true]);
  }
  for (const sql of ['SELECT quiet(a)', 'SELECT quieter(1)', 'SELECT 1', 'SELECT quiet(1), 2, f()'])
    expect(readWith(reader, sql)).toBe(NOTHING);
});

test('EffectsReader keeps what a text that was learned says itself, statement by statement', () => {
  const reader = new EffectsReader();
  const sql = 'BEGIN; SET lock_timeout = 1; SELECT quiet(); COMMIT';
  reader.lessons.learn(notedOf(sql), 0);
  const { statements } = readWith(reader, sql.replace('1', '2'));
  expect(statements.map(({ bits, actions }) => [bits, actions.map(({ kind }) => kind)])).toEqual([
    [0, []],
    [0, ['set']],
    [ANYTHING, []],
    [0, []],
  ]);
});

test('EffectsReader is as before when all is forgotten', () => {
  const reader = new EffectsReader();
  reader.lessons.learn(notedOf('SELECT quiet()'), 0);
  const [statement] = readWith(reader, 'SELECT quiet()').statements;
  const before = reader.lessons.edition;
  for (let i = 0; i < 999; i++) reader.lessons.onInnocent(statement!.lesson!);
  reader.lessons.onGuilty(statement!.lesson!);
  for (let i = 0; i < 999; i++) reader.lessons.onInnocent(statement!.lesson!);
  expect(readWith(reader, 'SELECT quiet()')).not.toBe(NOTHING);
  reader.lessons.onInnocent(statement!.lesson!);
  expect(readWith(reader, 'SELECT quiet()')).toBe(NOTHING);
  expect([reader.lessons.size, reader.lessons.edition > before]).toEqual([0, true]);
});

test('Lessons tells of a text once an hour, learned or not', () => {
  const lessons = new Lessons();
  const text = notedOf('SELECT quiet()');
  expect([0, 1, HOUR_MS - 1, HOUR_MS, HOUR_MS + 1].map((now) => lessons.learn(text, now))).toEqual([
    ...[true, false, false, true, false],
  ]);
});

test('Lessons keeps a thousand, and forgets the first of more', () => {
  const lessons = new Lessons();
  for (let i = 0; i < 1_100; i++) lessons.learn(notedOf(`SELECT quiet_${i}()`), 0);
  expect(lessons.size).toBe(1_000);
  expect(finds(lessons, `SELECT quiet_50()`)).toBe(false);
  expect(finds(lessons, `SELECT quiet_200()`)).toBe(true);
});

for (const [suspicion, texts] of [
  [
    RUNS_NOTHING,
    ['BEGIN', 'COMMIT; ', "SET a = 'f()'", 'SHOW a', 'PREPARE p AS SELECT f()', 'SAVEPOINT a', ''],
  ],
  [
    READS,
    [
      'SELECT * FROM v WHERE a IN (1)',
      'TABLE v',
      'VALUES (1)',
      'SELECT count(*) FROM t',
      'FETCH c',
      'CREATE TABLE t (a int)',
    ],
  ],
  [
    RUNS,
    [
      'SELECT f(1)',
      'SELECT a.f (1)',
      'SELECT "Odd"(1)',
      'INSERT INTO t VALUES (1)',
      'UPDATE t SET a = 1',
      'DELETE FROM t',
      'EXECUTE p',
      'TRUNCATE t',
      'BEGIN; SELECT f(); COMMIT',
      'WITH a AS (DELETE FROM t RETURNING *) TABLE a',
      'CALL p()',
      'SELECT * FROM f(1) AS t',
    ],
  ],
] as const)
  for (const sql of texts)
    test(`suspicionOf() gives ${suspicion} to ${sql}`, () => {
      const bytes = Buffer.from(sql);
      expect(suspicionOf(bytes, 0, bytes.length)).toBe(suspicion);
    });
