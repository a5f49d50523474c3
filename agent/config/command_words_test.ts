// How a password_command is taken apart, quote by quote.

import { expect, test } from 'bun:test';
import { commandWords } from './command_words.ts';

test('commandWords() splits at blanks and keeps what quotes hold together', () => {
  expect(commandWords('vault read secret/db')).toEqual(['vault', 'read', 'secret/db']);
  expect(commandWords('  "my program"  a\'b c\'d ""')).toEqual(['my program', 'ab cd', '']);
  expect(commandWords('sh -c \'echo "$HOME" | cat\'')).toEqual(['sh', '-c', 'echo "$HOME" | cat']);
  expect(commandWords('a\\ b "c\\"d" \'e\\f\'')).toEqual(['a b', 'c"d', 'e\\f']);
});

test('commandWords() refuses an open quote and an empty line', () => {
  for (const line of ['', '   ', 'echo "a', "echo 'a", '"" a'])
    expect(commandWords(line), line).toBeUndefined();
});
