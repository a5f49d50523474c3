// The printer of traces against lines as libpq prints them.

import { expect, test } from 'bun:test';
import * as words from '../harness/client_words.ts';
import { encodeLine } from './message_words.ts';
import { type Side, traceLine } from './trace.ts';

function lineOf(side: Side, bytes: Uint8Array, showsBuiltinOids = false): string {
  const [message] = words.split(bytes);
  return traceLine(side, message!, { showsBuiltinOids });
}

test('traceLine() prints what a client sends as libpq does', () => {
  expect(lineOf('F', words.sync)).toBe('F\t4\tSync');
  expect(lineOf('F', words.query('SELECT 1'))).toBe('F\t13\tQuery\t "SELECT 1"');
  expect(lineOf('F', encodeLine('Parse "" "SELECT $1" int4'))).toBe('F\t21\tParse\t "" "SELECT $1" 1 NNNN');
  const bind = encodeLine('Bind "p" "s" "1" null hex:00 in 0 0 1 out 1');
  expect(lineOf('F', bind)).toBe(`F\t${bind.length - 1}\tBind\t "p" "s" 3 0 0 1 3 1 '1' -1 1 '\\x00' 1 1`);
});

test('traceLine() hides where an error was said, and its length', () => {
  const error = words.message('E', 'SERROR\0C22012\0L884\0\0');
  expect(lineOf('B', error)).toBe('B\tNN\tErrorResponse\t S "ERROR" C "22012" L "SSSS" \\x00');
});

test('traceLine() shows the OIDs of built-in types when asked, and never those of others', () => {
  const body = Buffer.from('000200000017000040bb', 'hex');
  const description = words.message('t', body);
  expect(lineOf('B', description)).toBe('B\t14\tParameterDescription\t 2 NNNN NNNN');
  expect(lineOf('B', description, true)).toBe('B\t14\tParameterDescription\t 2 23 NNNN');
});

test('traceLine() says when a message ends too early, and shows what stands behind its end', () => {
  expect(lineOf('B', words.message('C', 'SELECT'))).toContain('-- cut short');
  expect(lineOf('B', words.message('Z', 'IJ'))).toBe("B\t6\tReadyForQuery\t I 'J'");
});

test('encodeLine() refuses what is no message', () => {
  expect(() => encodeLine('Qurey "SELECT 1"')).toThrow('not a message');
  expect(() => encodeLine('Bind "" "" 7')).toThrow('a value is');
});
