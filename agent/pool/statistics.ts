// What a pool counts, in plain fields that the snapshot reads: only ever upwards.

export interface PoolStatistics {
  /** Times a server was lent, to a login or for auth_query too; and those to a client that is logged in. */
  leases: number;
  serverAssignments: number;
  /** Counted when they begin, as PgBouncer does. What is asked in one go, and answered in one go, is one query. */
  transactions: number;
  queries: number;
  /** From clients, once they are logged in, without their goodbye; and to clients. */
  bytesReceived: number;
  bytesSent: number;
  /** Milliseconds from the first message to the last answer: of transactions, of queries. Time in the queue is part of it. */
  transactionMs: number;
  queryMs: number;
  /** Milliseconds that clients waited for a server, all together and at the most; those who log in wait too. */
  waitMs: number;
  waitMsMax: number;
  serverLogins: number;
  serverLoginFailures: number;
  /** Prepared statements with a name: Parse of clients, Parse that servers were sent for them, and Bind. */
  clientParses: number;
  serverParses: number;
  binds: number;
  clientLogins: number;
  /** Times a server had what no text had announced (`leak_check_every`). */
  leaks: number;
}

export function newPoolStatistics(): PoolStatistics {
  return {
    leases: 0,
    serverAssignments: 0,
    transactions: 0,
    queries: 0,
    bytesReceived: 0,
    bytesSent: 0,
    transactionMs: 0,
    queryMs: 0,
    waitMs: 0,
    waitMsMax: 0,
    serverLogins: 0,
    serverLoginFailures: 0,
    clientParses: 0,
    serverParses: 0,
    binds: 0,
    clientLogins: 0,
    leaks: 0,
  };
}
