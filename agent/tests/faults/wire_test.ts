// The wire to PostgreSQL is slow, chopped, cut, and silent, while a bank works.

import { afterAll, beforeAll, beforeEach, expect, setDefaultTimeout, test } from 'bun:test';
import pg from 'pg';
import { refused, through } from '../harness/psql.ts';
import { Bank, expectKnown, type Settings } from './bank.ts';
import { untilQuiet } from './ledger.ts';
import { startWire, type Wire } from './wire.ts';

setDefaultTimeout(60_000);

let bank: Bank;
beforeAll(async () => {
  bank = await Bank.open();
}, 60_000);
beforeEach(() => bank.reset());
afterAll(() => bank?.close());

function start(wire: Wire, settings: Settings = {}) {
  return bank.start(settings, {}, { port: wire.port });
}

test('a wire that is slow and passes everything in small pieces changes no answer', async () => {
  await using wire = await startWire(bank.postgres);
  wire.hamper(true);
  await using agent = await start(wire);
  const ledger = await bank.underLoad({ agent }, async () => {});
  expect(ledger.errors).toEqual([]);
});

test('connections that are reset, again and again: clients are told 08006, and the pool comes back', async () => {
  await using wire = await startWire(bank.postgres);
  await using agent = await start(wire);
  const ledger = await bank.underLoad({ agent }, async (load) => {
    for (let times = 0; times < 10; times++) {
      wire.cut();
      await load.progress(30);
    }
  });
  expect(ledger.errors).toContain('08006');
  expectKnown(ledger);
  expect(wire.connections).toBeLessThanOrEqual(4);
});

test('a wire that is silent: query_timeout ends queries, and servers that do not answer are given up; then the bank goes on', async () => {
  await using wire = await startWire(bank.postgres);
  await using agent = await start(wire, {
    query_timeout: '500ms',
    server_connect_timeout: '500ms',
    cancel_wait_timeout: '500ms',
    query_wait_timeout: '2s',
  });
  const ledger = await bank.underLoad({ agent }, async (load) => {
    wire.freeze();
    await agent.waitForLog(({ code }) => code === 'query_timeout');
    expect((await agent.waitForLog(({ code }) => code === 'server_timeout')).msg).toContain(
      'server_connect_timeout',
    );
    const login = through(agent, bank.postgres.passwordOf('app'));
    let refusal = await refused(login);
    while (refusal.sqlstate !== '08001') refusal = await refused(login);
    wire.thaw();
    expect((await agent.command('wait', '--timeout', '20s')).code).toBe(0);
    await load.progress();
  });
  expect(ledger.errors).toContain('57014');
  expectKnown(ledger, /^57014$/);
});

/** How a COMMIT ends whose connection is cut, once at its way there and once at its way back. */
async function cutAtCommit(
  wire: Wire,
  cutWhen: () => Promise<void>,
): Promise<{ code: unknown; rows: number }> {
  await using agent = await start(wire, { default_pool_size: 1 });
  const client = new pg.Client(agent.url('app', bank.postgres.passwordOf('app'), 'shop'));
  client.on('error', () => {}); // the COMMIT that fails tells it
  await client.connect();
  await client.query('BEGIN');
  await client.query('INSERT INTO parcels VALUES (1, 1)');
  const told = client.query('COMMIT').then(
    () => 'committed',
    (error: pg.DatabaseError) => error.code,
  );
  await cutWhen();
  wire.cut();
  wire.thaw();
  const code = await told;
  await client.end();
  await untilQuiet(bank.postgres, agent);
  const [row] = await bank.postgres.sql<{ n: number }>('SELECT count(*)::int AS n FROM parcels', 'shop');
  return { code, rows: row!.n };
}

test('a COMMIT that is lost on its way there is told as 08006, and has not happened', async () => {
  await using wire = await startWire(bank.postgres);
  // Before the event loop lets the COMMIT go.
  const atOnce = async () => wire.freeze();
  expect(await cutAtCommit(wire, atOnce)).toEqual({ code: '08006', rows: 0 });
});

test('a COMMIT whose answer is lost on its way back is told as 08006 too, and has happened', async () => {
  await using wire = await startWire(bank.postgres);
  // PostgreSQL is still at its COMMIT when the wire falls silent.
  await bank.postgres.sql(
    `CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_advisory_lock_shared(7); RETURN NULL; END';
     CREATE CONSTRAINT TRIGGER slowly AFTER INSERT ON parcels DEFERRABLE INITIALLY DEFERRED
       FOR EACH ROW EXECUTE FUNCTION slowly()`,
    'shop',
  );
  const gate = new pg.Client(bank.postgres.superuserUrl.replace('/postgres?', '/shop?'));
  await gate.connect();
  await gate.query('SELECT pg_advisory_lock(7)');
  const untilCommitted = async () => {
    const waiting = `SELECT count(*)::int AS n FROM pg_stat_activity WHERE wait_event = 'advisory'`;
    while ((await bank.postgres.sql<{ n: number }>(waiting))[0]!.n === 0) await Bun.sleep(10);
    wire.freeze();
    await gate.query('SELECT pg_advisory_unlock(7)');
    const booked = 'SELECT count(*)::int AS n FROM parcels';
    while ((await bank.postgres.sql<{ n: number }>(booked, 'shop'))[0]!.n === 0) await Bun.sleep(10);
  };
  expect(await cutAtCommit(wire, untilCommitted)).toEqual({ code: '08006', rows: 1 });
  await gate.end();
  await bank.postgres.sql('DROP TRIGGER slowly ON parcels; DROP FUNCTION slowly', 'shop');
});
