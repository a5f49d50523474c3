// expandErb() fills in what the environment says, refuses everything else, and keeps every line where it is.

import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { ERB_EXPRESSIONS_MAX, expandErb, refusedIn } from './erb.ts';

const ENV = { HOST: 'db1', EMPTY: '', LINES: 'a\nb' };

function text(erb: string): string {
  const reading = expandErb(erb, 'a.yml', ENV);
  expect([...reading.problems, ...reading.refused]).toEqual([]);
  return reading.text;
}

/** The sentences about the expressions in a text, as for a value that is needed. */
function refused(erb: string): string[] {
  const reading = expandErb(erb, 'a.yml', ENV);
  return [...reading.problems, ...refusedIn(reading.text, reading)].map((each) => each.sentence);
}

const REFUSED =
  'Cannot read the expression at a.yml:1: only <%= ENV["NAME"] %>, ENV.fetch("NAME") and ENV.fetch("NAME", "default") are read, and nothing is ever executed';

describe('expandErb()', () => {
  const read: readonly [string, string][] = [
    ["<%= ENV['HOST'] %>", 'db1'],
    ['<%= ENV["HOST"] %>', 'db1'],
    ["<%=ENV['HOST']%>", 'db1'],
    ["<%= ENV['HOST'] -%>", 'db1'],
    ["<%= ENV['NONE'] %>", ''],
    ["<%= ENV['EMPTY'] %>", ''],
    ["<%= ENV.fetch('HOST') %>", 'db1'],
    ["<%= ENV.fetch('HOST', 'x') %>", 'db1'],
    ["<%= ENV.fetch('EMPTY', 'x') %>", ''],
    ["<%= ENV.fetch('NONE', 'x y') %>", 'x y'],
    ['<%= ENV.fetch("NONE", "x#y") %>', 'x#y'],
    ["<%= ENV.fetch( 'NONE' , 5_432 ) %>", '5432'],
    ["<%= ENV.fetch('NONE', nil) %>", ''],
    ["<%= ENV.fetch('NONE', true) %>", 'true'],
    ['<%= ENV.fetch("NONE") { 5 } %>', '5'],
    ['<%= ENV.fetch("NONE") { "five" } %>', 'five'],
    ['<%= ENV.fetch("HOST") { 5 } %>', 'db1'],
    ["a<%= ENV['HOST'] %>b<%= ENV['HOST'] %>c", 'adb1bdb1c'],
    ['a<%# a comment with <%= in it %>b', 'ab'],
    ['a <%% b %> c', 'a <% b %> c'],
    ['no ERB at all %>', 'no ERB at all %>'],
  ];
  test.each(read)('reads %s', (erb, expected) => {
    expect(text(erb)).toBe(expected);
  });

  const unread: readonly string[] = [
    "<%= ENV['HOST'] || 'localhost' %>",
    "<%= ENV['HOST'].to_i %>",
    "<%= ENV['HOST' + 'x'] %>",
    '<%= ENV["#{1}"] %>',
    '<%= ENV.fetch("NONE", "#{`id`}") %>',
    "<%= ENV.fetch('NONE', ENV['HOST']) %>",
    '<%= ENV.fetch("NONE") { `id` } %>',
    "<%= ENV.fetch 'HOST' %>",
    '<%= Rails.env %>',
    '<%= `id` %>',
    '<%= 5 + 5 %>',
    '<%= %>',
  ];
  test.each(unread)('refuses %s', (erb) => {
    expect(refused(erb)).toEqual([REFUSED]);
  });

  test('refuses code at once, because it may write anything', () => {
    const reading = expandErb("a: 1\n<% require 'x' %>\n", 'a.yml', ENV);
    expect(reading.problems.map((each) => [each.severity, each.origin])).toEqual([
      ['error', { place: 'a.yml', line: 2 }],
    ]);
  });

  test('says which variable is not set, and which has several lines', () => {
    expect(refused("<%= ENV.fetch('NONE') %>")).toEqual([
      'Cannot fill the expression at a.yml:1: the environment variable NONE is not set',
    ]);
    expect(refused("<%= ENV['LINES'] %>")).toEqual([
      'Cannot fill the expression at a.yml:1: the environment variable LINES holds several lines',
    ]);
    expect(refused('a <%= ENV')).toEqual(['Cannot read a.yml:1: <% is never closed by %>']);
    // Not closed is not closed: each would be looked for up to the end of the file.
    expect(refused(`a\n${'<%= ENV\n'.repeat(9)}`)).toEqual(['Cannot read a.yml:2: <% is never closed by %>']);
    expect(refused("<%= ENV.fetch('NO', '\n') %>")).toEqual([
      expect.stringContaining('Cannot read the expression at a.yml:1: only'),
    ]);
  });

  test('tells of the refused expressions in one value only', () => {
    const reading = expandErb("<%= x %>|<%= ENV['HOST'] %>|<%= y %>", 'a.yml', ENV);
    const [first = '', second = '', third = ''] = reading.text.split('|');
    expect(reading.refused).toHaveLength(2);
    expect(refusedIn(first, reading)).toEqual([reading.refused[0] as never]);
    expect(refusedIn(second, reading)).toEqual([]);
    expect(refusedIn(third, reading)).toEqual([reading.refused[1] as never]);
  });

  test('finds nothing of the kind on the objects that JavaScript has by itself', () => {
    expect(text("<%= ENV['constructor'] %>")).toBe('');
  });

  test('keeps every line where it is', () => {
    const erb = "a: <%=\n ENV['HOST']\n%> # x\nb: <%# over\ntwo lines %>1\nc: 2\n";
    expect(text(erb).split('\n')).toEqual(['a: db1 # x', '', '', 'b: 1', '', 'c: 2', '']);
  });

  test('stops at its limit', () => {
    const erb = "<%= ENV['HOST'] %>\n".repeat(ERB_EXPRESSIONS_MAX + 1);
    expect(expandErb(erb, 'a.yml', ENV).problems.map((each) => each.sentence)).toEqual([
      `Cannot read a.yml:${ERB_EXPRESSIONS_MAX + 1} as YAML: it has more than ${ERB_EXPRESSIONS_MAX} (ERB_EXPRESSIONS_MAX) ERB expressions`,
    ]);
  });

  test('throws for no text, and has as many lines as the text', () => {
    const piece = fc.constantFrom(
      ...[
        '<%',
        '<%=',
        '<%#',
        '<%%',
        '<%-',
        '%>',
        '-%>',
        '\n',
        ' ',
        'ENV',
        "['HOST']",
        '.fetch(',
        "'NONE'",
        ', ',
        ')',
        '{',
        '}',
        '5',
      ],
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const erb = `${pieces.join('')}\n`;
        const reading = expandErb(erb, 'a.yml', ENV);
        const unclosed = reading.problems.some((each) => each.code === 'erb_unclosed');
        if (!unclosed) expect(reading.text.split('\n')).toHaveLength(erb.split('\n').length);
        for (const { origin } of [...reading.problems, ...reading.refused]) {
          expect(origin?.line ?? 0).toBeLessThanOrEqual(erb.split('\n').length);
        }
      }),
      { numRuns: 500 },
    );
  });
});
