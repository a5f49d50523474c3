// Logs in to PostgreSQL on a fresh connection: startup packet, proof of identity, parameters, ReadyForQuery.

import type { DatabaseError } from 'pg-protocol';
import type { BackendMessage } from 'pg-protocol/dist/messages.js';
import { AuthError } from '../auth/auth_error.ts';
import { endPointOf } from '../auth/end_point.ts';
import { md5Answer, storedMd5 } from '../auth/md5.ts';
import { encodeInitialResponse } from '../auth/sasl_frames.ts';
import { type BindingFlag, SCRAM_SHA_256, SCRAM_SHA_256_PLUS } from '../auth/scram.ts';
import { ScramClient, type ScramKeyCache } from '../auth/scram_client.ts';
import { secretKind } from '../auth/secret_kind.ts';
import { AgentError, type ErrorCode } from '../base/errors.ts';
import type { Secret } from '../base/secret.ts';
import type { Connection } from '../net/connection.ts';
import { Parameters } from '../state/parameters.ts';
import { cstring, int32At } from '../wire/bytes.ts';
import { encodePassword } from '../wire/client_messages.ts';
import { encodeStartup } from '../wire/startup.ts';
import { BackendParser } from './backend_parser.ts';

export interface LoginOptions {
  readonly user: string;
  readonly dbname: string;
  readonly secret: Secret | undefined;
  /** Run-time parameters for the startup packet. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly keys: ScramKeyCache;
  readonly random: (bytes: number) => Uint8Array;
  /** A cleartext password is only given over TLS whose peer was verified, or a UNIX socket. */
  readonly mayTellPassword: boolean;
  /** As libpq's channel_binding; `prefer` where nothing is said. */
  readonly channelBinding?: 'prefer' | 'require' | 'disable';
}

export interface LoginResult {
  readonly parameters: Parameters;
  readonly pid: number;
  readonly key: Uint8Array;
}

/** Everything that a server says until it is ready; a hostile one could go on for ever. */
const LOGIN_BYTES_MAX = 1_048_576;

/** Rejects with AgentError server_login_failed (the server's own words), server_auth_refused or server_protocol. */
export function login(
  connection: Connection,
  options: LoginOptions,
  signal: AbortSignal,
): Promise<LoginResult> {
  return new Promise((resolve, reject) => {
    const machine = new LoginMachine(connection, options, resolve, (error) => {
      connection.close();
      reject(error);
    });
    signal.addEventListener(
      'abort',
      () => machine.fail(new AgentError('server_timeout', { what: 'login' })),
      { once: true },
    );
    connection.handler = machine;
    if (connection.isClosed) return machine.onClose({ error: undefined });
    connection.write(encodeStartup({ user: options.user, database: options.dbname, ...options.parameters }));
  });
}

class LoginMachine {
  readonly #connection: Connection;
  readonly #options: LoginOptions;
  readonly #done: (result: LoginResult) => void;
  readonly #failed: (error: AgentError) => void;
  readonly #parser = new BackendParser(LOGIN_BYTES_MAX);
  readonly #reported = new Map<string, string>();
  #scram: ScramClient | undefined;
  #isBound = false;
  #bytes = 0;
  #pid = 0;
  #key: Uint8Array = new Uint8Array(4);
  #authenticated = false;
  #over = false;

  constructor(
    connection: Connection,
    options: LoginOptions,
    done: (result: LoginResult) => void,
    failed: (error: AgentError) => void,
  ) {
    this.#connection = connection;
    this.#options = options;
    this.#done = done;
    this.#failed = failed;
  }

  onData(chunk: Uint8Array): void {
    this.#bytes += chunk.length;
    if (this.#bytes > LOGIN_BYTES_MAX)
      return this.fail(
        new AgentError('server_protocol', {
          reason: `more than ${LOGIN_BYTES_MAX} bytes before ReadyForQuery`,
        }),
      );
    try {
      this.#parser.parse(chunk, (message) => {
        if (!this.#over) this.#onMessage(message);
      });
    } catch (error) {
      this.fail(new AgentError('server_protocol', { reason: (error as Error).message }));
    }
  }

