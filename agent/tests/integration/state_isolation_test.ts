// What a client leaves on a server in ways that its text does not say, or says too late: the next client must not find it.

import { expect, setDefaultTimeout, test } from 'bun:test';
import { bind, execute, message, parse, query, sync } from '../harness/client_words.ts';
import type { RawClient } from '../harness/raw_client.ts';
import { ask, asks, openSharedShop } from './two_clients.ts';

setDefaultTimeout(30_000);

const { postgres, join, shared } = await openSharedShop();

const BACKEND = 'SELECT pg_backend_pid()';

/** Both get the same server, as one that nobody keeps is used before another is made. */
async function sameServer(one: RawClient, two: RawClient): Promise<void> {
  expect(await asks(two, BACKEND)).toEqual(await asks(one, BACKEND));
}

test('a SET in a DO block is its own client’s', async () => {
  await using both = await shared();
  await asks(both.one, "DO $$ BEGIN SET work_mem = '7MB'; END $$");
  expect(await asks(both.two, 'SHOW work_mem')).toEqual(['4MB']);
  expect(await asks(both.one, 'SHOW work_mem')).toEqual(['7MB']);
});

test('a setting of an application’s own that a DO block has set is found by nobody else', async () => {
  await using both = await shared();
  await asks(both.one, "DO $$ BEGIN PERFORM set_config('app.tenant', '42', false); END $$");
  await sameServer(both.two, both.one);
  await asks(both.one, "DO $$ BEGIN PERFORM set_config('app.tenant', '42', false); END $$");
  expect(await asks(both.two, "SELECT coalesce(current_setting('app.tenant', true), '')")).toEqual(['']);
});

test('what a portal has done that was stopped at its limit of rows is booked', async () => {
  await using both = await shared(2);
  const { one, two } = both;
  await ask(one, parse('', "SELECT set_config('app.tenant', '42', false)"), bind(''), execute('', 1), sync);
  expect(await asks(two, "SELECT coalesce(current_setting('app.tenant', true), '')")).toEqual(['']);
  await ask(one, parse('', 'SELECT pg_try_advisory_lock(5)'), bind(''), execute('', 1), sync);
  expect(await asks(two, BACKEND)).not.toEqual(await asks(one, BACKEND));
});

