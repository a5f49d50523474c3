// Asks the server for the secret of a user whom the files do not have (auth_query), on connections that serve nothing else.

import type { SecretKind } from '../auth/secret_kind.ts';
import { AgentError } from '../base/errors.ts';
import { Secret } from '../base/secret.ts';
import type { AuthQuerySettings } from '../config/settings.ts';
import { AuthQuestion, type AuthRow } from './auth_question.ts';
import type { Pool } from './pool.ts';

/** What the server has of a user; or why there is nothing to prove, for the log. */
export type AuthAnswer = FoundSecret | { readonly missing: string };

export interface FoundSecret {
  readonly secret: Secret;
  /** Higher where it was asked for later, whenever the client has proved that he has it. */
  readonly order: number;
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
  readonly #poolFor: (auth: AuthQuerySettings) => Pool;

  /** @param poolFor gives the pool that serves these questions and nobody else. */
  constructor(poolFor: (auth: AuthQuerySettings) => Pool) {
    this.#poolFor = poolFor;
  }

  /** Rejects with AgentError when the server could not be asked, or did not answer as it should. */
  find(auth: AuthQuerySettings, user: string): Promise<AuthAnswer> {
    const key = JSON.stringify([auth.database, auth.user, auth.query, user]);
    const asked = this.#asked.get(key);
    if (asked !== undefined) return asked;
    const answer = this.#ask(auth, user).finally(() => this.#asked.delete(key));
    this.#asked.set(key, answer);
    return answer;
  }

  async #ask(auth: AuthQuerySettings, user: string): Promise<AuthAnswer> {
    const pool = this.#poolFor(auth);
    const { failure, connected, context } = pool;
    try {
      if (failure.last !== undefined && connected === 0 && context.clock.now() < failure.retryAt)
        throw failure.last;
      const order = ++this.#order;
      return read(await AuthQuestion.ask(pool, auth.query, user), user, order);
    } catch (error) {
      // Who has proved nothing is not to find out which of the names that `*` serves there are: as a user who does not exist.
      const isMissing = error instanceof AgentError && error.code === 'server_database_missing';
      if (isMissing && pool.database.isAny === true) return { missing: error.message };
      throw error;
    }
  }
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
