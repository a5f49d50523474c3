// Secrets: *** wherever one could be printed by accident, and the text only for who asks for it.

import { expect, test } from 'bun:test';
import { inspect } from 'node:util';
import { Secret } from './secret.ts';

test('Secret prints as ***, however it is printed', () => {
  const text = crypto.randomUUID();
  const secret = new Secret(text);
  const printed = [
    String(secret),
    `${secret}`,
    JSON.stringify({ password: secret }),
    inspect(secret),
    inspect({ deep: [{ secret }] }, { depth: 9, showHidden: true }),
    Bun.inspect({ secret }),
    Object.values(secret).join(),
    JSON.stringify(structuredClone({ ...secret })),
  ];
  for (const each of printed) expect(each).not.toContain(text);
  expect(printed.slice(0, 4)).toEqual(['***', '***', '{"password":"***"}', '***']);
});

test('Secret.open() gives the text back', () => {
  const text = crypto.randomUUID();
  expect(new Secret(text).open()).toBe(text);
});

test('Secret.equals() compares what is inside', () => {
  const text = crypto.randomUUID();
  expect(new Secret(text).equals(new Secret(text))).toBe(true);
  expect(new Secret(text).equals(new Secret(`${text} `))).toBe(false);
  expect(new Secret(text).equals(undefined)).toBe(false);
});
