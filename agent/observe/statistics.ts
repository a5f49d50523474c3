// What was counted, by database, under PgBouncer's names: the console first.

import type { ClientContext } from '../client/context.ts';
import { CONSOLE_DATABASE } from '../config/console_database.ts';
import type { StatisticsRow } from '../pool/database_statistics.ts';
import { NOTHING } from '../pool/figures.ts';

/** The console, then a row for each database that has had a client. */
export function readStatistics({ clients, registry, clock }: ClientContext): readonly StatisticsRow[] {
  const consoles = clients.consoleQueries;
  const totals = { ...NOTHING, xact_count: consoles, query_count: consoles };
  const console = { database: CONSOLE_DATABASE, totals, averages: NOTHING };
  return [console, ...registry.statistics.read(clock.now())];
}
