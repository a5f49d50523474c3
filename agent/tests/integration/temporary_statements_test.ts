// The same text for clients with temporary objects and without: each means what is there for itself, whoever prepared it before.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test';
import type { Agent } from '../harness/agent.ts';
import { serve } from '../harness/application.ts';
import { createCertificateAuthority } from '../harness/certificates.ts';
import { bind, close, execute, parse, query, split, sync } from '../harness/client_words.ts';
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
  const client = await join();
  await ask(client, query(`CREATE TABLE t AS SELECT 'all'::text AS whose`));
  // From now on this server has a schema for temporary objects: the next one does not make it plan anew.
  await ask(client, query('CREATE TEMP TABLE first (id int)'));
  await leave(client);
}, 60_000);
afterAll(async () => {
  await agent?.stop();
  await postgres?.stop();
});

/** The first column of the last row, or the SQLSTATE of an error. */
async function ask(client: RawClient, ...pieces: readonly Uint8Array[]): Promise<string | undefined> {
  client.heard = '';
  client.say(...pieces);
  await client.until(/Z\0\0\0\x05[ITE]$/);
  const messages = split(Buffer.from(client.heard, 'latin1'));
  const error = messages.find(({ type }) => type === 'E');
  if (error !== undefined) return /\0C(\w{5})\0/.exec(error.body.toString('latin1'))?.[1];
  return messages.findLast(({ type }) => type === 'D')?.body.toString('utf8', 6);
}

function join(): Promise<RawClient> {
  return loggedIn(socketOf(agent), postgres.passwordOf('app'));
}

/** The next client gets the server when this one's temporary objects are gone. */
async function leave(client: RawClient): Promise<void> {
  await ask(client, query('DISCARD TEMP'));
  client.close();
}

const prepared = (name: string, sql: string): Uint8Array[] => [parse(name, sql), bind(name), execute(), sync];
const used = (name: string): Uint8Array[] => [bind(name), execute(), sync];
const CREATE = `CREATE TEMP TABLE t AS SELECT 'own'::text AS whose`;
const run = (sql: string): Uint8Array[] => [parse('', sql), bind(''), execute()];

test.each([
  ['before', 1, [query(CREATE)], []],
  ['in the same transaction', 2, [query('BEGIN')], [query(CREATE)]],
  ['in the same run', 3, [], run(CREATE)],
])('a temporary table made %s hides that of all from its client only', async (_, number, before, made) => {
  const sql = `SELECT whose FROM t -- ${number}`;
  const other = await join();
  expect(await ask(other, ...prepared('x', sql))).toBe('all');
  const client = await join();
  for (const piece of before) await ask(client, piece);
  if (number === 3) expect(await ask(client, ...made, ...prepared('y', sql))).toBe('own');
  else {
    for (const piece of made) await ask(client, piece);
    expect(await ask(client, ...prepared('y', sql))).toBe('own');
  }
  expect(await ask(client, ...used('y'))).toBe('own');
  if (number === 2) await ask(client, query('COMMIT'));
  await ask(client, query('DROP TABLE pg_temp.t'));
  expect(await ask(client, ...used('y'))).toBe('all');
  expect(await ask(other, ...used('x'))).toBe('all');
  await leave(client);
  other.close();
});

test('a type of its own is nobody else’s in a text that others prepare', async () => {
  const sql = `SELECT ('x'::mood)::text`;
  const client = await join();
  await ask(client, query(`CREATE TYPE mood AS ENUM ('z')`));
  await ask(client, query(`CREATE TYPE pg_temp.mood AS ENUM ('x')`));
  expect(await ask(client, ...prepared('y', sql))).toBe('x');
  await leave(client);
  const other = await join();
  expect(await ask(other, ...prepared('x', sql))).toBe('22P02');
  other.close();
});

test('the server says what is wrong with a text on temporary objects that are gone, at its Parse', async () => {
  const sql = 'SELECT pg_temp.f()::text';
  const client = await join();
  await ask(client, query('CREATE TEMP TABLE held (id int)'));
  await ask(client, query(`CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 7'`));
  expect(await ask(client, ...prepared('x', sql))).toBe('7');
  await ask(client, query('DROP FUNCTION pg_temp.f()'));
  expect(await ask(client, parse('y', sql), sync)).toBe('42883');
  expect(await ask(client, close('S', 'x'), parse('x', sql), sync)).toBe('42883');
  await leave(client);
});
