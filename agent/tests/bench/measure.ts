// Measures the two poolers pair by pair, A B A B, so that whatever else the machine does meets both.

import { type PgbenchResult, runPgbench } from './pgbench.ts';
import type { Pooler } from './poolers.ts';
import { cpuTimeOf } from './process_usage.ts';
import type { Workload } from './workloads.ts';

/** One run of pgbench through one pooler. CPU is the pooler's own, for each transaction. */
export interface Sample extends PgbenchResult {
  readonly userUs: number;
  readonly systemUs: number;
}

/** One row of the result: a workload with a number of clients, both poolers, every round. */
export interface Cell {
  readonly workload: string;
  readonly clients: number;
  readonly ours: readonly Sample[];
  /** Empty where PgBouncer cannot do it. */
  readonly theirs: readonly Sample[];
}

export interface Plan {
  readonly workloads: readonly Workload[];
  readonly clients: readonly number[];
  readonly seconds: number;
  readonly rounds: number;
  readonly warmSeconds: number;
}

/**
 * Runs a workload until the agent's code for it is compiled, as it is in a daemon that has run for a minute. Logins are
 * few in a second where the client derives keys: they need longest.
 */
export async function warm(
  ours: Pooler,
  theirs: Pooler | undefined,
  workload: Workload,
  { clients, warmSeconds }: Plan,
): Promise<void> {
  const some = Math.max(...clients);
  await measureOnce(ours, workload, some, warmSeconds);
  if (theirs !== undefined) await measureOnce(theirs, workload, some, 1);
}

export async function measureCell(
  ours: Pooler,
  theirs: Pooler | undefined,
  workload: Workload,
  clients: number,
  { seconds, rounds }: Plan,
): Promise<Cell> {
  const cell = { workload: workload.name, clients, ours: [] as Sample[], theirs: [] as Sample[] };
  const poolers = theirs === undefined ? [ours] : [ours, theirs];
  // Pools fill before anything counts.
  for (const pooler of poolers) await measureOnce(pooler, workload, clients, 1);
  for (let round = 0; round < rounds; round++) {
    for (const pooler of poolers) {
      const sample = await measureOnce(pooler, workload, clients, seconds);
      (pooler === ours ? cell.ours : cell.theirs).push(sample);
    }
  }
  return cell;
}

export async function measureOnce(
  pooler: Pooler,
  workload: Pick<Workload, 'name' | 'args'>,
  clients: number,
  seconds: number,
): Promise<Sample> {
  const before = cpuTimeOf(pooler.pid);
  const result = await runPgbench(pooler.target, workload.args, { clients, seconds });
  const after = cpuTimeOf(pooler.pid);
  if (result.transactions === 0 || result.failed > 0) {
    throw new Error(
      `${pooler.name}: ${result.failed} of ${result.transactions} transactions failed (${workload.name})`,
    );
  }
  return {
    ...result,
    userUs: (after.userUs - before.userUs) / result.transactions,
    systemUs: (after.systemUs - before.systemUs) / result.transactions,
  };
}
