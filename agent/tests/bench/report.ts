// Turns measured cells into what people read: a table for the terminal, the page of the documentation.

import type { Cell, Plan, Sample } from './measure.ts';
import type { Memory } from './process_usage.ts';
import { median, type Ratio, ratioOf } from './statistics.ts';
import { WORKLOADS } from './workloads.ts';

export interface BenchResult {
  /** ISO 8601. */
  readonly date: string;
  readonly command: string;
  readonly machine: Readonly<Record<string, string>>;
  readonly versions: Readonly<Record<string, string>>;
  readonly plan: { readonly seconds: number; readonly rounds: number; readonly warmSeconds: number };
  readonly cells: readonly Cell[];
  readonly memory: { readonly ours: Memory; readonly theirs: Memory };
}

interface Measure {
  readonly title: string;
  readonly unit: string;
  readonly digits: number;
  of(sample: Sample): number;
}

const THROUGHPUT: Measure = {
  title: 'throughput',
  unit: '/s',
  digits: 0,
  of: (sample) => sample.transactionsPerSecond,
};
const CPU: Measure = { title: 'CPU', unit: 'µs', digits: 1, of: cpuUs };
const P50: Measure = { title: 'p50', unit: 'µs', digits: 0, of: (sample) => sample.p50Us };
const P99: Measure = { title: 'p99', unit: 'µs', digits: 0, of: (sample) => sample.p99Us };
const MEASURES: readonly Measure[] = [THROUGHPUT, CPU, P50, P99];

/** Of the documentation page. */
const SECTIONS: readonly { heading: string; measures: readonly Measure[]; note?: string }[] = [
  { heading: 'Transactions a second', measures: [THROUGHPUT] },
  {
    heading: 'CPU per transaction',
    measures: [CPU],
    note: 'What the pooler itself used, (user+system). A pooler that shares its machine with the application costs just that.',
  },
  {
    heading: 'Latency',
    measures: [P50, P99],
    note: 'As pgbench logs it. In *connect* and *connect_verifier* its one thread is busy with the clients’ half of SCRAM, and that is what shows.',
  },
];

/** CPU of the pooler for one transaction, user and system together. */
export function cpuUs(sample: Sample): number {
  return sample.userUs + sample.systemUs;
}

/** Each cell as strings: ours, theirs and the ratio of every measure. */
export function tableOf(cells: readonly Cell[], measures: readonly Measure[] = MEASURES): string[][] {
  const head = [
    'workload',
    'clients',
    ...measures.flatMap(({ title, unit }) => [`${title} ${unit}`, 'theirs', 'ratio']),
  ];
  return [head, ...cells.map((cell) => rowOf(cell, measures))];
}

function rowOf({ workload, clients, ours, theirs }: Cell, measures: readonly Measure[]): string[] {
  const columns = measures.flatMap((measure) => {
    const [mine, other] = [ours.map(measure.of), theirs.map(measure.of)];
    return theirs.length === 0
      ? [printMedian(measure, ours), '–', '–']
      : [printMedian(measure, ours), printMedian(measure, theirs), printRatio(ratioOf(mine, other))];
  });
  return [workload, String(clients), ...columns];
}

function printMedian(measure: Measure, samples: readonly Sample[]): string {
  const text = median(samples.map(measure.of)).toFixed(measure.digits);
  return measure === CPU ? `${text} ${split(samples)}` : text;
}

/** `(3.4+10.4)`: user and system. */
function split(samples: readonly Sample[]): string {
  const user = median(samples.map((sample) => sample.userUs));
  const system = median(samples.map((sample) => sample.systemUs));
  return `(${user.toFixed(1)}+${system.toFixed(1)})`;
}

function printRatio({ ratio, from, to }: Ratio): string {
  return `${ratio.toFixed(2)} (${from.toFixed(2)}–${to.toFixed(2)})`;
}

