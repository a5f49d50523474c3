// Columns that PgBouncer had once, for programs that still ask for them by name: behind all others, where console_old_columns is set.

import type { Show } from './row.ts';

/** Of a SHOW: the old name → the column of today that says the same. */
const OLD: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  // Until 1.7.
  stats: { total_requests: 'total_query_count', avg_req: 'avg_query_count', avg_query: 'avg_query_time' },
  // Until 1.23.
  databases: { reserve_pool: 'reserve_pool_size' },
};

export function withOldColumns(show: Show): Show {
  const old = Object.hasOwn(OLD, show.name) ? OLD[show.name] : undefined;
  if (old === undefined) return show;
  const places = Object.values(old).map((today) => show.columns.findIndex(({ name }) => name === today));
  const names = Object.keys(old);
  const added = places.map((place, index) => ({ ...show.columns[place]!, name: names[index]! }));
  return {
    ...show,
    columns: [...show.columns, ...added],
    *rows(tools) {
      for (const row of show.rows(tools)) yield [...row, ...places.map((place) => row[place]!)];
    },
  };
}
