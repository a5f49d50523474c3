// Logs in to PostgreSQL on a fresh connection: startup packet, proof of identity, parameters, ReadyForQuery.

import type { DatabaseError } from 'pg-protocol';
import type { BackendMessage } from 'pg-protocol/dist/messages.js';
import { AgentError, type ErrorCode } from '../base/errors.ts';
import type { Connection } from '../net/connection.ts';
import { Parameters } from '../state/parameters.ts';
import { encodeStartup } from '../wire/startup.ts';
import { BackendParser, type KeyMessage } from './backend_parser.ts';
import { LoginProof, type ProofOptions } from './login_proof.ts';

export interface LoginOptions extends ProofOptions {
  readonly dbname: string;
  /** Run-time parameters for the startup packet. */
  readonly parameters: Readonly<Record<string, string>>;
  /** What is replicated; nothing, where it is not given. */
  readonly replication?: 'physical' | 'logical' | undefined;
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
    const giveUp = (): void => machine.fail(new AgentError('server_timeout', { what: 'login' }));
    // Between the connection and here it may have been given up, and nobody is told of that again.
    if (signal.aborted) return giveUp();
    signal.addEventListener('abort', giveUp, { once: true });
    connection.handler = machine;
    if (connection.isClosed) return machine.onClose({ error: undefined });
    connection.write(encodeStartup(startupOf(options)));
  });
}

/**
 * Who logs in, and where, is the agent's to say: whatever else stands in the packet may have come from a client. Those that
 * made the parameters have refused such names; here they would be another role's login.
 */
function startupOf({ user, dbname, replication, parameters }: LoginOptions): Record<string, string> {
  const asked = Object.entries(parameters).filter(([name]) => !OUR_WORDS.has(name.toLowerCase()));
  const what = replication === 'physical' ? 'true' : 'database';
  const stream = replication === undefined ? {} : { replication: what };
  return { user, database: dbname, ...Object.fromEntries(asked), ...stream };
}

const OUR_WORDS: ReadonlySet<string> = new Set(['user', 'database', 'replication', 'options']);

class LoginMachine {
  readonly #proof: LoginProof;
  readonly #done: (result: LoginResult) => void;
  readonly #failed: (error: AgentError) => void;
  readonly #parser = new BackendParser(LOGIN_BYTES_MAX);
  readonly #reported = new Map<string, string>();
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
    this.#proof = new LoginProof(connection, options, (error) => this.fail(error));
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
    this.#proof.stop();
    this.#failed(error);
  }

  #onMessage(message: BackendMessage): void {
    const given = message as unknown as GivenMessage;
    switch (given.name) {
      case 'authenticationOk':
        this.#authenticated ||= this.#proof.onOk();
        return;
      case 'authenticationCleartextPassword':
        return this.#proof.tellPassword();
      case 'authenticationMD5Password':
        return this.#proof.answerMd5(given.salt);
      case 'authenticationSASL':
        return this.#proof.startScram(given.mechanisms);
      case 'authenticationSASLContinue':
        void this.#proof.continueScram(given.data);
        return;
      case 'authenticationSASLFinal':
        return this.#proof.finishScram(given.data);
      case 'parameterStatus':
        this.#reported.set(given.parameterName, given.parameterValue);
        return;
      case 'backendKeyData':
        this.#pid = given.processID;
        this.#key = given.secretKey;
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

  #onReady(): void {
    if (!this.#authenticated)
      return this.fail(
        new AgentError('server_protocol', { reason: 'ReadyForQuery before AuthenticationOk' }),
      );
    this.#over = true;
    this.#done({ parameters: new Parameters(this.#reported), pid: this.#pid, key: this.#key });
  }
}

/** What pg-protocol gives, as far as a login reads it. */
type GivenMessage =
  | { name: 'authenticationOk' | 'authenticationCleartextPassword' | 'readyForQuery' | 'error' | 'notice' }
  | { name: 'authenticationMD5Password'; salt: Buffer }
  | { name: 'authenticationSASL'; mechanisms: string[] }
  | { name: 'authenticationSASLContinue' | 'authenticationSASLFinal'; data: string }
  | { name: 'parameterStatus'; parameterName: string; parameterValue: string }
  | KeyMessage;

function loginError(error: DatabaseError): AgentError {
  const sqlstate = error.code;
  // pg-protocol's own complaint about a message that it does not know.
  if (sqlstate === undefined)
    return new AgentError('server_protocol', { reason: error.message || 'an error without a message' });
  const code: ErrorCode = LOGIN_CODES[sqlstate] ?? 'server_login_failed';
  return new AgentError(code, { message: error.message, sqlstate });
}

/** What the operator has to do depends on these. */
const LOGIN_CODES: Readonly<Record<string, ErrorCode>> = {
  '28P01': 'server_password_wrong',
  '28000': 'server_auth_rejected',
  '3D000': 'server_database_missing',
  '53300': 'server_full',
  '57P03': 'server_starting',
};
