// The format of a configuration file: by its name, by its first line, and what is said when they do not agree.

import { expect, test } from 'bun:test';
import { configFormatOf } from './config_format.ts';

test('configFormatOf() goes by the ending, else by the first line', () => {
  const format = (path: string, text: string) => configFormatOf(path, text).format;
  expect(format('a.ini', '')).toBe('pgbouncer.ini');
  expect(format('a.INI', '[databases]')).toBe('pgbouncer.ini');
  expect(format('a.yml', '')).toBe('pgsidecar.yml');
  expect(format('a.conf', '# c\n\n; c\n[databases]\n')).toBe('pgbouncer.ini');
  expect(format('a.conf', '%include x')).toBe('pgbouncer.ini');
  expect(format('a.conf', 'pool_mode: session')).toBe('pgsidecar.yml');
  expect(format('a.conf', 'what is this')).toBe('pgsidecar.yml');
});

test('configFormatOf() says so when a file is not what its name says', () => {
  const sentences = (path: string, text: string) =>
    configFormatOf(path, text).problems.map(({ sentence }) => sentence);
  expect(sentences('a.ini', 'pool_mode: session')[0]).toContain('its first line is YAML; name it .yml');
  expect(sentences('a.yml', '[pgbouncer]')[0]).toContain('is one of pgbouncer.ini; name it .ini');
  expect(sentences('a.ini', 'a = host=x')).toEqual([]);
  expect(sentences('a.yml', 'databases: {a: {url: "host=b"}}')).toEqual([]);
});
