// What clients of the bank were told about each transfer, and whether PostgreSQL agrees, to the cent.

import { expect } from 'bun:test';
import type { Agent } from '../harness/agent.ts';
import type { Postgres } from '../harness/postgres.ts';

export const ACCOUNTS = 20;
const FIRST_BALANCE = 100_000;

export interface Transfer {
  /** Made up by the client: the audit table has one row with it, or none. */
  readonly id: string;
  readonly source: number;
  readonly target: number;
  readonly cents: number;
  /** COMMIT has been sent: from here on a lost connection leaves the outcome open. */
  commitSent: boolean;
  /** `unknown` until the client was told. */
  outcome: 'committed' | 'failed' | 'unknown';
}

export class Ledger {
  readonly transfers: Transfer[] = [];
  /** Answers that were not to the question that the client had asked. */
  readonly strange: string[] = [];
  /** How transfers and logins ended otherwise: SQLSTATE, or what the driver has where there is none. */
  readonly errors: string[] = [];
  committed = 0;

  begin(): Transfer {
    const source = Math.floor(Math.random() * ACCOUNTS);
    const target = (source + 1 + Math.floor(Math.random() * (ACCOUNTS - 1))) % ACCOUNTS;
    const cents = 1 + Math.floor(Math.random() * 10_000);
    const id = crypto.randomUUID();
    const transfer: Transfer = { id, source, target, cents, commitSent: false, outcome: 'unknown' };
    this.transfers.push(transfer);
    return transfer;
  }

  /** What PostgreSQL said of COMMIT: its tag is ROLLBACK when the transaction had failed before. */
  end(transfer: Transfer, tag: string): void {
    transfer.outcome = tag === 'COMMIT' ? 'committed' : 'failed';
    if (tag === 'COMMIT') this.committed++;
    else if (tag !== 'ROLLBACK') this.strange.push(`${tag} in place of COMMIT`);
  }

  /** Without an answer: whoever had not sent COMMIT knows that nothing has happened. */
  lost(transfer: Transfer): void {
    if (!transfer.commitSent) transfer.outcome = 'failed';
  }

  /** Every answer carries what was asked. */
  compare(what: string, expected: unknown, received: unknown): void {
    if (expected !== received)
      this.strange.push(`${what}: ${String(received)} in place of ${String(expected)}`);
  }
}

export async function openBank(postgres: Postgres): Promise<void> {
  await postgres.sql(
    `CREATE TABLE accounts (id int PRIMARY KEY, balance bigint NOT NULL);
     CREATE TABLE audit (id uuid NOT NULL, source int NOT NULL, target int NOT NULL, cents bigint NOT NULL);
     CREATE TABLE parcels (client int NOT NULL, n int NOT NULL);
     ALTER TABLE accounts OWNER TO app; ALTER TABLE audit OWNER TO app; ALTER TABLE parcels OWNER TO app;
     INSERT INTO accounts SELECT n, ${FIRST_BALANCE} FROM generate_series(0, ${ACCOUNTS - 1}) AS n`,
    'shop',
  );
}

/** Back to the first morning. */
export async function resetBank(postgres: Postgres): Promise<void> {
  await postgres.sql(`TRUNCATE audit, parcels; UPDATE accounts SET balance = ${FIRST_BALANCE}`, 'shop');
}

/** What was told to be done is there once, what was told to have failed is not, and no cent is missing. */
export async function reconcile(postgres: Postgres, ledger: Ledger): Promise<void> {
  expect(ledger.strange).toEqual([]);
  const rows = await postgres.sql<{ id: string; n: number }>(
    'SELECT id::text, count(*)::int AS n FROM audit GROUP BY id',
    'shop',
  );
  const there = new Map(rows.map(({ id, n }) => [id, n]));
  const wrong: string[] = [];
  for (const { id, outcome } of ledger.transfers) {
    const n = there.get(id) ?? 0;
    there.delete(id);
    const isRight = outcome === 'committed' ? n === 1 : outcome === 'failed' ? n === 0 : n <= 1;
    if (!isRight) wrong.push(`${id} is told as ${outcome}, and is there ${n} times`);
  }
  expect(wrong).toEqual([]);
  expect([...there.keys()]).toEqual([]);
  const balances = await postgres.sql<{ id: number; balance: string; booked: string }>(
    `SELECT id, balance::text, (${FIRST_BALANCE}
       - (SELECT coalesce(sum(cents), 0) FROM audit WHERE source = accounts.id)
       + (SELECT coalesce(sum(cents), 0) FROM audit WHERE target = accounts.id))::text AS booked
     FROM accounts ORDER BY id`,
    'shop',
  );
  expect(balances.map(({ id, booked }) => [id, booked])).toEqual(
    balances.map(({ id, balance }) => [id, balance]),
  );
  const sum = balances.reduce((all, { balance }) => all + Number(balance), 0);
  expect(sum).toBe(ACCOUNTS * FIRST_BALANCE);
}

interface PoolCounts {
  readonly serversActive: number;
  readonly serversIdle: number;
  readonly serversTested: number;
  readonly serversCleaning: number;
  readonly serversBeingCanceled: number;
  readonly serversLogin: number;
}

/** Waits until PostgreSQL has exactly the connections that the agent counts, all of them idle, and no lock is held. */
export async function untilQuiet(postgres: Postgres, agent: Agent): Promise<void> {
  for (;;) {
    const pools = (await agent.status()).pools as readonly PoolCounts[];
    const counted = pools.reduce(
      (all, each) =>
        all +
        each.serversActive +
        each.serversIdle +
        each.serversTested +
        each.serversCleaning +
        each.serversBeingCanceled +
        each.serversLogin,
      0,
    );
    const seen = await held(postgres);
    const isIdle = pools.every(
      (each) => each.serversActive + each.serversTested + each.serversCleaning + each.serversLogin === 0,
    );
    if (isIdle && seen.connections === counted && seen.busy === 0 && seen.locks === 0) return;
    await Bun.sleep(20);
  }
}

/** What the application's role has at PostgreSQL. */
export async function held(postgres: Postgres) {
  const [row] = await postgres.sql<{ connections: number; busy: number; locks: number }>(
    `SELECT count(*)::int AS connections,
       count(*) FILTER (WHERE state <> 'idle')::int AS busy,
       (SELECT count(*)::int FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE usename = 'app') AS locks
     FROM pg_stat_activity WHERE usename = 'app'`,
  );
  return row!;
}
