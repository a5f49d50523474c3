// Tokens as PostgreSQL's scanner cuts them: comments, each kind of string, names, dollars, numbers.

import { describe, expect, test } from 'bun:test';
import * as lex from './lex.ts';

const KINDS: ReadonlyMap<number, string> = new Map([
  [lex.WORD, 'word'],
  [lex.QUOTED, 'quoted'],
  [lex.UNICODE_NAME, 'U&"'],
  [lex.STRING, 'string'],
  [lex.ESCAPED, 'E'],
  [lex.DOLLAR, 'dollar'],
  [lex.OTHER_STRING, 'other'],
  [lex.NUMBER, 'number'],
  [lex.PARAMETER, 'parameter'],
  [lex.SYMBOL, ''],
]);

function cut(sql: string, isConforming = true): string[] {
  const bytes = Buffer.from(`xx${sql}\0'"`, 'latin1');
  const lexer = new lex.Lexer(bytes, 2, bytes.length - 3, isConforming);
  const found: string[] = [];
  while (lexer.next()) {
    found.push(`${KINDS.get(lexer.kind)} ${bytes.toString('latin1', lexer.start, lexer.end)}`.trim());
  }
  if (lexer.isUnterminated) found.push('unterminated');
  return found;
}

describe('Lexer cuts', () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['', []],
    [' \t\n\r\f\v', []],
    ['a-- b\nc', ['word a', 'word c']],
    ['a-- b\rc', ['word a', 'word c']],
    ['a/* b /* c */ d */e', ['word a', 'word e']],
    ['a/*/ b */c', ['word a', 'word c']],
    ['a/***/b', ['word a', 'word b']],
    ['a+--b\nc', ['word a', '+', 'word c']],
    ['a*/*b*/c', ['word a', '*', 'word c']],
    ['1+/*x*/-2', ['number 1', '+', '-', 'number 2']],
    ["'a''b'", ["string 'a''b'"]],
    ["'a\\'", ["string 'a\\'"]],
    ["e'a\\'b'", ["E e'a\\'b'"]],
    ["E'\\\\'x", ["E E'\\\\'", 'word x']],
    ["'a'\n'b'", ["string 'a'\n'b'"]],
    ["'a' 'b'", ["string 'a'", "string 'b'"]],
    ["'a' -- it's\n 'b'", ["string 'a' -- it's\n 'b'"]],
    ["'a' /* x */\n 'b'", ["string 'a'", "string 'b'"]],
    ["'a' -- x", ["string 'a'"]],
    ["E'a'\n'b\\'c'", ["E E'a'\n'b\\'c'"]],
    ["ee'a'", ['word ee', "string 'a'"]],
    ["b'01'", ["other b'01'"]],
    ["X'1f' N'a\\'", ["other X'1f'", "other N'a\\'"]],
    ['U&\'a\\\' U&"b\\"', ["other U&'a\\'", 'U&" U&"b\\"']],
    ["U & 'a'", ['word U', '&', "string 'a'"]],
    ['"a""b"c', ['quoted "a""b"', 'word c']],
    ['"a\nb" "c"', ['quoted "a\nb"', 'quoted "c"']],
    ['$$a$b$$', ['dollar $$a$b$$']],
    ['$a$ $b$ $A$ $a $a$x', ['dollar $a$ $b$ $A$ $a $a$', 'word x']],
    ['$a$$$a$', ['dollar $a$$$a$']],
    ['$a$ x$a$into', ['dollar $a$ x$a$', 'word into']],
    ['a$b$c', ['word a$b$c']],
    ['$1 $12x', ['parameter $1', 'parameter $12', 'word x']],
    ['$é1$a$é1$', ['dollar $é1$a$é1$']],
    ['$a', ['$', 'word a']],
    [
      '1.5 .5 1. 1e5 1e+5 1e 1into',
      [
        'number 1.5',
        'number .5',
        'number 1.',
        'number 1e5',
        'number 1e+5',
        'number 1',
        'word e',
        'number 1',
        'word into',
      ],
    ],
    ["1e'\\''", ['number 1', "E e'\\''"]],
    ['a.b(c);', ['word a', '.', 'word b', '(', 'word c', ')', ';']],
    ['é_1$', ['word é_1$']],
  ];
  for (const [sql, tokens] of cases) test(JSON.stringify(sql), () => expect(cut(sql)).toEqual([...tokens]));
});

describe('Lexer finds no end of', () => {
  const cases = [
    ...["'a", "'a''", "E'a\\'", '"a', '"a""', '/* a', '/* /* */', '$$a$', '$a$ $b$', "U&'a", 'U&"a', "x'"],
    ...["'a'\n'b", '/*', '/*/', "b'", "'a' -- \n'"],
  ];
  for (const sql of cases) test(JSON.stringify(sql), () => expect(cut(sql).at(-1)).toBe('unterminated'));
});

test('Lexer reads backslashes as escapes in every string but U&, B and X where the session does', () => {
  expect(cut("'a\\'b'", false)).toEqual(["E 'a\\'b'"]);
  expect(cut("N'a\\'b'", false)).toEqual(["other N'a\\'b'"]);
  expect(cut("x'a\\' 'b'", false)).toEqual(["other x'a\\'", "E 'b'"]);
});

test('Lexer names the words that mean something, folded as PostgreSQL folds them', () => {
  const bytes = Buffer.from('SeLeCT "select" "SELECT" Set_Config selectx');
  const lexer = new lex.Lexer(bytes, 0, bytes.length, true);
  const words: string[] = [];
  while (lexer.next()) words.push(lexer.word);
  expect(words).toEqual(['select', 'select', '', 'set_config', '']);
});
