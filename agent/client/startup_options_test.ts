// The `options` of a startup packet, as PostgreSQL splits and reads them.

import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { parseStartupOptions } from './startup_options.ts';

const cases: readonly (readonly [string, Readonly<Record<string, string>>, readonly string[]])[] = [
  ['', {}, []],
  ['   \t\n ', {}, []],
  ['-c search_path=app', { search_path: 'app' }, []],
  ['-csearch_path=app', { search_path: 'app' }, []],
  ['--search_path=app', { search_path: 'app' }, []],
  ['--statement-timeout=5s', { statement_timeout: '5s' }, []],
  ['-c statement-timeout=5s', { statement_timeout: '5s' }, []],
  ['  -c a=1\t--b=2  -cc=3 ', { a: '1', b: '2', c: '3' }, []],
  ['-c search_path=app,\\ public', { search_path: 'app, public' }, []],
  ['-c x=a\\\\b', { x: 'a\\b' }, []],
  ['-c x=', { x: '' }, []],
  ['-c x=a=b', { x: 'a=b' }, []],
  ['-c x=1 -c x=2', { x: '2' }, []],
  ['-c app.tenant=7', { 'app.tenant': '7' }, []],
  ['-c', {}, ['-c']],
  ['-c x', {}, ['-c']],
  ['-c =1', {}, ['-c']],
  ['--x', {}, ['--x']],
  ['-e -c x=1', { x: '1' }, ['-e']],
  ['geqo=off', {}, ['geqo=off']],
  ['-c x=1\\', { x: '1\\' }, []],
];

describe('parseStartupOptions()', () => {
  for (const [text, parameters, unknown] of cases) {
    test(`reads ${JSON.stringify(text)}`, () => {
      const read = parseStartupOptions(text);
      expect(Object.fromEntries(read.parameters)).toEqual(parameters);
      expect(read.unknown).toEqual(unknown);
    });
  }

  test('reads back any value that is written with backslashes', () => {
    fc.assert(
      fc.property(fc.string(), (value) => {
        const written = value.replace(/[\\\s]/g, '\\$&');
        expect(parseStartupOptions(`-c x=${written} -c y=1`).parameters.get('x')).toBe(value);
      }),
    );
  });

  test('takes any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('-', 'c', '=', ' ', '\\', 'x') }), (text) => {
        for (const [name] of parseStartupOptions(text).parameters) expect(name).not.toBe('');
      }),
    );
  });
});
