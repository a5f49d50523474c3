// The network between the agent and PostgreSQL, by a namespace of the agent's own: pulled out, lossy, reset by somebody in between.

import { afterAll, beforeAll, beforeEach, expect, setDefaultTimeout } from 'bun:test';
import pg from 'pg';
import type { Agent } from '../harness/agent.ts';
import { testNeeding } from '../harness/needs.ts';
import { createNursery } from '../harness/nursery.ts';
import { freePort } from '../harness/postgres.ts';
import { libpqEnvironment, refused, through } from '../harness/psql.ts';
import { Bank, expectKnown, type Settings } from './bank.ts';
import { type Cable, layCable, missingCables, missingResets } from './cable.ts';
import { held } from './ledger.ts';

setDefaultTimeout(60_000);

const missing = missingCables();
const testByCable = testNeeding(missing);
let cable: Cable;
let bank: Bank;

if (missing === undefined) {
  beforeAll(async () => {
    cable = await layCable();
    // What PostgreSQL needs to learn of clients that went away while nothing reached it.
    const settings = { tcp_keepalives_idle: 1, tcp_keepalives_interval: 1, tcp_keepalives_count: 3 };
    bank = await Bank.open({ listenAddresses: [cable.near], settings }, [cable.near]);
  }, 60_000);
  beforeEach(() => bank.reset());
  afterAll(async () => {
    await bank?.close();
    await cable?.[Symbol.asyncDispose]();
  });
}

function start(settings: Settings = {}): Promise<Agent> {
  return bank.start(settings, { executable: cable.agent }, { host: cable.near });
}

/** Its notice acknowledges the query: what is cut off behind it is silent, and has nothing to send again. */
const SLEEP = "DO $$ BEGIN RAISE NOTICE 'it runs'; PERFORM pg_sleep(600); END $$";

/** A client of the agent's socket that is there until the test ends. */
async function enter(agent: Agent) {
  const client = new pg.Client(agent.url('app', bank.postgres.passwordOf('app'), 'shop'));
  client.on('error', () => {}); // the end of its connection is told by its query
  await client.connect();
  return {
    query: (sql: string) => client.query(sql),
    notice: () => new Promise((resolve) => client.once('notice', resolve)),
    /** The SQLSTATE that it fails with. */
    fails: (sql: string): Promise<string | undefined> =>
      client.query(sql).then(
        () => 'it was answered',
        (error: { code?: string }) => error.code,
      ),
    [Symbol.asyncDispose]: () => client.end().catch(() => {}), // it was ended already
  };
}

testByCable(
  'a cable that is pulled out: query_timeout ends queries, logins are told why; it is put back, and no lock stays',
  async () => {
    await using agent = await start({
      query_timeout: '500ms',
      server_connect_timeout: '500ms',
      cancel_wait_timeout: '500ms',
      query_wait_timeout: '2s',
    });
    const ledger = await bank.underLoad({ agent }, async (load) => {
      cable.pullOut();
      await agent.waitForLog(({ code }) => code === 'query_timeout');
      const login = through(agent, bank.postgres.passwordOf('app'));
      let refusal = await refused(login);
      while (refusal.sqlstate !== '08001') refusal = await refused(login);
      expect((await agent.command('wait', '--timeout', '100ms')).code).toBe(75);
      cable.putBack();
      expect((await agent.command('wait', '--timeout', '20s')).code).toBe(0);
      await load.progress();
    });
    expect(ledger.errors).toContain('57014');
    expectKnown(ledger, /^57014$/);
  },
);

testByCable(
  'a cable that is pulled out before a query: tcp_user_timeout gives its server up, long before TCP would',
  async () => {
    await using agent = await start({ tcp_user_timeout: '1500ms', tcp_keepalive: false });
    await using client = await enter(agent);
    await client.query('BEGIN');
    cable.pullOut();
    expect(await client.fails('SELECT 1')).toBe('08006');
    cable.putBack();
    await agent.waitForLog('server connection lost');
  },
);

