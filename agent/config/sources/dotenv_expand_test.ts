// expandDotenv() fills in variables as the package dotenv-expand does, runs nothing, and damages no password.

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: values of .env files are written so.

import { describe, expect, test } from 'bun:test';
import { expand } from 'dotenv-expand';
import fc from 'fast-check';
import { DOTENV_NESTING_MAX, DOTENV_VALUE_CHARS_MAX, expandDotenv, plainValue } from './dotenv_expand.ts';

const KNOWN: Readonly<Record<string, string>> = {
  HOST: 'db1',
  EMPTY: '',
  MONEY: 'a$HOST$$b$&',
  RUN: '$(id)',
};

function lookup(name: string) {
  const value = Object.hasOwn(KNOWN, name) ? KNOWN[name] : undefined;
  return value === undefined ? undefined : plainValue(value);
}

function filled(value: string): string {
  return expandDotenv(value, lookup).text;
}

describe('expandDotenv()', () => {
  const table: readonly [string, string][] = [
    ['$HOST', 'db1'],
    ['${HOST}', 'db1'],
    ['a${HOST}b$HOST.c', 'adb1bdb1.c'],
    ['$NONE-${NONE}', '-'],
    ['${NONE:-x}', 'x'],
    ['${NONE-x}', 'x'],
    ['${EMPTY:-x}', 'x'],
    ['${EMPTY-x}', ''],
    ['${HOST:-x}', 'db1'],
    ['${HOST:+x}', 'x'],
    ['${EMPTY:+x}', ''],
    ['${EMPTY+x}', 'x'],
    ['${NONE+x}', ''],
    ['${NONE:-${HOST}}', 'db1'],
    ['${NONE:-${NONE:-y}}z', 'yz'],
    ['\\$HOST', '$HOST'],
    ['\\${HOST}', '${HOST}'],
    ['a\\b', 'a\\b'],
    ['$', '$'],
    ['$1', '$1'],
    ['a$', 'a$'],
    ['${', '${'],
    ['${}', '${}'],
    ['${HOST', '${HOST'],
    ['${1A}', '${1A}'],
    ['postgres://u:p@${HOST}:5432/d', 'postgres://u:p@db1:5432/d'],
  ];
  test.each(table)('fills %s', (value, expected) => {
    expect(filled(value)).toBe(expected);
  });

  test('fills in once: a password with a dollar sign arrives as it is', () => {
    expect(filled('u:${MONEY}@h')).toBe('u:a$HOST$$b$&@h');
  });

  test('knows a command, and one that comes in through a variable of the file, but never runs it', () => {
    expect(expandDotenv('x$(id)', lookup)).toMatchObject({ text: 'x$(id)', command: true });
    expect(expandDotenv('${NONE:-$(id)}', lookup).command).toBe(true);
    const tainted = expandDotenv('$(id)', lookup);
    expect(expandDotenv('$A', () => tainted).command).toBe(true);
    expect(expandDotenv('\\$(id)', lookup)).toMatchObject({ text: '$(id)', command: false });
    // From the environment of the process it is a text like any other.
    expect(expandDotenv('$RUN', lookup)).toMatchObject({ text: '$(id)', command: false });
  });

  test('names the variables that leave a gap', () => {
    expect(expandDotenv('$A${B}${C:-}$HOST$EMPTY', lookup).unset).toEqual(['A', 'B']);
  });

  test('stops where variables of variables grow', () => {
    let value = plainValue('x'.repeat(1000));
    for (let times = 0; times < 40; times += 1) {
      const before = value;
      value = expandDotenv('$A$A', () => before);
    }
    expect(value).toMatchObject({ text: '', tooLong: true });
    expect(expandDotenv('x'.repeat(DOTENV_VALUE_CHARS_MAX), lookup).tooLong).toBe(false);
    expect(expandDotenv('x'.repeat(DOTENV_VALUE_CHARS_MAX + 1), lookup).tooLong).toBe(true);
  });

  test('stops where braces go too deep', () => {
    const deep = (levels: number) => `${'${NONE:-'.repeat(levels)}x${'}'.repeat(levels)}`;
    expect(filled(deep(DOTENV_NESTING_MAX))).toBe('x');
    expect(filled(deep(DOTENV_NESTING_MAX + 1))).not.toBe('x');
  });

  // No round bracket in it: the package would hand `$( )` to a shell.
  test('agrees with dotenv-expand on what that package does right', () => {
    const name = fc.constantFrom('A', 'B', 'C', 'NONE');
    const piece = fc.oneof(
      fc.constantFrom('x', 'y z', ':', '@', '/', '#', '.'),
      name.map((each) => `$${each} `),
      name.map((each) => `\${${each}}`),
      fc
        .tuple(name, fc.constantFrom(':-', '-', ':+', '+'), fc.constantFrom('w', '', 'v w'))
        .map(([n, o, w]) => `\${${n}${o}${w}}`),
    );
    const value = fc.array(piece, { maxLength: 5 }).map((all) => all.join(''));
    fc.assert(
      fc.property(value, value, value, fc.constantFrom('', 'env'), (a, b, c, env) => {
        const processEnv = env === '' ? {} : { A: env };
        const { parsed } = expand({ parsed: { A: a, B: b, C: c }, processEnv: { ...processEnv } });
        const known = new Map<string, ReturnType<typeof plainValue>>();
        const look = (each: string) => (each === 'A' && env !== '' ? plainValue(env) : known.get(each));
        for (const [key, written] of Object.entries({ A: a, B: b, C: c }))
          known.set(key, expandDotenv(written, look));
        if (env !== '') known.set('A', plainValue(env));
        expect(Object.fromEntries([...known].map(([key, each]) => [key, each.text]))).toEqual(
          parsed as Record<string, string>,
        );
      }),
      { numRuns: 500 },
    );
  });
});
