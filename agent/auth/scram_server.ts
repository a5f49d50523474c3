// SCRAM-SHA-256 from the server's chair: the agent makes a client prove that it knows a password, holding only a verifier.

import { timingSafeEqual } from 'node:crypto';
import { AuthError, malformed, refused } from './auth_error.ts';
import { encodeBase64 } from './base64.ts';
import { ClientKey } from './client_key.ts';
import {
  type BindingFlag,
  type ClientFirst,
  gs2HeaderOf,
  parseClientFinal,
  parseClientFirst,
  printServerFirst,
  SCRAM_SHA_256,
  SCRAM_SHA_256_PLUS,
  toBytes,
} from './scram.ts';
import { proofOrClientKey, serverSignature, sha256 } from './scram_keys.ts';
import type { ScramVerifier } from './scram_verifier.ts';

/** As many random bytes as PostgreSQL puts into a nonce. */
export const NONCE_BYTES = 18;

export interface ScramServerOptions {
  readonly verifier: ScramVerifier;
  /** Whose password is as good, with the same salt and iterations: while a password is rotated there are two. */
  readonly nextVerifier?: ScramVerifier | undefined;
  /** Our half of the nonce: NONCE_BYTES random bytes. */
  readonly nonce: Uint8Array;
  /** The hash of our own certificate (RFC 5929 tls-server-end-point), when the client came by TLS and may bind to it. */
  readonly endPoint?: Uint8Array | undefined;
  /** Why this login fails whatever the proof (no such user, say). The exchange goes its whole way all the same. */
  readonly refusal?: string | undefined;
}

export interface ScramAccepted {
  readonly ok: true;
  readonly serverFinal: Uint8Array;
  /** What the client proved to have. Enough to log in to a server that stores the very same verifier. */
  readonly clientKey: ClientKey;
  /** By the password of `nextVerifier`. */
  readonly isNext: boolean;
}

/** One exchange: start(), onClientFirst(), onClientFinal(), each once and in this order. */
export class ScramServer {
  readonly #options: ScramServerOptions;
  #first: ClientFirst | undefined;
  #serverFirst = '';
  #nonce = '';
  #state: 'new' | 'first' | 'final' | 'over' = 'new';

  constructor(options: ScramServerOptions) {
    this.#options = options;
  }

  /** The mechanisms to offer, the better one first. */
  start(): readonly string[] {
    this.#state = 'first';
    return this.#options.endPoint === undefined ? [SCRAM_SHA_256] : [SCRAM_SHA_256_PLUS, SCRAM_SHA_256];
  }

  /** Takes client-first, gives server-first. */
  onClientFirst(mechanism: string, message: Uint8Array): Uint8Array | AuthError {
    if (this.#state !== 'first') return this.#fail(malformed('SCRAM client-first out of turn'));
    const first = parseClientFirst(message);
    if (first instanceof AuthError) return this.#fail(first);
    const complaint = this.#checkBinding(mechanism, first.binding);
    if (complaint !== undefined) return this.#fail(complaint);
    const { verifier, nonce } = this.#options;
    this.#first = first;
    this.#nonce = first.nonce + encodeBase64(nonce);
    this.#serverFirst = printServerFirst(this.#nonce, verifier.salt, verifier.iterations);
    this.#state = 'final';
    return toBytes(this.#serverFirst);
  }

  /** Takes client-final, gives server-final, or the reason why not. */
  onClientFinal(message: Uint8Array): ScramAccepted | AuthError {
    if (this.#state !== 'final') return this.#fail(malformed('SCRAM client-final out of turn'));
    this.#state = 'over';
    const first = this.#first!;
    const final = parseClientFinal(message);
    if (final instanceof AuthError) return final;
    if (final.nonce !== this.#nonce) return malformed('SCRAM client-final has another nonce');
    if (!sameBytes(final.channelBinding, this.#expectedBinding(first.binding))) {
      return first.binding === 'tls-server-end-point'
        ? refused('SCRAM channel binding does not match: somebody may stand between the client and us')
        : malformed('SCRAM channel binding does not match the gs2 header');
    }
    // Everything is computed before anything is decided, so that a refusal takes as long as a wrong password.
    const { verifier, nextVerifier, refusal } = this.#options;
    const authMessage = `${first.bare},${this.#serverFirst},${final.withoutProof}`;
    const accepted = checkProof(verifier, final.proof, authMessage);
    const acceptedNext =
      nextVerifier === undefined ? undefined : checkProof(nextVerifier, final.proof, authMessage);
    if (refusal !== undefined) return refused(refusal);
    if (accepted !== undefined) return { ...accepted, isNext: false };
    if (acceptedNext !== undefined) return { ...acceptedNext, isNext: true };
    return refused('wrong password');
  }

  #checkBinding(mechanism: string, binding: BindingFlag): AuthError | undefined {
    const canBind = this.#options.endPoint !== undefined;
    if (mechanism === SCRAM_SHA_256_PLUS && canBind) {
      if (binding === 'tls-server-end-point') return undefined;
      return malformed('SCRAM-SHA-256-PLUS without channel binding');
    }
    if (mechanism !== SCRAM_SHA_256)
      return malformed('the client chose a SASL mechanism that was not offered');
    if (binding === 'tls-server-end-point') return malformed('channel binding with SCRAM-SHA-256');
    // It believes that we cannot bind, and we said that we can: somebody took the offer out on the way.
    if (binding === 'supported' && canBind) return refused('SCRAM channel binding was negotiated down');
    return undefined;
  }

  #expectedBinding(binding: BindingFlag): Uint8Array {
    const header = toBytes(gs2HeaderOf(binding));
    const { endPoint } = this.#options;
    if (binding !== 'tls-server-end-point' || endPoint === undefined) return header;
    return Buffer.concat([header, endPoint]);
  }

  #fail(error: AuthError): AuthError {
    this.#state = 'over';
    return error;
  }
}

function checkProof(
  { storedKey, serverKey }: ScramVerifier,
  proof: Uint8Array,
  authMessage: string,
): Omit<ScramAccepted, 'isNext'> | undefined {
  const clientKey = proofOrClientKey(proof, storedKey, authMessage);
  const signature = serverSignature(serverKey, authMessage);
  const proved = timingSafeEqual(sha256(clientKey), storedKey);
  const serverFinal = toBytes(`v=${encodeBase64(signature)}`);
  return proved ? { ok: true, serverFinal, clientKey: new ClientKey(clientKey) } : undefined;
}

function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && timingSafeEqual(left, right);
}
