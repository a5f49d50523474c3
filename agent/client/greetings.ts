// What a client is told behind AuthenticationOk: made once for all that ask for the same parameters.

import { AgentError } from '../base/errors.ts';
import type { Parameters } from '../state/parameters.ts';
import { concat } from '../wire/bytes.ts';
import { encodeParameterStatus } from '../wire/server_messages.ts';

/** The kinds of clients of an application are few; whoever has more of them makes some greetings anew. */
const GREETINGS_MAX = 64;
/** PostgreSQL's NAMEDATALEN, without the NUL. */
const IDENTIFIER_BYTES_MAX = 63;

/** What sessions that asked for the same begin with. */
export class Greeting {
  /** What the client asked for at its start: lower case name → value. */
  readonly asked: ReadonlyMap<string, string>;
  readonly #user: string;
  #parameters: Parameters;
  #accepted = false;
  #bytes: Uint8Array | undefined;

  constructor(parameters: Parameters, user: string, asked: ReadonlyMap<string, string>) {
    this.asked = asked;
    this.#parameters = parameters;
    this.#user = user;
  }

  get parameters(): Parameters {
    return this.#parameters;
  }

  /**
   * A server has taken these parameters, so that the next one is not asked before the client's query is sent. Not where
   * they say whose rights the query has: roles go away.
   */
  get accepted(): boolean {
    const { unreported } = this.#parameters;
    return this.#accepted && !unreported.has('role') && !unreported.has('session_authorization');
  }

  /** ParameterStatus of each one. */
  get bytes(): Uint8Array {
    this.#bytes ??= concat(
      [...this.#parameters.reported].map(([name, value]) =>
        encodeParameterStatus(name, name === 'session_authorization' ? this.#user : value),
      ),
    );
    return this.#bytes;
  }

  /** As a server has taken and spelled them: `ISO` is `ISO, MDY` there. Later clients begin with that. */
  accept(parameters: Parameters): void {
    if (parameters === this.#parameters && this.#accepted) return;
    this.#accepted = true;
    this.#parameters = parameters;
    this.#bytes = undefined;
  }
}

export class Greetings {
  /** By what the pool's server reported: when that is asked anew, its greetings are gone too. */
  readonly #byWelcome = new WeakMap<Parameters, Map<string, Greeting>>();

  /**
   * @param asked the client's own parameters over what the server reports by itself (`welcome`).
   * @throws AgentError startup_parameter
   */
  of(welcome: Parameters, user: string, asked: ReadonlyMap<string, string>): Greeting {
    const known = this.#byWelcome.get(welcome) ?? new Map<string, Greeting>();
    this.#byWelcome.set(welcome, known);
    let key = '';
    // No name and no value has a NUL in it.
    for (const [name, value] of asked) key += `${name}\0${value}\0`;
    let greeting = known.get(key);
    if (greeting === undefined) {
      for (const name of asked.keys()) checkName(name);
      if (known.size >= GREETINGS_MAX) known.delete(known.keys().next().value!);
      greeting = new Greeting(welcome.startWith(asked), user, new Map(asked));
      known.set(key, greeting);
    }
    return greeting;
  }
}

/** A longer name could be set, and not reset again: RESET takes an identifier, which the server cuts off. */
function checkName(name: string): void {
  const long = name.split('.').find((part) => Buffer.byteLength(part) > IDENTIFIER_BYTES_MAX);
  if (long === undefined) return;
  throw new AgentError('startup_parameter', {
    reason: `the name "${long}" is longer than ${IDENTIFIER_BYTES_MAX} bytes`,
  });
}
