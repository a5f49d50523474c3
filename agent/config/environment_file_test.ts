// EnvironmentFile= as systemd 252 reads it: the expected values were printed by `env` in a service there.

import { expect, test } from 'bun:test';
import { environmentFileOf, parseEnvironmentFile, unitOf } from './environment_file.ts';

test('parseEnvironmentFile() reads names, quotes, escapes, comments and lines that go on', () => {
  const text = [
    '# a comment',
    '; another',
    'PLAIN=a b  ',
    'HASH=p#w',
    'EMPTY=',
    'SINGLE=\'a \\ "b" $c\'',
    'DOUBLE="a \\"b\\" \\$c \\d"',
    'BARE=a\\ b\\$c',
    'LONG=one\\',
    'two',
    'LINES="one',
    'two"',
    '  INDENTED = x',
    'no assignment',
    '1BAD=x',
  ].join('\n');
  expect(parseEnvironmentFile(text)).toEqual({
    PLAIN: 'a b',
    HASH: 'p#w',
    EMPTY: '',
    SINGLE: 'a \\ "b" $c',
    DOUBLE: 'a "b" $c \\d',
    BARE: 'a b$c',
    LONG: 'onetwo',
    LINES: 'one\ntwo',
    INDENTED: 'x',
  });
});

test('environmentFileOf() and unitOf() know the configurations of the package', () => {
  expect(environmentFileOf('/etc/pgsidecar/pgsidecar.yml')).toBe('/etc/pgsidecar/environment');
  expect(environmentFileOf('/etc/pgsidecar/shop.yml')).toBe('/etc/pgsidecar/shop.environment');
  expect(environmentFileOf('/srv/pgsidecar.yml')).toBeUndefined();
  expect(unitOf('/etc/pgsidecar/shop.yml')).toBe('pgsidecar@shop.service');
});
