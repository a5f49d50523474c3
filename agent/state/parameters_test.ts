// Parameters that follow a client: what must be said to a server, in SQL that no value can break out of.

import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { Elders, flatten, isReached, Parameters, difference as statements } from './parameters.ts';

const map = (all: Readonly<Record<string, string>>): ReadonlyMap<string, string> =>
  new Map(Object.entries(all));

function parameters(
  reported: Readonly<Record<string, string>>,
  unreported: Readonly<Record<string, string>> = {},
): Parameters {
  return new Parameters(map(reported), map(unreported));
}

const difference = (has: Parameters, wants: Parameters): string => statements(has, wants).join('');

const set = (name: string, literal: string): string =>
  `SET ${name
    .split('.')
    .map((part) => `"${part}"`)
    .join('.')} TO ${literal};`;

describe('difference()', () => {
  test('is empty for the same object, and for another one that says the same', () => {
    const has = parameters({ TimeZone: 'UTC' }, { search_path: 'a' });
    expect(difference(has, has)).toBe('');
    expect(difference(has, parameters({ TimeZone: 'UTC' }, { search_path: 'a' }))).toBe('');
  });

  test('sets what is reported otherwise, and what is asked for and not there', () => {
    const has = parameters({ TimeZone: 'UTC', DateStyle: 'ISO, MDY' });
    const wants = parameters(
      { TimeZone: 'Europe/Zurich', DateStyle: 'ISO, MDY' },
      { search_path: 'app, public' },
    );
    expect(difference(has, wants)).toBe(
      set('TimeZone', "'Europe/Zurich'") + set('search_path', "'app', 'public'"),
    );
  });

  test('resets what another client had set', () => {
    const has = parameters({}, { search_path: 'a', 'app.tenant': '7' });
    expect(difference(has, parameters({}, { search_path: 'a' }))).toBe('RESET "app"."tenant";');
    expect(difference(has, parameters({}))).toBe('RESET "search_path";RESET "app"."tenant";');
  });

  test('never sets what only a server can say', () => {
    const has = parameters({ server_version: '15.1', in_hot_standby: 'off', is_superuser: 'on' });
    const wants = parameters({ server_version: '18.1', in_hot_standby: 'on', is_superuser: 'off' });
    expect(difference(has, wants)).toBe('');
  });

  test('knows nothing to do about a parameter that only the server reports', () => {
    expect(difference(parameters({ scram_iterations: '4096' }), parameters({}))).toBe('');
  });

  test('sets again what nobody knows any more, and resets it for a client that never asked', () => {
    const has = parameters({}, { statement_timeout: '5s' }).withUncertain();
    expect(difference(has, parameters({}, { statement_timeout: '5s' }))).toBe(
      set('statement_timeout', "'5s'"),
    );
    expect(difference(has, parameters({}))).toBe('RESET "statement_timeout";');
  });

  const quoted: readonly (readonly [string, string, string])[] = [
    ['nothing', '', "''"],
    ['quotes', "O'Brien''s", "'O''Brien''''s'"],
    ['a backslash', 'a\\b', " E'a\\\\b'"],
    ['both', "\\'; DROP TABLE t; --", " E'\\\\''; DROP TABLE t; --'"],
    ['a dollar quote', '$$ $x$', "'$$ $x$'"],
    ['several lines', 'a\nb', "'a\nb'"],
  ];
  for (const [what, value, literal] of quoted) {
    test(`quotes a value with ${what}`, () => {
      expect(difference(parameters({}), parameters({}, { x: value }))).toBe(set('x', literal));
    });
  }

  test('quotes names of both kinds', () => {
    expect(difference(parameters({}), parameters({}, { "o'x": '1' }))).toBe(`SET "o'x" TO '1';`);
    expect(difference(parameters({}, { 'a"b.c': '1' }), parameters({}))).toBe('RESET "a""b"."c";');
  });

  test('writes literals that read back as the value, whatever it is', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom("'", '\\', 'a', ' ', '"', '\n', 'é', '😀', 'U') }),
        (value) => {
          const sql = difference(parameters({}), parameters({}, { x: value }));
          expect(readLiterals(sql)).toEqual([value]);
          expect(sql).toMatch(/^[\0-\x7f]*$/);
          const list = difference(parameters({}), parameters({}, { search_path: value }));
          expect(list).toMatch(/^[\0-\x7f]*$/);
          const literals = readLiterals(list);
          if (list.startsWith('SET')) expect(flatten('search_path', literals)).toBe(value);
          else expect(literals).toEqual(['search_path', value]);
        },
      ),
    );
  });

  test('tells a list of names name by name, where it is spelled as PostgreSQL spells it', () => {
    const path = (value: string): string =>
      difference(parameters({}), parameters({}, { search_path: value }));
    expect(path('"$user", public')).toBe(set('search_path', "'$user', 'public'"));
    expect(path('"a ""b"", c", d')).toBe(set('search_path', `'a "b", c', 'd'`));
    expect(path('""')).toBe(set('search_path', "''"));
    for (const value of ['', 'a,b', 'A', ' a', 'a, ', '"a', '"a"', 'a, "b"c'])
      expect(path(value)).toBe(`SELECT pg_catalog.set_config('search_path', '${value}', false);`);
  });

  test('leaves letters alone for a server that knows none', () => {
    const sqlAscii = parameters({ server_encoding: 'SQL_ASCII' });
    expect(difference(sqlAscii, sqlAscii.withUnreported(map({ x: 'é' })))).toContain(`'é'`);
  });
});

