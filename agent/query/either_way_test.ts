// Two readings of one text: what is certain stays so, what differs is asked for by its name, and the rest is not understood.

import { expect, test } from 'bun:test';
import { readEffects } from './classify.ts';
import { type Effects, NOTHING, SETTINGS, UNREAD } from './effects.ts';
import { eitherWay, inAnyEncoding } from './either_way.ts';

function read(text: string, isConforming: boolean): Effects {
  const bytes = Buffer.from(text);
  return readEffects(bytes, 0, bytes.length, isConforming, true);
}

function both(text: string): Effects {
  return eitherWay(read(text, true), read(text, false));
}

test('eitherWay() follows what a backslash does not change', () => {
  const text = "SET a.b TO E'x\\\\y'; SELECT set_config('c', E'\\'', false)";
  expect(both(text)).toEqual(read(text, true));
  expect(both('SELECT 1')).toBe(NOTHING);
});

test('eitherWay() asks for a setting by its name, where only its value is uncertain', () => {
  expect(both("SET lock_timeout TO 1; SET a.b TO 'x\\y'").statements).toEqual([
    { bits: 0, actions: [{ kind: 'set', name: 'lock_timeout', values: ['1'] }] },
    { bits: SETTINGS, actions: [{ kind: 'change', name: 'a.b' }] },
  ]);
});

test('eitherWay() does not understand what is another text', () => {
  expect(both("SET a.b TO '\\'; SET c.d TO 1; --'")).toBe(UNREAD);
  expect(both("SELECT '\\'; SET a.b TO 1; --'")).toBe(UNREAD);
});

test('inAnyEncoding() asks for what is written in other letters than ASCII', () => {
  expect(inAnyEncoding(read("SET a.b TO 'ü'; SET a.c TO 'u'", true)).statements).toEqual([
    { bits: SETTINGS, actions: [{ kind: 'change', name: 'a.b' }] },
    { bits: 0, actions: [{ kind: 'set', name: 'a.c', values: ['u'] }] },
  ]);
  expect(inAnyEncoding(NOTHING)).toBe(NOTHING);
});
