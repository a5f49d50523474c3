// Cursors: those WITH HOLD outlive their transaction, the others do not.

import type { Random } from '../../../simulation/random.ts';
import type { Prepared, Row } from '../row.ts';

const NAMES = ['k1', 'k2', '"K 3"'];

export const cursors: Row = {
  name: 'cursors',
  servers: 3,
  isShared: false,
  hears: false,
  statement: cursor,
  look,
  prepared,
};

export function cursor(random: Random): string {
  const name = random.pick(NAMES);
  const kind = random.next();
  const source = random.pick([
    'SELECT id, word FROM a.t ORDER BY id',
    'SELECT generate_series(1, 9)',
    'VALUES (1), (2)',
  ]);
  if (kind < 0.3) {
    const scroll = random.pick(['', '', 'SCROLL ', 'NO SCROLL ', 'BINARY ', 'ASENSITIVE ']);
    const hold = random.pick([' WITH HOLD', ' WITH HOLD', ' with\n/* x */ hold', ' WITHOUT HOLD', '']);
    return `DECLARE ${name} ${scroll}CURSOR${hold} FOR ${random.chance(0.9) ? source : 'SELECT 1/0'}`;
  }
  if (kind < 0.6) return fetch(random, name);
  if (kind < 0.8) return `CLOSE ${name}`;
  if (kind < 0.85) return random.pick(['CLOSE ALL', 'DISCARD ALL', 'RESET ALL']);
  if (kind < 0.9) return `DO $$ BEGIN EXECUTE 'DECLARE k2 CURSOR WITH HOLD FOR VALUES (1)'; END $$`;
  return look(random);
}

function fetch(random: Random, name: string): string {
  return random.pick([
    `FETCH ${name}`,
    `FETCH 2 FROM ${name}`,
    `FETCH ALL IN ${name}`,
    `FETCH PRIOR FROM ${name}`,
    `FETCH ABSOLUTE 2 FROM ${name}`,
    `MOVE 1 IN ${name}`,
    `MOVE BACKWARD ALL IN ${name}`,
  ]);
}

/** Without the portal of this very question. */
function look(random: Random): string {
  return random.pick([
    "SELECT name, is_holdable, is_scrollable, is_binary FROM pg_cursors WHERE name ~* '^k' ORDER BY 1",
    'SELECT id FROM a.t ORDER BY id',
  ]);
}

/**
 * No FETCH: PostgreSQL 18 dies when one is prepared by the protocol, its cursor is closed, and it is described or run.
 * (FetchStatementTargetList() takes for granted that the cursor is there.)
 */
function prepared(random: Random): Prepared {
  const text = cursor(random);
  return { text: /^(?:FETCH|MOVE)/.test(text) ? look(random) : text, values: [] };
}
