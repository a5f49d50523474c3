// pgbench through the socket: 40 clients on 5 servers, in each of its protocols, and the books balance at the end.

import { beforeAll, expect, test } from 'bun:test';
import { ask, runProgram } from '../harness/psql.ts';
import { onEachPostgres } from './stage.ts';

const SERVERS = 5;
const CLIENTS = 40;

onEachPostgres(
  'pgbench',
  { needs: ['pgbench', 'psql'], settings: { default_pool_size: SERVERS } },
  (stage) => {
    async function pgbench(...args: string[]): Promise<string> {
      const { code, stdout, stderr } = await runProgram(stage.login, ['pgbench', ...args]);
      if (code !== 0) throw new Error(`pgbench ${args.join(' ')} ended with ${code}: ${stderr}\n${stdout}`);
      return stdout;
    }

    /** Runs it with all clients, and holds it to its own count. */
    async function run(transactions: number, ...args: string[]): Promise<void> {
      // A thread each: pgbench prepares without looking at its thread's other clients, which have the servers it waits for.
      const all = ['-n', '-c', String(CLIENTS), '-j', String(CLIENTS), '-t', String(transactions), ...args];
      const report = await pgbench(...all);
      expect(report).toContain(
        `transactions actually processed: ${CLIENTS * transactions}/${CLIENTS * transactions}`,
      );
      expect(report).toContain('number of failed transactions: 0 (0.000%)');
      const sql = "SELECT count(*)::int AS servers FROM pg_stat_activity WHERE usename = 'app'";
      const [{ servers } = { servers: 0 }] = await stage.postgres.sql<{ servers: number }>(sql);
      expect(servers).toBeGreaterThan(0);
      expect(servers).toBeLessThanOrEqual(SERVERS);
    }

    beforeAll(async () => {
      // Its initialization creates, truncates, copies 200,000 rows, vacuums and adds keys, all of it through the socket.
      await pgbench('-i', '-s', '2', '-q');
    }, 30_000);

    test('-i has filled its tables by COPY', async () => {
      expect(await ask(stage.login, 'SELECT count(*) FROM pgbench_accounts')).toBe('200000');
    });

    for (const protocol of ['simple', 'extended', 'prepared']) {
      test(`TPC-B in the ${protocol} protocol: every transaction counts, and the sums agree`, async () => {
        await ask(stage.login, 'UPDATE pgbench_accounts SET abalance = 0 WHERE abalance <> 0');
        await ask(stage.login, 'UPDATE pgbench_branches SET bbalance = 0');
        await ask(stage.login, 'UPDATE pgbench_tellers SET tbalance = 0');
        await ask(stage.login, 'TRUNCATE pgbench_history');
        await run(40, '-M', protocol);
        const sums = await ask(
          stage.login,
          `SELECT (SELECT count(*) FROM pgbench_history),
           (SELECT sum(abalance) FROM pgbench_accounts) = (SELECT sum(delta) FROM pgbench_history),
           (SELECT sum(tbalance) FROM pgbench_tellers) = (SELECT sum(delta) FROM pgbench_history),
           (SELECT sum(bbalance) FROM pgbench_branches) = (SELECT sum(delta) FROM pgbench_history)`,
        );
        expect(sums).toBe(`${CLIENTS * 40}|t|t|t`);
      }, 30_000);

      test(`select-only in the ${protocol} protocol`, () => run(300, '-S', '-M', protocol), 30_000);
    }

    test('-C: a new connection for each transaction', () => run(10, '-C', '-S'), 30_000);

    test('pipelines of its own scripts, several statements to a Sync', async () => {
      const script = `
      \\set id random(1, 100000)
      \\startpipeline
      BEGIN;
      SELECT abalance FROM pgbench_accounts WHERE aid = :id;
      UPDATE pgbench_accounts SET abalance = abalance + 1 WHERE aid = :id;
      SELECT abalance FROM pgbench_accounts WHERE aid = :id;
      COMMIT;
      \\endpipeline
    `;
      const path = `${stage.agent.directory}/pipeline.sql`;
      await Bun.write(path, script);
      await run(50, '-M', 'extended', '-f', path);
      await run(50, '-M', 'prepared', '-f', path);
    }, 30_000);
  },
);
