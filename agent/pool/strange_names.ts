// Names that only `*` serves, while whoever asks for them has proved nothing: which the server does not have, and where else its roles are known.

import type { AgentError, ErrorCode } from '../base/errors.ts';
import { ANY_DATABASE, entryName, MAINTENANCE_DATABASE } from '../config/any_database.ts';
import type { AuthQuerySettings, DatabaseSettings, Settings } from '../config/settings.ts';

/** Whoever makes up names has the server log in so many times within server_login_retry, and no more. */
export const NAMES_MAX = 100;
/** The server has let somebody log in there, and said this later: such names are there, and not made up. */
const BEHIND_THE_LOGIN: readonly ErrorCode[] = ['auth_query_refused', 'auth_query_unusable', 'server_lost'];

export class StrangeNames {
  /** Where the server let nobody log in, the one that has been known for longest first. */
  readonly #missing = new Map<string, { readonly error: AgentError; readonly until: number }>();
  /** Where somebody asks for the first time, and does not know yet whether anybody can. */
  readonly #trying = new Set<string>();
  /** Where a question was answered last. */
  #answered: string | undefined;
  /** By which settings all that was found out. */
  #settings: Settings | undefined;

  onAnswered(name: string): void {
    this.#answered = name;
  }

  onTry(name: string): void {
    this.#trying.add(name);
  }

  onTried(name: string): void {
    this.#trying.delete(name);
  }

  onFailed(name: string, error: AgentError, now: number, { server_login_retry }: Settings): void {
    if (BEHIND_THE_LOGIN.includes(error.code)) return;
    // Where no other database can be asked, these are asked about without end.
    if (!this.#missing.delete(name) && this.#missing.size >= NAMES_MAX) return;
    this.#missing.set(name, { error, until: now + server_login_retry });
  }

  /** Why nobody logs in there for a stranger now: what the server said, or `crowded`; undefined where somebody does. */
  whyNot(name: string, now: number, settings: Settings): AgentError | 'crowded' | undefined {
    if (settings !== this.#settings) this.#missing.clear();
    this.#settings = settings;
    for (const [each, { until }] of this.#missing) {
      if (until > now) break;
      this.#missing.delete(each);
    }
    const known = this.#missing.get(name)?.error;
    // Whoever comes with many names at once has none of them answered yet.
    const isCrowded = this.#missing.size + this.#trying.size >= NAMES_MAX;
    return known ?? (isCrowded ? 'crowded' : undefined);
  }

  /**
   * Where the same server can be asked by the same query: what is listed, what every server has, what was answered last.
   * That one comes last, because it may be a client's own database, which answers whatever he likes.
   */
  *elsewhere(auth: AuthQuerySettings, { databases }: Settings): Iterable<AuthQuerySettings> {
    // A reload may have taken it away since.
    const hosts = Object.hasOwn(databases, ANY_DATABASE) ? databases[ANY_DATABASE]?.hosts : undefined;
    if (hosts === undefined) return;
    const there = (name: string): AuthQuerySettings => ({ ...auth, database: name });
    const isSame = ({ auth: its, ...each }: DatabaseSettings): boolean =>
      its?.user === auth.user && its.query === auth.query && sameHosts(each.hosts, hosts);
    const listed = Object.values(databases).find((each) => each.name !== ANY_DATABASE && isSame(each));
    if (listed !== undefined) yield listed.auth!;
    const last = there(MAINTENANCE_DATABASE);
    if (auth.database !== last.database && isStrange({ databases }, last)) yield last;
    const answered = this.#answered;
    if (answered === undefined || answered === auth.database || answered === last.database) return;
    if (isStrange({ databases }, there(answered))) yield there(answered);
  }
}

/** Of a name that clients make: nobody listed it, nor wrote it as auth_dbname. */
export function isStrange(
  { databases }: Pick<Settings, 'databases'>,
  { database }: AuthQuerySettings,
): boolean {
  const any = Object.hasOwn(databases, ANY_DATABASE) ? databases[ANY_DATABASE] : undefined;
  if (any === undefined || entryName({ databases }, database) !== ANY_DATABASE) return false;
  return !Object.values(databases).some(({ auth }) => auth?.database === database);
}

function sameHosts(one: DatabaseSettings['hosts'], other: DatabaseSettings['hosts']): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
