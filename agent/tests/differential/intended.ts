// THE table of intended differences: what clients see of pgsidecar and not of PgBouncer, or the other way round, and why.

import { CONSOLE } from './intended/console.ts';
import { LIMITS } from './intended/limits.ts';
import { LOGINS } from './intended/logins.ts';
import { QUERIES } from './intended/queries.ts';
import { STARTUP } from './intended/startup.ts';
import type { IntendedDifference } from './intended/words.ts';

export const INTENDED: readonly IntendedDifference[] = [
  ...[...LOGINS, ...LIMITS, ...QUERIES, ...STARTUP, ...CONSOLE],
];
