// Secrets made ready at load, so that a login never waits for PBKDF2 and a name that does not exist takes no less time.

import type { Secret } from '../base/secret.ts';
import { storedMd5 } from './md5.ts';
import { makeVerifier, mockVerifier, parseVerifier, type ScramVerifier, saltFor } from './scram_verifier.ts';
import { type SecretKind, secretKind } from './secret_kind.ts';

/** What a user can be asked to prove. Without any of the three the user comes by `peer` only. */
export interface Credential {
  readonly user: string;
  readonly secret: Secret | undefined;
  readonly kind: SecretKind | undefined;
  /** Present for plain and SCRAM secrets. */
  readonly scram: ScramVerifier | undefined;
  /** `md5…`; present for plain and md5 secrets. */
  readonly md5: string | undefined;
}

export interface CredentialBook {
  readonly users: ReadonlyMap<string, Credential>;
  /** What a user that does not exist pretends to have: the commonest kind among those that do. */
  readonly commonKind: SecretKind;
  readonly options: CredentialOptions;
}

export interface CredentialOptions {
  /**
   * 32 random bytes, the same for all threads of the process and over its reloads. Challenges for names that do not
   * exist come from it; keep it over restarts too where clients may watch those.
   */
  readonly mockKey: Uint8Array;
  /** For verifiers made from plain passwords, and for the mocks. */
  readonly iterations: number;
}

/** `Settings.users` fits. */
export interface UserSecret {
  readonly name: string;
  readonly secret: Secret | undefined;
}

/** Whoever kept his secret since `previous` keeps his credential; PBKDF2 runs for the others, off the event loop. */
export async function makeCredentialBook(
  users: Iterable<UserSecret>,
  options: CredentialOptions,
  previous?: CredentialBook,
): Promise<CredentialBook> {
  const made = await Promise.all(
    [...users].map((user) => keptCredential(user, options, previous) ?? makeCredential(user, options)),
  );
  return {
    users: new Map(made.map((credential) => [credential.user, credential])),
    commonKind: commonKindOf(made),
    options,
  };
}

export async function makeCredential(user: UserSecret, options: CredentialOptions): Promise<Credential> {
  const { name, secret } = user;
  // PostgreSQL has no empty passwords either: one would let in whoever types nothing.
  if (secret === undefined || secret.open() === '')
    return { user: name, secret, kind: undefined, scram: undefined, md5: undefined };
  const text = secret.open();
  switch (secretKind(secret)) {
    case 'md5':
      return { user: name, secret, kind: 'md5', scram: undefined, md5: text };
    case 'scram':
      return { user: name, secret, kind: 'scram', scram: parseVerifier(text), md5: undefined };
    case 'plain': {
      const scram = await makeVerifier(text, saltFor(options.mockKey, name), options.iterations);
      return { user: name, secret, kind: 'plain', scram, md5: storedMd5(text, name) };
    }
  }
}

/** Looks real in every challenge and has no password: for names that do not exist and users without a fitting secret. */
export function mockCredential(user: string, kind: SecretKind, options: CredentialOptions): Credential {
  const scram = mockVerifier(options.mockKey, user, options.iterations);
  const md5 = `md5${Buffer.from(scram.storedKey).toString('hex', 0, 16)}`;
  return { user, secret: undefined, kind, scram, md5 };
}

function keptCredential(
  user: UserSecret,
  options: CredentialOptions,
  previous: CredentialBook | undefined,
): Credential | undefined {
  const known = previous?.users.get(user.name);
  if (known?.secret === undefined || !known.secret.equals(user.secret)) return undefined;
  const sameKey = Buffer.compare(previous!.options.mockKey, options.mockKey) === 0;
  return sameKey && previous!.options.iterations === options.iterations ? known : undefined;
}

function commonKindOf(credentials: readonly Credential[]): SecretKind {
  const counts: Record<SecretKind, number> = { plain: 0, md5: 0, scram: 0 };
  for (const { kind } of credentials) if (kind !== undefined) counts[kind]++;
  if (counts.scram > counts.plain && counts.scram >= counts.md5) return 'scram';
  return counts.md5 > counts.plain ? 'md5' : 'plain';
}