  onDrain(): void {}

  onClose(reason: { error: string | undefined }): void {
    this.fail(
      new AgentError('server_closed', {
        reason: reason.error ?? 'it closed the connection during the login',
      }),
    );
  }

  fail(error: AgentError): void {
    if (this.#over) return;
    this.#over = true;
    this.#failed(error);
  }

  #onMessage(message: BackendMessage): void {
    const given = message as unknown as GivenMessage;
    switch (given.name) {
      case 'authenticationOk':
        return this.#onAuthenticated();
      case 'authenticationCleartextPassword':
        return this.#tellPassword();
      case 'authenticationMD5Password':
        return this.#answerMd5(given.salt);
      case 'authenticationSASL':
        return this.#startScram(given.mechanisms);
      case 'authenticationSASLContinue':
        void this.#continueScram(given.data);
        return;
      case 'authenticationSASLFinal':
        return this.#finishScram(given.data);
      case 'parameterStatus':
        this.#reported.set(given.parameterName, given.parameterValue);
        return;
      case 'backendKeyData':
        this.#pid = given.processID;
        this.#key = keyBytes(given.secretKey);
        return;
      case 'readyForQuery':
        return this.#onReady();
      case 'error':
        return this.fail(loginError(message as unknown as DatabaseError));
      case 'notice':
        return;
      default:
        return this.fail(
          new AgentError('server_protocol', { reason: `a message "${message.name}" during the login` }),
        );
    }
  }

  #onAuthenticated(): void {
    if (this.#scram !== undefined && !this.#scram.finished) {
      return this.fail(
        new AgentError('server_auth_refused', {
          reason: 'it let us in without proving that it knows the password: it may be another server',
        }),
      );
    }
    // Whatever was asked for before: a server that we cannot be sure of is not gone on with.
    if (this.#mustBind && !this.#isBound) return this.#unbound('it let us in without channel binding');
    this.#authenticated = true;
  }

