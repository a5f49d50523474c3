// THE table of SHOW: every word behind it, with the columns of its rows. The console, its HELP and the reference are made from it.

import { AGENT_SHOWS } from './show/agent.ts';
import { CONFIG } from './show/config.ts';
import { FDS } from './show/fds.ts';
import { POOL_SHOWS } from './show/pools.ts';
import type { Show } from './show/row.ts';
import { SOCKET_SHOWS } from './show/sockets.ts';
import { STATS_SHOWS } from './show/stats.ts';

export const SHOWS: readonly Show[] = [
  ...[...SOCKET_SHOWS, ...POOL_SHOWS, ...STATS_SHOWS],
  ...[CONFIG, ...AGENT_SHOWS, FDS],
];

/** What PgBouncer tells drivers that ask for it, in the same words; SET of these is passed over. */
export const DRIVER_PARAMETERS: Readonly<Record<string, string>> = {
  client_encoding: 'UTF-8',
  default_transaction_isolation: 'read committed',
  standard_conforming_strings: 'on',
  datestyle: 'ISO',
  timezone: 'GMT',
  extra_float_digits: '2',
  application_name: '',
};

/** A one-row table for each of those. */
const DRIVER_SHOWS: readonly Show[] = Object.entries(DRIVER_PARAMETERS).map(([name, value]) => ({
  name,
  doc: 'For drivers that ask.',
  columns: [{ name, type: 'text', doc: 'Always the same.' }],
  rows: () => [[value]],
}));

/** `name` in any case; undefined when there is no such table. */
export function showNamed(name: string): Show | undefined {
  const wanted = name.toLowerCase();
  return [...SHOWS, ...DRIVER_SHOWS].find((each) => each.name === wanted);
}