export function printTable(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows
    .map((row) =>
      row
        .map((text, column) =>
          column === 0 ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function markdownTable(rows: readonly (readonly string[])[]): string {
  const lines = rows.map((row) => `| ${row.join(' | ')} |`);
  return [lines[0], `|${rows[0]?.map(() => '---').join('|')}|`, ...lines.slice(1)].join('\n');
}

/** Memory and, above all cells that both could do, the worst ratio of CPU. */
export function summaryOf({ cells, memory }: BenchResult): string[] {
  const ratios = cells
    .filter((cell) => cell.theirs.length > 0)
    .map((cell) => ({ cell, ...ratioOf(cell.ours.map(cpuUs), cell.theirs.map(cpuUs)) }))
    .sort((a, b) => b.ratio - a.ratio);
  const worst = ratios[0];
  const megabytes = (bytes: number) => `${(bytes / 1024 ** 2).toFixed(1)} MB`;
  const printMemory = ({ rssBytes, pssBytes }: Memory) =>
    `${megabytes(rssBytes)} resident, ${megabytes(pssBytes)} proportional`;
  const lines = [
    `Memory after all of it: pgsidecar ${printMemory(memory.ours)}; pgbouncer ${printMemory(memory.theirs)}.`,
  ];
  if (worst !== undefined) {
    lines.push(
      `CPU per transaction, pgsidecar by pgbouncer: median ${median(ratios.map(({ ratio }) => ratio)).toFixed(2)}, ` +
        `at worst ${worst.ratio.toFixed(2)} (${worst.cell.workload}, ${worst.cell.clients} clients).`,
    );
  }
  return lines;
}

/** docs/reference/performance.md. */
export function markdownOf(result: BenchResult): string {
  const facts = (values: Readonly<Record<string, string>>) =>
    Object.entries(values).map(([name, value]) => `| ${name} | ${value} |`);
  return [
    '# Performance',
    '',
    `Measured by \`${result.command}\` on ${result.date.slice(0, 10)}. This page is what that command wrote, unedited.`,
    '',
    '## What was compared',
    '',
    'pgsidecar and Debian’s pgbouncer on one machine, in one run, pair by pair: first one, then the other, then the first again.',
    'Both with the same settings: clients come through a UNIX socket with SCRAM-SHA-256 (but for the last), transaction pooling, 20 server',
    'connections, verify-full TLS and SCRAM-SHA-256 to PostgreSQL on the loopback interface. The database is warm and does',
    'not sync to disk. pgbench runs with one thread on the same machine, and logs every transaction.',
    '',
    ...WORKLOADS.map(({ name, about }) => `- **${name}**: ${about} (\`pgbench -n -j 1 ${argsOf(name)}\`)`),
    '',
    '|  |  |',
    '|---|---|',
    ...facts(result.machine),
    ...facts(result.versions),
    `| rounds | ${result.plan.rounds}, each ${result.plan.seconds} s; before that, ${result.plan.warmSeconds} s of the workload and 1 s of each row do not count |`,
    '',
    '## What came out',
    '',
    'Each number is the median of the rounds. *theirs* is pgbouncer. *ratio* is ours by theirs, with the smallest and the',
    'largest ratio of one pair: above 1 is better for throughput, below 1 for everything else.',
    '',
    ...SECTIONS.flatMap(({ heading, measures, note }) => [
      `### ${heading}`,
      '',
      ...(note === undefined ? [] : [note, '']),
      markdownTable(tableOf(result.cells, measures)),
      '',
    ]),
    '### Memory and the sum of it',
    '',
    ...summaryOf(result).flatMap((line) => [line, '']),
    '## How to repeat it',
    '',
    '```',
    'scripts/setup --debian    # PostgreSQL, pgbench and pgbouncer; as root',
    'scripts/newer_pgbouncer   # one that knows prepared statements',
    result.command,
    '```',
    '',
    'Leave the machine alone meanwhile: with two cores, everything else that runs is in the numbers.',
    '',
  ].join('\n');
}

function argsOf(name: string): string {
  return WORKLOADS.find((workload) => workload.name === name)?.args.join(' ') ?? '';
}

export function planLine(plan: Plan): string {
  const minutes =
    (plan.workloads.length * plan.clients.length * 2 * (plan.rounds * plan.seconds + 1) +
      plan.workloads.length * plan.warmSeconds) /
    60;
  return `Rounds of ${plan.seconds} s: ${plan.rounds} for each of ${plan.clients.join(', ')} clients: about ${Math.ceil(minutes)} min`;
}
