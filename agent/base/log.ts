// The logger that every room is handed: pino's shape, so that pino itself is only named in daemon/.

export interface Log {
  debug(fields: LogFields, sentence: string): void;
  info(fields: LogFields, sentence: string): void;
  warn(fields: LogFields, sentence: string): void;
  error(fields: LogFields, sentence: string): void;
}

/** Plain values only; a Secret prints as ***. */
export type LogFields = Readonly<Record<string, unknown>>;

/** For tests, and for whoever has nothing to say. */
export const silentLog: Log = Object.freeze({
  debug() {},
  info() {},
  warn() {},
  error() {},
});
