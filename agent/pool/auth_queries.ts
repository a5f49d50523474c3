// Asks the server for the secret of a user whom the files do not have (auth_query), on connections that serve nothing else.

import type { SecretKind } from '../auth/secret_kind.ts';
import type { Clock } from '../base/clock.ts';
import { AgentError, type ErrorCode } from '../base/errors.ts';
import { Secret } from '../base/secret.ts';
import type { AuthQuerySettings, Settings } from '../config/settings.ts';
import { AuthQuestion, type AuthRow } from './auth_question.ts';
import type { Pool } from './pool.ts';
import { isStrange, StrangeNames } from './strange_names.ts';

/** What the server has of a user; or why there is nothing to prove, for the log. */
export type AuthAnswer = AskedSecret | { readonly missing: string };

export interface AskedSecret extends FoundSecret {
  /** Another database has said it than the one that he wants: that one is asked when he has proved it (`confirm()`). */
  readonly isHearsay?: boolean | undefined;
}

export interface FoundSecret {
  readonly secret: Secret;
  /** Higher where it was asked for later, whenever the client has proved that he has it. */
  readonly order: number;
}

/** What the registry does for the questions. */
export interface AuthPlaces {
  readonly clock: Clock;
  readonly settings: () => Settings;
  /** The pool that serves these questions and nobody else. @throws AgentError database_unknown */
  readonly poolFor: (auth: AuthQuerySettings) => Pool;
  /** That pool is there: nobody has to find out whether its database is. */
  readonly knows: (auth: AuthQuerySettings) => boolean;
}

/** Another name of the same server would meet the same. */
const OF_THE_SERVER: readonly ErrorCode[] = [
  'server_unreachable',
  'server_timeout',
  'server_closed',
  'server_starting',
  'server_full',
  'server_password_wrong',
  'auth_query_timeout',
];

export function isOfTheServer({ code }: AgentError): boolean {
  return OF_THE_SERVER.includes(code);
}

export class AuthQueries {
  /** What the last user that was found has. Whoever does not exist is asked for the same; PostgreSQL's own default before that. */
  commonKind: SecretKind = 'scram';
  /**
   * Under way, so that clients who come at once share one query. An answer is not kept beyond that: a password that has
   * been changed, has expired or was taken away must not go on letting in, and the query is as cheap as a login's own.
   */
  readonly #asked = new Map<string, Promise<AuthAnswer>>();
  #order = 0;
  readonly #names = new StrangeNames();
  readonly #places: AuthPlaces;

  constructor(places: AuthPlaces) {
    this.#places = places;
  }

  /** Rejects with AgentError when the server could not be asked, or did not answer as it should. */
  find(auth: AuthQuerySettings, user: string): Promise<AuthAnswer> {
    return this.#once('find', auth, user, () => this.#ask(auth, user));
  }

  /**
   * Of somebody who has proved what another database says of him: what his own one says. Whoever owns that other one would
   * otherwise decide who comes in here.
   *
   * Rejects with AgentError as `find()`.
   */
  confirm(auth: AuthQuerySettings, user: string): Promise<AuthAnswer> {
    return this.#once('confirm', auth, user, () => this.#askAt(auth, user));
  }

