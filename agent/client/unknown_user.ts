// A user of whom the files have no secret, as the server has him: asked by auth_query, before he is asked for a proof.

import { type AuthType, asksForSecret } from '../auth/client_login.ts';
import { type Credential, type CredentialBook, makeCredential } from '../auth/credential.ts';
import { isBrokenVerifier, type SecretKind } from '../auth/secret_kind.ts';
import { AgentError } from '../base/errors.ts';
import { databaseNamed } from '../config/any_database.ts';
import { CONSOLE_DATABASE } from '../config/console_database.ts';
import type { AuthQuerySettings, Settings } from '../config/settings.ts';
import type { AuthQueries, FoundSecret } from '../pool/auth_queries.ts';

/** Of somebody who was asked for. */
export interface FoundUser {
  readonly credential: Credential | undefined;
  /** What logs in to the server in his name, and in no other. */
  readonly secret: FoundSecret | undefined;
  /** Why there is no credential, for the log. */
  readonly missing: string | undefined;
  /** What one who does not exist pretends to have. */
  readonly mockKind: SecretKind;
}

/**
 * Whom to ask; undefined where the files know the user, where he proves something else than a secret, and where nobody asks.
 * About a database that is not served the first one that asks is asked: it takes as long, and is as much out of order, as
 * for one that is, and so nobody learns which there are before he has proved who he is. Nobody is asked about the console:
 * whoever may make roles on a server would be whom admin_users names.
 */
export function whomToAsk(
  settings: Settings,
  book: CredentialBook,
  asked: { readonly user: string; readonly database: string; readonly authType: AuthType },
): AuthQuerySettings | undefined {
  if (asked.database === CONSOLE_DATABASE) return undefined;
  const served = databaseNamed(settings, asked.database);
  const asking = served ?? Object.values(settings.databases).find((each) => each.auth !== undefined);
  const auth = asking?.auth;
  if (auth === undefined || !asksForSecret(asked.authType)) return undefined;
  return book.users.get(asked.user)?.kind === undefined ? auth : undefined;
}

/** Rejects with AgentError when the server could not be asked, or its answer is nothing that can be proved. */
export async function findUser(
  queries: AuthQueries,
  auth: AuthQuerySettings,
  user: string,
  { options }: CredentialBook,
): Promise<FoundUser> {
  const answer = await queries.find(auth, user);
  if ('missing' in answer) {
    const { missing } = answer;
    return { credential: undefined, secret: undefined, missing, mockKind: queries.commonKind };
  }
  const { secret } = answer;
  if (isBrokenVerifier(secret)) {
    const reason = 'the secret begins like a SCRAM verifier and is not a whole one';
    throw new AgentError('auth_query_unusable', { reason });
  }
  const credential = await makeCredential({ name: user, secret }, options);
  queries.commonKind = credential.kind ?? queries.commonKind;
  return { credential, secret: answer, missing: undefined, mockKind: queries.commonKind };
}
