// PgBouncer's auth_file: quotes, comments, and every unusable line named without showing what is in it.

import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { parseUserlist, USERLIST_CHARS_MAX, USERLIST_PROBLEMS_MAX } from './userlist.ts';

const PLACE = 'userlist.txt';

function quote(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}

test('parseUserlist() reads pairs, comments, empty lines and what stands behind a pair', () => {
  const { users, problems } = parseUserlist(
    [
      '; a comment',
      '# another',
      '',
      '"app" "one"',
      '\t"re""ad" \t "t""wo" ignored',
      '"peer" ""',
      '"last" "x"',
    ].join('\r\n'),
    PLACE,
  );
  expect(problems).toEqual([]);
  expect(users.map(({ name, secret, line }) => [name, secret?.open(), line])).toEqual([
    ['app', 'one', 4],
    ['re"ad', 't"wo', 5],
    ['peer', undefined, 6],
    ['last', 'x', 7],
  ]);
});

test('parseUserlist() complains of each unusable line with its number and without its secret', () => {
  const hidden = crypto.randomUUID();
  const { users, problems } = parseUserlist(
    [
      '"good" "x"',
      `app ${hidden}`,
      `"app" "${hidden}`,
      `"app""${hidden}"`,
      `"" "${hidden}"`,
      '"good" "x"',
      `"cut" "SCRAM-SHA-256$4096:${hidden}"`,
      `"${'n'.repeat(128)}" "x"`,
      `"long" "${hidden.repeat(60)}"`,
    ].join('\n'),
    PLACE,
  );
  expect(users.map(({ name }) => name)).toEqual(['good']);
  expect(problems.map(({ origin }) => origin?.line)).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
  expect(problems[4]!.sentence).toBe(
    'Cannot use a user at userlist.txt:6: user "good" stands in line 1 already, with the same secret',
  );
  expect(JSON.stringify(problems)).not.toContain(hidden);
});

test('parseUserlist() takes two lines of a user for a rotation, says so, and takes no third', () => {
  const [one, two, three] = [crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID()];
  const lines = [
    `"app" "${one}"`,
    `"app" "${two}"`,
    `"app" "${three}"`,
    `"app" ""`,
    '"peer" ""',
    `"peer" "${one}"`,
  ];
  const { users, problems } = parseUserlist(lines.join('\n'), PLACE);
  expect(
    users.map(({ name, line, secret, nextSecret }) => [name, line, secret?.open(), nextSecret?.open()]),
  ).toEqual([
    ['app', 1, one, two],
    ['peer', 5, undefined, undefined],
  ]);
  expect(problems.map(({ severity, sentence }) => `${severity}: ${sentence}`)).toEqual([
    'warning: user "app" has a second secret at userlist.txt:2, besides the one in line 1: both let in until one line is gone',
    'error: Cannot use a user at userlist.txt:3: user "app" stands in line 1 already, and has two secrets: keep two lines',
    'error: Cannot use a user at userlist.txt:4: user "app" stands in line 1 already, and one of the two has no secret',
    'error: Cannot use a user at userlist.txt:6: user "peer" stands in line 5 already, and one of the two has no secret',
  ]);
});

test('parseUserlist() gives back any name and secret that was quoted', () => {
  const text = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 30 })
    .filter((value) => !/[\r\n]/.test(value));
  fc.assert(
    fc.property(text, text, (name, secret) => {
      const { users } = parseUserlist(`${quote(name)} ${quote(secret)}\n`, PLACE);
      expect(users[0]?.name).toBe(name);
      expect(users[0]?.secret?.open()).toBe(secret);
    }),
  );
});

test('parseUserlist() reads no file that is too long, and no more than twenty complaints', () => {
  const { users, problems } = parseUserlist('#'.repeat(USERLIST_CHARS_MAX + 1), PLACE);
  expect(users).toEqual([]);
  expect(problems.map(({ sentence }) => sentence)).toEqual([
    expect.stringContaining(
      `it has ${USERLIST_CHARS_MAX + 1} characters, and at most ${USERLIST_CHARS_MAX} (`,
    ),
  ]);
  expect(parseUserlist('x\n'.repeat(1_000), PLACE).problems).toHaveLength(USERLIST_PROBLEMS_MAX);
});

test('parseUserlist() takes any text without throwing, and every line is a user, a problem or nothing', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const { users, problems } = parseUserlist(text, PLACE);
      expect(users.length + problems.length).toBeLessThanOrEqual(text.split('\n').length);
    }),
  );
});
