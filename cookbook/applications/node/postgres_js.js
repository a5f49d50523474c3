// A worker of a shop on postgres.js, which prepares, pipelines and listens by itself.

import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import postgres from 'postgres';
import { check, distinct, end, inbox, me, meet, ROUNDS, stateOf, workers } from './worker.js';

// The rest is in PGHOST, PGUSER …: it takes a socket from nowhere else. Notices are for those who read logs.
const sql = postgres({ max: 3, onnotice: () => {} });

const one = async (query) => Object.values((await query)[0])[0];

// Whoever is first makes them; the others wait for the lock of its transaction.
await check('tables', async () => {
  await sql.begin(async (own) => {
    await own`SELECT pg_advisory_xact_lock(4711)`;
    if (!(await one(own`SELECT to_regclass('orders') IS NULL AS none`))) return;
    await own.unsafe('CREATE TABLE counter (n int NOT NULL); INSERT INTO counter VALUES (0)');
    await own`CREATE TABLE stock (id int PRIMARY KEY, name text NOT NULL, sold int NOT NULL DEFAULT 0)`;
    await own`INSERT INTO stock SELECT i, 'thing ' || i FROM generate_series(1, 100) AS i`;
    await own`CREATE TABLE deliveries (who int NOT NULL, thing text NOT NULL)`;
    await own`CREATE TABLE orders (id serial PRIMARY KEY, who int NOT NULL, note text)`;
  });
  return one(sql`SELECT count(*) FROM stock`);
});

// The same with the lock of a session, over several transactions, and a temporary table on the way.
await check('migrations', async () => {
  const own = await sql.reserve();
  await own`SELECT pg_advisory_lock(4712)`;
  if (await one(own`SELECT to_regclass('names') IS NULL AS none`)) {
    await own`CREATE TEMPORARY TABLE old AS SELECT id, name FROM stock`;
    await own`UPDATE old SET name = upper(name)`;
    await own`CREATE TABLE names AS SELECT * FROM old`;
    await own`DROP TABLE old`;
  }
  const unlocked = await one(own`SELECT pg_advisory_unlock(4712)`);
  own.release();
  return [unlocked, await one(sql`SELECT count(*) FROM names`)];
});

// Named ones by default, unnamed ones on request; both by the hundred at once, one behind the other on each connection.
await check('statements', async () => {
  const many = Array.from({ length: 10 * ROUNDS }, (_, n) => n);
  const named = await Promise.all(many.map((n) => one(sql`SELECT ${n}::int * ${me + 1}::int AS n`)));
  const unnamed = await Promise.all(many.map((n) => one(sql.unsafe('SELECT $1::int + $2::int AS n', [n, me]))));
  const simple = await sql`SELECT 1 AS a`.simple();
  const sum = (numbers) => numbers.reduce((so_far, n) => so_far + n, 0);
  return [sum(named), sum(unnamed), simple[0].a, await stateOf(sql`SELECT ${'x'}::int`)];
});

await check('transactions', async () => {
  const states = [];
  for (let round = 1; round <= ROUNDS; round++) {
    const outcome = sql.begin('isolation level repeatable read', async (own) => {
      const id = await one(own`INSERT INTO orders ${own({ who: me, note: `order ${round}` })} RETURNING id`);
      const taken = own.savepoint((inner) => inner`INSERT INTO orders ${inner({ id, who: me })}`);
      states.push(await stateOf(taken), await one(own`SHOW transaction_isolation`));
      await own`UPDATE stock SET sold = sold + 1 WHERE id = ${me + 1}`;
      if (round % 3 === 0) throw new Error('changed our mind');
    });
    states.push(await outcome.then(() => 'done', ({ message }) => message));
  }
  return distinct(states);
});

await check('settings', async () => {
  const own = await sql.reserve();
  const found = [];
  await own.unsafe(`SET work_mem = ${1000 + me}; SET TIME ZONE 'Etc/GMT-${me}'`);
  await own.unsafe(`SET search_path TO "own ${me}", public`);
  await own`SELECT set_config('shop.worker', ${`it's ${me}`}, false)`;
  for (let round = 0; round < ROUNDS; round++) {
    await own.unsafe("BEGIN; SET LOCAL work_mem = '9MB'; SET lock_timeout = 1234; ROLLBACK");
    const shown = [];
    for (const name of ['work_mem', 'TimeZone', 'search_path', 'shop.worker', 'lock_timeout']) {
      shown.push(await one(own.unsafe(`SHOW ${name}`)));
    }
    found.push(shown.join(' '));
  }
  await own`RESET ALL`;
  found.push(await one(own`SHOW work_mem`));
  own.release();
  return distinct(found);
});

