// A server goes from a hostile or careless client to another one: no text of that one runs with the other's settings, whatever was left there.

import { expect, setDefaultTimeout, test } from 'bun:test';
import { bind, execute, parse, query, sync } from '../harness/client_words.ts';
import { ask, asks, openSharedShop } from './two_clients.ts';

setDefaultTimeout(30_000);

const { postgres, join, shared: open } = await openSharedShop();
await postgres.sql('CREATE SCHEMA evil; GRANT ALL ON SCHEMA evil, public TO app', 'shop');
await postgres.sql(
  'CREATE TABLE public.t (x text); CREATE TABLE evil.t (x text); CREATE TABLE loot (x text)',
  'shop',
);
await postgres.sql('GRANT ALL ON public.t, evil.t, loot TO app', 'shop');

/** Both have used a server, so that none is asked whether it takes what they began with. */
async function shared(servers = 1) {
  const both = await open(servers, { leak_check_every: 0 });
  for (const client of [both.one, both.two]) await asks(client, 'SELECT 1');
  return both;
}

async function rowsOf(table: string): Promise<unknown[]> {
  const rows = await postgres.sql<{ x: string }>(`SELECT x FROM ${table}`, 'shop');
  await postgres.sql(`TRUNCATE ${table}`, 'shop');
  return rows.map(({ x }) => x);
}

/** The library takes the name away, and nobody can reset it any more. */
const LOAD_PLPGSQL = 'DO $$ BEGIN NULL; END $$';

test('an INSERT behind a setting that cannot be taken back goes where its own client means', async () => {
  await using both = await shared();
  await asks(both.one, 'SET search_path TO evil, public', "SET plpgsql.foo TO 'x'", LOAD_PLPGSQL);
  expect(await asks(both.two, "INSERT INTO t VALUES ('mine')")).toEqual([]);
  expect([await rowsOf('evil.t'), await rowsOf('public.t')]).toEqual([[], ['mine']]);
});

for (const text of ['', 'ROLLBACK; ', 'COMMIT; ', 'END; '])
  test(`a client whose own setting no server takes reads nothing of another’s: ${text}INSERT`, async () => {
    await using both = await shared();
    await asks(both.one, 'SET row_security TO off', "SET plpgsql.foo TO 'x'");
    await asks(both.two, "SET app.key TO 'secret'", LOAD_PLPGSQL);
    await asks(both.one, `${text}INSERT INTO loot SELECT coalesce(current_setting('app.key', true), '')`);
    expect(await rowsOf('loot')).not.toContain('secret');
  });

test('what is sent in one write behind a ROLLBACK goes where its own client means', async () => {
  await using both = await shared();
  await asks(both.one, 'SET search_path TO evil, public', "SET plpgsql.foo TO 'x'", LOAD_PLPGSQL);
  both.two.say(query('ROLLBACK'), query("INSERT INTO t VALUES ('mine')"));
  for (let ready = 0; ready < 2; ready++) await both.two.untilReady();
  expect([await rowsOf('evil.t'), await rowsOf('public.t')]).toEqual([[], ['mine']]);
});

test('names and values of other letters are taken back whatever client_encoding is there', async () => {
  await using both = await shared();
  const { one, two } = both;
  await asks(one, `SET "€.x" TO '1'`, 'SET search_path TO evil', "SET client_encoding TO 'EUC_JP'");
  expect(await asks(two, "INSERT INTO t VALUES ('mine')")).toEqual([]);
  expect([await rowsOf('evil.t'), await rowsOf('public.t')]).toEqual([[], ['mine']]);
  await asks(two, `SET "é.x" TO 'leaked'`, "SET client_encoding TO 'LATIN1'");
  const three = await join(both.agent);
  expect(await asks(three, `SELECT coalesce(current_setting('é.x', true), '')`)).toEqual(['']);
});

test('no value is SQL, whatever the client before has left: in GBK the last byte of the sign for what is no letter begins another', async () => {
  await using both = await shared();
  const { agent, one, two } = both;
  const last = await join(agent);
  await asks(one, `SET app.x = '\ufffd\\''; SET default_transaction_isolation TO serializable; COMMIT; --'`);
  await asks(two, "SET client_encoding TO 'GBK'", 'SET backslash_quote TO on', 'SELECT 1');
  await asks(one, 'SELECT 1');
  expect(await asks(last, 'SHOW default_transaction_isolation', 'SHOW backslash_quote')).toEqual([
    'read committed',
    'safe_encoding',
  ]);
});

test('a name that is longer than an identifier is taken back, too', async () => {
  await using both = await shared();
  const name = `app.${'a'.repeat(70)}`;
  await asks(both.one, `SELECT set_config('${name}', 'secret', false)`);
  const found = `SELECT coalesce(current_setting('${name}', true), '')`;
  expect(await asks(both.two, found)).toEqual(['']);
  expect(await asks(both.one, found)).toEqual(['secret']);
});

test('what is set for a transaction ends with that where a statement was parsed anew in it', async () => {
  await using both = await shared(2);
  const { one, two } = both;
  await ask(one, parse('p', "SELECT timestamptz '2020-01-01 00:00:00'"), sync);
  expect(await ask(one, bind('p'), execute(), sync)).toEqual(['2020-01-01 00:00:00+00']);
  await asks(two, 'BEGIN', 'SELECT 1');
  const local = ["SET LOCAL TimeZone TO 'Asia/Tokyo'", "SET LOCAL DateStyle TO 'German'"];
  await asks(one, 'BEGIN', ...local, 'SET LOCAL standard_conforming_strings TO off');
  expect(await ask(one, bind('p'), execute(), sync)).toEqual(['01.01.2020 09:00:00 JST']);
  await asks(one, 'COMMIT');
  const shown = await asks(one, 'SHOW TimeZone', 'SHOW DateStyle', 'SHOW standard_conforming_strings');
  expect(shown).toEqual(['Etc/UTC', 'ISO, MDY', 'on']);
});
