// Whether what a client has just proved still lets him in, where a reload came between the question and his answer.

import { type AuthType, asksForSecret } from '../auth/client_login.ts';
import type { CredentialBook } from '../auth/credential.ts';
import type { Secret } from '../base/secret.ts';
import type { ClientContext, CredentialBooks } from './context.ts';
import { whomToAsk } from './unknown_user.ts';
import { type Asked, expiryOf, wayIn } from './way_in.ts';

export interface Proved {
  readonly asked: Asked;
  readonly authType: AuthType;
  /** Undefined where nobody asked for one. */
  readonly secret: Secret | undefined;
  /** The secret is one that auth_query gave for this very login. */
  readonly isFound: boolean;
}

/** For the log; undefined where it holds. Whoever is asked for no secret was let in by the step in which he was asked. */
export function whyWithdrawn(
  { settings, books, clock }: Pick<ClientContext, 'settings' | 'books' | 'clock'>,
  { asked, authType, secret, isFound }: Proved,
): string | undefined {
  if (!asksForSecret(authType)) return undefined;
  const { user, database } = asked;
  const way = wayIn(settings, asked);
  if (way.kind === 'refused') return `a reload came in between: ${way.reason}`;
  if (way.authType !== authType) return `a reload came in between, and the proof is ${way.authType} now`;
  const book = bookFor(books, database);
  const known = book.users.get(user);
  const holds = isFound
    ? whomToAsk(settings, book, { user, database, authType }) !== undefined
    : [known?.secret, known?.next?.secret].some(
        (each) => each !== undefined && secret?.equals(each) === true,
      );
  if (!holds) return 'a reload came in between, and took away what it proved';
  return expiryOf(settings, user, authType, clock.wall());
}

export function bookFor({ byDatabase, common }: CredentialBooks, database: string): CredentialBook {
  return byDatabase.get(database) ?? common;
}
