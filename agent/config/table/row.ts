// What one row of the settings table may say, and the TypeScript type that each kind of value has once it is read.

export type SettingType =
  | 'string'
  | 'integer'
  | 'boolean'
  | 'duration'
  | 'size'
  | 'octal'
  | 'enum'
  | 'path'
  | 'list';

/**
 * `live`: the next use sees the new value. `new_connections`: those that are open keep the old one. `start`: a process
 * takes it up once (who it is, where its number stands); nothing else needs a restart.
 */
export type ReloadClass = 'live' | 'new_connections' | 'start';

export type SettingSection =
  | 'listening'
  | 'authentication'
  | 'client TLS'
  | 'client limits'
  | 'pools'
  | 'servers'
  | 'session state'
  | 'server TLS'
  | 'sources'
  | 'logging'
  | 'process';

/** What is needed to read a value and to say what was expected in its place. */
export interface KeyRow {
  readonly type: SettingType;
  /** The words of an `enum`. */
  readonly values?: readonly string[];
  /** Words that others have for it, and what was expected in their place. */
  readonly notSpoken?: Readonly<Record<string, string>>;
  /** What a `duration` counts in when no unit is written; seconds where nothing is said. */
  readonly bareUnit?: 'ms';
  /** In the unit of the value (milliseconds, bytes). */
  readonly min?: number;
  readonly max?: number;
  /** Never printed: not by explain, not in a complaint. */
  readonly secret?: true;
  /** One paragraph for the operator: what it does, its unit, and what empty or 0 mean. */
  readonly doc: string;
}

export type SettingValue = string | number | boolean | readonly string[];

export interface SettingRow extends KeyRow {
  readonly section: SettingSection;
  /** Durations in milliseconds, sizes in bytes; an empty string or list is "not set". */
  readonly default: SettingValue;
  readonly reload: ReloadClass;
  /** `true`: PgBouncer has it under this name; a string: under that one; absent: it is ours. */
  readonly pgbouncer?: true | string;
  /** What PgBouncer has where its file says nothing, when that is something else than `default`. */
  readonly pgbouncerDefault?: SettingValue;
  /** It says what the agent runs, reads, writes or is: not for SET at the console, as no row of type `path` is. */
  readonly fileOnly?: true;
  /** `***` in SHOW CONFIG: it may have a secret in it, and who may look at the console is not the operator. */
  readonly isMasked?: true;
  /** The key under `databases.NAME` of pgsidecar.yml that overrides it for one database. */
  readonly perDatabase?: string;
  /** The key under `users.NAME` of pgsidecar.yml that overrides it for one user. */
  readonly perUser?: string;
}

/** What a row's value is in `Settings`. */
export type ValueOf<Row extends SettingRow> = Row['type'] extends 'integer' | 'duration' | 'size' | 'octal'
  ? number
  : Row['type'] extends 'boolean'
    ? boolean
    : Row['type'] extends 'list'
      ? readonly string[]
      : Row['type'] extends 'enum'
        ? Row extends { readonly values: readonly (infer Word)[] }
          ? Word
          : never
        : string;

export const SECONDS = 1000;
export const MINUTES = 60 * SECONDS;
export const HOURS = 60 * MINUTES;
export const DAYS = 24 * HOURS;
export const KILOBYTES = 1024;
export const MEGABYTES = 1024 * KILOBYTES;

/** What a duration is at most, whatever its row says: timers count milliseconds in 31 bits. */
export const DURATION_MAX = 24 * DAYS;
