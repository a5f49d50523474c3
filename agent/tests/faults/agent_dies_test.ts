// The agent itself is killed, frozen and restarted while a bank works: PostgreSQL keeps nothing of the one that is gone.

import { afterAll, beforeAll, beforeEach, expect, setDefaultTimeout, test } from 'bun:test';
import { Bank, Branch, expectKnown } from './bank.ts';
import { held } from './ledger.ts';

setDefaultTimeout(60_000);

let bank: Bank;
beforeAll(async () => {
  bank = await Bank.open();
}, 60_000);
beforeEach(() => bank.reset());
afterAll(() => bank?.close());

/** In the drivers' words: it is not there, or it went away. */
const GONE = [/ECONNREFUSED/, /ENOENT/];

test('the agent is killed with -9 and started again, three times: no transaction stays behind at PostgreSQL', async () => {
  await using branch = new Branch(bank, await bank.start());
  const ledger = await bank.underLoad(branch, async (load) => {
    for (let times = 0; times < 3; times++) {
      branch.agent.signal('SIGKILL');
      await branch.agent.exited;
      // What it had is rolled back and closed without anybody's help.
      for (;;) {
        const { connections, locks } = await held(bank.postgres);
        if (connections === 0 && locks === 0) break;
        await Bun.sleep(10);
      }
      await branch.openAgain();
      await load.progress();
    }
  });
  expect(ledger.errors.length).toBeGreaterThan(0);
  expectKnown(ledger, ...GONE);
});

test('the agent is told to end by SIGINT, as by systemd, and started again: what runs is finished, and the rest is told', async () => {
  await using branch = new Branch(bank, await bank.start());
  const ledger = await bank.underLoad(branch, async (load) => {
    branch.agent.signal('SIGINT');
    expect(await branch.agent.exited).toBe(0);
    await branch.openAgain();
    await load.progress();
  });
  expectKnown(ledger, ...GONE);
  // Nobody was cut off between a COMMIT that ran and its answer: what was not answered has not happened.
  const open = ledger.transfers.filter(({ outcome }) => outcome === 'unknown').map(({ id }) => id);
  const done = await bank.postgres.sql<{ id: string }>('SELECT id::text FROM audit', 'shop');
  expect(done.filter(({ id }) => open.includes(id))).toEqual([]);
});

test('the agent is frozen, and wakes up: nobody has lost anything', async () => {
  await using agent = await bank.start();
  const ledger = await bank.underLoad({ agent }, async (load, { committed }) => {
    agent.signal('SIGSTOP');
    await Bun.sleep(300);
    agent.signal('SIGCONT');
    await load.progress();
    expect(committed).toBeGreaterThan(0);
  });
  expect(ledger.errors).toEqual([]);
});
