// THE decision who may come in: from an auth_type and a credential to what is asked of the client and what its answers mean.

import type { ErrorCode } from '../base/errors.ts';
import type { Secret } from '../base/secret.ts';
import { AuthError, malformed, refused } from './auth_error.ts';
import type { ClientKey } from './client_key.ts';
import { type Credential, type CredentialBook, mockCredential, whyNotBoth } from './credential.ts';
import { type IdentMap, mapsTo } from './ident.ts';
import { isMd5Answer, MD5_SALT_BYTES } from './md5.ts';
import { checkPassword } from './password.ts';
import { mayBecome, type PeerMap } from './peer.ts';
import { encodeMechanisms, parseInitialResponse } from './sasl_frames.ts';
import { NONCE_BYTES, ScramServer } from './scram_server.ts';
import type { SecretKind } from './secret_kind.ts';

export type AuthType = 'scram-sha-256' | 'md5' | 'plain' | 'peer' | 'cert' | 'trust' | 'any';

/** How the client came: by TLS, by the UNIX socket, or by TCP in the clear. */
export type Transport = 'tls' | 'unix' | 'tcp';

/** AuthenticationXXX is `R`, its length, this code as Int32, then `payload`. The caller frames it. */
export interface AuthRequest {
  readonly code: number;
  readonly payload: Uint8Array;
}

/** PostgreSQL's numbers for what is asked (protocol chapter "Message Formats"). */
export const AUTH_OK = 0;
export const AUTH_CLEARTEXT_PASSWORD = 3;
export const AUTH_MD5_PASSWORD = 5;
export const AUTH_SASL = 10;
export const AUTH_SASL_CONTINUE = 11;
export const AUTH_SASL_FINAL = 12;

/** The body of a `p` message may be this long; the framing should refuse more before it is read. */
export const PASSWORD_BYTES_MAX = 65_536;

export type LoginStep =
  /** Send this and hand the next `p` message to onPassword(). */
  | { readonly kind: 'send'; readonly request: AuthRequest }
  /** Send these, the last of which is AuthenticationOk: the client is who it says. */
  | {
      readonly kind: 'ok';
      readonly requests: readonly AuthRequest[];
      /** What it proved to have, where it did so by SCRAM, or to a SCRAM verifier. */
      readonly clientKey: ClientKey | undefined;
      /** Which of the user's secrets it proved to have; undefined where nobody asked for one. */
      readonly secret: Secret | undefined;
    }
  /** Send the row `reply` of the error table and close; `reason` is for the log and nobody else. */
  | { readonly kind: 'failed'; readonly reply: ErrorCode; readonly reason: string }
  /** PBKDF2 runs on another thread. A further message before it is done is a protocol violation. */
  | { readonly kind: 'later'; readonly step: Promise<LoginStep> };

export interface ClientLoginOptions {
  readonly authType: AuthType;
  readonly transport: Transport;
  /** The name in the startup packet. */
  readonly user: string;
  readonly book: CredentialBook;
  /** Of a user of whom the book has no secret: what his server has. */
  readonly found?: Credential | undefined;
  /** What a user that does not exist pretends to have, where that is not the commonest kind of the book. */
  readonly mockKind?: SecretKind | undefined;
  /** Why this user may not come in although it exists (the database is not among its own, say), for the log. */
  readonly refusal?: string | undefined;
  /** The system user at the other end of the UNIX socket, by SO_PEERCRED. */
  readonly peerUser?: string | undefined;
  readonly peerMap: PeerMap;
  /** A password may cross TCP as it is. */
  readonly passwordInTheClear?: boolean | undefined;
  /** The common name in the client's certificate, which the handshake has verified. */
  readonly certificateName?: string | undefined;
  /** Of a line of the HBA file, for peer and cert: it stands in place of the peer map. */
  readonly map?: IdentMap | undefined;
  readonly random: (byteCount: number) => Uint8Array;
  /** The hash of our certificate, RFC 5929, to offer SCRAM-SHA-256-PLUS over TLS. */
  readonly endPoint?: Uint8Array | undefined;
}

const NOTHING = new Uint8Array();

/**
 * One login. A wrong password, a user that does not exist and a user refused for another reason get the same
 * messages in the same order after the same work; only `reason` tells them apart.
 */
