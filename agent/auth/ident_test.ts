// pg_ident.conf: who may be whom, by name, by expression, by what its parentheses found; and lines that nobody can read.

import { describe, expect, test } from 'bun:test';
import { mapsTo, parseIdentFile } from './ident.ts';

function mayBe(text: string, outside: string, role: string): boolean {
  const { maps, problems } = parseIdentFile(text, 'ident.conf');
  expect(problems).toEqual([]);
  return mapsTo(maps.m!, outside, role);
}

describe('mapsTo()', () => {
  const cases: readonly (readonly [string, string, string, boolean])[] = [
    ['m root app', 'root', 'app', true],
    ['m root app', 'root', 'root', false],
    ['m root app', 'Root', 'app', false],
    ['m root app\nm root clerk', 'root', 'clerk', true],
    ['m root all', 'root', 'whoever', true],
    ['m root "all"', 'root', 'whoever', false],
    ['m root "all"', 'root', 'all', true],
    ['m "www data" app', 'www data', 'app', true],
    ['m root /^app', 'root', 'app_7', true],
    ['m root /^app', 'root', 'my_app', false],
    ['m /^(.*)@example\\.com$ \\1', 'joe@example.com', 'joe', true],
    ['m /^(.*)@example\\.com$ \\1', 'joe@example.org', 'joe', false],
    ['m /^(.*)@example\\.com$ \\1', 'joe@example.com', 'ann', false],
    ['m /^(.*)@x$ app_\\1_ro', 'joe@x', 'app_joe_ro', true],
    ['m /^(.*)@x$ \\1\\1', 'joe@x', 'joejoe', false],
    ['m /^(.*)@x$ \\1', 'all@x', 'whoever', false],
    ['m /^(.*)@x$ \\1', '@x', '', true],
    ['m /^(a)|b$ \\1', 'b', 'a', false],
    ['m /oo app', 'root', 'app', true],
    ['m root __proto__', 'root', '__proto__', true],
    ['m / app', `${'x'.repeat(300)}`, 'app', false],
  ];
  for (const [text, outside, role, expected] of cases) {
    test(`${expected ? 'lets' : 'does not let'} ${outside.slice(0, 20)} be ${role} by ${text}`, () =>
      expect(mayBe(text, outside, role)).toBe(expected));
  }
});

describe('parseIdentFile()', () => {
  test('keeps maps apart, those with names that JavaScript knows too', () => {
    const { maps, problems } = parseIdentFile('a x y\nb x z\n__proto__ x w\n', 'ident.conf');
    expect(problems).toEqual([]);
    expect(Object.keys(maps)).toEqual(['a', 'b', '__proto__']);
    expect([mapsTo(maps.a!, 'x', 'z'), mapsTo(maps.b!, 'x', 'z')]).toEqual([false, true]);
  });

  const wrong: Readonly<Record<string, string>> = {
    'm root': 'line "m root"',
    'm root app more': 'line "m root app more"',
    'm root a,b': 'line "m root a,b"',
    'm root +staff': 'role "+staff"',
    'm /( app': 'system user "/("',
    'm root /(': 'role "/("',
    'm /^root$ \\1': 'role "\\1"',
    'm @users app': 'line "m @users app"',
    'include other.conf': 'directive "include"',
    'm "root app': 'line "m root app"',
  };
  for (const [line, what] of Object.entries(wrong)) {
    test(`refuses ${line}`, () => {
      const { problems } = parseIdentFile(`m root app\n${line}`, 'ident.conf');
      expect(problems.map(({ sentence }) => sentence)).toEqual([
        expect.stringContaining(`Cannot use the ${what} at ident.conf:2: expected `),
      ]);
    });
  }
});
