// The reader of .conversation files, and the difference of two traces.

import { expect, test } from 'bun:test';
import * as file from './conversation_file.ts';

const HEAD = '# It shows something.\nQuery "SELECT 1"\nread\n\n';

test('parseConversation() refuses a file without a sentence, without a read, with an unknown line', () => {
  expect(() => file.parseConversation('Query "SELECT 1"\nread\n')).toThrow('a sentence');
  expect(() => file.parseConversation('# It shows nothing.\nQuery "SELECT 1"\n')).toThrow('needs a line');
  expect(() => file.parseConversation(`${HEAD}raed\n`)).toThrow('not a message');
  expect(() => file.parseConversation(`${HEAD}read Redy\n`)).toThrow('no such message');
});

test('withExpected() gives one section while versions agree, and one for each when they do not', () => {
  const versions = ['a', 'b'];
  const one = file.withExpected(file.parseConversation(HEAD), 'a', versions, 'same\n');
  expect(one).toBe(`${HEAD}--------------------\nsame\n`);
  const two = file.withExpected(file.parseConversation(one), 'b', versions, 'other\n');
  expect(two).toBe(`${HEAD}-------------------- a\nsame\n-------------------- b\nother\n`);
  expect(file.withExpected(file.parseConversation(two), 'b', versions, 'same\n')).toBe(one);
});

test('withExpected() keeps the known difference', () => {
  const text = `${HEAD}--------------------\nold\n-------------------- known difference\nline 1\n- old\n`;
  const fresh = file.withExpected(file.parseConversation(text), 'a', ['a'], 'new\n');
  expect(fresh).toBe(text.replace('old\n---', 'new\n---'));
});

test('differenceOf() gives the lines that one has and the other has not, with their place', () => {
  expect(file.differenceOf('a\nb\nc\n', 'a\nb\nc\n')).toBe('');
  expect(file.differenceOf('a\nb\nc\n', 'a\nx\nc\ny\n')).toBe('line 2\n- b\n+ x\nline 4\n+ y\n');
});

test('differenceOf() hides only the number in a name that the agent gave', () => {
  expect(file.differenceOf('s1\n', 'pgsidecar_17\n')).toBe('line 1\n- s1\n+ pgsidecar_N\n');
});
