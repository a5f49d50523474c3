// Those who had the server before: they leave behind what must not be seen by the next client.

import { bind, describe, execute, join, parse, query, sync } from '../harness/client_words.ts';

/** Names that drivers give, so that those of the conversations meet other texts under them. */
const NAMES = ['s0', 's1', 's2', 'S_1', '_pg3_0', 'lrupsc_1_0', '__asyncpg_stmt_1__', 'fetch-item'];

/** Prepares statements under everybody's names, leaves an unnamed one, a portal, other settings. */
export function untidy(serial: number): { readonly bytes: Uint8Array; readonly readies: number } {
  const text = `SELECT 'a stranger', ${serial % 3}`;
  return {
    bytes: join(
      query("SET application_name = 'stranger'; SET DateStyle = 'German'; SET TimeZone = 'Asia/Tokyo'"),
      ...NAMES.map((name) => join(parse(name, text), describe('S', name))),
      join(parse('', text), bind(''), execute('', 0), sync),
      join(parse('', `${text}, 1 / 0`), bind(''), execute('', 0), sync),
      join(parse('', text), sync),
    ),
    readies: 4,
  };
}

/** Goes away out of a failed transaction, with a portal open. */
export function careless(): { readonly bytes: Uint8Array; readonly readies: number } {
  return {
    bytes: join(
      query('BEGIN'),
      join(parse('s1', 'SELECT generate_series(1, 9)'), bind('s1', 'C_1'), execute('C_1', 2), sync),
      query('SELECT 1 / 0'),
    ),
    readies: 3,
  };
}
