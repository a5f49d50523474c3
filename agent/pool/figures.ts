// What is counted of a database, under PgBouncer's names: since the start, and on the average of the last stats_period.

import type { PoolStatistics } from './statistics.ts';

/** In the order of SHOW STATS. Times are in microseconds. */
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

export const NOTHING: Figures = Object.freeze(figures(() => 0));

export function figures(value: (figure: Figure) => number): Figures {
  return Object.fromEntries(FIGURES.map((figure) => [figure, value(figure)])) as unknown as Figures;
}

export function sumOf(one: Figures, other: Figures): Figures {
  return figures((figure) => one[figure] + other[figure]);
}

export function figuresOf(statistics: PoolStatistics): Figures {
  return {
    server_assignment_count: statistics.serverAssignments,
    xact_count: statistics.transactions,
    query_count: statistics.queries,
    received: statistics.bytesReceived,
    sent: statistics.bytesSent,
    xact_time: Math.round(statistics.transactionMs * 1000),
    query_time: Math.round(statistics.queryMs * 1000),
    wait_time: Math.round(statistics.waitMs * 1000),
    client_parse_count: statistics.clientParses,
    server_parse_count: statistics.serverParses,
    bind_count: statistics.binds,
    client_login_count: statistics.clientLogins,
  };
}

/** A time is an average of one: of a transaction, of a query, of a client that got a server. All else is by the second. */
const EACH: Readonly<Partial<Record<Figure, Figure>>> = {
  xact_time: 'xact_count',
  query_time: 'query_count',
  wait_time: 'server_assignment_count',
};

/** Whole numbers, as PgBouncer's. @param ms from `before` to `now`. */
export function averageOf(now: Figures, before: Figures, ms: number): Figures {
  if (ms <= 0) return NOTHING;
  return figures((figure) => {
    const grown = now[figure] - before[figure];
    const each = EACH[figure];
    if (each === undefined) return Math.floor((grown * 1000) / ms);
    const many = now[each] - before[each];
    return many > 0 ? Math.floor(grown / many) : 0;
  });
}

/** The line of the log, in PgBouncer's words. */
export function statsLine(average: Figures): string {
  return (
    `stats: ${average.xact_count} xacts/s, ${average.query_count} queries/s, ` +
    `${average.client_parse_count} client parses/s, ${average.server_parse_count} server parses/s, ` +
    `${average.bind_count} binds/s, in ${average.received} B/s, out ${average.sent} B/s, ` +
    `xact ${average.xact_time} us, query ${average.query_time} us, wait ${average.wait_time} us`
  );
}
