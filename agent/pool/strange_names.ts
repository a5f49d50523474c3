// Names that only `*` serves, while whoever asks for them has proved nothing: which the server does not have, and where else its roles are known.

import { AgentError, type ErrorCode } from '../base/errors.ts';
import { ANY_DATABASE, entryName, MAINTENANCE_DATABASE } from '../config/any_database.ts';
import type { AuthQuerySettings, DatabaseSettings, Settings } from '../config/settings.ts';

/** Whoever makes up names has the server log in so many times within server_login_retry, and no more. */
export const NAMES_MAX = 100;
/** Of these nothing is known but that the client's own login would show. */
const OF_THE_NAME: readonly ErrorCode[] = ['server_database_missing', 'auth_query_postponed'];

export class StrangeNames {
  /** That the server does not have, the one that has been known for longest first. */
  readonly #missing = new Map<string, { readonly error: AgentError; readonly until: number }>();
  /** Where a question was answered last. */
  #answered: string | undefined;
  /** By which settings all that was found out. */
  #settings: Settings | undefined;

  onAnswered(name: string): void {
    this.#answered = name;
  }

  onMissing(name: string, error: AgentError, now: number, { server_login_retry }: Settings): void {
    this.#missing.delete(name);
    this.#missing.set(name, { error, until: now + server_login_retry });
  }

  /** Why nobody logs in there for a stranger now; undefined where somebody does. */
  whyNot(name: string, now: number, settings: Settings): AgentError | undefined {
    if (settings !== this.#settings) this.#missing.clear();
    this.#settings = settings;
    for (const [each, { until }] of this.#missing) {
      if (until > now) break;
      this.#missing.delete(each);
    }
    const known = this.#missing.get(name)?.error;
    if (known !== undefined || this.#missing.size < NAMES_MAX) return known;
    const seconds = settings.server_login_retry / 1000;
    return new AgentError('auth_query_postponed', { names: NAMES_MAX, seconds });
  }

  /** Where the same server can be asked by the same query: what was answered last, what is listed, what every server has. */
  *elsewhere(auth: AuthQuerySettings, { databases }: Settings): Iterable<AuthQuerySettings> {
    const there = (name: string): AuthQuerySettings => ({ ...auth, database: name });
    const answered = this.#answered;
    if (answered !== undefined && answered !== auth.database && isStrange({ databases }, there(answered)))
      yield there(answered);
    const { hosts } = databases[ANY_DATABASE]!;
    const isSame = ({ auth: its, ...each }: DatabaseSettings): boolean =>
      its?.user === auth.user && its.query === auth.query && sameHosts(each.hosts, hosts);
    const listed = Object.values(databases).find((each) => each.name !== ANY_DATABASE && isSame(each));
    if (listed !== undefined) yield listed.auth!;
    const last = there(MAINTENANCE_DATABASE);
    if (auth.database !== last.database && isStrange({ databases }, last)) yield last;
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

/** Whoever has proved who he is elsewhere may go on: he logs in as himself, and the server says whether. */
export function isForTheServer(why: AgentError, { databases }: Settings): boolean {
  return OF_THE_NAME.includes(why.code) && databases[ANY_DATABASE]?.forceUser !== true;
}

function sameHosts(one: DatabaseSettings['hosts'], other: DatabaseSettings['hosts']): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
