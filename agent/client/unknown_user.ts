// A user of whom the files have no secret, as the server has him: asked by auth_query, before he is asked for a proof.

import { createHmac } from 'node:crypto';
import { type AuthType, asksForSecret } from '../auth/client_login.ts';
import { type Credential, type CredentialBook, makeCredential } from '../auth/credential.ts';
import { isBrokenVerifier, type SecretKind } from '../auth/secret_kind.ts';
import { AgentError } from '../base/errors.ts';
import { databaseNamed, MAINTENANCE_DATABASE } from '../config/any_database.ts';
import { CONSOLE_DATABASE } from '../config/console_database.ts';
import type { AuthQuerySettings, Settings } from '../config/settings.ts';
import type { AuthQueries, FoundSecret } from '../pool/auth_queries.ts';
import { isStrange } from '../pool/strange_names.ts';

/** Of somebody who was asked for. */
export interface FoundUser {
  readonly credential: Credential | undefined;
  /** What logs in to the server in his name, and in no other. */
  readonly secret: FoundSecret | undefined;
  /** Why there is no credential, for the log. */
  readonly missing: string | undefined;
  /** What he is told when he has proved who he is, instead of being let in. */
  readonly proved: AgentError | undefined;
  /** What one who does not exist pretends to have. */
  readonly mockKind: SecretKind;
}

const NOTHING = { credential: undefined, secret: undefined, proved: undefined } as const;

/** Who is asked about a user. */
export interface Asker {
  readonly auth: AuthQuerySettings;
  /** Why he does not come in whatever he proves, for the log: he is asked for it so that he learns nothing. */
  readonly refusal: string | undefined;
}

/**
 * Whom to ask; undefined where the files know the user, where he proves something else than a secret, and where nobody asks.
 * About a database that is not served one of those that ask is asked: it takes as long, and is as much out of order, as
 * for one that is. Which one it is hangs on its name, so that what is told of a database alone (other servers have other
 * salts, and are down at other times) is told of names that are not served as well. So nobody learns which there are before
 * he has proved who he is. Nobody is asked about the console: whoever may make roles on a server would be whom admin_users
 * names.
 */
export function whomToAsk(
  settings: Settings,
  book: CredentialBook,
  asked: { readonly user: string; readonly database: string; readonly authType: AuthType },
): Asker | undefined {
  const { user, database, authType } = asked;
  if (database === CONSOLE_DATABASE || !asksForSecret(authType)) return undefined;
  if (book.users.get(user)?.kind !== undefined) return undefined;
  const served = databaseNamed(settings, database);
  if (served?.auth !== undefined) return { auth: served.auth, refusal: undefined };
  const auth = oneThatAsks(settings, database, book.options.mockKey);
  if (auth === undefined) return undefined;
  const refusal =
    served === undefined ? undefined : `database "${database}" asks no server for users (auth_user)`;
  return { auth, refusal };
}

/** By its name, and by a key that nobody else has. */
function oneThatAsks(
  settings: Settings,
  database: string,
  mockKey: Uint8Array,
): AuthQuerySettings | undefined {
  const all = Object.values(settings.databases).flatMap(({ auth }) => {
    if (auth?.database !== '') return auth === undefined ? [] : [auth];
    // That of `*`, which has no name of its own.
    const there = { ...auth, database: MAINTENANCE_DATABASE };
    return isStrange(settings, there) ? [there] : [];
  });
  if (all.length === 0) return undefined;
  const chance = createHmac('sha256', mockKey).update(`database ${database}`).digest().readUInt32BE();
  return all[chance % all.length];
}

/** Rejects with AgentError when the server could not be asked, or its answer is nothing that can be proved. */
export async function findUser(
  queries: AuthQueries,
  { auth, refusal }: Asker,
  user: string,
  { options }: CredentialBook,
): Promise<FoundUser> {
  const answer = await queries.find(auth, user);
  if ('missing' in answer) {
    const { missing } = answer;
    return { ...NOTHING, missing, mockKind: queries.commonKind };
  }
  const { secret } = answer;
  if (isBrokenVerifier(secret)) {
    const reason = 'the secret begins like a SCRAM verifier and is not a whole one';
    throw new AgentError('auth_query_unusable', { reason });
  }
  const credential = await makeCredential({ name: user, secret }, options);
  queries.commonKind = credential.kind ?? queries.commonKind;
  const found = { credential, mockKind: queries.commonKind };
  // What this server has of him is for it alone.
  if (refusal !== undefined) return { ...NOTHING, ...found, missing: refusal };
  return { ...found, secret: answer, missing: undefined, proved: answer.refusal };
}
