// SCRAM-SHA-256 from the client's chair: the agent proves itself to PostgreSQL, and makes PostgreSQL prove itself back.

import { timingSafeEqual } from 'node:crypto';
import type { Secret } from '../base/secret.ts';
import { AuthError, malformed, refused } from './auth_error.ts';
import { encodeBase64 } from './base64.ts';
import type { ClientKey } from './client_key.ts';
import {
  type BindingFlag,
  gs2HeaderOf,
  parseServerFinal,
  parseServerFirst,
  printClientFinalWithoutProof,
  printClientFirstBare,
  SCRAM_LIMITS,
  SCRAM_SHA_256,
  SCRAM_SHA_256_PLUS,
  toBytes,
} from './scram.ts';
import { deriveKeys, proofOrClientKey, type ScramKeys, serverSignature } from './scram_keys.ts';
import type { ScramVerifier } from './scram_verifier.ts';

/** What a login knows: a password, or the key that a client of ours proved to have, and the verifier that it opens. */
export type ScramIdentity =
  | { readonly kind: 'password'; readonly secret: Secret }
  | { readonly kind: 'key'; readonly clientKey: ClientKey; readonly verifier: ScramVerifier };

export interface ScramClientOptions {
  readonly identity: ScramIdentity;
  /** Our half of the nonce: NONCE_BYTES random bytes. */
  readonly nonce: Uint8Array;
  readonly cache: ScramKeyCache;
  /** Default `none`. With `tls-server-end-point` the mechanism is SCRAM-SHA-256-PLUS and `endPoint` is wanted. */
  readonly binding?: BindingFlag;
  /** The hash of the server's certificate, RFC 5929. */
  readonly endPoint?: Uint8Array;
  readonly iterationsMax?: number;
}

/** One exchange: start(), onServerFirst(), onServerFinal(), each once and in this order. */
export class ScramClient {
  readonly #options: ScramClientOptions;
  readonly #nonce: string;
  readonly #bare: string;
  #state: 'new' | 'first' | 'final' | 'over' | 'proved' = 'new';
  #signature: Uint8Array | undefined;

  constructor(options: ScramClientOptions) {
    this.#options = options;
    this.#nonce = encodeBase64(options.nonce);
    this.#bare = printClientFirstBare(this.#nonce);
  }

  get mechanism(): string {
    return this.#options.binding === 'tls-server-end-point' ? SCRAM_SHA_256_PLUS : SCRAM_SHA_256;
  }

  /** Gives client-first. */
  start(): Uint8Array {
    this.#state = 'first';
    return toBytes(gs2HeaderOf(this.#options.binding ?? 'none') + this.#bare);
  }

  /** Takes server-first, gives client-final. Waits for PBKDF2 only where the cache has nothing. */
  async onServerFirst(message: Uint8Array): Promise<Uint8Array | AuthError> {
    if (this.#state !== 'first') return malformed('SCRAM server-first out of turn');
    this.#state = 'over';
    const first = parseServerFirst(message, this.#options.iterationsMax ?? SCRAM_LIMITS.iterationsMax);
    if (first instanceof AuthError) return first;
    if (!first.nonce.startsWith(this.#nonce) || first.nonce.length === this.#nonce.length) {
      return malformed('SCRAM server-first does not continue our nonce');
    }
    const keys = await this.#keysFor(first.salt, first.iterations);
    if (keys instanceof AuthError) return keys;
    const { binding = 'none', endPoint = new Uint8Array() } = this.#options;
    const withoutProof = printClientFinalWithoutProof(binding, endPoint, first.nonce);
    const authMessage = `${this.#bare},${first.text},${withoutProof}`;
    this.#signature = serverSignature(keys.serverKey, authMessage);
    this.#state = 'final';
    const proof = proofOrClientKey(keys.clientKey, keys.storedKey, authMessage);
    return toBytes(`${withoutProof},p=${encodeBase64(proof)}`);
  }

  /** Takes server-final. Undefined is success: the server knows our verifier, so it is the one that we mean. */
  onServerFinal(message: Uint8Array): AuthError | undefined {
    if (this.#state !== 'final') return malformed('SCRAM server-final out of turn');
    this.#state = 'over';
    const signature = parseServerFinal(message);
    if (signature instanceof AuthError) return signature;
    if (timingSafeEqual(signature, this.#signature!)) {
      this.#state = 'proved';
      return undefined;
    }
    return refused('the server did not prove that it knows the password: it may be another server');
  }

  /** True once the server has proved itself. AuthenticationOk before that is a server that skips the proof. */
  get finished(): boolean {
    return this.#state === 'proved';
  }

  #keysFor(salt: Uint8Array, iterations: number): Promise<ScramKeys> | ScramKeys | AuthError {
    const { identity, cache } = this.#options;
    if (identity.kind === 'password') return cache.keysFor(identity.secret, salt, iterations);
    const { verifier, clientKey } = identity;
    if (verifier.iterations !== iterations || Buffer.compare(verifier.salt, salt) !== 0) {
      return refused(
        'the server stores another SCRAM verifier than we do (one password, two salts): take over the one in pg_authid',
      );
    }
    const { storedKey, serverKey } = verifier;
    return { clientKey: clientKey.open(), storedKey, serverKey };
  }
}

/** Keys by (password, salt, iterations), so that PBKDF2 runs once per secret and not once per connection. */
export class ScramKeyCache {
  /** Keyed by the Secret itself: when a reload drops it, its keys go too. */
  readonly #bySecret = new WeakMap<Secret, Map<string, Promise<ScramKeys>>>();

  /** Servers that share a password may each have their own salt; one that shows a new one every time must not fill us up. */
  static readonly saltsPerSecretMax = 16;

  keysFor(secret: Secret, salt: Uint8Array, iterations: number): Promise<ScramKeys> {
    const bySalt = this.#bySecret.get(secret) ?? new Map<string, Promise<ScramKeys>>();
    this.#bySecret.set(secret, bySalt);
    const key = `${iterations}:${encodeBase64(salt)}`;
    const known = bySalt.get(key);
    if (known !== undefined) return known;
    if (bySalt.size >= ScramKeyCache.saltsPerSecretMax) bySalt.delete(bySalt.keys().next().value!);
    // The promise is kept, not its value: thirty logins at once wait for the same run.
    const keys = deriveKeys(secret.open(), salt, iterations);
    bySalt.set(key, keys);
    keys.catch(() => bySalt.delete(key));
    return keys;
  }
}
