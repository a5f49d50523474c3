// Connection strings are printed so that they read back as what was said.

import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { conninfoWords, printConninfo, printConninfoUrl } from './conninfo.ts';

function words(text: string): Record<string, string> | string {
  const read = conninfoWords(text);
  if ('words' in read) return Object.fromEntries(read.words);
  return 'reason' in read ? read.reason : `foreign: ${read.foreign}`;
}

describe('printing', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 12 }).filter((each) => !each.includes('\0'));
  const host = fc.oneof(
    fc.constantFrom(
      'db',
      'db.example',
      '10.0.0.1',
      '::1',
      '2001:db8::1',
      'fe80::1%eth0',
      '/run/postgresql',
      '/a b/%41',
    ),
    text.filter((each) => each !== '' && !/[,@]/.test(each) && each.trim() === each),
  );
  const port = fc.integer({ min: 1, max: 65535 }).map(String);
  const hosts = fc.array(fc.tuple(host, fc.option(port, { nil: '' })), { maxLength: 4 });
  const said = fc
    .record({
      hosts,
      dbname: text,
      user: text,
      password: text,
      sslmode: fc.constantFrom('', 'require', 'verify-full'),
      application_name: text,
      options: text,
    })
    .map(({ hosts: pairs, ...rest }) => {
      const ports = pairs.map(([, number]) => number);
      const port_ = ports.some((each) => each !== '') ? ports.join(',') : '';
      return { host: pairs.map(([name]) => name).join(','), port: port_, ...rest };
    });
  const spoken = (all: Record<string, string>) =>
    Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ''));

  test('printConninfo() reads back as what was said', () => {
    fc.assert(
      fc.property(said, (all) => {
        fc.pre(Object.values(all).some((value) => value !== ''));
        expect(words(printConninfo(all))).toEqual(spoken(all));
      }),
    );
  });

  test('printConninfoUrl() reads back as what was said', () => {
    fc.assert(
      fc.property(said, (all) => {
        expect(words(printConninfoUrl(all))).toEqual(spoken(all));
      }),
    );
  });

  test('printConninfoUrl() reads back when the host stands behind the ?', () => {
    fc.assert(
      fc.property(said, (all) => {
        expect(words(printConninfoUrl(all, { hostInQuery: true }))).toEqual(spoken(all));
      }),
    );
  });

  test('printConninfoUrl() writes what people write', () => {
    const all = { host: '/run/pgsidecar', dbname: 'shop', user: 'app', password: 'p@w/' };
    expect(printConninfoUrl(all)).toBe('postgresql://app:p%40w%2F@%2Frun%2Fpgsidecar/shop');
    expect(printConninfoUrl(all, { scheme: 'postgresql+psycopg2', hostInQuery: true })).toBe(
      'postgresql+psycopg2://app:p%40w%2F@/shop?host=%2Frun%2Fpgsidecar',
    );
    expect(printConninfoUrl({ host: 'a,b', port: '1,2', dbname: 'd', sslmode: 'verify-full' })).toBe(
      'postgresql://a:1,b:2/d?sslmode=verify-full',
    );
    expect(printConninfoUrl({ host: '::1', port: '5432' })).toBe('postgresql://[::1]:5432/');
  });

  test('printConninfo() quotes every value', () => {
    expect(printConninfo({ host: '/run/pgsidecar', user: "o'b\\", dbname: '' })).toBe(
      "host='/run/pgsidecar' user='o\\'b\\\\'",
    );
  });
});
