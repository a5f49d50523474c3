// PostgreSQL is killed, whole and in parts, or frozen, while a bank works: every transfer is as its client was told.

import { afterAll, beforeAll, beforeEach, expect, setDefaultTimeout, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import pg from 'pg';
import { refused, through } from '../harness/psql.ts';
import { Bank, expectKnown } from './bank.ts';
import { held } from './ledger.ts';

setDefaultTimeout(60_000);

let bank: Bank;
beforeAll(async () => {
  bank = await Bank.open();
}, 60_000);
beforeEach(() => bank.reset());
afterAll(() => bank?.close());

test('nobody is harmed where nothing happens: every transfer is told as committed', async () => {
  await using agent = await bank.start();
  const ledger = await bank.underLoad({ agent }, (load) => load.progress(1_000));
  expect(ledger.errors).toEqual([]);
  expect(ledger.transfers.filter(({ outcome }) => outcome !== 'committed')).toEqual([]);
});

test('the postmaster is killed with -9 and started again, three times', async () => {
  await using agent = await bank.start();
  const ledger = await bank.underLoad({ agent }, async (load) => {
    for (let times = 0; times < 3; times++) {
      await bank.postgres.kill9();
      await bank.postgres.restart();
      await load.progress();
    }
  });
  expect(ledger.errors.length).toBeGreaterThan(0);
  expectKnown(ledger);
});

test('a backend is killed with -9, and PostgreSQL ends all of them and recovers', async () => {
  await using agent = await bank.start();
  const ledger = await bank.underLoad({ agent }, async (load) => {
    for (let times = 0; times < 3; times++) {
      const [victim] = await bank.postgres.sql<{ pid: number }>(
        "SELECT pid FROM pg_stat_activity WHERE usename = 'app' LIMIT 1",
      );
      process.kill(victim!.pid, 'SIGKILL');
      await load.progress();
    }
  });
  expect(ledger.errors.length).toBeGreaterThan(0);
  expectKnown(ledger);
});

test('backends are terminated by an administrator, one after another', async () => {
  await using agent = await bank.start();
  const ledger = await bank.underLoad({ agent }, async (load) => {
    for (let times = 0; times < 15; times++) {
      await bank.postgres.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app' ORDER BY random() LIMIT 1",
      );
      await load.progress(20);
    }
  });
  expect(ledger.errors).toContain('57P01');
  expectKnown(ledger);
});

test('PostgreSQL is restarted as an operator does, in the middle of it', async () => {
  await using agent = await bank.start();
  const ledger = await bank.underLoad({ agent }, () => bank.postgres.restart());
  expectKnown(ledger);
  expect((await held(bank.postgres)).connections).toBeLessThanOrEqual(4);
});

/** The postmaster and everything that it has forked. */
function processes(): number[] {
  const postmaster = bank.postgres.pid();
  const children = readFileSync(`/proc/${postmaster}/task/${postmaster}/children`, 'utf8');
  return [postmaster, ...children.split(' ').filter(Boolean).map(Number)];
}

test('PostgreSQL is frozen: query_timeout ends queries, server_connect_timeout ends logins; it wakes up, and the bank goes on', async () => {
  await using agent = await bank.start({
    query_timeout: '500ms',
    server_connect_timeout: '500ms',
    cancel_wait_timeout: '500ms',
    query_wait_timeout: '2s',
  });
  const ledger = await bank.underLoad({ agent }, async (load) => {
    const frozen = processes();
    for (const pid of frozen) process.kill(pid, 'SIGSTOP');
    try {
      const late = await agent.waitForLog(({ code }) => code === 'query_timeout');
      expect(late.msg).toContain('query timeout: it ran for longer than query_timeout (0.5 s)');
      const unheard = await agent.waitForLog(({ code }) => code === 'server_timeout');
      expect(unheard.msg).toContain('within server_connect_timeout');
      // The pool has no server left: a login is told why, and at once.
      const login = through(agent, bank.postgres.passwordOf('app'));
      let refusal = await refused(login);
      while (refusal.sqlstate !== '08001') refusal = await refused(login);
      expect((await agent.command('wait', '--timeout', '100ms')).code).toBe(75);
    } finally {
      for (const pid of frozen) process.kill(pid, 'SIGCONT');
    }
    expect((await agent.command('wait', '--timeout', '20s')).code).toBe(0);
    await load.progress();
  });
  expect(ledger.errors).toContain('57014');
  expectKnown(ledger, /^57014$/);
});

test('PostgreSQL takes nobody new (57P03): who has a server finishes, who waits has it next, and all is well after the restart', async () => {
  await using agent = await bank.start({ default_pool_size: 2 });
  const connect = async () => {
    const client = new pg.Client(agent.url('app', bank.postgres.passwordOf('app'), 'shop'));
    await client.connect();
    return client;
  };
  const holder = await connect();
  await holder.query('BEGIN');
  await holder.query('INSERT INTO parcels VALUES (1, 1)');
  // With the one server taken, the next client needs another.
  const waiter = await connect();
  // A smart shutdown lets those finish who are there.
  process.kill(bank.postgres.pid(), 'SIGTERM');
  while (!bank.postgres.logText().includes('received smart shutdown request')) await Bun.sleep(10);
  const waited = waiter.query('SELECT 1 AS n');
  const line = await agent.waitForLog(({ code }) => code === 'server_starting');
  expect(line.msg).toBe('the database system is shutting down (the server refused our login)');
  await holder.query('COMMIT');
  expect((await waited).rows).toEqual([{ n: 1 }]);
  await bank.postgres.restart();
  await agent.waitForLog('server connection lost');
  expect((await waiter.query('SELECT count(*)::int AS n FROM parcels')).rows).toEqual([{ n: 1 }]);
  await Promise.all([holder.end(), waiter.end()]);
});
