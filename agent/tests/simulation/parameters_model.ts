// The run-time parameters of a simulated backend: with transactions, and reported as PostgreSQL 14 and later do.

/** In the order in which they are reported at a login. */
export const REPORTED: Readonly<Record<string, string>> = {
  application_name: '',
  client_encoding: 'UTF8',
  DateStyle: 'ISO, MDY',
  server_version: '18.1',
  session_authorization: 'app',
  TimeZone: 'Etc/UTC',
};

const UNREPORTED: Readonly<Record<string, string>> = {
  lock_timeout: '0',
  search_path: 'public',
  statement_timeout: '0',
};

const SPELLINGS: ReadonlyMap<string, string> = new Map(
  Object.keys({ ...REPORTED, ...UNREPORTED }).map((name) => [name.toLowerCase(), name]),
);

/** What an answer carries of them: who runs where. */
const SHOWN: readonly string[] = [
  'application_name',
  'DateStyle',
  'TimeZone',
  ...['lock_timeout', 'search_path', 'statement_timeout'],
];

export class ParametersModel {
  readonly #start: Map<string, string>;
  readonly #now: Map<string, string>;
  readonly #reported = new Map<string, string>();
  #saved: Map<string, string> | undefined;
  #dirty = false;

  constructor(asked: Readonly<Record<string, string>>) {
    this.#start = new Map(Object.entries({ ...REPORTED, ...UNREPORTED }));
    for (const [name, value] of Object.entries(asked)) {
      const own = SPELLINGS.get(name.toLowerCase());
      if (own !== undefined) this.#start.set(own, spelled(own, value));
    }
    this.#now = new Map(this.#start);
    for (const name of Object.keys(REPORTED)) this.#reported.set(name, this.#now.get(name)!);
  }

  get(name: string): string | undefined {
    return this.#now.get(SPELLINGS.get(name.toLowerCase()) ?? '');
  }

  /** False: there is no such parameter. */
  set(name: string, value: string): boolean {
    const own = SPELLINGS.get(name.toLowerCase());
    if (own === undefined) return false;
    this.#saved ??= new Map(this.#now);
    this.#now.set(own, spelled(own, value));
    this.#dirty = true;
    return true;
  }

  reset(name: string): boolean {
    const own = SPELLINGS.get(name.toLowerCase());
    return own !== undefined && this.set(own, this.#start.get(own)!);
  }

  resetAll(): void {
    for (const [name, value] of this.#start) this.set(name, value);
  }

  commit(): void {
    this.#saved = undefined;
  }

  rollback(): void {
    if (this.#saved === undefined) return;
    for (const [name, value] of this.#saved) this.#now.set(name, value);
    this.#saved = undefined;
    this.#dirty = true;
  }

  /** What has changed since the last report. */
  *changes(): Iterable<readonly [string, string]> {
    if (!this.#dirty) return;
    this.#dirty = false;
    for (const [name, value] of this.#reported) {
      const now = this.#now.get(name)!;
      if (now === value) continue;
      this.#reported.set(name, now);
      yield [name, now];
    }
  }

  /** Those that are not reported, and are not as at the start. */
  get changedUnreported(): string[] {
    return Object.keys(UNREPORTED).filter((name) => this.#now.get(name) !== this.#start.get(name));
  }

  get reported(): ReadonlyMap<string, string> {
    return this.#reported;
  }

  shown(): string {
    return SHOWN.map((name) => this.#now.get(name)).join('/');
  }
}

/** As the server spells it. */
function spelled(name: string, value: string): string {
  return name === 'DateStyle' && !value.includes(',') ? `${value}, MDY` : value;
}
