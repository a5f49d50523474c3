// Where a value came from: kept beside every setting, printed in every complaint about one.

export interface Origin {
  /** A file's path as the operator would type it, or `environment`, `flag`, `default`. */
  readonly place: string;
  /** 1-based line in the file; absent where there is none. */
  readonly line?: number;
  /** The key, variable or flag as it is written there: `database_pool_idp`, `PGSIDECAR_POOL_MODE`, `--pool-mode`. */
  readonly key?: string;
}

/** `application.yml:14`, `environment PGHOST`, `flag --pool-mode`, `default`. */
export function printOrigin(origin: Origin): string {
  if (origin.line !== undefined) return `${origin.place}:${origin.line}`;
  if ((origin.place === 'environment' || origin.place === 'flag') && origin.key !== undefined) {
    return `${origin.place} ${origin.key}`;
  }
  return origin.place;
}
