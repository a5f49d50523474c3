// A connection string that is complained about is shown without its password, however spoilt it is.

import { describe, expect, test } from 'bun:test';
import { maskConninfo, parseConninfo } from './conninfo.ts';

const ORIGIN = { place: '.env', line: 3, key: 'DATABASE_URL' };

function sentences(text: string): string[] {
  return parseConninfo(text, ORIGIN).problems.map((each) => each.sentence);
}

describe('maskConninfo()', () => {
  const secret = crypto.randomUUID();
  const half = secret.slice(0, 8);
  const spoilt: readonly string[] = [
    `postgres://u:${secret}@h/db`,
    `postgres://u:${half}@${secret}@h/db`,
    `postgres://u:${half}/${secret}@h/db`,
    `postgres://u:${half}:${secret}@h/db`,
    `postgres://u:${half}?${secret}@h/db`,
    `postgres://u:${half}%${secret}@h/db`,
    `postgres://me@corp:${secret}@h/db`,
    `postgres://u:${secret}`,
    `postgres://u:${half}/${secret}`,
    `postgres://h/db?password=${secret}&x`,
    `postgres://h/db?sslpassword=${secret}&x`,
    `host=h password=${half} ${secret}`,
    `host=h password='${half} ${secret}`,
    `${secret}`,
  ];
  test.each(spoilt.map((text, index) => [index, text] as const))(
    'hides the password of a spoilt string, form %d',
    (_, text) => {
      expect(maskConninfo(text)).not.toContain(secret);
      expect(maskConninfo(text)).not.toContain(half);
      for (const sentence of sentences(text)) {
        expect(sentence).not.toContain(secret);
        expect(sentence).not.toContain(half);
      }
    },
  );

  test('shows the rest of a URL', () => {
    expect(maskConninfo('postgres://u:p@h:1/db?sslmode=x')).toBe('"postgres://u:***@h:1/db?sslmode=x"');
    expect(maskConninfo('postgres://u@h:5432/db')).toBe('"postgres://u@h:5432/db"');
    expect(maskConninfo('postgres://[::1]:5432/db')).toBe('"postgres://[::1]:5432/db"');
  });

  test('puts a whole sentence together', () => {
    expect(sentences('postgres://app:a@b@h/db')).toEqual([
      'Cannot read "postgres://app:***@h/db" at .env:3: there are two @; write %40 for an @ in the user or password',
    ]);
  });
});
