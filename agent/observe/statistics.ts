// What was counted, by database and over all, under PgBouncer's names: times in microseconds, counts since the start.

import type { ClientContext } from '../client/context.ts';
import { CONSOLE_DATABASE } from '../config/console_database.ts';
import type { Pool } from '../pool/pool.ts';

/** In the order of SHOW STATS. */
export const FIGURES = [
  'server_assignment_count',
  'xact_count',
  'query_count',
  'received',
  'sent',
  'xact_time',
  'query_time',
  'wait_time',
  'client_parse_count',
  'server_parse_count',
  'bind_count',
  'client_login_count',
] as const;

export type Figure = (typeof FIGURES)[number];
export type Figures = Readonly<Record<Figure, number>>;

export interface StatisticsRow {
  readonly database: string;
  readonly totals: Figures;
  readonly averages: Figures;
}

/** The console first, then a row for each database that has had a client. */
export function readStatistics({ clients, registry }: ClientContext): readonly StatisticsRow[] {
  const rows = new Map<string, StatisticsRow>();
  const consoles = clients.consoleQueries;
  const totals = { ...NOTHING, xact_count: consoles, query_count: consoles };
  rows.set(CONSOLE_DATABASE, { database: CONSOLE_DATABASE, totals, averages: NOTHING });
  for (const pool of registry) {
    const { name } = pool.database;
    const known = rows.get(name) ?? { database: name, totals: NOTHING, averages: NOTHING };
    const sums = { totals: sumOf(known.totals, totalsOf(pool)), averages: known.averages };
    rows.set(name, { database: name, ...sums });
  }
  return [...rows.values()];
}

export const NOTHING: Figures = Object.freeze(
  Object.fromEntries(FIGURES.map((name) => [name, 0])),
) as unknown as Figures;

export function sumOf(one: Figures, other: Figures): Figures {
  return Object.fromEntries(FIGURES.map((name) => [name, one[name] + other[name]])) as unknown as Figures;
}

function totalsOf({ statistics }: Pool): Figures {
  return {
    server_assignment_count: statistics.leases,
    xact_count: statistics.transactions,
    query_count: statistics.queries,
    received: statistics.bytesReceived,
    sent: statistics.bytesSent,
    xact_time: 0,
    query_time: 0,
    wait_time: Math.round(statistics.waitMs * 1000),
    client_parse_count: statistics.clientParses,
    server_parse_count: statistics.serverParses,
    bind_count: 0,
    client_login_count: 0,
  };
}
