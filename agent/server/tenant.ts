// Who has a server at the moment, and what that one is told.

import type { StatementEffects } from '../query/effects.ts';
import type { Statement } from '../state/statements.ts';
import type { Server } from './server.ts';

/** Who has the server now: a client's session, the pool while it rests, a cleaner while it is made ready again. */
export interface Tenant {
  /** Bytes for the client. */
  onReply(server: Server, bytes: Uint8Array): void;
  /** ReadyForQuery came and nothing more is expected. */
  onReady(server: Server): void;
  /** A ReadyForQuery that leaves a transaction open is not passed on: onReady() ends the client (pool_mode statement). */
  readonly refusesBlocks?: boolean;
  /** It asks nothing more: onReady() is called after whatever the server says. */
  readonly isLeaving?: boolean;
  /** It has the server although nothing is under way: a FATAL that comes then is its own end as well. */
  readonly keepsServer?: boolean;
  /** `Parameters.reading` of its client: by what the server reads the texts of statements. */
  readonly reading?: string;
  /** A parameter has this value now. True: the client has to be told. */
  onParameter(name: string, value: string): boolean;
  /** A query of the agent's own failed. */
  onInjectedError(server: Server, error: ServerError): void;
  /** A row of a query of the agent's own: its body. */
  onInjectedRow?(server: Server, body: Uint8Array): void;
  /** Everything written has left. */
  onServerDrain(server: Server): void;
  /** Is told what its own statements leave in the session. */
  readonly left?: LeftBehind;
  /** DEALLOCATE ALL or DISCARD ALL was done for it. */
  onStatementsDropped?(): void;
  /** A prepared statement of its own is stale. True: it sends the run again, and this error is not for anybody. */
  onStalePlan?(server: Server, statement: Statement): boolean;
  /** The connection is gone; the tenancy with it. */
  onServerClose(server: Server, reason: string): void;
}

/** Books of what a tenant's statements leave in the session; the last three are told while `server.touched` is not 0. */
export interface LeftBehind {
  /** The last ReadyForQuery is not passed on: the client gets it later. */
  readonly holdsReady: boolean;
  /** A statement was done, or has failed halfway, that may leave something. */
  onEffects(effects: StatementEffects): void;
  /** COMMIT or ROLLBACK was done. */
  onTransactionEnd(server: Server, isCommit: boolean): void;
  /** An error was told. */
  onFailed(): void;
  /** ReadyForQuery of a query of the agent's own: what comes behind it may be the tenant's next. True: it is the client's. */
  onAnswered(server: Server): boolean;
  /** ReadyForQuery of a Query or Sync of its own. True: the client has it behind the agent's query that follows. */
  onRunEnd(server: Server): boolean;
}

export interface ServerError {
  readonly severity: string;
  readonly sqlstate: string;
  readonly message: string;
}
