// What was read once is known: by text, by how its backslashes are read, and within limits.

import { expect, test } from 'bun:test';
import { readEffects } from './classify.ts';
import { ADVANCING, NOTHING, UNREAD } from './effects.ts';
import { EffectsReader } from './effects_reader.ts';

function bytesOf(sql: string): Uint8Array {
  return Buffer.from(`xx${sql}\0`, 'latin1');
}

function readWith(reader: EffectsReader, sql: string, isConforming = true, isAsciiSafe = true) {
  const bytes = bytesOf(sql);
  return reader.read(bytes, 2, bytes.length - 1, isConforming, isAsciiSafe);
}

test('EffectsReader gives the same value for the same text, and what readEffects() gives', () => {
  const reader = new EffectsReader();
  const sql = "SET search_path = 'a'";
  const first = readWith(reader, sql);
  expect(readWith(reader, sql)).toBe(first);
  const bytes = bytesOf(sql);
  expect(readEffects(bytes, 2, bytes.length - 1, true, true)).toEqual(first);
  expect(reader.size).toBe(1);
});

test('EffectsReader remembers nothing of what a glance tells', () => {
  const reader = new EffectsReader();
  expect(readWith(reader, 'SELECT 1')).toBe(NOTHING);
  expect(readWith(reader, 'INSERT INTO t VALUES (1)')).toMatchObject(ADVANCING);
  expect(reader.size).toBe(0);
});

test('EffectsReader knows a text that advances a sequence again by what stands before its first value', () => {
  const reader = new EffectsReader();
  const advance = (sql: string) => readWith(reader, sql).advance;
  expect(advance('INSERT INTO t VALUES (1)')).toBe(advance("/* x */ insert into t values ('two')")!);
  expect(advance('INSERT INTO t VALUES (1)')).not.toBe(advance('INSERT INTO u VALUES (1)')!);
  expect(advance("SELECT nextval('q')")).toBe(advance("SELECT nextval('r')")!);
  expect(advance('SELECT 1')).toBeUndefined();
});

test('EffectsReader tells no more than 1,000 of those apart', () => {
  const reader = new EffectsReader();
  const names = Array.from({ length: 1_001 }, (_, i) =>
    i.toString(2).replaceAll('0', 'a').replaceAll('1', 'b'),
  );
  const [first, ...others] = names.map((name) => readWith(reader, `INSERT INTO ${name} VALUES (1)`));
  expect(readWith(reader, `INSERT INTO ${names[1]} VALUES (2)`)).toBe(others[0]!);
  expect(readWith(reader, `INSERT INTO ${names[0]} VALUES (2)`)).not.toBe(first!);
});

test('EffectsReader reads a text by its session: where backslashes escape, and where letters hide them', () => {
  const reader = new EffectsReader();
  const sql = "SELECT 'a\\'; SET x = 1; --'";
  expect(readWith(reader, sql, true).statements.length).toBe(2);
  expect(readWith(reader, sql, false)).toBe(NOTHING);
  expect(readWith(reader, sql, true).statements.length).toBe(2);
  expect(readWith(reader, "SET x = '\x83\\'", true, false)).toBe(UNREAD);
  expect(readWith(reader, "SELECT '\x83\\'", true, false)).toBe(NOTHING);
});

test('EffectsReader forgets what was not asked for lately, by count and by bytes', () => {
  const reader = new EffectsReader(8, 4_000);
  for (let i = 0; i < 100; i++) readWith(reader, `SET x = ${i}`);
  expect(reader.size).toBeLessThanOrEqual(8);
  const kept = readWith(reader, 'SET y = 1');
  for (let i = 0; i < 100; i++) {
    readWith(reader, `SET z = ${i}`);
    expect(readWith(reader, 'SET y = 1')).toBe(kept);
  }
  for (let i = 0; i < 100; i++) readWith(reader, `SET x = '${'y'.repeat(700)}${i}'`);
  expect(reader.size).toBeLessThanOrEqual(2);
  readWith(reader, 'SET x = 1;'.repeat(10));
  readWith(reader, `SET x = '${'y'.repeat(20_000)}'`);
  expect(reader.size).toBeLessThanOrEqual(2);
});