// Only the lock of the session keeps them from losing one another's counts: reading and writing are transactions of their own.
await check('locks_of_the_session', async () => {
  const own = await sql.reserve();
  let unlocked = 0;
  for (let round = 0; round < ROUNDS; round++) {
    await own`SELECT pg_advisory_lock(1, 2)`;
    const n = await one(own`SELECT n FROM counter`);
    await own`UPDATE counter SET n = ${n + 1}`;
    if (await one(own`SELECT pg_advisory_unlock(1, 2)`)) unlocked++;
  }
  own.release();
  return unlocked;
});

await check('temporary_tables', async () => {
  const own = await sql.reserve();
  const sums = [];
  for (let round = 0; round < 3; round++) {
    await own`CREATE TEMPORARY TABLE basket (id int, n int)`;
    await own`INSERT INTO basket ${own(Array.from({ length: ROUNDS }, (_, i) => ({ id: i + 1, n: me })))}`;
    sums.push(await one(own`SELECT sum(id * n)::int FROM basket JOIN stock USING (id)`));
    await own`DROP TABLE basket`;
  }
  own.release();
  return sums;
});

// A portal that is read in pieces: it keeps its transaction open between them.
await check('cursors', async () => {
  const pieces = [];
  await sql.begin(async (own) => {
    for await (const rows of own`SELECT id FROM stock WHERE id > ${me} ORDER BY id`.cursor(30)) {
      pieces.push(rows.length);
    }
  });
  await sql`SELECT id FROM stock ORDER BY id`.cursor(7, (rows) => {
    pieces.push(rows[0].id);
    return pieces.at(-1) > 20 ? sql.CLOSE : undefined;
  });
  return pieces;
});

await check('copy', async () => {
  const lines = Array.from({ length: 2000 }, (_, i) => `${me}\tthing ${i}\n`);
  await pipeline(Readable.from(lines), await sql`COPY deliveries FROM STDIN`.writable());
  let back = '';
  // On a connection of its own: with PostgreSQL itself, too, this driver does not go on behind a COPY TO.
  const reader = postgres({ max: 1 });
  const out = await reader.unsafe(`COPY (SELECT * FROM deliveries WHERE who = ${me}) TO STDOUT`).readable();
  for await (const chunk of out) back += chunk;
  await reader.end({ timeout: 0 });
  return [back === lines.join(''), await one(sql`SELECT count(*) FROM deliveries WHERE who = ${me}`)];
});

// What is cancelled ends with 57014; the connection goes on.
await check('cancel', async () => {
  const query = sql`SELECT pg_sleep(30)`;
  const state = stateOf(query.execute());
  // A request that comes before its query is there has nothing to cancel.
  let isOver = false;
  state.finally(() => {
    isOver = true;
  });
  while (!isOver) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    query.cancel();
  }
  return [await state, await one(sql`SELECT 42 AS n`)];
});

// It listens on a connection of its own. Each worker is told by the one before it.
await check('notifications', async () => {
  const box = inbox();
  const mine = `told ${me}`;
  const { unlisten } = await sql.listen(mine, (payload) => box.hear(mine, payload));
  await meet('notifications');
  for (let round = 1; round <= ROUNDS; round++) await sql.notify(`told ${(me + 1) % workers}`, String(round));
  const heard = await box.wait(ROUNDS);
  await unlisten();
  return heard;
});

await check('what_is_left', async () => {
  await meet('what_is_left');
  const orders = await sql`SELECT note, count(*)::int AS n FROM orders GROUP BY note ORDER BY note`;
  return [
    await one(sql`SELECT n FROM counter`),
    await one(sql`SELECT sum(sold) FROM stock`),
    await one(sql`SELECT count(*) FROM deliveries`),
    orders,
  ];
});

await end(() => sql.end());
