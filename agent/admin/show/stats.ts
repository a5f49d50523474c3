// SHOW STATS, STATS_TOTALS, STATS_AVERAGES and TOTALS: what was counted since the start, and in the last stats_period.

import { readStatistics } from '../../observe/statistics.ts';
import { FIGURES, type Figure, type Figures, NOTHING, sumOf } from '../../pool/figures.ts';
import { type Column, type ConsoleTools, columns, type Show } from './row.ts';

const DATABASE: readonly Column[] = columns([
  'database',
  'text',
  'The database, by the name that clients know it by; `pgbouncer` is the console.',
]);

/** What each is, for the reference. */
const DOCS: Readonly<Record<Figure, string>> = {
  server_assignment_count: 'Times that a server was lent to a client.',
  xact_count: 'Transactions; a query outside of a transaction block is one.',
  query_count: 'Queries; what is asked in one go, and answered in one go, is one.',
  received: 'Bytes that clients sent.',
  sent: 'Bytes that clients were sent.',
  xact_time:
    'Microseconds from the first message of a transaction to its last answer, time in the queue among them.',
  query_time: 'The same of queries.',
  wait_time: 'Microseconds that clients waited for a server.',
  client_parse_count: 'Prepared statements that clients asked for (Parse with a name).',
  server_parse_count: 'Prepared statements that servers were told of.',
  bind_count: 'Prepared statements that were made ready to run (Bind of a name).',
  client_login_count: 'Clients that logged in.',
};

/** The two that are called otherwise in some places. */
const BYTES: Readonly<Partial<Record<Figure, string>>> = { received: 'bytes_received', sent: 'bytes_sent' };
const AVERAGE_NAMES: Readonly<Partial<Record<Figure, string>>> = { received: 'recv' };
/** And what SHOW TOTALS calls five of them. */
const TOTALS_NAMES: Readonly<Partial<Record<Figure, string>>> = {
  received: 'client_bytes',
  sent: 'server_bytes',
  client_parse_count: 'ps_client_parse_count',
  server_parse_count: 'ps_server_parse_count',
  bind_count: 'ps_bind_count',
};

function figureColumns(prefix: string, names: Readonly<Partial<Record<Figure, string>>>, of: string) {
  return columns(
    ...FIGURES.map((figure) => {
      const name = `${prefix}${names[figure] ?? figure}`;
      return [name, 'numeric', `${of}${DOCS[figure]}`] as const;
    }),
  );
}

const PER_SECOND =
  'Since the beginning of the last whole `stats_period`, by the second; times by transaction, by query, by lease. ';

export const STATS_SHOWS: readonly Show[] = [
  {
    name: 'stats',
    doc: 'A row for each database: totals since the start, then averages over the last `stats_period`.',
    columns: [
      ...DATABASE,
      ...figureColumns('total_', {}, ''),
      ...figureColumns('avg_', AVERAGE_NAMES, PER_SECOND),
    ],
    *rows({ context }) {
      for (const { database, totals, averages } of readStatistics(context))
        yield [database, ...valuesOf(totals), ...valuesOf(averages)];
    },
  },
  {
    name: 'stats_totals',
    doc: 'The totals of SHOW STATS.',
    columns: [...DATABASE, ...figureColumns('', BYTES, '')],
    *rows({ context }) {
      for (const { database, totals } of readStatistics(context)) yield [database, ...valuesOf(totals)];
    },
  },
  {
    name: 'stats_averages',
    doc: 'The averages of SHOW STATS.',
    columns: [...DATABASE, ...figureColumns('avg_', AVERAGE_NAMES, PER_SECOND)],
    *rows({ context }) {
      for (const { database, averages } of readStatistics(context)) yield [database, ...valuesOf(averages)];
    },
  },
  {
    name: 'totals',
    doc: 'The figures of SHOW STATS over all databases, one a row.',
    columns: columns(
      ['name', 'text', 'As the column of SHOW STATS, with the names that PgBouncer has here.'],
      ['value', 'numeric', 'The sum over all databases.'],
    ),
    rows: totalRows,
  },
];

function* totalRows({ context }: ConsoleTools): Iterable<readonly [string, number]> {
  let [totals, averages] = [NOTHING, NOTHING];
  for (const row of readStatistics(context)) {
    totals = sumOf(totals, row.totals);
    averages = sumOf(averages, row.averages);
  }
  for (const figure of FIGURES) yield [`total_${TOTALS_NAMES[figure] ?? figure}`, totals[figure]];
  for (const figure of FIGURES) yield [`avg_${TOTALS_NAMES[figure] ?? figure}`, averages[figure]];
}

function valuesOf(figures: Figures): number[] {
  return FIGURES.map((figure) => Math.round(figures[figure]));
}