  #once(
    how: 'find' | 'confirm',
    auth: AuthQuerySettings,
    user: string,
    ask: () => Promise<AuthAnswer>,
  ): Promise<AuthAnswer> {
    const key = JSON.stringify([how, auth.database, auth.user, auth.query, user]);
    const asked = this.#asked.get(key);
    if (asked !== undefined) return asked;
    const answer = ask().finally(() => this.#asked.delete(key));
    this.#asked.set(key, answer);
    return answer;
  }

  /**
   * Who has proved nothing is not to find out which of the names that `*` serves there are, nor which of them can be asked:
   * where a name cannot, the same server is asked by another, so that he is challenged as everywhere.
   */
  async #ask(auth: AuthQuerySettings, user: string): Promise<AuthAnswer> {
    const { settings, clock } = this.#places;
    if (!isStrange(settings(), auth)) return await this.#askAt(auth, user);
    const known = this.#places.knows(auth)
      ? undefined
      : this.#names.whyNot(auth.database, clock.now(), settings());
    const own = known ?? (await this.#askOwn(auth, user));
    if (isAnswer(own)) return own;
    const other = await this.#askElsewhere(auth, user);
    if (other !== undefined) return other;
    // Nobody is refused because others made up names: then theirs cost what they cost.
    const last = own === 'crowded' ? await this.#askOwn(auth, user) : own;
    if (isAnswer(last)) return last;
    // As a user who does not exist.
    if (last.code === 'server_database_missing') return { missing: last.message };
    throw last;
  }

  /** Its answer; or why this database has none, where another one of its server may. */
  async #askOwn(auth: AuthQuerySettings, user: string): Promise<AuthAnswer | AgentError> {
    const { database } = auth;
    const isFirst = !this.#places.knows(auth);
    if (isFirst) this.#names.onTry(database);
    try {
      const answer = await this.#askAt(auth, user);
      this.#names.onAnswered(database);
      return answer;
    } catch (error) {
      if (!(error instanceof AgentError) || isOfTheServer(error)) throw error;
      this.#noteFailed(auth, error);
      return error;
    } finally {
      if (isFirst) this.#names.onTried(database);
    }
  }

  /** Undefined where no other can be asked. */
  async #askElsewhere(auth: AuthQuerySettings, user: string): Promise<AuthAnswer | undefined> {
    const { settings, clock } = this.#places;
    for (const other of [...this.#names.elsewhere(auth, settings())]) {
      const isKnown = !isStrange(settings(), other) || this.#places.knows(other);
      const why = isKnown ? undefined : this.#names.whyNot(other.database, clock.now(), settings());
      // Nobody made up this one.
      if (why !== undefined && why !== 'crowded') continue;
      try {
        const answer = await this.#askAt(other, user);
        return 'missing' in answer ? answer : { ...answer, isHearsay: true };
      } catch (error) {
        if (!(error instanceof AgentError)) throw error;
        this.#noteFailed(other, error);
      }
    }
    return undefined;
  }

  #noteFailed(auth: AuthQuerySettings, error: AgentError): void {
    const { settings, clock } = this.#places;
    if (isStrange(settings(), auth)) this.#names.onFailed(auth.database, error, clock.now(), settings());
  }

  async #askAt(auth: AuthQuerySettings, user: string): Promise<AuthAnswer> {
    const pool = this.#places.poolFor(auth);
    const { failure, connected, context } = pool;
    if (failure.last !== undefined && connected === 0 && context.clock.now() < failure.retryAt)
      throw failure.last;
    const order = ++this.#order;
    return read(await AuthQuestion.ask(pool, auth.query, user), user, order);
  }
}

function isAnswer(own: AuthAnswer | AgentError | 'crowded'): own is AuthAnswer {
  return own !== 'crowded' && !(own instanceof AgentError);
}

function read([row, second]: readonly AuthRow[], user: string, order: number): AuthAnswer {
  if (row === undefined) return { missing: `user "${user}" does not exist: auth_query gave no row` };
  if (second !== undefined) throw unusable('it gave more than one row');
  if (row.length < 2) throw unusable('it gave one column, and has to give a name and a secret');
  const [name, secret] = row;
  // A name that is cut off, or folded, or the query's own: whoever proves that secret would be somebody else.
  if (name !== user) return { missing: `auth_query gave another user, "${name ?? 'NULL'}"` };
  // NULL also for VALID UNTIL, by the query that is there when nobody writes another.
  if (secret === undefined || secret === '')
    return { missing: `user "${user}" has no password at the server, or it has expired` };
  return { secret: new Secret(secret), order };
}

function unusable(reason: string): AgentError {
  return new AgentError('auth_query_unusable', { reason });
}
