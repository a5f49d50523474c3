// A file taken apart once, for all rules: its lines, its tokens, its code without comments.

import { type Code, codeOf } from './syntax.ts';
import { type Token, tokenize, withoutComments } from './tokens.ts';

export interface TextFile {
  /** From the root of the repository, with `/`. */
  readonly path: string;
  readonly text: string;
}

export interface ReadFile extends TextFile {
  readonly lines: readonly string[];
  /** Comments among them. */
  readonly tokens: readonly Token[];
  readonly code: Code;
  /** `x_test.ts`, `x_fixture.ts`, and everything in agent/tests. */
  readonly isTest: boolean;
}

export interface Complaint {
  readonly path: string;
  readonly line: number;
  /** What is wrong, and what to do instead. */
  readonly sentence: string;
}

/** What a rule gives: lines and sentences; the path is known. */
export type Rule = (file: ReadFile) => Iterable<readonly [line: number, sentence: string]>;

/** A rule about files that are not TypeScript as well. */
export type TextRule = (file: TextFile) => Iterable<readonly [line: number, sentence: string]>;

export function readFile({ path, text }: TextFile): ReadFile {
  const tokens = tokenize(text);
  return {
    path,
    text,
    lines: text.replace(/\n$/, '').split('\n'),
    tokens,
    code: codeOf(withoutComments(tokens)),
    isTest: /_(?:test|fixture)\.ts$/.test(path) || path.startsWith('agent/tests/'),
  };
}
