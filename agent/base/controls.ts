// The verbs that come back: the only way to change a running agent, whoever asks.

/** What became of a reload. */
export interface ReloadResult {
  readonly ok: boolean;
  /** Sentences with secrets masked; empty when nothing differs. */
  readonly changes: readonly string[];
  /** Why it was not applied; or the warnings about what was. */
  readonly problems: readonly string[];
}

/** `now`: nobody is waited for. `servers`: until what runs on servers is done. `clients`: until clients have left. */
export type ShutdownMode = 'now' | 'servers' | 'clients';

/**
 * Each verb does what the command of that name does on PgBouncer's console. What it cannot do is an AgentError in
 * PgBouncer's words: `no such database: x`, `already suspended/paused`. Those with a promise refuse by rejecting, and what
 * they do has begun when they return it.
 */
export interface Controls {
  /** Reads the configuration again and applies all of it or nothing. @param why who asked, for the log and status. */
  reload(why: string): Promise<ReloadResult>;
  /**
   * One setting, over whatever the files say, until it is set back or the agent ends; applied as a reload is.
   *
   * @param value as it was typed; undefined: what the files say holds again.
   */
  set(name: string, value: string | undefined): Promise<ReloadResult>;
  /**
   * No more servers are lent; what runs goes on, and servers are closed as they come free. Resolves when none is left, or
   * when `resume()` has ended the pause. @param database every one when undefined.
   */
  pause(database?: string): Promise<void>;
  /** Ends what `pause()`, `kill()` and, without a database, `suspend()` began. */
  resume(database?: string): void;
  /** New clients of it are refused; those that are there go on. */
  disable(database: string): void;
  enable(database: string): void;
  /** Server connections are replaced as they come free. */
  reconnect(database?: string): void;
  /** Its clients and servers are dropped at once, and it is paused until `resume()`. */
  kill(database?: string): void;
  /** @param id `ClientContext.clients` knows the session by it: the process id that the client was told. */
  killClient(id: number): void;
  /** Nothing is read from anybody any more; resolves when everything written has left, or what has not is cut off (suspend_timeout). */
  suspend(): Promise<void>;
  /** Resolves when no server connection is left that is to be replaced (behind a reload, or `reconnect()`). */
  waitClose(database?: string): Promise<void>;
  /** Does not wait for the end. One that is under way goes on, unless it is to end `now`. */
  shutdown(mode: ShutdownMode): void;
  /** No new clients; resolves when those that are there have left or finished, or `timeoutMs` is over. */
  drain(what: 'clients' | 'servers', timeoutMs: number): Promise<void>;
  /** Ends now. */
  stop(): void;
}
