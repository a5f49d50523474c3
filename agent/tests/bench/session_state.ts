// What following session state costs: pgbench -S beside an older commit; clients with SETs beside clients without, on a pool of 1.

import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { createCertificateAuthority } from '../harness/certificates.ts';
import { startPostgres } from '../harness/postgres.ts';
import { measureOnce, type Sample } from './measure.ts';
import { fillTables } from './pgbench.ts';
import { type Backend, DATABASE, type Pooler, startPgsidecar, USER } from './poolers.ts';
import { cpuUs, printTable } from './report.ts';
import { median, type Ratio, ratioOf } from './statistics.ts';

const HELP = `bun agent/tests/bench/session_state.ts [--before COMMIT] [--rounds N] [--seconds N] [--warm N] [--clients 1,8] [--only passing|switching]

  --before COMMIT  what nothing followed is measured against (default e22a175, the last one that follows nothing)
`;
const ROOT = resolve(import.meta.dir, '../../..');

const { values: options } = parseArgs({
  options: {
    before: { type: 'string', default: 'e22a175' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '4' },
    warm: { type: 'string', default: '12' },
    clients: { type: 'string', default: '1,8' },
    only: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

/** Two of them are run in turn, round by round. */
interface Runner {
  readonly pooler: Pooler;
  readonly args: readonly string[];
}

interface Comparison {
  readonly name: string;
  readonly clients: number;
  readonly one: Runner;
  readonly other: Runner;
}

async function main(): Promise<void> {
  const authority = createCertificateAuthority();
  await using postgres = await startPostgres({
    tls: { server: authority.issueServer() },
    users: { [USER]: '' },
    databases: { [DATABASE]: USER },
    settings: { max_connections: 100, shared_buffers: '256MB' },
  });
  const caPath = join(postgres.directory, 'bench_ca.crt');
  writeFileSync(caPath, authority.certificate);
  const target = { host: postgres.host, port: postgres.port, user: USER, database: DATABASE };
  const asOwner = { ...target, password: postgres.passwordOf(USER) };
  await fillTables(asOwner, 1, { PGSSLMODE: 'verify-full', PGSSLROOTCERT: caPath });
  const directory = mkdtempSync(join(tmpdir(), 'pgsidecar-bench-'));
  const stops: (() => Promise<void>)[] = [];
  try {
    const backend: Backend = { postgres, authority };
    const comparisons = [
      ...(options.only === 'switching' ? [] : await passing(backend, directory, stops)),
      ...(options.only === 'passing' ? [] : await switching(backend, directory, stops)),
    ];
    const rows = [['', 'clients', '/s', '/s', 'ratio', 'CPU µs', 'CPU µs', 'ratio', 'pair by pair']];
    for (const comparison of comparisons) rows.push(await measure(comparison));
    console.log(printTable(rows));
  } finally {
    for (const stop of stops.reverse()) await stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Nothing is followed: this tree, and the one before. */
async function passing(
  backend: Backend,
  directory: string,
  stops: (() => Promise<void>)[],
): Promise<Comparison[]> {
  const executable = await checkOut(options.before, directory, stops);
  const now = await startPgsidecar(backend, 'scram-sha-256');
  stops.push(now.stop);
  const before = await startPgsidecar(backend, 'scram-sha-256', { executable });
  stops.push(before.stop);
  const comparisons: Comparison[] = [];
  for (const mode of ['simple', 'extended', 'prepared']) {
    for (const clients of options.clients.split(',').map(Number)) {
      const args = ['-S', '-M', mode];
      comparisons.push({
        name: `-S ${mode}, now / ${options.before}`,
        clients,
        one: { pooler: now, args },
        other: { pooler: before, args },
      });
    }
  }
  return comparisons;
}

/** Two clients that wait for one server, which changes hands after every query. */
async function switching(
  backend: Backend,
  directory: string,
  stops: (() => Promise<void>)[],
): Promise<Comparison[]> {
  const pooler = await startPgsidecar(backend, 'scram-sha-256', { poolSize: 1 });
  stops.push(pooler.stop);
  const runner = (name: string, sets: readonly string[]): Runner => {
    const path = join(directory, `${name}.sql`);
    writeFileSync(path, scriptOf(sets));
    return { pooler, args: ['-M', 'simple', '-D', 'n=0', '-f', path] };
  };
  const none = runner('none', []);
  const names = Object.keys(FOLLOWED);
  const differing = (count: number) =>
    names.map((name, at) => `SET ${name} TO ${at < count ? ':value' : FOLLOWED[name]};`);
  return [
    { name: '10 SETs, the same in both / none', count: 0 },
    { name: '10 SETs, one differs / none', count: 1 },
    { name: '10 SETs, all differ / none', count: names.length },
  ].map(({ name, count }) => ({
    name,
    clients: 2,
    one: runner(`differing_${count}`, differing(count)),
    other: none,
  }));
}

/** Settings that PostgreSQL does not report, and that change no plan of what is run. */
const FOLLOWED: Readonly<Record<string, number>> = {
  work_mem: 5_000,
  maintenance_work_mem: 50_000,
  statement_timeout: 900_000,
  lock_timeout: 800_000,
  idle_in_transaction_session_timeout: 700_000,
  default_statistics_target: 300,
  vacuum_cost_page_miss: 5,
  gin_fuzzy_search_limit: 100,
  gin_pending_list_limit: 4_000,
  vacuum_cost_limit: 300,
};

/** A client's variables outlive the run of its script: so it knows which one is its first. */
function scriptOf(sets: readonly string[]): string {
  return [
    '\\set n :n + 1',
    '\\set value 2000 + 100 * :client_id',
    '\\set aid random(1, 100000 * :scale)',
    '\\if :n = 1',
    ...sets,
    '\\endif',
    'SELECT abalance FROM pgbench_accounts WHERE aid = :aid;',
    '',
  ].join('\n');
}

async function measure({ name, clients, one, other }: Comparison): Promise<string[]> {
  const run = ({ pooler, args }: Runner, seconds: number): Promise<Sample> =>
    measureOnce(pooler, { name, args }, clients, seconds);
  // Until the code for it is compiled, as it is in a daemon that has run for a minute.
  for (const runner of [one, other]) await run(runner, Number(options.warm));
  const ones: Sample[] = [];
  const others: Sample[] = [];
  for (let round = 0; round < Number(options.rounds); round++) {
    ones.push(await run(one, Number(options.seconds)));
    others.push(await run(other, Number(options.seconds)));
  }
  const rates = [ones, others].map((samples) => samples.map((sample) => sample.transactionsPerSecond));
  const costs = [ones, others].map((samples) => samples.map(cpuUs));
  const cost = ratioOf(costs[0]!, costs[1]!);
  const rate = ratioOf(rates[0]!, rates[1]!);
  const row = [
    ...[name, String(clients)],
    ...[...rates.map((each) => median(each).toFixed(0)), rate.ratio.toFixed(2)],
    ...[...costs.map((each) => median(each).toFixed(1)), cost.ratio.toFixed(2), spread(cost)],
  ];
  console.log(row.join('  '));
  return row;
}

function spread({ from, to }: Ratio): string {
  return `${from.toFixed(2)} to ${to.toFixed(2)}`;
}

/** Another commit as it was, beside this one; gives a program that runs it under this very Bun. */
async function checkOut(commit: string, directory: string, stops: (() => Promise<void>)[]): Promise<string> {
  const tree = join(directory, 'before');
  await git('worktree', 'add', '--detach', tree, commit);
  stops.push(() => git('worktree', 'remove', '--force', tree));
  symlinkSync(join(ROOT, 'node_modules'), join(tree, 'node_modules'));
  const program = join(directory, 'before_pgsidecar');
  writeFileSync(
    program,
    `#!/bin/sh\nexec '${process.execPath}' --no-env-file '${tree}/agent/main.ts' "$@"\n`,
    {
      mode: 0o755,
    },
  );
  return program;
}

async function git(...words: string[]): Promise<void> {
  const child = Bun.spawn(['git', '-C', ROOT, ...words], { stdout: 'ignore', stderr: 'pipe' });
  const stderr = await child.stderr.text();
  if ((await child.exited) !== 0) throw new Error(`git ${words.join(' ')}: ${stderr}`);
}

if (options.help) process.stdout.write(HELP);
else await main();
process.exit(0);
