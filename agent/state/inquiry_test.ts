// What an answer says of statement_timeout, of which the question itself has another.

import { expect, test } from 'bun:test';
import { SETTINGS, UNNAMED } from '../query/effects.ts';
import { Answers, inquirySql } from './inquiry.ts';

function found(asked: number, ...rows: [string, string][]) {
  const answers = new Answers(asked);
  for (const row of rows) answers.onRow(row);
  return [...answers.findings.settings];
}

test('inquirySql() asks for statement_timeout before it takes another', () => {
  expect(inquirySql(SETTINGS, ['a.b'])).toStartWith(
    "SELECT 'timeout', pg_catalog.current_setting('statement_timeout');SET LOCAL",
  );
  expect(inquirySql(1, [])).toStartWith('SET LOCAL statement_timeout TO 0;SELECT');
});

test('Answers has statement_timeout as it was before the question, where it is not as at the start', () => {
  const all = SETTINGS | UNNAMED;
  expect(found(all, ['timeout', '5s'], ['set statement_timeout', '0ms'])).toEqual([
    ['statement_timeout', '5s'],
  ]);
  expect(found(all, ['timeout', '0'], ['set statement_timeout', '5000ms'])).toEqual([
    ['statement_timeout', '0'],
  ]);
  expect(found(all, ['timeout', '0'], ['set statement_timeout', '0ms'], ['set work_mem', '4MB'])).toEqual([
    ['work_mem', '4MB'],
  ]);
  expect(found(all, ['timeout', '5s'], ['set statement_timeout', '5000ms'])).toEqual([]);
});

test('Answers has statement_timeout as it was before the question, where it was asked for by its name', () => {
  expect(found(SETTINGS, ['timeout', '5s'], ['set statement_timeout', '0'])).toEqual([
    ['statement_timeout', '5s'],
  ]);
  expect(found(SETTINGS, ['timeout', '0'], ['set a.b', 'c'])).toEqual([['a.b', 'c']]);
});

test('inquirySql() has values told in digits, where the letters of the answer cannot be read', () => {
  expect(inquirySql(SETTINGS, ['a.b'], false)).toContain("pg_catalog.convert_to(value, 'UTF8'), 'hex')");
  const answers = new Answers(SETTINGS, false);
  answers.onRow(['set a.b', Buffer.from('ü').toString('hex')]);
  answers.onRow(['timeout', '0']);
  expect([...answers.findings.settings]).toEqual([['a.b', 'ü']]);
});