test('a FunctionCall is asked about', async () => {
  await using both = await shared(2);
  const { one, two } = both;
  // pg_advisory_lock(bigint), of one binary argument.
  const call = [...[0, 0, 0x0b, 0x40, 0, 1, 0, 1, 0, 1], ...[0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 7], ...[0, 1]];
  await ask(one, message('F', Uint8Array.from(call)));
  expect(await asks(one, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")).toEqual(['1']);
  expect(await asks(two, BACKEND)).not.toEqual(await asks(one, BACKEND));
});

test('an answer about an earlier text does not hide what a later one has set', async () => {
  await using both = await shared();
  const { one, two } = both;
  for (let i = 0; i < 20; i++) {
    await asks(one, "DO $$ BEGIN EXECUTE 'SELECT 1'; END $$");
    await asks(one, `SET work_mem = '${10 + i}MB'`);
    expect(await asks(two, 'SHOW work_mem')).toEqual(['4MB']);
    expect(await asks(one, 'SHOW work_mem')).toEqual([`${10 + i}MB`]);
  }
});

test('operators of a client’s own schema change nothing of what is asked', async () => {
  await using both = await shared(2);
  const { one, two } = both;
  await asks(
    one,
    `CREATE SCHEMA odd; CREATE FUNCTION odd.no(text, text) RETURNS bool LANGUAGE sql AS 'SELECT false';
    CREATE OPERATOR odd.= (LEFTARG = text, RIGHTARG = text, FUNCTION = odd.no);
    CREATE OPERATOR odd.<> (LEFTARG = text, RIGHTARG = text, FUNCTION = odd.no)`,
  );
  await asks(one, 'SET search_path = odd, pg_catalog');
  await asks(one, "DO $$ BEGIN SET work_mem = '7MB'; END $$");
  expect(await asks(two, 'SHOW work_mem')).toEqual(['4MB']);
  await asks(one, 'SELECT pg_advisory_lock(9)');
  expect(await asks(two, BACKEND)).not.toEqual(await asks(one, BACKEND));
});

for (const object of [
  'COLLATION pg_temp.mine FROM "C"',
  'TEXT SEARCH CONFIGURATION pg_temp.mine (COPY = simple)',
])
  test(`CREATE ${object} keeps the server`, async () => {
    await using both = await shared(2);
    expect(await asks(both.one, `CREATE ${object}`)).toEqual([]);
    expect(await asks(both.two, BACKEND)).not.toEqual(await asks(both.one, BACKEND));
  });

test('a client whose statements have a millisecond is asked all the same', async () => {
  await using both = await shared();
  await asks(both.one, 'SET statement_timeout = 1');
  for (let i = 0; i < 50; i++) await asks(both.one, "DO $$ BEGIN SET work_mem = '7MB'; END $$");
  expect(await asks(both.two, 'SHOW work_mem')).toEqual(['4MB']);
});

test('a statement that others use cannot be made another by dynamic SQL', async () => {
  await using both = await shared();
  const { one, two } = both;
  await ask(two, parse('mine', "SELECT 'right'"), sync);
  await asks(two, "PREPARE by_sql AS SELECT 'right'");
  const names = await asks(one, 'SELECT name FROM pg_prepared_statements');
  expect(names.length).toBe(2);
  for (const name of [...names, 'pgsidecar_99']) {
    const gone = names.includes(name) ? `EXECUTE 'DEALLOCATE ${name}';` : '';
    await asks(one, `DO $$ BEGIN ${gone} EXECUTE 'PREPARE ${name} AS SELECT ''wrong'''; END $$`);
    expect(await ask(two, bind('mine'), execute(), sync)).toEqual(['right']);
    expect(await asks(two, 'EXECUTE by_sql')).toEqual(['right']);
  }
});

test('a PREPARE that fails on another server spoils no other', async () => {
  await using both = await shared();
  const { one, two } = both;
  await asks(one, 'CREATE TABLE going (n int); INSERT INTO going VALUES (1)');
  await asks(one, 'PREPARE a AS SELECT n FROM going');
  await asks(one, 'PREPARE b AS SELECT 2');
  await asks(two, 'DISCARD ALL');
  await asks(two, 'DROP TABLE going');
  expect((await asks(one, 'EXECUTE a')).join()).toContain('does not exist');
  expect(await asks(one, 'EXECUTE b')).toEqual(['2']);
});

test('a SET that something else has followed in its transaction teaches nobody anything', async () => {
  await using both = await shared();
  const { one, two } = both;
  for (const client of [one, two]) await asks(client, 'SELECT 1');
  await asks(one, "SET TimeZone = 'Europe/Berlin'; SELECT set_config('TimeZone', 'Asia/Tokyo', false)");
  await asks(
    one,
    "BEGIN; SET TimeZone = 'Europe/Paris'; SELECT set_config('TimeZone', 'Asia/Tokyo', false); COMMIT",
  );
  for (const zone of ['Europe/Berlin', 'Europe/Paris']) {
    await asks(two, `SET TimeZone = '${zone}'`);
    expect(await asks(two, 'SHOW TimeZone')).toEqual([zone]);
  }
});

test('a query does not run without the role that its client has set', async () => {
  await using both = await shared();
  const { one, two } = both;
  await postgres.sql('CREATE ROLE going; GRANT going TO app');
  await asks(one, 'CREATE TABLE done (n int); GRANT ALL ON done TO PUBLIC');
  await asks(one, 'SET ROLE going');
  await asks(two, 'SELECT 1');
  await postgres.sql('DROP ROLE going');
  one.say(query('INSERT INTO done VALUES (1)'));
  expect(await one.ended).toContain('role "going" does not exist');
  expect(await asks(two, 'SELECT count(*) FROM done')).toEqual(['0']);
});

test('what a client may set and the next may not take back costs the server, and nobody else', async () => {
  await using both = await shared();
  const { agent, one, two } = both;
  await postgres.sql('CREATE ROLE strong SUPERUSER; GRANT strong TO app');
  await asks(one, 'SET ROLE strong');
  await asks(one, "SET session_replication_role = 'replica'");
  await asks(one, 'RESET ROLE');
  const before = await asks(one, 'SHOW session_replication_role');
  expect(before).toEqual(['replica']);
  expect(await asks(two, 'SHOW session_replication_role')).toEqual(['origin']);
  const three = await join(agent);
  expect(await asks(three, 'SHOW session_replication_role')).toEqual(['origin']);
  await postgres.sql('REVOKE strong FROM app; DROP ROLE strong');
});

test('a client that sets without end is told so, and keeps nobody', async () => {
  await using both = await shared();
  const { one, two } = both;
  const many = Array.from({ length: 600 }, (_, i) => `SET app.x${i} = ${i}`).join(';');
  one.say(query(many));
  expect(await one.ended).toContain('no more settings allowed');
  expect(await asks(two, "SELECT coalesce(current_setting('app.x1', true), '')")).toEqual(['']);
});

test('a text that is read otherwise than its client was told last hides nothing', async () => {
  await using both = await shared();
  const { one, two } = both;
  await asks(one, 'SET standard_conforming_strings = off');
  const text = String.raw`SELECT '\'; SET app.tenant TO '42'; SET work_mem TO '7MB'; SELECT '\'`;
  one.say(query('SET standard_conforming_strings = on'), query(text));
  await one.untilReady();
  await one.untilReady();
  const sees = "SELECT coalesce(current_setting('app.tenant', true), '') || current_setting('work_mem')";
  expect(await asks(two, sees)).toEqual(['4MB']);
});

test('a statement that is parsed anew by another reading is asked about', async () => {
  await using both = await shared();
  const { one, two } = both;
  const text = String.raw`SELECT '\' /*' , set_config('app.tenant', '42', false) --*/`;
  await ask(one, parse('mine', text), sync);
  await asks(one, 'SET standard_conforming_strings = off');
  await asks(two, 'DISCARD ALL');
  await ask(one, bind('mine'), execute(), sync);
  expect(await asks(two, "SELECT coalesce(current_setting('app.tenant', true), '')")).toEqual(['']);
});

test('SET seed costs nobody anything', async () => {
  await using both = await shared();
  const { one, two } = both;
  await asks(one, 'SET seed = 0.5');
  expect(await asks(two, 'SELECT 1')).toEqual(['1']);
  const first = await asks(one, 'SELECT random()');
  await asks(two, 'SELECT 1');
  expect(await asks(one, 'SELECT random()')).not.toEqual(first);
});

test('an INSERT keeps its server where lastval() is asked for, and its text may end a transaction too', async () => {
  await using both = await shared(2);
  const { one, two } = both;
  await asks(one, 'CREATE TABLE counted (id serial)');
  await asks(two, 'SELECT lastval()');
  await asks(one, "BEGIN; SET work_mem = '7MB'");
  await asks(one, 'INSERT INTO counted DEFAULT VALUES; ROLLBACK');
  await asks(two, 'SELECT 1');
  expect(await asks(one, 'SELECT lastval()')).toEqual(['1']);
  expect(await asks(one, 'SHOW work_mem')).toEqual(['4MB']);
});
