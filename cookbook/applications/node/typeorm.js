// A worker of a shop on TypeORM: entities with relations, migrations, transactions in transactions, locks of rows.

import typeorm from 'typeorm';
import { Shop1704067200000 } from './typeorm_migration.js';
import { check, distinct, end, me, meet, ROUNDS, stateOf } from './worker.js';

const Customer = new typeorm.EntitySchema({
  name: 'Customer',
  columns: { id: { type: 'int', primary: true, generated: 'increment' }, name: { type: 'text' } },
  relations: { orders: { type: 'one-to-many', target: 'Order', inverseSide: 'customer' } },
});
const Order = new typeorm.EntitySchema({
  name: 'Order',
  tableName: 'orders',
  columns: {
    id: { type: 'int', primary: true, generated: 'increment' },
    note: { type: 'text' },
    details: { type: 'jsonb', nullable: true },
    tags: { type: 'text', array: true, default: '{}' },
    at: { type: 'timestamptz', createDate: true },
    version: { type: 'int', version: true },
  },
  relations: { customer: { type: 'many-to-one', target: 'Customer', inverseSide: 'orders', cascade: true } },
});

// Its logger writes to standard output, which is for what was found.
console.log = console.error;

const shop = await new typeorm.DataSource({
  type: 'postgres',
  url: process.env.DATABASE_URL,
  poolSize: 3,
  entities: [Customer, Order],
  migrations: [Shop1704067200000],
}).initialize();
const customers = shop.getRepository(Customer);
const orders = shop.getRepository(Order);

/** A connection of the pool for as long as `act` takes. */
async function withRunner(act) {
  const runner = shop.createQueryRunner();
  try {
    return await act(runner);
  } finally {
    await runner.release();
  }
}

const one = async (runner, sql, values) => Object.values((await runner.query(sql, values))[0])[0];

// TypeORM has no lock for migrations: who comes too late fails, without an agent too, and finds everything done when it looks again.
await check('migrations', async () => {
  const again = async (error) => {
    if (!['23505', '42P07', '42701'].includes(error.driverError?.code)) throw error;
    await shop.runMigrations();
  };
  await shop.runMigrations().catch(again).catch(again);
  return [await shop.showMigrations(), await shop.query('SELECT name FROM migrations')];
});

await check('entities_and_their_relations', async () => {
  const mine = await customers.save({ name: `customer ${me}` });
  const notes = Array.from({ length: ROUNDS }, (_, i) => `order ${i}`);
  await orders.save(notes.map((note, i) => ({ note, customer: mine, details: { i }, tags: [`tag ${i}`, 'x,"y"'] })));
  const found = await customers.findOne({ where: { id: mine.id }, relations: { orders: true } });
  found.orders.sort((a, b) => a.details.i - b.details.i);
  const counted = await orders.countBy({ customer: { id: mine.id } });
  return [found.name, counted, found.orders.map(({ note, tags, version }) => [note, tags, version])];
});

await check('the_query_builder', async () => {
  const name = `customer ${me}`;
  const mine = () => orders.createQueryBuilder('o').innerJoin('o.customer', 'c').where('c.name = :name', { name });
  const notes = await mine().select('o.note', 'note').orderBy('o.note').limit(3).getRawMany();
  const counts = await Promise.all(notes.map(({ note }) => mine().andWhere('o.note = :note', { note }).getCount()));
  const ids = (await mine().getMany()).map(({ id }) => id);
  const update = orders.createQueryBuilder().update().set({ note: () => "note || '!'" });
  const { affected } = await update.whereInIds(ids).andWhere('tags @> :tags', { tags: ['tag 3'] }).execute();
  return [notes, counts, affected];
});

await check('transactions_in_transactions', async () => {
  const found = [];
  for (let round = 1; round <= ROUNDS; round++) {
    const outcome = shop.transaction('REPEATABLE READ', async (outer) => {
      const order = await outer.save(Order, { note: `round ${round} of ${me}` });
      const inner = outer.transaction((own) => own.query('INSERT INTO orders (id, note, version) VALUES ($1, $2, 1)', [order.id, 'again']));
      found.push(await stateOf(inner));
      await outer.update(Order, { id: order.id }, { details: { kept: true } });
      if (round % 3 === 0) throw new Error('changed our mind');
    });
    found.push(await outcome.then(() => 'done', ({ message }) => message));
  }
  return [...distinct(found), await orders.countBy({ note: typeorm.Like(`round % of ${me}`) })];
});

// Everybody adds to the same row, which is locked meanwhile.
await check('locks_of_rows', async () => {
  for (let round = 0; round < ROUNDS; round++) {
    await shop.transaction(async (own) => {
      const common = await own.findOneOrFail(Customer, { where: { id: 1 }, lock: { mode: 'pessimistic_write' } });
      await own.update(Customer, { id: 1 }, { name: String(Number(common.name) + 1) });
    });
  }
});

await check('a_session', () =>
  withRunner(async (runner) => {
    const found = [];
    await runner.query(`SET work_mem = ${1000 + me}`);
    await runner.query(`SET TIME ZONE 'Etc/GMT-${me}'`);
    await runner.query('SELECT pg_advisory_lock($1)', [100 + me]);
    await runner.query('CREATE TEMPORARY TABLE basket (n int)');
    for (let round = 1; round <= ROUNDS; round++) {
      await runner.query('INSERT INTO basket VALUES ($1)', [round * me]);
      found.push(`${await one(runner, 'SHOW work_mem')} ${await one(runner, 'SHOW TimeZone')}`);
    }
    found.push(await one(runner, 'SELECT sum(n)::int FROM basket'));
    await runner.query('DROP TABLE basket');
    found.push(await one(runner, 'SELECT pg_advisory_unlock($1)', [100 + me]));
    await runner.query('RESET ALL');
    return distinct(found);
  }),
);

// What TypeORM finds in the catalog is what the entities say: nothing to do.
await check('the_schema', async () => {
  await meet('the_schema');
  const { upQueries } = await shop.driver.createSchemaBuilder().log();
  return upQueries.map(({ query }) => query);
});

await check('what_is_left', async () => {
  await meet('what_is_left');
  const common = await customers.findOneByOrFail({ id: 1 });
  return [common.name, await customers.count(), await orders.count()];
});

await end(() => shop.destroy());
