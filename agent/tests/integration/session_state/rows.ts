// THE table of the rows of session state that are played.

import type { Row } from './row.ts';
import { cursors } from './rows/cursors.ts';
import { listen } from './rows/listen.ts';
import { locks } from './rows/locks.ts';
import { mixed, mixedRoles } from './rows/mixed.ts';
import { roles } from './rows/roles.ts';
import { sequences } from './rows/sequences.ts';
import { settings } from './rows/settings.ts';
import { statements } from './rows/statements.ts';
import { temporary } from './rows/temporary.ts';

export const ROWS: readonly Row[] = [
  settings,
  statements,
  listen,
  locks,
  temporary,
  cursors,
  sequences,
  roles,
  mixed,
  mixedRoles,
];
