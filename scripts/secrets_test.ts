// The search for secrets finds each form of one, wherever it stands, and nothing where none is.

import { expect, test } from 'bun:test';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkRecord, formsOf, searchTexts } from './secrets.ts';

const uuid = crypto.randomUUID();
const random = randomBytes(24).toString('base64');
const strange = `${crypto.randomUUID()} ä$"`;

test('searchTexts() finds a secret as it is, in base64 behind anything, in hex and in a URL', () => {
  for (const secret of [uuid, random, strange]) {
    const planted = [
      secret,
      ...['', 'a', 'ab', 'abc'].map((before) => Buffer.from(`${before}${secret}x`).toString('base64')),
      Buffer.from(`user:${secret}`).toString('base64url'),
      Buffer.from(secret).toString('hex'),
      Buffer.from(secret).toString('hex').toUpperCase(),
      encodeURIComponent(secret),
      `postgres://app:${encodeURIComponent(secret)}@db/shop`,
      JSON.stringify({ password: secret }),
    ];
    for (const [index, each] of planted.entries()) {
      const text = `first line\n{"msg":"before ${each} behind"}\nlast line`;
      expect([index, searchTexts([uuid, random, strange], [['log', text]]).length]).not.toEqual([index, 0]);
    }
  }
});

test('searchTexts() shows the line without the secret, and finds nothing where there is none', () => {
  expect(searchTexts([uuid], [['log', `a\nb ${uuid} c\nd`]])).toEqual([
    { file: 'log', line: 'b <the secret> c' },
  ]);
  const others = Array.from(
    { length: 1_000 },
    () => `${crypto.randomUUID()} ${randomBytes(30).toString('base64')}`,
  );
  expect(searchTexts([uuid, random], [['log', others.join('\n')]])).toEqual([]);
});

test('formsOf() has no form that is short enough to be found by chance', () => {
  for (const secret of [uuid, random, strange])
    for (const form of formsOf(secret)) expect(form.length).toBeGreaterThanOrEqual(12);
});

test('checkRecord() finds what it plants, and complains of secrets and of having looked at nothing', () => {
  const directory = mkdtempSync(join(tmpdir(), 'pgsidecar-record-'));
  try {
    expect(checkRecord(directory).problems).toEqual([
      'only 0 secrets were kept, and 100 are the least',
      'only 0 characters were kept, and 500000 are the least',
    ]);
    for (const folder of ['secrets', 'outputs']) mkdirSync(join(directory, folder));
    writeFileSync(join(directory, 'secrets', 'all.1'), `${JSON.stringify(uuid)}\n`);
    writeFileSync(join(directory, 'outputs', 'agents.1'), '{"msg":"ready"}\n');
    const least = { secrets: 1, chars: 10 };
    expect(checkRecord(directory, least)).toEqual({
      problems: [],
      summary: '1 secrets, 16 characters in 1 files',
    });
    rmSync(join(directory, 'outputs', 'planted'));
    writeFileSync(join(directory, 'outputs', 'commands.1'), `password ${uuid} is wrong\n`);
    expect(checkRecord(directory, least).problems).toEqual([
      'a secret is in commands.1: password <the secret> is wrong',
    ]);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
