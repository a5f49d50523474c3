// What every pool is handed.

import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Settings } from '../config/settings.ts';
import type { Resolver } from '../net/resolver.ts';
import type { DialTools } from '../server/dial.ts';
import type { Holds } from './holds.ts';
import type { Counter } from './limits.ts';
import type { Pool } from './pool.ts';

/** What every pool shares; the registry makes it once and keeps `settings` current. */
export interface PoolContext {
  settings: Settings;
  readonly clock: Clock;
  readonly log: Log;
  readonly tools: DialTools;
  /** Looks names of hosts up; where there is none the system does, at every connection. */
  readonly names?: Resolver;
  /** 0 to 1. */
  readonly random: () => number;
  readonly byDatabase: Counter;
  readonly byUser: Counter;
  /** Of those, the ones that are leaving. */
  readonly leavingByDatabase: Counter;
  readonly leavingByUser: Counter;
  readonly holds: Holds;
  /** Nobody has it, and nobody shall find it: its database is not there. */
  readonly forget: (pool: Pool) => void;
  /** Makes another pool under the same limit close an idle server; true when one did. */
  readonly evict: (wanting: Pool) => boolean;
  /** Pools whose clients wait for a place under such a limit. */
  readonly starved: Set<Pool>;
  /** A place came free, or a server rests: whoever waits for one looks again, the longest wait first. */
  readonly wakeStarved: () => void;
}
