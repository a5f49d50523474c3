// SCRAM in a simulated world: one password, whose keys are there before the world begins, so that no thread has a say in it.

import { AuthError } from '../../auth/auth_error.ts';
import { type CredentialBook, makeCredentialBook } from '../../auth/credential.ts';
import { encodeInitialResponse, encodeMechanisms, parseInitialResponse } from '../../auth/sasl_frames.ts';
import { SCRAM_SHA_256 } from '../../auth/scram.ts';
import { ScramClient, ScramKeyCache } from '../../auth/scram_client.ts';
import { ScramServer } from '../../auth/scram_server.ts';
import type { ScramVerifier } from '../../auth/scram_verifier.ts';
import { Secret } from '../../base/secret.ts';
import { message } from '../harness/client_words.ts';
import { authentication } from '../harness/server_words.ts';
import type { Random } from './random.ts';

export interface Proof {
  readonly secret: Secret;
  readonly verifier: ScramVerifier;
  readonly keys: ScramKeyCache;
  readonly book: CredentialBook;
}

export async function makeProof(random: Random): Promise<Proof> {
  const secret = new Secret(Buffer.from(random.bytes(9)).toString('hex'));
  const options = { mockKey: random.bytes(32), iterations: 1 };
  const book = await makeCredentialBook([{ name: 'app', secret }], options);
  const verifier = book.users.get('app')!.scram!;
  const keys = new ScramKeyCache();
  await keys.keysFor(secret, verifier.salt, verifier.iterations);
  return { secret, verifier, keys, book };
}

/** A client's half of a login. */
export class ProvingClient {
  readonly #scram: ScramClient;

  constructor({ secret, keys }: Proof, random: Random) {
    this.#scram = new ScramClient({
      identity: { kind: 'password', secret },
      nonce: random.bytes(18),
      cache: keys,
    });
  }

  /** What it answers to this AuthenticationXXX; undefined for nothing. Throws when the other side proves nothing. */
  async answer(code: number, payload: Uint8Array): Promise<Uint8Array | undefined> {
    if (code === 10) return message('p', encodeInitialResponse(SCRAM_SHA_256, this.#scram.start()));
    if (code === 11) {
      const final = await this.#scram.onServerFirst(payload);
      if (final instanceof AuthError) throw new Error(final.reason);
      return message('p', final);
    }
    const failure = code === 12 ? this.#scram.onServerFinal(payload) : undefined;
    if (failure !== undefined) throw new Error(failure.reason);
    return undefined;
  }
}

/** PostgreSQL's half. */
export class ProvingServer {
  readonly #scram: ScramServer;
  #turn = 0;

  constructor({ verifier }: Proof, random: Random) {
    this.#scram = new ScramServer({ verifier, nonce: random.bytes(18) });
  }

  offer(): Uint8Array {
    return authentication(10, encodeMechanisms(this.#scram.start()));
  }

  /** What it answers to a password message; `done` when it is convinced. Undefined: it is not. */
  answer(body: Uint8Array): { readonly bytes: Uint8Array; readonly done: boolean } | undefined {
    if (this.#turn++ === 0) {
      const first = parseInitialResponse(body);
      if (first instanceof AuthError) return undefined;
      const challenge = this.#scram.onClientFirst(first.mechanism, first.data);
      return challenge instanceof AuthError
        ? undefined
        : { bytes: authentication(11, challenge), done: false };
    }
    const accepted = this.#scram.onClientFinal(body);
    return accepted instanceof AuthError
      ? undefined
      : { bytes: authentication(12, accepted.serverFinal), done: true };
  }
}