/** The string literals of a statement, read as PostgreSQL's lexer does; anything behind an early end would show. */
function readLiterals(sql: string): string[] {
  const found: string[] = [];
  for (let at = 0; at < sql.length; at++) {
    if (sql[at] !== "'") continue;
    const escapes = sql[at - 1] === 'E';
    let value = '';
    for (at++; ; at++) {
      if (at >= sql.length) throw new Error(`a literal without an end: ${sql}`);
      if (escapes && sql.startsWith('\\U', at)) {
        value += String.fromCodePoint(Number.parseInt(sql.slice(at + 2, at + 10), 16));
        at += 9;
      } else if (escapes && sql[at] === '\\') value += sql[++at];
      else if (sql[at] !== "'") value += sql[at];
      else if (sql[at + 1] === "'") value += sql[++at];
      else break;
    }
    found.push(value);
  }
  expect(sql).toMatch(/(?:'|, false\));$/);
  return found;
}

describe('difference() in pure ASCII', () => {
  test('spells the sign of what could not be decoded as any other letter', () => {
    expect(difference(parameters({}), parameters({}, { x: '\ufffd\\' }))).toBe(
      `SET "x" TO  E'\\U0000fffd\\\\';`,
    );
  });

  test('says a name that is not ASCII, or that PostgreSQL would cut, as a value', () => {
    const long = `app.${'a'.repeat(64)}`;
    expect(difference(parameters({}), parameters({}, { 'é.x': '1' }))).toBe(
      `SELECT pg_catalog.set_config( E'\\U000000e9.x', '1', false);`,
    );
    expect(difference(parameters({}, { 'é.x': '1' }), parameters({}))).toBe(
      `SELECT pg_catalog.set_config( E'\\U000000e9.x', NULL, false);`,
    );
    expect(difference(parameters({}, { [long]: '1' }), parameters({}))).toBe(
      `SELECT pg_catalog.set_config('${long}', NULL, false);`,
    );
  });
});

describe('isReached()', () => {
  const start = { TimeZone: 'UTC', is_superuser: 'off' };

  test('is said where all that differs is set', () => {
    expect(isReached(parameters(start), parameters({ ...start, TimeZone: 'GMT' }, { work_mem: '1' }))).toBe(
      true,
    );
  });

  test('is not where only the server can say what it has', () => {
    const has = parameters(start);
    expect(isReached(has, parameters({ ...start, is_superuser: 'on' }))).toBe(false);
    expect(isReached(has, parameters(start, { role: 'r1' }))).toBe(false);
    expect(isReached(parameters(start, { session_authorization: 'r1' }), has)).toBe(false);
    expect(isReached(has, parameters({ TimeZone: 'UTC' }))).toBe(false);
    expect(isReached(has, parameters({ ...start, DateStyle: 'ISO' }))).toBe(false);
  });
});

describe('Parameters', () => {
  test('withReported() gives the same object when nothing changes', () => {
    const before = parameters({ TimeZone: 'UTC' });
    expect(before.withReported('TimeZone', 'UTC')).toBe(before);
    const after = before.withReported('TimeZone', 'CET');
    expect([after.reported.get('TimeZone'), before.reported.get('TimeZone')]).toEqual(['CET', 'UTC']);
  });

  test('startWith() takes the server’s spelling of what it reports, and keeps the rest by itself', () => {
    const server = parameters({ TimeZone: 'UTC', DateStyle: 'ISO, MDY', application_name: '' });
    const client = server.startWith(map({ timezone: 'CET', APPLICATION_NAME: 'rails', Search_Path: 'app' }));
    expect(Object.fromEntries(client.reported)).toEqual({
      TimeZone: 'CET',
      DateStyle: 'ISO, MDY',
      application_name: 'rails',
    });
    expect(Object.fromEntries(client.unreported)).toEqual({ search_path: 'app' });
    expect(server.reported.get('TimeZone')).toBe('UTC');
  });

  test('startWith() of nothing says what the server says', () => {
    const server = parameters({ TimeZone: 'UTC' });
    expect(difference(server, server.startWith(map({})))).toBe('');
  });

  test('withUnreported() replaces all that is not reported', () => {
    const one = parameters({ TimeZone: 'UTC' }, { a: '1' });
    expect(Object.fromEntries(one.withUnreported(map({ b: '2' })).unreported)).toEqual({ b: '2' });
  });

  test('withUncertain() gives the same object when there is nothing to be uncertain of', () => {
    const one = parameters({ TimeZone: 'UTC' });
    expect(one.withUncertain()).toBe(one);
  });
});

describe('Elders', () => {
  test('elderOf() brings equal values to the one that was seen first, whoever meets', () => {
    const elders = new Elders();
    const [a, b, c] = [0, 1, 2].map(
      () => new Parameters(new Map([['DateStyle', 'ISO']]), new Map([['x', '1']])),
    );
    expect(elders.elderOf(b!, a!)).toBe(b!);
    expect(elders.elderOf(c!, a!)).toBe(a!);
    expect(elders.elderOf(a!, b!)).toBe(b!);
    expect(elders.elderOf(c!, b!)).toBe(b!);
  });

  test('elderOf() knows none of two that differ, be it only in what cannot be set', () => {
    const elders = new Elders();
    const here = new Parameters(new Map([['in_hot_standby', 'off']]));
    const there = new Parameters(new Map([['in_hot_standby', 'on']]));
    expect(elders.elderOf(here, there)).toBeUndefined();
    expect(elders.elderOf(here, here.withUnreported(new Map([['x', '1']])))).toBeUndefined();
  });
});

describe('Elders.elderOf()', () => {
  test('gives of two that say the same the one that was seen first', () => {
    const elders = new Elders();
    const [a, b, c] = [1, 2, 3].map(() => parameters({ TimeZone: 'UTC' }, { x: '1' }));
    expect(elders.elderOf(a!, b!)).toBe(a!);
    expect(elders.elderOf(c!, b!)).toBe(b!);
    expect(elders.elderOf(c!, a!)).toBe(a!);
  });

  test('gives nothing of two that do not', () => {
    const elders = new Elders();
    const one = parameters({ TimeZone: 'UTC' }, { x: '1' });
    const others = [
      parameters({ TimeZone: 'CET' }, { x: '1' }),
      parameters({ TimeZone: 'UTC' }, { x: '2' }),
      parameters({ TimeZone: 'UTC' }),
      parameters({ TimeZone: 'UTC', DateStyle: 'ISO' }, { x: '1' }),
      parameters({ TimeZone: 'UTC' }, { y: '1' }),
      one.withUncertain(),
    ];
    for (const other of others) {
      expect(elders.elderOf(one, other)).toBeUndefined();
      expect(elders.elderOf(other, one)).toBeUndefined();
    }
  });
});
