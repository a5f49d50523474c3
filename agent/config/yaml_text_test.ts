// parseYaml() keeps file, line and key of every value, follows Psych, and survives every text.

import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { printOrigin } from '../base/origin.ts';
import {
  parseYaml,
  plainOf,
  YAML_ALIASES_MAX,
  YAML_CHARS_MAX,
  YAML_DEPTH_MAX,
  YAML_NODES_MAX,
  YAML_PROBLEMS_MAX,
  YAML_TOKENS_MAX,
  type YamlNode,
} from './yaml_text.ts';

function plain(text: string): unknown {
  const { root, problems } = parseYaml(text, 'a.yml');
  expect(problems.filter((each) => each.severity === 'error')).toEqual([]);
  return root === undefined ? undefined : plainOf(root);
}

function sentences(text: string): string[] {
  return parseYaml(text, 'a.yml').problems.map((each) => each.sentence);
}

function at(root: YamlNode | undefined, ...path: string[]): YamlNode {
  let node = root;
  for (const key of path) node = node?.kind === 'map' ? node.entries.get(key) : undefined;
  if (node === undefined) throw new Error(`nothing at ${path.join('.')}`);
  return node;
}

describe('parseYaml() types values', () => {
  test('as Psych does when they are plain', () => {
    expect(plain('a: 2_500\nb: 010\nc: yes\nd: 12:30\ne: 1,000\nf: ~\ng:\nh: text')).toEqual({
      ...{ a: 2500, b: 8, c: true, d: 750, e: 1000, f: null, g: null, h: 'text' },
    });
  });

  test('as text when they are quoted or a block', () => {
    expect(plain('a: \'2_500\'\nb: "010"\nc: |\n  yes\nd: >-\n  12\n  30\n')).toEqual({
      ...{ a: '2_500', b: '010', c: 'yes\n', d: '12 30' },
    });
  });

  test('by a tag of the plain types', () => {
    expect(plain('a: !!str 010\nb: !!int "12"\nc: ! 12\nd: !!map {x: 1}\ne: !!seq [1]')).toEqual({
      ...{ a: '010', b: 12, c: 12, d: { x: 1 }, e: [1] },
    });
  });

  test('and keeps what is written beside it', () => {
    const { root } = parseYaml('port: 0123\npass: "0123"\n', 'a.yml');
    expect(at(root, 'port')).toMatchObject({ value: 83, text: '0123', quoted: false });
    expect(at(root, 'pass')).toMatchObject({ value: '0123', text: '0123', quoted: true });
  });

  test('and resolves escapes in double quotes only', () => {
    expect(plain(`a: "p\\"\\u0041\\\\"\nb: 'it''s\\n'`)).toEqual({ a: 'p"A\\', b: "it's\\n" });
  });

  test('and reads keys of other types as words', () => {
    expect(plain('5432: a\nyes: b\n"no": c')).toEqual({ '5432': 'a', true: 'b', no: 'c' });
  });

  test('and cuts a comment only behind a space', () => {
    expect(plain('a: p#w\nb: p #w')).toEqual({ a: 'p#w', b: 'p' });
  });
});

describe('parseYaml() says where', () => {
  test('a value stands: file, line and key', () => {
    const { root } = parseYaml(
      '# head\nproduction:\n  host: db\n  list:\n    - x\n    - y\n',
      'config/a.yml',
    );
    expect(at(root, 'production').origin).toEqual({ place: 'config/a.yml', line: 2, key: 'production' });
    expect(at(root, 'production', 'host').origin).toEqual({ place: 'config/a.yml', line: 3, key: 'host' });
    const list = at(root, 'production', 'list');
    expect(list.kind === 'list' && list.items.map((each) => printOrigin(each.origin))).toEqual([
      'config/a.yml:5',
      'config/a.yml:6',
    ]);
  });

  test('a merged value was written', () => {
    const { root } = parseYaml('d: &d\n  host: db\n  port: 1\np:\n  <<: *d\n  port: 2\n', 'a.yml');
    expect(printOrigin(at(root, 'p', 'host').origin)).toBe('a.yml:2');
    expect(printOrigin(at(root, 'p', 'port').origin)).toBe('a.yml:6');
  });

  test('an aliased scalar is used', () => {
    const { root } = parseYaml('a: &h db\nb: *h\n', 'a.yml');
    expect(at(root, 'b')).toMatchObject({ value: 'db', origin: { line: 2, key: 'b' } });
  });

  test('in a file with Windows line ends', () => {
    const { root } = parseYaml('a: 1\r\nb: 2\r\n', 'a.yml');
    expect(at(root, 'b')).toMatchObject({ value: 2, origin: { line: 2 } });
  });
});

