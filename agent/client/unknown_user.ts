// A user of whom the files have no secret, as the server has him: asked by auth_query, before he is asked for a proof.

import { createHmac } from 'node:crypto';
import { type AuthType, asksForSecret } from '../auth/client_login.ts';
import { type Credential, type CredentialBook, makeCredential } from '../auth/credential.ts';
import { isBrokenVerifier, type SecretKind } from '../auth/secret_kind.ts';
import { AgentError } from '../base/errors.ts';
import { databaseNamed, MAINTENANCE_DATABASE } from '../config/any_database.ts';
import { CONSOLE_DATABASE } from '../config/console_database.ts';
import type { AuthQuerySettings, Settings } from '../config/settings.ts';
import { type AuthAnswer, type AuthQueries, type FoundSecret, isOfTheServer } from '../pool/auth_queries.ts';
import { isStrange } from '../pool/strange_names.ts';

/** Of somebody who was asked for. */
export interface FoundUser {
  readonly credential: Credential | undefined;
  /** What logs in to the server in his name, and in no other. */
  readonly secret: FoundSecret | undefined;
  /** Why there is no credential, for the log. */
  readonly missing: string | undefined;
  /** Who has to say so too, when he has proved it. */
  readonly confirming: AuthQuerySettings | undefined;
  /** What one who does not exist pretends to have. */
  readonly mockKind: SecretKind;
}

/** Databases of one server that cannot say it, before that server is asked no more for a name that nobody serves. */
const REFUSALS_MAX = 3;

const NOTHING = { credential: undefined, secret: undefined, confirming: undefined } as const;

/** Who is asked about a user. */
export interface Asker {
  readonly auth: AuthQuerySettings;
  /** Who is asked where it cannot be; nobody where it is the database's own. */
  readonly others: readonly AuthQuerySettings[];
  /** Why he does not come in whatever he proves, for the log: he is asked for it so that he learns nothing. */
  readonly refusal: string | undefined;
}

/**
 * Whom to ask; undefined where the files know the user, where he proves something else than a secret, and where nobody asks.
 * About a database that is not served one of those that ask is asked: it takes as long, and is as much out of order, as
 * for one that is. Which one it is hangs on its name, so that other servers' salts are those of names that are not served as
 * well: nobody learns which there are before he has proved who he is. One that cannot be asked is passed over: whoever has
 * mistaken the name is to hear that, whatever is out of order at a server that he does not want. Nobody is asked about the console: whoever may make roles on a server would be whom admin_users
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
  if (served?.auth !== undefined) return { auth: served.auth, others: [], refusal: undefined };
  const [auth, ...others] = thoseThatAsk(settings, database, book.options.mockKey);
  if (auth === undefined) return undefined;
  const refusal =
    served === undefined ? undefined : `database "${database}" asks no server for users (auth_user)`;
  return { auth, others, refusal };
}

/** The first by its name, and by a key that nobody else has. */
function thoseThatAsk(
  settings: Settings,
  database: string,
  mockKey: Uint8Array,
): readonly AuthQuerySettings[] {
  const all = Object.values(settings.databases).flatMap(({ auth }) => {
    if (auth?.database !== '') return auth === undefined ? [] : [auth];
    // That of `*`, which has no name of its own.
    const there = { ...auth, database: MAINTENANCE_DATABASE };
    return isStrange(settings, there) ? [there] : [];
  });
  if (all.length === 0) return all;
  const chance = createHmac('sha256', mockKey).update(`database ${database}`).digest().readUInt32BE();
  const first = chance % all.length;
  return [...all.slice(first), ...all.slice(0, first)];
}

/** Rejects with AgentError when the server could not be asked, or its answer is nothing that can be proved. */
export async function findUser(
  queries: AuthQueries,
  asker: Asker,
  user: string,
  { options }: CredentialBook,
  settings: Settings,
): Promise<FoundUser> {
  const answer = await firstAnswer(queries, asker, user, settings);
  const { refusal } = asker;
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
  return {
    ...found,
    secret: answer,
    missing: undefined,
    confirming: answer.isHearsay === true ? asker.auth : undefined,
  };
}

/** What his own database says of somebody who proved what another one did. Rejects with AgentError, which he may be told by its code. */
export async function confirmUser(
  queries: AuthQueries,
  auth: AuthQuerySettings,
  user: string,
  proved: FoundSecret,
): Promise<FoundSecret> {
  const answer = await queries.confirm(auth, user).catch((error: Error) => {
    if (!(error instanceof AgentError) || error.code === 'server_database_missing') throw error;
    throw new AgentError('auth_query_failed', { user, reason: error.message });
  });
  const reason =
    'missing' in answer ? answer.missing : `database "${auth.database}" has another secret of user "${user}"`;
  if ('secret' in answer && answer.secret.equals(proved.secret)) return answer;
  throw new AgentError('password_wrong', { user, reason });
}

/** Each server that is in order is reached; one that is not costs one question, or a few. */
async function firstAnswer(
  queries: AuthQueries,
  { auth, others }: Asker,
  user: string,
  settings: Settings,
): Promise<AuthAnswer> {
  if (others.length === 0) return await queries.find(auth, user);
  const asked = new Set<string>();
  const refusals = new Map<string, number>();
  let why: AgentError | undefined;
  for (const each of [auth, ...others]) {
    const server = JSON.stringify(databaseNamed(settings, each.database)?.hosts ?? []);
    const before = refusals.get(server) ?? 0;
    const key = JSON.stringify(each);
    if (before >= REFUSALS_MAX || asked.has(key)) continue;
    asked.add(key);
    try {
      return await queries.find(each, user);
    } catch (error) {
      if (!(error instanceof AgentError)) throw error;
      why ??= error;
      refusals.set(server, isOfTheServer(error) ? REFUSALS_MAX : before + 1);
    }
  }
  throw why!;
}
