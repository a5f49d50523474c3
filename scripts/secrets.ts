// Looks for every secret that the tests made up in everything that their agents said: as it is, in base64, in hex, in a URL.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OUTPUTS_FOLDER, SECRETS_FOLDER } from '../agent/tests/harness/record.ts';

export interface Found {
  readonly file: string;
  /** The line, with the secret taken out. */
  readonly line: string;
}

export interface Search {
  readonly secrets: number;
  readonly files: number;
  readonly chars: number;
  readonly found: readonly Found[];
}

/** What may stand in a secret in any of its forms; everything else separates words. */
const WORD = /[A-Za-z0-9+/_%-]{12,}/g;
/** Enough to tell secrets apart, and as many as every form of one has in a row. */
const START_CHARS = 12;

/** A run of all tests makes up and writes far more; whoever sees less than this has looked in the wrong place. */
const SECRETS_MIN = 100;
const CHARS_MIN = 500_000;
const PLANTED = 'planted';

/**
 * What is wrong, a sentence each: a secret that was found, too little to look at, or a secret that was put there on
 * purpose and not found. Beside them, what was looked at.
 */
export function checkRecord(directory: string, least = { secrets: SECRETS_MIN, chars: CHARS_MIN }) {
  const before = searchRecord(directory);
  const problems: string[] = [];
  if (before.secrets < least.secrets)
    problems.push(`only ${before.secrets} secrets were kept, and ${least.secrets} are the least`);
  if (before.chars < least.chars)
    problems.push(`only ${before.chars} characters were kept, and ${least.chars} are the least`);
  for (const { file, line } of before.found) problems.push(`a secret is in ${file}: ${line.slice(0, 500)}`);
  const [secret] = secretsIn(directory);
  if (secret !== undefined) {
    const header = Buffer.from(`app:${secret}`).toString('base64');
    writeFileSync(join(directory, OUTPUTS_FOLDER, PLANTED), `{"msg":"Basic ${header}"}\n`);
    const { found } = searchRecord(directory);
    if (!found.some(({ file }) => file === PLANTED)) problems.push('a secret that was planted is not found');
  }
  const { secrets, files, chars } = before;
  return { problems, summary: `${secrets} secrets, ${chars} characters in ${files} files` };
}

function secretsIn(directory: string): string[] {
  const lines = filesOf(join(directory, SECRETS_FOLDER)).flatMap(([, text]) => text.trim().split('\n'));
  return [...new Set(lines.filter((line) => line !== '').map((line) => JSON.parse(line) as string))];
}

/** @param directory as agent/tests/harness/record.ts fills it */
export function searchRecord(directory: string): Search {
  const secrets = secretsIn(directory);
  const outputs = filesOf(join(directory, OUTPUTS_FOLDER));
  const found = searchTexts(secrets, outputs);
  const chars = outputs.reduce((sum, [, text]) => sum + text.length, 0);
  return { secrets: secrets.length, files: outputs.length, chars, found };
}

export function searchTexts(
  secrets: readonly string[],
  texts: readonly (readonly [file: string, text: string])[],
): Found[] {
  const starts = new Map<string, string[]>();
  for (const form of secrets.flatMap(formsOf)) {
    const start = form.slice(0, START_CHARS);
    starts.set(start, [...(starts.get(start) ?? []), form]);
  }
  const found: Found[] = [];
  for (const [file, text] of texts) {
    for (const { 0: word, index } of text.matchAll(WORD)) {
      const form = formIn(word, starts);
      if (form === undefined) continue;
      const begin = text.lastIndexOf('\n', index) + 1;
      const end = text.indexOf('\n', index);
      const line = text.slice(begin, end < 0 ? undefined : end);
      found.push({ file, line: line.replaceAll(form, '<the secret>') });
    }
  }
  return found;
}

function formIn(word: string, starts: ReadonlyMap<string, readonly string[]>): string | undefined {
  for (let at = 0; at + START_CHARS <= word.length; at++) {
    const forms = starts.get(word.slice(at, at + START_CHARS));
    const form = forms?.find((each) => word.startsWith(each, at));
    if (form !== undefined) return form;
  }
  return undefined;
}

/** In base64 it depends on what stands in front of it: the letters that all three cases have by themselves are kept. */
export function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const base64 = [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    return text.slice(before === 0 ? 0 : before + 1, -1);
  });
  const base64url = base64.map((each) => each.replaceAll('+', '-').replaceAll('/', '_'));
  const hex = bytes.toString('hex');
  const all = [secret, encodeURIComponent(secret), hex, hex.toUpperCase(), ...base64, ...base64url];
  const words = all.map((each) => longest(each.match(WORD) ?? []));
  return [...new Set(words.filter((each) => each.length >= START_CHARS))];
}

/** Of a secret with other letters in it, the longest piece without. */
function longest(words: readonly string[]): string {
  return words.reduce((best, word) => (word.length > best.length ? word : best), '');
}

function filesOf(folder: string): [file: string, text: string][] {
  try {
    return readdirSync(folder)
      .sort()
      .map((name) => [name, readFileSync(join(folder, name), 'utf8')]);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
