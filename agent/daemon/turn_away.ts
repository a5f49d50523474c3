// Where the agent cannot start and systemd holds its sockets: those who wait in them are told so, and need not wait for a start that is good.

import type { Clock } from '../base/clock.ts';
import { AgentError, type Problem } from '../base/errors.ts';
import { openLibc } from '../native/libc.ts';
import type { Connection, ConnectionHandler } from '../net/connection.ts';
import { listenFd } from '../net/listen.ts';
import { encodeError } from '../wire/server_messages.ts';
import { decodeStartup, startupLength } from '../wire/startup.ts';
import { type InheritedSocket, takeInheritedSockets } from './sockets.ts';

const LOOK_MS = 20;
/** Those who are in the queue of the socket come in at once. */
const STAY_MS_MIN = 100;
/** Nobody who says nothing holds up the next start. */
const STAY_MS_MAX = 1_000;
const NO_ENCRYPTION = new TextEncoder().encode('N');
/** Whoever comes from another machine has no need of paths and values of this one. */
const SEE_LOG = 'its log says why';

interface TurnAwayMachine {
  readonly clock: Clock;
  readonly pid: number;
  readonly env: Record<string, string | undefined>;
}

/** Takes everybody who is there or comes meanwhile, says why, and closes. Never fails: the reason of the start is the one to tell. */
export async function turnAway(problems: readonly Problem[], machine: TurnAwayMachine): Promise<void> {
  const sockets = inherited(machine);
  if (sockets.length === 0) return;
  const { clock } = machine;
  const first = problems.find(({ severity }) => severity === 'error')?.sentence ?? SEE_LOG;
  const open = new Set<Connection>();
  const listeners = sockets.map(({ fd, name, kind }) => {
    const refusal = refusalOf(kind === 'unix' ? first : SEE_LOG);
    return listenFd(fd, name, kind === 'unix' ? 'unix' : 'tcp', (connection) => {
      open.add(connection);
      connection.handler = new TurnedAway(connection, refusal, () => open.delete(connection));
    });
  });
  const began = clock.now();
  const isOver = (): boolean => {
    const stayed = clock.now() - began;
    return stayed >= STAY_MS_MAX || (stayed >= STAY_MS_MIN && open.size === 0);
  };
  while (!isOver()) await new Promise<void>((resolve) => clock.after(LOOK_MS, resolve));
  for (const listener of listeners) listener.stop();
  for (const connection of open) connection.close();
}

function inherited({ env, pid }: TurnAwayMachine): readonly InheritedSocket[] {
  try {
    return takeInheritedSockets(env, { pid, libc: openLibc() });
  } catch (error) {
    if (error instanceof AgentError) return [];
    throw error;
  }
}

/** libpq goes on to its next host for this SQLSTATE, as for a server that is starting. */
function refusalOf(reason: string): Uint8Array {
  const { row, message } = new AgentError('not_configured', { reason });
  return encodeError({ severity: 'FATAL', sqlstate: row.sqlstate, message });
}

/** Hears out the first packet: a connection that is closed with something unread in it may lose the answer. */
class TurnedAway implements ConnectionHandler {
  readonly #connection: Connection;
  readonly #refusal: Uint8Array;
  readonly #onClose: () => void;
  #heard: Uint8Array = new Uint8Array(0);

  constructor(connection: Connection, refusal: Uint8Array, onClose: () => void) {
    this.#connection = connection;
    this.#refusal = refusal;
    this.#onClose = onClose;
  }

  onData(chunk: Uint8Array): void {
    this.#heard = Buffer.concat([this.#heard, chunk]);
    try {
      for (;;) {
        const length = startupLength(this.#heard);
        if (length === 0 || this.#heard.length < length) return;
        const { kind } = decodeStartup(this.#heard.subarray(0, length));
        this.#heard = this.#heard.subarray(length);
        if (kind === 'ssl' || kind === 'gssenc') this.#connection.write(NO_ENCRYPTION);
        else return this.#refuse();
      }
    } catch {
      this.#connection.close(); // not a client of PostgreSQL
    }
  }

  #refuse(): void {
    this.#connection.write(this.#refusal);
    this.#connection.end();
  }

  onDrain(): void {}

  onClose(): void {
    this.#onClose();
  }
}
