// Answers a server that asks who we are: the password itself, an md5 hash of it, or SCRAM. It is asked once a login.

import { AuthError } from '../auth/auth_error.ts';
import type { ClientKey } from '../auth/client_key.ts';
import { endPointOf } from '../auth/end_point.ts';
import { md5Answer, storedMd5 } from '../auth/md5.ts';
import { encodeInitialResponse } from '../auth/sasl_frames.ts';
import { type BindingFlag, SCRAM_SHA_256, SCRAM_SHA_256_PLUS } from '../auth/scram.ts';
import { ScramClient, type ScramIdentity, type ScramKeyCache } from '../auth/scram_client.ts';
import { parseVerifier } from '../auth/scram_verifier.ts';
import { secretKind } from '../auth/secret_kind.ts';
import { AgentError } from '../base/errors.ts';
import type { Secret } from '../base/secret.ts';
import type { Connection } from '../net/connection.ts';
import { cstring } from '../wire/bytes.ts';
import { encodePassword } from '../wire/client_messages.ts';

export interface ProofOptions {
  readonly user: string;
  /** A password, `md5…`, or a SCRAM verifier, which needs one of `clientKeys`. */
  readonly secret: Secret | undefined;
  /** What clients proved to have who logged in as this user. */
  readonly clientKeys?: readonly ClientKey[];
  readonly keys: ScramKeyCache;
  readonly random: (bytes: number) => Uint8Array;
  /** A cleartext password is only given over TLS whose peer was verified, or a UNIX socket. */
  readonly mayTellPassword: boolean;
  /** As libpq's channel_binding; `prefer` where nothing is said. */
  readonly channelBinding?: 'prefer' | 'require' | 'disable';
}

const NONCE_BYTES = 18;

type Asked = 'the password' | 'an md5 answer' | 'SCRAM';

/** One login's. Whatever cannot be answered goes to `fail`, with the AgentError that says why. */
export class LoginProof {
  readonly #connection: Connection;
  readonly #options: ProofOptions;
  readonly #fail: (error: AgentError) => void;
  #asked: Asked | undefined;
  #scram: ScramClient | undefined;
  #isBound = false;
  #over = false;

  constructor(connection: Connection, options: ProofOptions, fail: (error: AgentError) => void) {
    this.#connection = connection;
    this.#options = options;
    this.#fail = fail;
  }

  /** The login has ended: what is still being computed is not sent. */
  stop(): void {
    this.#over = true;
  }

  /** AuthenticationOk. False when this server is not to be gone on with, which `fail` was told. */
  onOk(): boolean {
    const asked = this.#asked;
    if (asked === 'SCRAM' && this.#scram?.finished !== true) {
      this.#refuse('it let us in without proving that it knows the password: it may be another server');
      return false;
    }
    // Whatever was asked for before: a server that we cannot be sure of is not gone on with.
    if (this.#mustBind && !this.#isBound) {
      this.#unbound('it let us in without channel binding');
      return false;
    }
    this.#over = true;
    return true;
  }

