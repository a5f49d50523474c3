// A worker of a shop on node-postgres: its pool, named statements, transactions, and whatever a client of its own may want.

import pg from 'pg';
import { check, distinct, end, inbox, me, meet, ROUNDS, stateOf, workers } from './worker.js';

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 3 });

/** The first column of the first row. */
async function value(on, text, values = []) {
  const { rows } = await on.query({ text, values, rowMode: 'array' });
  return rows[0]?.[0];
}

/** A client of the pool for as long as `act` takes. */
async function withClient(act) {
  const client = await pool.connect();
  try {
    return await act(client);
  } finally {
    client.release();
  }
}

// Whoever is first makes them; the others wait for the lock of its transaction.
await check('tables', () =>
  withClient(async (client) => {
    await client.query('BEGIN');
    await client.query('SELECT pg_advisory_xact_lock($1)', [4711]);
    if (await value(client, "SELECT to_regclass('orders') IS NULL")) {
      await client.query('CREATE TABLE counter (n int NOT NULL); INSERT INTO counter VALUES (0)');
      await client.query('CREATE TABLE stock (id int PRIMARY KEY, name text NOT NULL, sold int NOT NULL DEFAULT 0)');
      await client.query("INSERT INTO stock SELECT i, 'thing ' || i FROM generate_series(1, 100) AS i");
      await client.query('CREATE TABLE orders (id serial PRIMARY KEY, who int NOT NULL, note text)');
    }
    await client.query('COMMIT');
    return await value(client, 'SELECT count(*) FROM stock');
  }),
);

// The same with the lock of a session, over several transactions, and a temporary table on the way.
await check('migrations', () =>
  withClient(async (client) => {
    await client.query('SELECT pg_advisory_lock($1)', [4712]);
    if (await value(client, "SELECT to_regclass('names') IS NULL")) {
      await client.query('CREATE TEMPORARY TABLE old AS SELECT id, name FROM stock');
      await client.query('UPDATE old SET name = upper(name)');
      await client.query('CREATE TABLE names AS SELECT * FROM old');
      await client.query('DROP TABLE old');
    }
    const unlocked = await value(client, 'SELECT pg_advisory_unlock($1)', [4712]);
    return [unlocked, await value(client, 'SELECT count(*) FROM names')];
  }),
);

// A name stands for a statement of this worker's own; the others use the same name.
await check('statements', async () => {
  const named = (n) => pool.query({ name: 'own', text: `SELECT $1::int * ${me + 1} AS n`, values: [n] });
  const answers = await Promise.all(Array.from({ length: 5 * ROUNDS }, (_, n) => named(n)));
  const unnamed = await Promise.all(
    Array.from({ length: 5 * ROUNDS }, (_, n) => value(pool, 'SELECT $1::int + $2::int', [n, me])),
  );
  const sum = (numbers) => numbers.reduce((one, other) => one + other, 0);
  return [sum(answers.map(({ rows }) => rows[0].n)), sum(unnamed), await stateOf(pool.query('SELECT $1::int', ['x']))];
});

await check('transactions', async () => {
  const states = [];
  for (let round = 1; round <= ROUNDS; round++) {
    await withClient(async (client) => {
      await client.query('BEGIN');
      const id = await value(client, 'INSERT INTO orders (who, note) VALUES ($1, $2) RETURNING id', [me, `order ${round}`]);
      await client.query('SAVEPOINT here');
      states.push(await stateOf(client.query('INSERT INTO orders (id, who) VALUES ($1, $2)', [id, me])));
      states.push(await stateOf(client.query('SELECT 1')));
      await client.query('ROLLBACK TO SAVEPOINT here');
      await client.query('UPDATE stock SET sold = sold + 1 WHERE id = $1', [me + 1]);
      await client.query(round % 3 === 0 ? 'ROLLBACK' : 'COMMIT');
    });
  }
  return distinct(states);
});

await check('settings', () =>
  withClient(async (client) => {
    const found = [];
    await client.query(`SET work_mem = ${1000 + me}; SET TIME ZONE 'Etc/GMT-${me}'`);
    await client.query(`SET search_path TO "own ${me}", public`);
    await client.query("SELECT set_config('shop.worker', $1, false)", [`it's ${me}`]);
    for (let round = 0; round < ROUNDS; round++) {
      await client.query("BEGIN; SET LOCAL work_mem = '9MB'; SET lock_timeout = 1234");
      found.push(`${await value(client, 'SHOW work_mem')} ${await value(client, 'SHOW lock_timeout')}`);
      await client.query('ROLLBACK');
      const shown = [];
      for (const name of ['work_mem', 'TimeZone', 'search_path', 'shop.worker', 'lock_timeout']) {
        shown.push(await value(client, `SHOW ${name}`));
      }
      found.push(shown.join(' '));
    }
    await client.query('RESET ALL');
    return [...distinct(found), await value(client, 'SHOW work_mem')];
  }),
);

