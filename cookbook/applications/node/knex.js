// A worker of a shop on knex: migrations under their lock table, its pool, nested transactions, jobs that are taken by one worker each.

import { setTimeout as sleep } from 'node:timers/promises';
import knexModule from 'knex';
import { check, distinct, end, me, meet, ROUNDS, stateOf } from './worker.js';

const knex = knexModule({
  client: 'pg',
  connection: process.env.DATABASE_URL,
  pool: { min: 0, max: 3 },
  migrations: { directory: './migrations' },
  // It warns of each lock that is taken, on standard output, which is for what was found.
  log: { warn() {}, error: console.error, deprecate: console.error, debug: console.error },
});

// One worker has the lock; the others are told that it is taken, and look again.
await check('migrations', async () => {
  // knex's own tables have to be there before: made by several at once, the lock may have two rows, and is never free.
  if (me === 0) await knex.migrate.currentVersion();
  await meet('migrations');
  for (;;) {
    try {
      await knex.migrate.latest();
      break;
    } catch (error) {
      if (error.name !== 'MigrationLocked') throw error;
      await sleep(20);
    }
  }
  const [done, waiting] = await knex.migrate.list();
  return [done.map(({ name }) => name), waiting.length, (await knex('stock').count())[0].count];
});

await check('queries', async () => {
  const ids = Array.from({ length: 3 * ROUNDS }, (_, i) => i + 1);
  const names = await Promise.all(ids.map((id) => knex('stock').where({ id }).first('name')));
  await knex('stock').where('id', me + 1).increment('sold', ROUNDS);
  const many = await knex('stock').whereIn('id', ids).andWhere('name', 'like', 'thing 1%').orderBy('id').pluck('id');
  return [names.map(({ name }) => name).join(', '), many, await stateOf(knex('stock').where('id', 'no number').select())];
});

await check('transactions_in_transactions', async () => {
  const found = [];
  for (let round = 1; round <= ROUNDS; round++) {
    const outcome = knex.transaction(async (outer) => {
      const [{ id }] = await outer('orders').insert({ who: me, details: { round } }).returning('id');
      const inner = outer.transaction((own) => own('orders').insert({ id, who: me }));
      found.push(await stateOf(inner));
      await outer.transaction((own) => own('orders').where({ id }).update({ stock_id: me + 1 }));
      if (round % 3 === 0) throw new Error('changed our mind');
    });
    found.push(await outcome.then(() => 'done', ({ message }) => message));
  }
  return [...distinct(found), await knex('orders').where({ who: me, stock_id: me + 1 }).count()];
});

await check('inserts_by_the_hundred', async () => {
  const rows = Array.from({ length: 500 }, (_, i) => ({ who: 100 + me, details: { i } }));
  const ids = await knex.batchInsert('orders', rows, 100).returning('id');
  await knex('stock').insert({ id: me + 1, name: 'another' }).onConflict('id').ignore();
  const sum = await knex('orders').where('who', 100 + me).sum({ n: knex.raw("(details->>'i')::int") });
  return [ids.length, sum];
});

// Each job is done once, however many want it.
await check('jobs_that_are_skipped_while_locked', async () => {
  let count = 0;
  for (;;) {
    const id = await knex.transaction(async (own) => {
      const job = await own('jobs').whereNull('done_by').orderBy('id').forUpdate().skipLocked().first('id');
      if (job !== undefined) await own('jobs').where(job).update({ done_by: me });
      return job?.id;
    });
    if (id === undefined) break;
    count++;
  }
  return count >= 0;
});

// All of it on one connection of knex's pool, which is acquired for that.
await check('a_session', async () => {
  const connection = await knex.client.acquireConnection();
  const on = (text, values = []) => knex.raw(text, values).connection(connection);
  const found = [];
  await on(`SET statement_timeout = ${4000 + me}`);
  await on("SELECT set_config('shop.worker', ?, false)", [`it's ${me}`]);
  await on('SELECT pg_advisory_lock(?)', [100 + me]);
  await on('CREATE TEMPORARY TABLE basket (n int)');
  for (let round = 1; round <= ROUNDS; round++) {
    await on('INSERT INTO basket VALUES (?)', [round * me]);
    const { rows } = await on("SELECT current_setting('statement_timeout') AS t, current_setting('shop.worker') AS w");
    found.push(`${rows[0].t} ${rows[0].w}`);
  }
  found.push((await on('SELECT sum(n)::int AS n FROM basket')).rows[0].n);
  await on('DROP TABLE basket');
  found.push((await on('SELECT pg_advisory_unlock(?) AS mine', [100 + me])).rows[0].mine);
  await on('RESET ALL');
  await knex.client.releaseConnection(connection);
  return distinct(found);
});

await check('a_query_that_takes_too_long', async () => {
  const error = await knex.raw('SELECT pg_sleep(30)').timeout(50, { cancel: true }).then(
    () => new Error('It went well'),
    (failure) => failure,
  );
  return [error.name, (await knex.raw('SELECT 42 AS n')).rows[0].n];
});

await check('what_is_left', async () => {
  await meet('what_is_left');
  const orders = await knex('orders').count().countDistinct({ workers: 'who' });
  const jobs = await knex('jobs').count().whereNotNull('done_by');
  return [orders, jobs, await knex('stock').sum('sold'), await knex('knex_migrations_lock').pluck('is_locked')];
});

await end(() => knex.destroy());
