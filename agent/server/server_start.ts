// What a login learned about a connection; everything that a Server starts with.

import type { DatabaseSettings } from '../config/settings.ts';
import type { Address, Connection } from '../net/connection.ts';
import type { Parameters } from '../state/parameters.ts';

/** What is counted of all servers of a pool together. */
export interface ServerCounts {
  serverParses: number;
}

export interface ServerStart {
  readonly connection: Connection;
  readonly database: DatabaseSettings;
  readonly address: Address;
  readonly parameters: Parameters;
  readonly pid: number;
  readonly key: Uint8Array;
  readonly now: number;
  /** When it is replaced, however well it works: server_lifetime with its jitter; Infinity for never. */
  readonly expiresAt: number;
  readonly messageHeldMax: number;
  readonly counts: ServerCounts;
}