export class ClientLogin {
  readonly #options: ClientLoginOptions;
  readonly #credential: Credential;
  /** Why the answer will be no whatever the client proves. */
  readonly #refusal: string | undefined;
  #onAnswer: ((body: Uint8Array) => LoginStep) | undefined;

  constructor(options: ClientLoginOptions) {
    this.#options = options;
    const known = options.found ?? options.book.users.get(options.user);
    const mockKind = options.mockKind ?? options.book.commonKind;
    const mock = mockCredential(options.user, mockKind, options.book.options);
    const unfit = options.authType === 'any' ? undefined : whyUnfit(options.authType, options.user, known);
    this.#credential = known !== undefined && unfit === undefined ? known : mock;
    this.#refusal = options.refusal ?? unfit;
  }

  start(): LoginStep {
    const { authType, transport } = this.#options;
    switch (authType) {
      case 'any':
        // The name is nobody's: whoever comes is the user that the database forces.
        return accepted();
      case 'trust':
        return this.#refusal === undefined ? accepted() : trustFailed(this.#refusal);
      case 'peer':
        return this.#peer();
      case 'cert':
        return this.#certificate();
      case 'plain':
        return transport === 'tcp' && this.#options.passwordInTheClear !== true
          ? plainInTheClear()
          : this.#askPlain();
      case 'md5':
        // As PgBouncer and PostgreSQL do: whoever has a SCRAM verifier cannot answer md5, and need not.
        return isVerifier(this.#credential) ? this.#askScram() : this.#askMd5();
      case 'scram-sha-256':
        return this.#askScram();
    }
  }

  /** The body of a `p` message: PasswordMessage, SASLInitialResponse or SASLResponse, whichever is due. */
  onPassword(body: Uint8Array): LoginStep {
    const onAnswer = this.#onAnswer;
    this.#onAnswer = undefined;
    if (onAnswer === undefined) return failed(malformed('a password message out of turn'));
    if (body.length > PASSWORD_BYTES_MAX) {
      return failed(
        malformed(`a password message of ${body.length} bytes is over the limit of ${PASSWORD_BYTES_MAX}`),
      );
    }
    return onAnswer(body);
  }

  #peer(): LoginStep {
    const { transport, peerUser, peerMap, map, user } = this.#options;
    if (transport !== 'unix') return peerFailed('peer works through the UNIX socket only');
    if (peerUser === undefined) return peerFailed('the kernel did not say who is at the other end');
    const may = map === undefined ? mayBecome(peerMap, peerUser, user) : mapsTo(map, peerUser, user);
    if (!may) return peerFailed(`system user "${peerUser}" may not be "${user}"`);
    return this.#refusal === undefined ? accepted() : peerFailed(this.#refusal);
  }

  #certificate(): LoginStep {
    const { transport, certificateName: name, map, user } = this.#options;
    if (transport !== 'tls') return certificateFailed('a certificate is shown over TLS only');
    if (name === undefined) return certificateFailed('it has shown no certificate with one common name');
    const may = map === undefined ? name === user : mapsTo(map, name, user);
    if (!may) return certificateFailed(`the certificate of "${name}" may not be "${user}"`);
    return this.#refusal === undefined ? accepted() : certificateFailed(this.#refusal);
  }

  #askPlain(): LoginStep {
    this.#onAnswer = (body) => {
      const password = readPassword(body);
      if (password instanceof AuthError) return failed(password);
      const verdict = checkPassword(this.#credential, password);
      if (verdict instanceof Promise)
        return { kind: 'later', step: verdict.then((each) => this.#verdict(each.secret, each.clientKey)) };
      return this.#verdict(verdict.secret);
    };
    return ask(AUTH_CLEARTEXT_PASSWORD, NOTHING);
  }

  #askMd5(): LoginStep {
    const salt = this.#options.random(MD5_SALT_BYTES);
    this.#onAnswer = (body) => {
      const answer = readPassword(body);
      if (answer instanceof AuthError) return failed(answer);
      const { md5, next, secret } = this.#credential;
      const isFirst = isMd5Answer(answer, md5!, salt);
      const isNext = next !== undefined && isMd5Answer(answer, next.md5!, salt);
      return this.#verdict(isFirst ? secret : isNext ? next.secret : undefined);
    };
    return ask(AUTH_MD5_PASSWORD, salt);
  }

  #askScram(): LoginStep {
    const { random, transport, endPoint } = this.#options;
    const scram = new ScramServer({
      verifier: this.#credential.scram!,
      nextVerifier: this.#credential.next?.scram,
      nonce: random(NONCE_BYTES),
      endPoint: transport === 'tls' ? endPoint : undefined,
      refusal: this.#refusal,
    });
    this.#onAnswer = (body) => this.#onScramFirst(scram, body);
    return ask(AUTH_SASL, encodeMechanisms(scram.start()));
  }

  #onScramFirst(scram: ScramServer, body: Uint8Array): LoginStep {
    const response = parseInitialResponse(body);
    if (response instanceof AuthError) return failed(response);
    const serverFirst = scram.onClientFirst(response.mechanism, response.data);
    if (serverFirst instanceof AuthError) return failed(serverFirst);
    this.#onAnswer = (final) => this.#onScramFinal(scram, final);
    return ask(AUTH_SASL_CONTINUE, serverFirst);
  }

  #onScramFinal(scram: ScramServer, body: Uint8Array): LoginStep {
    const verdict = scram.onClientFinal(body);
    if (verdict instanceof AuthError) return failed(verdict);
    const { clientKey, isNext, serverFinal } = verdict;
    const requests = [
      { code: AUTH_SASL_FINAL, payload: serverFinal },
      { code: AUTH_OK, payload: NOTHING },
    ];
    const { secret, next } = this.#credential;
    return { kind: 'ok', requests, clientKey, secret: isNext ? next?.secret : secret };
  }

  /** @param secret that was proved */
  #verdict(secret: Secret | undefined, clientKey?: ClientKey): LoginStep {
    if (this.#refusal !== undefined) return failed(refused(this.#refusal));
    return secret === undefined ? failed(refused('wrong password')) : accepted(secret, clientKey);
  }
}

