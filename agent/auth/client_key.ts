// What a client proved to have when it logged in by SCRAM: enough to log in to a server that stores the same verifier.

import { timingSafeEqual } from 'node:crypto';
import { Masked } from '../base/masked.ts';
import { sha256 } from './scram_keys.ts';
import type { ScramVerifier } from './scram_verifier.ts';

/** RFC 5802's ClientKey. As good as the password where this verifier is stored, so it prints as *** like one. */
export class ClientKey extends Masked {
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    super();
    this.#bytes = bytes;
  }

  open(): Uint8Array {
    return this.#bytes;
  }

  /** It belongs to the password, the salt and the count that this verifier was made of. */
  opens(verifier: ScramVerifier): boolean {
    return timingSafeEqual(sha256(this.#bytes), verifier.storedKey);
  }

  equals(other: ClientKey): boolean {
    return timingSafeEqual(this.#bytes, other.#bytes);
  }
}
