// The wire to PostgreSQL is slow, chopped, cut, and silent, while a bank works.

import { afterAll, beforeAll, beforeEach, expect, setDefaultTimeout, test } from 'bun:test';
import { refused, through } from '../harness/psql.ts';
import { Bank, expectKnown, type Settings } from './bank.ts';
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
  expectKnown(
    ledger,
    /^57014$/,
    /the query ran for longer/,
    /within server_connect_timeout/,
    /query_wait_timeout/,
  );
});