/** Why `known` cannot be asked for what `authType` asks, in words for the log; undefined when it can. */
function whyUnfit(authType: AuthType, user: string, known: Credential | undefined): string | undefined {
  if (known === undefined) return `user "${user}" does not exist`;
  if (!asksForSecret(authType)) return undefined;
  if (known.kind === undefined) return `user "${user}" has no secret: it may come by peer or cert only`;
  if (authType === 'scram-sha-256' && (known.kind === 'md5' || known.next?.kind === 'md5')) {
    return `the secret of user "${user}" is an md5 hash, and auth_type scram-sha-256 needs a password or a SCRAM verifier`;
  }
  if (known.next === undefined || authType === 'plain') return undefined;
  const why = whyNotBoth(known.secret!, known.next.secret!);
  return why === undefined ? undefined : `user "${user}": ${why}`;
}

/** One secret of which nothing but a verifier is known is enough: both can be asked for by SCRAM then. */
function isVerifier({ kind, next }: Credential): boolean {
  return kind === 'scram' || next?.kind === 'scram';
}

/** PasswordMessage is one string and its NUL; PostgreSQL too refuses anything before or after. */
function readPassword(body: Uint8Array): Uint8Array | AuthError {
  if (body.length === 0 || body.indexOf(0) !== body.length - 1)
    return malformed('a password message that is not one string');
  return body.subarray(0, -1);
}

function ask(code: number, payload: Uint8Array): LoginStep {
  return { kind: 'send', request: { code, payload } };
}

function accepted(secret?: Secret, clientKey?: ClientKey): LoginStep {
  return { kind: 'ok', requests: [{ code: AUTH_OK, payload: NOTHING }], clientKey, secret };
}

/** The others go by what somebody else has verified, or by nothing. */
export function asksForSecret(authType: string): boolean {
  return authType === 'scram-sha-256' || authType === 'md5' || authType === 'plain';
}

function failed(error: AuthError): LoginStep {
  const reply = error.kind === 'malformed' ? 'protocol_violation' : 'password_wrong';
  return { kind: 'failed', reply, reason: error.reason };
}

function trustFailed(reason: string): LoginStep {
  return { kind: 'failed', reply: 'trust_refused', reason };
}

function peerFailed(reason: string): LoginStep {
  return { kind: 'failed', reply: 'peer_refused', reason };
}

function certificateFailed(reason: string): LoginStep {
  return { kind: 'failed', reply: 'certificate_refused', reason };
}

function plainInTheClear(): LoginStep {
  return {
    kind: 'failed',
    reply: 'plain_needs_encryption',
    reason: 'auth_type plain over TCP without TLS: the password was not asked for',
  };
}