// What the driver says in its startup packet is there from the first query on, and what RESET goes back to.
await check('settings_of_a_connection', async () => {
  const client = new pg.Client({
    connectionString: process.env.DATABASE_URL,
    statement_timeout: 4000 + me,
    application_name: `worker ${me}`,
    options: `-c work_mem=${2000 + me}`,
  });
  await client.connect();
  const found = [];
  for (let round = 0; round < ROUNDS; round++) {
    await client.query('SET statement_timeout = 99; RESET statement_timeout');
    for (const name of ['statement_timeout', 'application_name', 'work_mem']) {
      found.push(await value(client, `SHOW ${name}`));
    }
  }
  found.push(await stateOf(client.query('SET statement_timeout = 20; SELECT pg_sleep(30)')));
  await client.end();
  return distinct(found);
});

await check('statements_of_sql', () =>
  withClient(async (client) => {
    let sum = 0;
    await client.query(`PREPARE discount (int) AS SELECT $1 * ${me} + 1`);
    for (let round = 1; round <= ROUNDS; round++) sum += await value(client, `EXECUTE discount(${round})`);
    const again = await stateOf(client.query('PREPARE discount AS SELECT 1'));
    await client.query('DEALLOCATE discount');
    return [sum, again, await stateOf(client.query('EXECUTE discount(1)'))];
  }),
);

// Only the lock of the session keeps them from losing one another's counts: reading and writing are transactions of their own.
await check('locks_of_the_session', () =>
  withClient(async (client) => {
    let unlocked = 0;
    for (let round = 0; round < ROUNDS; round++) {
      await client.query('SELECT pg_advisory_lock($1, $2)', [1, 2]);
      const n = await value(client, 'SELECT n FROM counter');
      await client.query('UPDATE counter SET n = $1', [n + 1]);
      if (await value(client, 'SELECT pg_advisory_unlock($1, $2)', [1, 2])) unlocked++;
    }
    return unlocked;
  }),
);

await check('temporary_tables', () =>
  withClient(async (client) => {
    const sums = [];
    for (let round = 0; round < 3; round++) {
      await client.query('CREATE TEMPORARY TABLE basket (id int, n int)');
      for (let id = 1; id <= ROUNDS; id++) await client.query('INSERT INTO basket VALUES ($1, $2)', [id, me]);
      sums.push(await value(client, 'SELECT sum(id * n)::int FROM basket JOIN stock USING (id)'));
      await client.query('DROP TABLE basket');
    }
    return sums;
  }),
);

await check('cursors_that_are_held', () =>
  withClient(async (client) => {
    const pieces = [];
    await client.query('BEGIN');
    await client.query(`DECLARE things CURSOR WITH HOLD FOR SELECT id FROM stock WHERE id > ${me} ORDER BY id`);
    await client.query('COMMIT');
    for (let piece = 0; piece < 4; piece++) {
      const { rows } = await client.query('FETCH 7 FROM things');
      pieces.push(rows.map(({ id }) => id).join(' '));
    }
    await client.query('CLOSE things');
    return [...pieces, await stateOf(client.query('FETCH 1 FROM things'))];
  }),
);

// Each is told by the one before it, on a channel of its own.
await check('notifications', () =>
  withClient(async (client) => {
    const box = inbox();
    client.on('notification', ({ channel, payload }) => box.hear(channel, payload));
    await client.query(`LISTEN "told ${me}"`);
    await meet('notifications');
    for (let round = 1; round <= ROUNDS; round++) {
      await pool.query('SELECT pg_notify($1, $2)', [`told ${(me + 1) % workers}`, String(round)]);
    }
    const heard = await box.wait(ROUNDS);
    await client.query('UNLISTEN *');
    client.removeAllListeners('notification');
    return heard;
  }),
);

await check('what_is_left', async () => {
  await meet('what_is_left');
  const { rows } = await pool.query('SELECT note, count(*)::int AS n FROM orders GROUP BY note ORDER BY note');
  return [await value(pool, 'SELECT n FROM counter'), await value(pool, 'SELECT sum(sold) FROM stock'), rows];
});

await end(() => pool.end());
