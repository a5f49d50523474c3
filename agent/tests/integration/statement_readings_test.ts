// Clients that prepare the same text under other settings: each has it read as its own settings say, whoever prepared it before.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test';
import type { Agent } from '../harness/agent.ts';
import { serve } from '../harness/application.ts';
import { createCertificateAuthority } from '../harness/certificates.ts';
import { bind, execute, parse, query, split, sync } from '../harness/client_words.ts';
import { type Postgres, startPostgres } from '../harness/postgres.ts';
import { loggedIn, type RawClient, socketOf } from '../harness/raw_client.ts';

setDefaultTimeout(60_000);

const authority = createCertificateAuthority();
let postgres: Postgres;
let agent: Agent;

beforeAll(async () => {
  postgres = await startPostgres({
    tls: { server: authority.issueServer() },
    users: { app: '' },
    databases: { shop: 'app' },
  });
  // One server, so that everybody finds there what the others have prepared.
  const settings = { auth_type: 'plain', default_pool_size: 1 };
  agent = await serve({ postgres, authority, settings });
}, 60_000);
afterAll(async () => {
  await agent?.stop();
  await postgres?.stop();
});

/** The first column of the only row. */
async function ask(client: RawClient, ...pieces: readonly Uint8Array[]): Promise<string | undefined> {
  client.heard = '';
  client.say(...pieces);
  await client.until(/Z\0\0\0\x05[ITE]$/);
  const row = split(Buffer.from(client.heard, 'latin1')).find(({ type }) => type === 'D');
  return row?.body.toString('utf8', 6);
}

async function join(setting: string): Promise<RawClient> {
  const client = await loggedIn(socketOf(agent), postgres.passwordOf('app'));
  await ask(client, query(`SET ${setting}`));
  return client;
}

const prepared = (name: string, sql: string): Uint8Array[] => [parse(name, sql), bind(name), execute(), sync];
const used = (name: string): Uint8Array[] => [bind(name), execute(), sync];

const DAY = `SELECT '01/02/2024'::date::text || ''`;
const MOMENT = `SELECT ('2024-01-01 00:00'::timestamptz AT TIME ZONE 'utc')::text`;

test.each([
  ['a date', DAY, 'DateStyle = "ISO, MDY"', '2024-01-02', 'DateStyle = "ISO, DMY"', '2024-02-01'],
  [
    'a moment',
    MOMENT,
    ...([
      'TimeZone = "UTC"',
      '2024-01-01 00:00:00',
      'TimeZone = "Asia/Tokyo"',
      '2023-12-31 15:00:00',
    ] as const),
  ],
  ['a letter', `SELECT octet_length('é')`, 'client_encoding = LATIN1', '4', 'client_encoding = UTF8', '2'],
  [
    'a backslash',
    `SELECT length('a\\\\b')`,
    ...(['standard_conforming_strings = off', '3', 'standard_conforming_strings = on', '4'] as const),
  ],
])('%s is what it is to each client', async (_, sql, one, ofOne, other, ofOther) => {
  const first = await join(one);
  const second = await join(other);
  expect(await ask(first, ...prepared('x', sql))).toBe(ofOne);
  expect(await ask(second, ...prepared('y', sql))).toBe(ofOther);
  for (let i = 0; i < 2; i++) {
    expect(await ask(first, ...used('x'))).toBe(ofOne);
    expect(await ask(second, ...used('y'))).toBe(ofOther);
  }
  first.close();
  second.close();
});

test('what a client has prepared, and has parsed anew after it changed its settings, is for nobody else', async () => {
  const first = await join('TimeZone = "UTC"');
  const second = await join('TimeZone = "UTC"');
  const sql = `${MOMENT} -- twice`;
  expect(await ask(first, ...prepared('x', sql))).toBe('2024-01-01 00:00:00');
  await ask(first, query('SET TimeZone = "Asia/Tokyo"'));
  // From now on the server has none of them, and each is parsed anew: as it was read when the client prepared it.
  await ask(second, query('DISCARD ALL'));
  expect(await ask(first, ...used('x'))).toBe('2024-01-01 00:00:00');
  expect(await ask(second, ...prepared('y', sql))).toBe('2024-01-01 00:00:00');
  expect(await ask(second, ...used('y'))).toBe('2024-01-01 00:00:00');
  first.close();
  second.close();
});

const TOKYO = ['2023-12-31 15:00:00', 'Asia/Tokyo'];
const UTC = ['2024-01-01 00:00:00', 'UTC'];
const run = (sql: string): Uint8Array[] => [parse('', sql), bind(''), execute()];

test.each([
  ['a Query', [query('SET TimeZone = "Asia/Tokyo"')], 2],
  ['an Execute', run('SET TimeZone = "Asia/Tokyo"'), 1],
  ['a function', run(`SELECT 1 FROM set_config('TimeZone', 'Asia/Tokyo', false)`), 1],
])(
  'a setting that %s changes in the same write counts for the text behind it, and for nobody else',
  async (kind, change, readies) => {
    const zone = `, current_setting('TimeZone') -- ${kind}`;
    const sql = MOMENT + zone;
    const both = async (client: RawClient, count: number, ...pieces: readonly Uint8Array[]) => {
      client.heard = '';
      client.say(...pieces);
      await client.until(new RegExp(`^(?:[^]*?Z\\0\\0\\0\\x05[ITE]){${count}}$`));
      const row = split(Buffer.from(client.heard, 'latin1')).findLast(({ type }) => type === 'D')!;
      const length = row.body.readInt32BE(2);
      return [row.body.toString('utf8', 6, 6 + length), row.body.toString('utf8', 10 + length)];
    };
    for (const isKnown of [false, true]) {
      const text = `${sql} ${isKnown}`;
      const first = await join('TimeZone = "UTC"');
      const second = await join('TimeZone = "UTC"');
      if (isKnown) expect(await both(second, 1, ...prepared('y', text))).toEqual(UTC);
      expect(await both(first, readies, ...change, ...prepared('x', text))).toEqual(TOKYO);
      if (!isKnown) expect(await both(second, 1, ...prepared('y', text))).toEqual(UTC);
      expect(await both(second, 1, ...used('y'))).toEqual(UTC);
      first.close();
      second.close();
    }
  },
);