describe('parseYaml() merges', () => {
  test('where the << stands, as Psych does, and warns when it replaces a key above', () => {
    const text = 'd: &d\n  host: theirs\np:\n  host: mine\n  <<: *d\n';
    expect(plain(text)).toEqual({ d: { host: 'theirs' }, p: { host: 'theirs' } });
    expect(sentences(text)).toEqual([
      'The merge key << at a.yml:5 replaces "host" of line 4 with that of line 2, as in Ruby: put << first to keep your own',
    ]);
  });

  test('several mappings, the first of which wins', () => {
    expect(plain('a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc:\n  <<: [*a, *b]\n')).toMatchObject({
      c: { x: 1, y: 1, z: 2 },
    });
  });

  test('two merge keys, the second of which wins', () => {
    expect(plain('a: &a {x: 1}\nb: &b {x: 2}\nc:\n  <<: *a\n  <<: *b\n')).toMatchObject({ c: { x: 2 } });
  });

  test('mappings within mappings', () => {
    expect(plain('d: &d {v: {a: 1}}\nt: &t\n  <<: *d\n  w: 2\np:\n  <<: *t\n')).toMatchObject({
      p: { v: { a: 1 }, w: 2 },
    });
  });

  test('nothing when the value is no mapping, or the key is quoted', () => {
    expect(plain('a: {<<: 3}\nb: {"<<": {x: 1}}')).toEqual({ a: { '<<': 3 }, b: { '<<': { x: 1 } } });
  });

  test('the last anchor of a name above the alias', () => {
    expect(plain('a: &x 1\nb: *x\nc: &x 2\nd: *x')).toEqual({ a: 1, b: 1, c: 2, d: 2 });
  });
});

