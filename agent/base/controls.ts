// The verbs that come back: the only way to change a running agent, whoever asks.

/** What became of a reload. */
export interface ReloadResult {
  readonly ok: boolean;
  /** Sentences with secrets masked; empty when nothing differs. */
  readonly changes: readonly string[];
  /** Why it was not applied; or the warnings about what was. */
  readonly problems: readonly string[];
}

export interface Controls {
  /** Reads the configuration again and applies all of it or nothing. @param why who asked, for the log and status. */
  reload(why: string): Promise<ReloadResult>;
  /**
   * One setting, over whatever the files say, until it is set back or the agent ends; applied as a reload is.
   *
   * @param value as it was typed; undefined: what the files say holds again.
   */
  set(name: string, value: string | undefined): Promise<ReloadResult>;
  /** No more servers are lent; transactions that run go on. @param database every one when undefined. */
  pause(database?: string): void;
  resume(database?: string): void;
  /** Server connections are replaced as they come free. */
  reconnect(database?: string): void;
  /** No new clients; resolves when those that are there have left or finished, or `timeoutMs` is over. */
  drain(what: 'clients' | 'servers', timeoutMs: number): Promise<void>;
  /** Ends now. */
  stop(): void;
}