  get #mustBind(): boolean {
    return this.#options.channelBinding === 'require';
  }

  #unbound(what: string): void {
    const reason = `${what}, and server_channel_binding is require`;
    this.fail(new AgentError('server_auth_refused', { reason }));
  }

  #onReady(): void {
    if (!this.#authenticated)
      return this.fail(
        new AgentError('server_protocol', { reason: 'ReadyForQuery before AuthenticationOk' }),
      );
    this.#over = true;
    this.#done({ parameters: new Parameters(this.#reported), pid: this.#pid, key: this.#key });
  }

  #password(): Secret | undefined {
    const { secret, user } = this.#options;
    if (secret === undefined) {
      this.fail(new AgentError('server_password_missing', { user }));
      return undefined;
    }
    if (secretKind(secret) === 'scram') {
      this.fail(new AgentError('server_password_is_verifier', { user }));
      return undefined;
    }
    return secret;
  }

  #tellPassword(): void {
    if (this.#mustBind) return this.#unbound('it asks for the password in cleartext');
    const secret = this.#password();
    if (secret === undefined) return;
    if (!this.#options.mayTellPassword) {
      return this.fail(
        new AgentError('server_auth_refused', {
          reason:
            'it asks for the password in cleartext, which is only told over verified TLS (sslmode verify-ca or verify-full)',
        }),
      );
    }
    this.#connection.write(encodePassword(cstring(secret.open())));
  }

  #answerMd5(salt: Uint8Array): void {
    if (this.#mustBind) return this.#unbound('it asks for an md5 answer');
    const secret = this.#password();
    if (secret === undefined) return;
    const text = secret.open();
    const stored = secretKind(secret) === 'md5' ? text : storedMd5(text, this.#options.user);
    this.#connection.write(encodePassword(cstring(md5Answer(stored, salt))));
  }

  #startScram(mechanisms: readonly string[]): void {
    const secret = this.#password();
    if (secret === undefined) return;
    const { keys, random, channelBinding } = this.#options;
    const certificate = channelBinding === 'disable' ? undefined : this.#connection.tls?.peerCertificate;
    const endPoint = certificate === undefined ? undefined : endPointOf(certificate);
    this.#isBound = endPoint !== undefined && mechanisms.includes(SCRAM_SHA_256_PLUS);
    if (this.#mustBind && !this.#isBound) return this.#unbound(whyUnbound(this.#connection, endPoint));
    if (!this.#isBound && !mechanisms.includes(SCRAM_SHA_256)) {
      return this.fail(
        new AgentError('server_auth_refused', {
          reason: `it offers ${mechanisms.join(', ') || 'no SASL mechanism'}, and pgsidecar speaks ${SCRAM_SHA_256}`,
        }),
      );
    }
    // `supported` tells a server that offers it after all that somebody took its offer out on the way.
    const binding: BindingFlag = this.#isBound ? 'tls-server-end-point' : endPoint ? 'supported' : 'none';
    this.#scram = new ScramClient({
      identity: { kind: 'password', secret },
      nonce: random(18),
      cache: keys,
      binding,
      ...(this.#isBound && endPoint !== undefined ? { endPoint } : {}),
    });
    const { mechanism } = this.#scram;
    this.#connection.write(encodePassword(encodeInitialResponse(mechanism, this.#scram.start())));
  }

  async #continueScram(data: string): Promise<void> {
    let answer: Uint8Array | AuthError | undefined;
    try {
      answer = await this.#scram?.onServerFirst(Buffer.from(data));
    } catch (error) {
      return this.fail(new AgentError('server_auth_refused', { reason: (error as Error).message }));
    }
    if (this.#over) return;
    if (answer === undefined)
      return this.fail(new AgentError('server_protocol', { reason: 'SASL goes on that has not begun' }));
    if (answer instanceof AuthError)
      return this.fail(new AgentError('server_auth_refused', { reason: answer.reason }));
    this.#connection.write(encodePassword(answer));
  }

  #finishScram(data: string): void {
    if (this.#scram === undefined)
      return this.fail(new AgentError('server_protocol', { reason: 'SASL ends that has not begun' }));
    const failure = this.#scram.onServerFinal(Buffer.from(data));
    if (failure !== undefined) this.fail(new AgentError('server_auth_refused', { reason: failure.reason }));
  }
}

function whyUnbound({ tls }: Connection, endPoint: Uint8Array | undefined): string {
  if (tls === undefined) return 'the connection is without TLS';
  if (endPoint === undefined) return 'its certificate is signed in a way that has no channel binding';
  return `it does not offer ${SCRAM_SHA_256_PLUS}`;
}

/** What pg-protocol gives, as far as a login reads it. */
type GivenMessage =
  | { name: 'authenticationOk' | 'authenticationCleartextPassword' | 'readyForQuery' | 'error' | 'notice' }
  | { name: 'authenticationMD5Password'; salt: Buffer }
  | { name: 'authenticationSASL'; mechanisms: string[] }
  | { name: 'authenticationSASLContinue' | 'authenticationSASLFinal'; data: string }
  | { name: 'parameterStatus'; parameterName: string; parameterValue: string }
  | { name: 'backendKeyData'; processID: number; secretKey: number };

function keyBytes(key: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, key);
  if (int32At(bytes, 0) !== key) throw new Error('a cancel key of more than 4 bytes');
  return bytes;
}

function loginError(error: DatabaseError): AgentError {
  const sqlstate = error.code;
  // pg-protocol's own complaint about a message that it does not know.
  if (sqlstate === undefined) return new AgentError('server_protocol', { reason: error.message });
  const code: ErrorCode = LOGIN_CODES[sqlstate] ?? 'server_login_failed';
  return new AgentError(code, { message: error.message, sqlstate });
}

/** What the operator has to do depends on these. */
const LOGIN_CODES: Readonly<Record<string, ErrorCode>> = {
  '28P01': 'server_password_wrong',
  '28000': 'server_auth_rejected',
  '3D000': 'server_database_missing',
};
