// All of it at once: a session of one client has settings, statements, locks, temporary tables, cursors and channels together.

import type { Random } from '../../../simulation/random.ts';
import type { Row } from '../row.ts';
import { cursors } from './cursors.ts';
import { listen } from './listen.ts';
import { locks } from './locks.ts';
import { roles } from './roles.ts';
import { sequences } from './sequences.ts';
import { settings } from './settings.ts';
import { statements } from './statements.ts';
import { temporary } from './temporary.ts';

const ALL: readonly Row[] = [
  settings,
  settings,
  statements,
  statements,
  listen,
  locks,
  temporary,
  cursors,
  sequences,
];

export const mixed: Row = {
  name: 'mixed',
  servers: 3,
  isShared: true,
  hears: true,
  leavesOut: listen.leavesOut!,
  names: statements.names!,
  setup: ALL.flatMap(({ setup }, at) => (ALL.indexOf(ALL[at]!) === at ? (setup ?? []) : [])),
  statement: (random, client) => one(random).statement(random, client),
  look: (random, client) => one(random).look(random, client),
  startup: settings.startup!,
  prepared: (random, client) => {
    const row = one(random);
    return row.prepared?.(random, client) ?? { text: row.statement(random, client), values: [] };
  },
};

/** The same, of a superuser who is somebody else at times. */
export const mixedRoles: Row = {
  ...mixed,
  name: 'mixed with roles',
  isSuperuser: true,
  setup: [...mixed.setup!, ...roles.setup!],
  statement: (random, client) => (random.chance(0.2) ? roles : mixed).statement(random, client),
  look: (random, client) => (random.chance(0.2) ? roles : mixed).look(random, client),
};

function one(random: Random): Row {
  return random.pick(ALL);
}
