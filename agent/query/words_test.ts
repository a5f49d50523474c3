// The table of words: no two of them look the same to whoever knows them by their hash.

import { expect, test } from 'bun:test';
import {
  FUNCTIONS,
  hashOf,
  KNOWN_WORDS,
  MANNERS,
  SCHEMA_OBJECTS,
  SHARED_OBJECTS,
  SUSPECTS,
} from './words.ts';

test('each word has a hash of its own', () => {
  const all = [MANNERS, FUNCTIONS, SCHEMA_OBJECTS, SHARED_OBJECTS].flatMap((table) => [...table.keys()]);
  for (const word of all) expect(KNOWN_WORDS.get(hashOf(word))).toBe(word);
});

test('a suspect is written in what a glance takes for one word', () => {
  for (const word of SUSPECTS) expect(word).toMatch(/^[a-z_]+$/);
});

test('no word that begins a statement is taken for another by its hash alone', () => {
  const hashes = new Map<number, string>();
  for (const word of MANNERS.keys()) {
    expect(hashes.get(hashOf(word))).toBeUndefined();
    hashes.set(hashOf(word), word);
  }
});
