// `npm run bench`: pgsidecar against pgbouncer, in one run and pair by pair; a table, JSON, the documentation page.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { createCertificateAuthority } from '../harness/certificates.ts';
import { missingPrograms } from '../harness/needs.ts';
import { startPostgres } from '../harness/postgres.ts';
import { installedPostgresVersions } from '../harness/postgres_programs.ts';
import { type Cell, measureCell, type Plan, warm } from './measure.ts';
import { Pairs } from './pairs.ts';
import { fillTables } from './pgbench.ts';
import { DATABASE, pgbouncerProgram, USER } from './poolers.ts';
import { memoryOf } from './process_usage.ts';
import { type BenchResult, markdownOf, planLine, printTable, summaryOf, tableOf } from './report.ts';
import { WORKLOADS, type Workload } from './workloads.ts';

const HELP = `npm run bench -- [--quick] [--seconds N] [--rounds N] [--warm N] [--clients 1,8,32,100]
                 [--workloads simple,tpcb] [--scale N] [--json FILE] [--write-docs]

  --quick       1 and 32 clients, one round of 2 seconds: to see that it works, not to measure
  --warm N      seconds of each workload before it counts (default 20)
  --json FILE   every sample (default dist/bench.json)
  --write-docs  replace docs/reference/performance.md with what comes out
`;

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean' },
    seconds: { type: 'string' },
    rounds: { type: 'string' },
    warm: { type: 'string' },
    clients: { type: 'string' },
    workloads: { type: 'string' },
    scale: { type: 'string' },
    json: { type: 'string', default: 'dist/bench.json' },
    'write-docs': { type: 'boolean' },
    help: { type: 'boolean' },
  },
});

if (options.help === true) {
  process.stdout.write(HELP);
} else {
  const result = await bench(planOf());
  console.log(`\n${printTable(tableOf(result.cells))}\n\n${summaryOf(result).join('\n')}`);
  write(options.json, `${JSON.stringify(result, null, 2)}\n`);
  if (options['write-docs'] === true) write('docs/reference/performance.md', markdownOf(result));
}
process.exit(0);

function planOf(): Plan {
  const quick = options.quick === true;
  const numbers = (text: string) => text.split(',').map(Number);
  const names = options.workloads?.split(',');
  return {
    workloads: WORKLOADS.filter(({ name }) => names === undefined || names.includes(name)),
    clients: numbers(options.clients ?? (quick ? '1,32' : '1,8,32,100')),
    seconds: Number(options.seconds ?? (quick ? 2 : 5)),
    rounds: Number(options.rounds ?? (quick ? 1 : 3)),
    warmSeconds: Number(options.warm ?? (quick ? 1 : 20)),
  };
}

async function bench(plan: Plan): Promise<BenchResult> {
  const missing = missingPrograms('pgbench', pgbouncerProgram());
  if (missing !== undefined) throw new Error(`Cannot compare: ${missing}`);
  const [load = 0] = loadavg();
  if (load > 0.5)
    console.log(`The machine has a load of ${load.toFixed(1)} already: the numbers will show it.`);

  const authority = createCertificateAuthority();
  const version = installedPostgresVersions().at(-1) ?? 'embedded';
  await using postgres = await startPostgres({
    version,
    tls: { server: authority.issueServer() },
    users: { [USER]: '' },
    databases: { [DATABASE]: USER },
    settings: { max_connections: 200, shared_buffers: '512MB', max_wal_size: '4GB' },
  });
  const caPath = `${postgres.directory}/bench_ca.crt`;
  writeFileSync(caPath, authority.certificate);
  const target = {
    host: postgres.host,
    port: postgres.port,
    user: USER,
    password: postgres.passwordOf(USER),
    database: DATABASE,
  };
  const scale = Number(options.scale ?? (options.quick === true ? 1 : 10));
  await fillTables(target, scale, { PGSSLMODE: 'verify-full', PGSSLROOTCERT: caPath });

  console.log(planLine(plan));
  await using pairs = new Pairs({ postgres, authority });
  const cells = await measureAll(plan, pairs);
  const { ours, theirs } = await pairs.first();
  const memory = { ours: memoryOf(ours.pid), theirs: memoryOf(theirs.pid) };
  const [{ server_version: serverVersion } = {}] = await postgres.sql('SHOW server_version');
  return {
    date: new Date().toISOString(),
    command: `npm run bench${process.argv.length > 2 ? ` -- ${process.argv.slice(2).join(' ')}` : ''}`,
    machine: machine(),
    versions: {
      pgsidecar: ours.version,
      Bun: Bun.version,
      PgBouncer: theirs.version,
      PostgreSQL: `${serverVersion}, pgbench scale ${scale}`,
    },
    plan: { seconds: plan.seconds, rounds: plan.rounds, warmSeconds: plan.warmSeconds },
    cells,
    memory,
  };
}

async function measureAll(plan: Plan, pairs: Pairs): Promise<Cell[]> {
  const cells: Cell[] = [];
  for (const workload of plan.workloads) {
    const { ours, theirs } = await pairs.of(workload);
    const opponent = canPgbouncer(workload, theirs.version) ? theirs : undefined;
    await warm(ours, opponent, workload, plan);
    for (const clients of plan.clients) {
      const cell = await measureCell(ours, opponent, workload, clients, plan);
      cells.push(cell);
      const note = opponent === undefined ? ` (PgBouncer ${theirs.version} cannot)` : '';
      console.log(`${workload.name}, ${clients} clients${note}: ${tableOf([cell])[1]?.slice(2).join('  ')}`);
    }
  }
  return cells;
}

function canPgbouncer({ pgbouncerSince }: Workload, version: string): boolean {
  if (pgbouncerSince === undefined) return true;
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > pgbouncerSince[0] || (major === pgbouncerSince[0] && minor >= pgbouncerSince[1]);
}

function machine(): Record<string, string> {
  const system = /^PRETTY_NAME="?(.*?)"?$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'Linux';
  return {
    CPU: `${cpus()[0]?.model ?? 'unknown'}, ${availableParallelism()} cores`,
    memory: `${Math.round(totalmem() / 1024 ** 3)} GB`,
    system: `${system}, Linux ${release().split('-')[0]}`,
  };
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  console.log(`wrote ${path}`);
}
