// A client's side of a login: answers whatever the pooler asks for, and says in a line what that was.

import { AuthError } from '../../auth/auth_error.ts';
import { md5Answer, storedMd5 } from '../../auth/md5.ts';
import { encodeInitialResponse } from '../../auth/sasl_frames.ts';
import { ScramClient, ScramKeyCache } from '../../auth/scram_client.ts';
import { Secret } from '../../base/secret.ts';

export interface Proved {
  /** What was asked, without what is never the same twice. */
  readonly line: string;
  /** The body of a `p` message. */
  readonly reply?: Uint8Array | undefined;
}

export class Proof {
  readonly #user: string;
  readonly #password: string;
  #scram: ScramClient | undefined;

  constructor(user: string, password: string) {
    this.#user = user;
    this.#password = password;
  }

  /** @param body of an AuthenticationXXX */
  async onRequest(body: Buffer): Promise<Proved> {
    const rest = new Uint8Array(body.subarray(4));
    switch (body.readInt32BE(0)) {
      case 0:
        return { line: '< AuthenticationOk' };
      case 3:
        return { line: '< AuthenticationCleartextPassword', reply: this.#text(this.#password) };
      case 5: {
        const stored = storedMd5(this.#password, this.#user);
        return { line: '< AuthenticationMD5Password', reply: this.#text(md5Answer(stored, rest)) };
      }
      case 10: {
        const offered = Buffer.from(rest).toString('latin1').split('\0').filter(Boolean).join(' ');
        this.#scram = new ScramClient({
          identity: { kind: 'password', secret: new Secret(this.#password) },
          nonce: crypto.getRandomValues(new Uint8Array(18)),
          cache: new ScramKeyCache(),
        });
        const reply = encodeInitialResponse('SCRAM-SHA-256', this.#scram.start());
        return { line: `< AuthenticationSASL ${offered}`, reply };
      }
      case 11: {
        const reply = await this.#scram!.onServerFirst(rest);
        if (reply instanceof AuthError) throw new Error(reply.reason);
        return { line: '< AuthenticationSASLContinue', reply };
      }
      case 12:
        return {
          line: `< AuthenticationSASLFinal ${this.#scram!.onServerFinal(rest)?.reason ?? 'as it should be'}`,
        };
      default:
        throw new Error(`an authentication that no client knows: ${body.readInt32BE(0)}`);
    }
  }

  #text(text: string): Uint8Array {
    return Buffer.from(`${text}\0`);
  }
}
