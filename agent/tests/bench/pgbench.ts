// Runs pgbench, and reads what it printed and logged: transactions, throughput, the latency of every one of them.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { percentile } from './statistics.ts';

export interface PgbenchTarget {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

export interface PgbenchResult {
  readonly transactions: number;
  readonly failed: number;
  readonly transactionsPerSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
}

/** Fills the tables of pgbench; straight at the server, as it wants to own them. */
export async function fillTables(
  target: PgbenchTarget,
  scale: number,
  env: Record<string, string>,
): Promise<void> {
  await run(target, ['-i', '-q', '-s', String(scale)], env);
}

/** One run of `seconds`, with `clients` from one thread, as the same machine runs everything. */
export async function runPgbench(
  target: PgbenchTarget,
  args: readonly string[],
  load: { readonly clients: number; readonly seconds: number },
): Promise<PgbenchResult> {
  const directory = mkdtempSync(join(tmpdir(), 'pgsidecar-bench-'));
  try {
    const output = await run(target, [
      ...['-n', '-j', '1', '-c', String(load.clients), '-T', String(load.seconds)],
      ...['-l', `--log-prefix=${join(directory, 'log')}`, ...args],
    ]);
    const latencies = readLatencies(directory);
    return { ...parseSummary(output), p50Us: percentile(latencies, 0.5), p99Us: percentile(latencies, 0.99) };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** What pgbench prints at its end (PostgreSQL 14 and newer). */
export function parseSummary(output: string): Omit<PgbenchResult, 'p50Us' | 'p99Us'> {
  const number = (pattern: RegExp) => {
    const found = pattern.exec(output)?.[1];
    if (found === undefined) throw new Error(`Cannot read what pgbench printed:\n${output}`);
    return Number(found);
  };
  return {
    transactions: number(/^number of transactions actually processed: (\d+)/m),
    failed: number(/^number of failed transactions: (\d+)/m),
    transactionsPerSecond: number(/^tps = ([\d.]+)/m),
  };
}

/** Sorted, in microseconds: the third word of each line of the logs. */
function readLatencies(directory: string): Float64Array {
  const texts = readdirSync(directory).map((name) => readFileSync(join(directory, name), 'utf8'));
  const latencies = texts.flatMap((text) => text.split('\n').flatMap((line) => line.split(' ', 3)[2] ?? []));
  return Float64Array.from(latencies, Number).sort();
}

async function run(
  target: PgbenchTarget,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<string> {
  const child = Bun.spawn(
    ['pgbench', '-h', target.host, '-p', String(target.port), '-U', target.user, ...args, target.database],
    {
      env: { PATH: process.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C', PGPASSWORD: target.password, ...env },
      stdout: 'pipe',
      stderr: 'pipe',
    },
  );
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  const code = await child.exited;
  if (code !== 0) throw new Error(`pgbench ${args.join(' ')} ended with ${code}: ${stderr}`);
  return stdout;
}