describe('parseYaml() refuses', () => {
  const cases: readonly [string, string, string][] = [
    [
      'a key that is set twice',
      'host: a\nport: 1\nhost: b\n',
      'Cannot read a.yml:3 as YAML: "host" is already set at line 1; keep one of the two',
    ],
    [
      'a value that begins with a reserved character',
      'a: 1\npassword: @secret\n',
      'Cannot read a.yml:2 as YAML: a value begins with a character that YAML keeps for itself (@ ` % , | > and the like); put it in quotes',
    ],
    [
      'a colon in a value',
      'password: a: b\n',
      'Cannot read a.yml:1 as YAML: a value holds ": ", which begins a mapping; put it in quotes',
    ],
    [
      'a tab as indentation',
      'a:\n\tb: 1\n',
      'Cannot read a.yml:2 as YAML: the line is indented with a tab; YAML takes spaces only',
    ],
    [
      'an alias without an anchor',
      'password: *secret\n',
      'Cannot read a.yml:1 as YAML: an alias (*) names no anchor (&) above it; put the value in quotes if it begins with *',
    ],
    [
      'an alias inside its own anchor',
      'a: &x [*x]\n',
      'Cannot read a.yml:1 as YAML: an alias (*) stands inside the value that it names',
    ],
    [
      'a tag that makes objects',
      'a: !ruby/object:Gem::Version {}\n',
      'Cannot read a.yml:1 as YAML: a tag (!) is used that is not read here; put the value in quotes if it begins with !',
    ],
    [
      'a password that looks like a tag',
      'password: !secret\n',
      'Cannot read a.yml:1 as YAML: a tag (!) is used that is not read here; put the value in quotes if it begins with !',
    ],
    [
      'a list as a key',
      '[a]: 1\n',
      'Cannot read a.yml:1 as YAML: a key must be a word, not a list or a mapping',
    ],
  ];
  test.each(cases)('%s', (_title, text, sentence) => {
    expect(parseYaml(text, 'a.yml').root).toBeUndefined();
    expect(sentences(text)).toEqual([sentence]);
  });

  test('an unclosed quote, without repeating what is in it', () => {
    const secret = crypto.randomUUID();
    expect(sentences(`a: 1\npassword: "${secret}\n`)).toEqual([
      expect.stringMatching(/^Cannot read a\.yml:\d as YAML: a quote \("\) is opened and never closed$/),
    ]);
  });

  test('and names no piece of a bad text, which may be a password', () => {
    const secret = crypto.randomUUID().replaceAll('-', '');
    for (const text of [
      `a: !${secret}`,
      `a: *${secret}`,
      `a: @${secret}`,
      `- b\n${secret}: 1`,
      `a: |${secret}\n`,
    ]) {
      const said = sentences(text);
      expect(said.length).toBeGreaterThan(0);
      expect(said.join('\n')).not.toContain(secret);
    }
  });

  test('all mistakes at once, up to a limit', () => {
    expect(sentences('a: 1\na: 2\nb: *x\n')).toHaveLength(2);
    expect(sentences(Array.from({ length: 60 }, () => 'a: 1').join('\n'))).toHaveLength(YAML_PROBLEMS_MAX);
  });
});

describe('parseYaml() keeps within its limits', () => {
  test('of length', () => {
    expect(sentences('#'.repeat(YAML_CHARS_MAX + 1))).toEqual([
      `Cannot read a.yml as YAML: it has ${YAML_CHARS_MAX + 1} characters, and at most ${YAML_CHARS_MAX} (YAML_CHARS_MAX) are read`,
    ]);
    expect(sentences('#'.repeat(YAML_CHARS_MAX))).toEqual([]);
  });

  test('of words, marks and lines, before any of them is parsed', () => {
    // Each of these took the parser a second or two, in which no client was served.
    const long = ['[', '[{', ': :\n', '- ', '&a ', '---\n', '#\n'].map((piece) =>
      piece.repeat(YAML_CHARS_MAX),
    );
    const inList = [',', '}'].map((piece) => `[${piece.repeat(YAML_CHARS_MAX)}`);
    for (const text of [...long, ...inList]) {
      expect(sentences(text.slice(0, YAML_CHARS_MAX))).toEqual([
        `Cannot read a.yml as YAML: it has more than ${YAML_TOKENS_MAX} (YAML_TOKENS_MAX) words, marks and lines`,
      ]);
    }
    const whole = Array.from({ length: 6_000 }, (_, n) => `key_${n}: "a value" # and why`).join('\n');
    expect(sentences(whole)).toEqual([]);
  });

  test('of complaints, however many the parser has', () => {
    expect(sentences(`a: "${'\\x'.repeat(100_000)}"`)).toHaveLength(YAML_PROBLEMS_MAX);
  });

  test('of depth', () => {
    const deep = (levels: number) => `a: ${'['.repeat(levels)}${']'.repeat(levels)}`;
    expect(sentences(deep(YAML_DEPTH_MAX))).toEqual([]);
    expect(sentences(deep(YAML_DEPTH_MAX + 1))).toEqual([
      `Cannot read a.yml:1 as YAML: it is nested deeper than ${YAML_DEPTH_MAX} (YAML_DEPTH_MAX) levels`,
    ]);
    expect(parseYaml('['.repeat(YAML_CHARS_MAX), 'a.yml').root).toBeUndefined();
  });

  test('of values, with exploding anchors written out', () => {
    const bomb = Array.from({ length: 12 }, (_, i) =>
      i === 0
        ? 'a0: &a0 [x, x]'
        : `a${i}: &a${i} [${Array(9)
            .fill(`*a${i - 1}`)
            .join(', ')}]`,
    ).join('\n');
    expect(sentences(bomb)).toEqual([
      `Cannot read a.yml:6 as YAML: with its aliases written out it has more than ${YAML_NODES_MAX} (YAML_NODES_MAX) values`,
    ]);
  });

  test('of aliases', () => {
    const aliases = (count: number) => `a: &a 1\nb:\n${'  - *a\n'.repeat(count)}`;
    expect(sentences(aliases(YAML_ALIASES_MAX))).toEqual([]);
    expect(sentences(aliases(YAML_ALIASES_MAX + 1))).toEqual([
      `Cannot read a.yml:${YAML_ALIASES_MAX + 3} as YAML: it has more than ${YAML_ALIASES_MAX} (YAML_ALIASES_MAX) aliases`,
    ]);
  });
});

describe('parseYaml()', () => {
  test('has no root for an empty text, and no complaint', () => {
    for (const text of ['', '# only a comment\n', '---\n']) {
      expect(parseYaml(text, 'a.yml')).toEqual({ root: undefined, problems: [] });
    }
  });

  test('reads the first of two documents and warns of the second', () => {
    expect(plain('a: 1\n---\na: 2\n')).toEqual({ a: 1 });
    expect(sentences('a: 1\n---\na: 2\n')).toEqual([
      'A second YAML document begins at a.yml:2: only the first one is read, as the application does',
    ]);
  });

  test('keeps a key named __proto__ as a key', () => {
    const value = plain('__proto__: {polluted: yes}') as object;
    expect(Object.keys(value)).toEqual(['__proto__']);
    expect((value as { polluted?: unknown }).polluted).toBeUndefined();
  });

  test('throws for no text, and every origin is a line of it', () => {
    const piece = fc.constantFrom(
      ...[
        'a',
        'b',
        ': ',
        ':',
        '\n',
        '\n  ',
        '- ',
        '? ',
        '[',
        ']',
        '{',
        '}',
        ',',
        '"',
        "'",
        '&x ',
        '*x',
        '!t ',
        '|',
        '>',
      ],
      ...[
        '<<: ',
        '---\n',
        '...\n',
        '%YAML 1.1\n',
        '#',
        '\t',
        '~',
        '1_0',
        '\\',
        '\r\n',
        'é',
        '\u0000',
        '\ud800',
      ],
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const text = pieces.join('');
        const { problems } = parseYaml(text, 'a.yml');
        for (const { origin } of problems) {
          expect(origin?.line ?? 1).toBeLessThanOrEqual(text.split('\n').length);
        }
      }),
      { numRuns: 500 },
    );
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        parseYaml(text, 'a.yml');
      }),
    );
  });
});