testByCable(
  'a cable that is pulled out under a query: tcp_keepidle, tcp_keepintvl and tcp_keepcnt, or tcp_user_timeout, find out',
  async () => {
    for (const last of [{ tcp_keepcnt: 2 }, { tcp_keepcnt: 127, tcp_user_timeout: 2000 }]) {
      await using agent = await start({ tcp_keepidle: 1, tcp_keepintvl: 1, ...last });
      await using client = await enter(agent);
      const runs = client.notice();
      const failure = client.fails(SLEEP);
      await runs;
      cable.pullOut();
      expect(await failure).toBe('08006');
      cable.putBack();
      // PostgreSQL does not look whether anybody still waits for a query that is under way.
      const left = `FROM pg_stat_activity WHERE query = $sql$${SLEEP}$sql$ AND state = 'active'`;
      expect(await bank.postgres.sql(`SELECT pg_terminate_backend(pid, 10000) AS ended ${left}`)).toEqual([
        { ended: true },
      ]);
    }
  },
);

testByCable('packets that are lost and late change no answer, and cost nobody an error', async () => {
  await using agent = await start();
  const ledger = await bank.underLoad({ agent }, async (load) => {
    const before = cable.lost();
    cable.loseSome(true);
    do {
      await load.progress(50);
    } while (cable.lost() < before + 10);
    cable.loseSome(false);
  });
  expect(ledger.errors).toEqual([]);
});

testNeeding(await missingResets())(
  'connections that somebody in between resets, one time after another',
  async () => {
    await using agent = await start();
    const ledger = await bank.underLoad({ agent }, async (load) => {
      for (let times = 0; times < 5; times++) {
        cable.resetAll(bank.postgres.port);
        await load.progress(30);
      }
    });
    expect(ledger.errors).toContain('08006');
    expectKnown(ledger);
  },
);

testByCable(
  'a client behind a cable that is pulled out, and killed there: nobody hears of its end, and idle_transaction_timeout lets its row go',
  async () => {
    const nursery = createNursery('halfopen');
    const port = await freePort();
    const { certificate, key } = bank.authority.issueServer({ hosts: [cable.near] });
    await using agent = await bank.start(
      {
        ...{ listen_addr: [cable.near], listen_port: port, idle_transaction_timeout: '1s' },
        ...{ client_tls_sslmode: 'require', client_tls_cert_file: 'own.crt', client_tls_key_file: 'own.key' },
      },
      { files: { 'own.crt': certificate, 'own.key': key } },
      { host: cable.near },
    );
    const login = { host: cable.near, port, password: bank.postgres.passwordOf('app') };
    const words = ['BEGIN', 'UPDATE accounts SET balance = 0 WHERE id = 3', '\\! sleep 600'];
    const psql = nursery.spawn(
      [...cable.inside, 'psql', '-X', '-q', ...words.flatMap((sql) => ['-c', sql])],
      {
        output: 'pipe',
        env: {
          ...libpqEnvironment({ ...login, env: { PGSSLMODE: 'require' } }),
          PATH: '/usr/sbin:/usr/bin:/bin',
        },
      },
    );
    while ((await held(bank.postgres)).locks === 0) await Bun.sleep(10);
    cable.pullOut();
    psql.kill('SIGKILL');
    await psql.exited;
    const { msg: reason } = await agent.waitForLog(({ code }) => code === 'idle_transaction_timeout');
    await agent.waitForLog('client disconnected');
    const ends = agent.logLines().filter(({ msg }) => msg === 'client disconnected');
    expect(ends.map((line) => line.reason)).toEqual([reason]);
    while ((await held(bank.postgres)).locks > 0) await Bun.sleep(10);
    cable.putBack();
    expect(await bank.postgres.sql('SELECT balance::int FROM accounts WHERE id = 3', 'shop')).toEqual([
      { balance: 100_000 },
    ]);
    await nursery.close();
  },
);
