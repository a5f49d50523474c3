// Whether what a client has just proved still lets him in, where a reload came between the question and his answer.

import { type AuthType, asksForSecret } from '../auth/client_login.ts';
import type { CredentialBook } from '../auth/credential.ts';
import type { Secret } from '../base/secret.ts';
import { entryName } from '../config/any_database.ts';
import { CONSOLE_DATABASE } from '../config/console_database.ts';
import type { Settings } from '../config/settings.ts';
import type { ClientContext, CredentialBooks } from './context.ts';
import { type Asker, whomToAsk } from './unknown_user.ts';
import { type Asked, expiryOf, wayIn } from './way_in.ts';

/** What a login was asked for, by the settings of that moment. */
export interface Asking {
  readonly settings: Settings;
  readonly asked: Asked;
  readonly authType: AuthType;
}

/**
 * For the log; undefined where it holds. Whoever is asked for no secret was let in by the step in which he was asked.
 *
 * @param secret that he proved.
 * @param isFound by auth_query, for this very login.
 */
export function whyWithdrawn(
  { settings, books, clock }: Pick<ClientContext, 'settings' | 'books' | 'clock'>,
  { settings: before, asked, authType }: Asking,
  secret: Secret | undefined,
  isFound: boolean,
): string | undefined {
  if (settings === before || !asksForSecret(authType)) return undefined;
  const { user, database } = asked;
  const way = wayIn(settings, asked);
  if (way.kind === 'refused') return `a reload came in between: ${way.reason}`;
  if (way.authType !== authType) return `a reload came in between, and the proof is ${way.authType} now`;
  const book = bookFor(books, settings, database);
  const known = book.users.get(user);
  const holds = isFound
    ? isAskedFor(whomToAsk(settings, book, { user, database, authType }))
    : [known?.secret, known?.next?.secret].some(
        (each) => each !== undefined && secret?.equals(each) === true,
      );
  if (!holds) return 'a reload came in between, and took away what it proved';
  return expiryOf(settings, user, authType, clock.wall());
}

function isAskedFor(asker: Asker | undefined): boolean {
  return asker !== undefined && asker.refusal === undefined;
}

/** Where the same role has another password at this database, that one's; else the one for all, which is the console's too, whatever `*` has. */
export function bookFor(
  { byDatabase, common }: CredentialBooks,
  settings: Settings,
  database: string,
): CredentialBook {
  if (database === CONSOLE_DATABASE) return common;
  return byDatabase.get(entryName(settings, database)) ?? common;
}
