// What a pool counts, in plain fields that the snapshot reads: only ever upwards.

export interface PoolStatistics {
  /** Times a server was lent. */
  leases: number;
  transactions: number;
  queries: number;
  /** From clients, and to clients. */
  bytesReceived: number;
  bytesSent: number;
  /** Milliseconds that clients waited for a server, all together and at the most. */
  waitMs: number;
  waitMsMax: number;
  serverLogins: number;
  serverLoginFailures: number;
  clientParses: number;
  serverParses: number;
}

export function newPoolStatistics(): PoolStatistics {
  return {
    leases: 0,
    transactions: 0,
    queries: 0,
    bytesReceived: 0,
    bytesSent: 0,
    waitMs: 0,
    waitMsMax: 0,
    serverLogins: 0,
    serverLoginFailures: 0,
    clientParses: 0,
    serverParses: 0,
  };
}
