// Plays every script at PgBouncer 1.18 and at pgsidecar, and holds one against the other.

import { compareAll } from './comparing.ts';

compareAll('1.18');
