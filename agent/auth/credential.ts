// Secrets made ready at load, so that a login never waits for PBKDF2 and a name that does not exist takes no less time.

import type { Secret } from '../base/secret.ts';
import { storedMd5 } from './md5.ts';
import {
  makeVerifier,
  mockVerifier,
  parseVerifier,
  type ScramVerifier,
  saltFor,
  sameChallenge,
} from './scram_verifier.ts';
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
  /** As good as this one: while a password is rotated there are two. */
  readonly next: Credential | undefined;
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
  /** Valid besides, while a password is rotated. */
  readonly nextSecret?: Secret | undefined;
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
  const { name, secret, nextSecret } = user;
  const challenge = challengeFor(user, options);
  const [first, next] = await Promise.all([
    makeSingle(name, secret, challenge),
    nextSecret === undefined ? undefined : makeSingle(name, nextSecret, challenge),
  ]);
  return next?.kind === undefined ? first : first.kind === undefined ? next : { ...first, next };
}

/** The salt and the count that a client is told before it is known which of two passwords it has: a verifier brings its own. */
function challengeFor({ name, secret, nextSecret }: UserSecret, options: CredentialOptions): Challenge {
  for (const each of [secret, nextSecret]) {
    const verifier = each === undefined ? undefined : parseVerifier(each.open());
    if (verifier !== undefined) return verifier;
  }
  return { salt: saltFor(options.mockKey, name), iterations: options.iterations };
}

type Challenge = Pick<ScramVerifier, 'salt' | 'iterations'>;

async function makeSingle(
  user: string,
  secret: Secret | undefined,
  { salt, iterations }: Challenge,
): Promise<Credential> {
  const next = undefined;
  // PostgreSQL has no empty passwords either: one would let in whoever types nothing.
  if (secret === undefined || secret.open() === '')
    return { user, secret, kind: undefined, scram: undefined, md5: undefined, next };
  const text = secret.open();
  switch (secretKind(secret)) {
    case 'md5':
      return { user, secret, kind: 'md5', scram: undefined, md5: text, next };
    case 'scram':
      return { user, secret, kind: 'scram', scram: parseVerifier(text), md5: undefined, next };
    case 'plain': {
      const scram = await makeVerifier(text, salt, iterations);
      return { user, secret, kind: 'plain', scram, md5: storedMd5(text, user), next };
    }
  }
}

/**
 * Why a client cannot be asked for whichever of two secrets it has; undefined when it can. A password in the clear is
 * checked against anything; a challenge is sent before the answer shows which one the client knows.
 */
export function whyNotBoth(one: Secret, other: Secret): string | undefined {
  const [a, b] = [parseVerifier(one.open()), parseVerifier(other.open())];
  if (a !== undefined && b !== undefined)
    return sameChallenge(a, b)
      ? undefined
      : 'its two SCRAM verifiers have different salts or iterations, and a client is told one salt before it shows which password it has; write one of them as a password, or make the second verifier with the salt and the iterations of the first';
  const kinds = [secretKind(one), secretKind(other)];
  return kinds.includes('md5') && kinds.includes('scram')
    ? 'one of its secrets is an md5 hash and the other a SCRAM verifier, and a client is asked for one of the two; write one of them as a password'
    : undefined;
}

/** Looks real in every challenge and has no password: for names that do not exist and users without a fitting secret. */
export function mockCredential(user: string, kind: SecretKind, options: CredentialOptions): Credential {
  const scram = mockVerifier(options.mockKey, user, options.iterations);
  const md5 = `md5${Buffer.from(scram.storedKey).toString('hex', 0, 16)}`;
  return { user, secret: undefined, kind, scram, md5, next: undefined };
}

function keptCredential(
  user: UserSecret,
  options: CredentialOptions,
  previous: CredentialBook | undefined,
): Credential | undefined {
  const known = previous?.users.get(user.name);
  if (known?.secret === undefined || !known.secret.equals(user.secret)) return undefined;
  if (known.next === undefined ? user.nextSecret !== undefined : !known.next.secret!.equals(user.nextSecret))
    return undefined;
  const sameKey = Buffer.compare(previous!.options.mockKey, options.mockKey) === 0;
  return sameKey && previous!.options.iterations === options.iterations ? known : undefined;
}

function commonKindOf(credentials: readonly Credential[]): SecretKind {
  const counts: Record<SecretKind, number> = { plain: 0, md5: 0, scram: 0 };
  for (const { kind } of credentials) if (kind !== undefined) counts[kind]++;
  if (counts.scram > counts.plain && counts.scram >= counts.md5) return 'scram';
  return counts.md5 > counts.plain ? 'md5' : 'plain';
}