  tellPassword(): void {
    if (!this.#begins('the password')) return;
    if (this.#mustBind) return this.#unbound('it asks for the password in cleartext');
    const secret = this.#password();
    if (secret === undefined) return;
    if (!this.#options.mayTellPassword) {
      return this.#refuse(
        'it asks for the password in cleartext, which is only told over verified TLS (sslmode verify-ca or verify-full)',
      );
    }
    this.#answer(cstring(secret.open()));
  }

  answerMd5(salt: Uint8Array): void {
    if (!this.#begins('an md5 answer')) return;
    if (this.#mustBind) return this.#unbound('it asks for an md5 answer');
    const secret = this.#password();
    if (secret === undefined) return;
    const text = secret.open();
    const stored = secretKind(secret) === 'md5' ? text : storedMd5(text, this.#options.user);
    this.#answer(cstring(md5Answer(stored, salt)));
  }

  startScram(mechanisms: readonly string[]): void {
    if (!this.#begins('SCRAM')) return;
    const identity = this.#scramIdentity();
    if (identity === undefined) return;
    const { keys, random, channelBinding } = this.#options;
    const certificate = channelBinding === 'disable' ? undefined : this.#connection.tls?.peerCertificate;
    const endPoint = certificate === undefined ? undefined : endPointOf(certificate);
    this.#isBound = endPoint !== undefined && mechanisms.includes(SCRAM_SHA_256_PLUS);
    if (this.#mustBind && !this.#isBound) return this.#unbound(whyUnbound(this.#connection, endPoint));
    if (!this.#isBound && !mechanisms.includes(SCRAM_SHA_256)) {
      const offered = mechanisms.join(', ') || 'no SASL mechanism';
      return this.#refuse(`it offers ${offered}, and pgsidecar speaks ${SCRAM_SHA_256}`);
    }
    // `supported` tells a server that offers it after all that somebody took its offer out on the way.
    const binding: BindingFlag = this.#isBound ? 'tls-server-end-point' : endPoint ? 'supported' : 'none';
    this.#scram = new ScramClient({
      identity,
      nonce: random(NONCE_BYTES),
      cache: keys,
      binding,
      ...(this.#isBound && endPoint !== undefined ? { endPoint } : {}),
    });
    this.#answer(encodeInitialResponse(this.#scram.mechanism, this.#scram.start()));
  }

  async continueScram(data: string): Promise<void> {
    let answer: Uint8Array | AuthError | undefined;
    try {
      answer = await this.#scram?.onServerFirst(Buffer.from(data));
    } catch (error) {
      return this.#refuse((error as Error).message);
    }
    if (this.#over) return;
    if (answer === undefined) return this.#mistaken('SASL goes on that has not begun');
    if (answer instanceof AuthError) return this.#refuse(answer.reason);
    this.#answer(answer);
  }

  finishScram(data: string): void {
    if (this.#scram === undefined) return this.#mistaken('SASL ends that has not begun');
    const failure = this.#scram.onServerFinal(Buffer.from(data));
    if (failure !== undefined) this.#refuse(failure.reason);
  }

  get #mustBind(): boolean {
    return this.#options.channelBinding === 'require';
  }

  /** PostgreSQL asks once. Whoever asks for something weaker behind that is after what SCRAM has not given away. */
  #begins(asked: Asked): boolean {
    if (this.#over) this.#mistaken(`it asks for ${asked} behind AuthenticationOk`);
    else if (this.#asked !== undefined) {
      const before = this.#asked === 'SCRAM' ? 'SCRAM has begun' : `it asked for ${this.#asked}`;
      this.#refuse(`it asks for ${asked} after ${before}: somebody may be after the password`);
    } else {
      this.#asked = asked;
      return true;
    }
    return false;
  }

  /** The secret, where a verifier does not help. */
  #password(): Secret | undefined {
    const secret = this.#secret();
    if (secret === undefined || secretKind(secret) !== 'scram') return secret;
    this.#fail(new AgentError('server_password_is_verifier', { user: this.#options.user }));
    return undefined;
  }

  #secret(): Secret | undefined {
    const { secret, user } = this.#options;
    if (secret === undefined) this.#fail(new AgentError('server_password_missing', { user }));
    return secret;
  }

  #scramIdentity(): ScramIdentity | undefined {
    const secret = this.#secret();
    if (secret === undefined) return undefined;
    const verifier = parseVerifier(secret.open());
    if (verifier === undefined && secretKind(secret) === 'md5') {
      this.#fail(new AgentError('server_password_is_md5', { user: this.#options.user }));
      return undefined;
    }
    if (verifier === undefined) return { kind: 'password', secret };
    const clientKey = this.#options.clientKeys?.find((key) => key.opens(verifier));
    if (clientKey !== undefined) return { kind: 'key', clientKey, verifier };
    this.#fail(new AgentError('server_password_is_verifier', { user: this.#options.user }));
    return undefined;
  }

  #answer(body: Uint8Array): void {
    this.#connection.write(encodePassword(body));
  }

  #unbound(what: string): void {
    this.#refuse(`${what}, and server_channel_binding is require`);
  }

  #refuse(reason: string): void {
    this.#fail(new AgentError('server_auth_refused', { reason }));
  }

  #mistaken(reason: string): void {
    this.#fail(new AgentError('server_protocol', { reason }));
  }
}

function whyUnbound({ tls }: Connection, endPoint: Uint8Array | undefined): string {
  if (tls === undefined) return 'the connection is without TLS';
  if (endPoint === undefined) return 'its certificate is signed in a way that has no channel binding';
  return `it does not offer ${SCRAM_SHA_256_PLUS}`;
}
