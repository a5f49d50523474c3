// A client that sends whatever bytes a test wants, and keeps what is answered: as text to look through, or message by message.

import { connect, type Socket } from 'node:net';
import pg from 'pg';
import type { Agent } from './agent.ts';
import { type Answer, ConnectionLost, errorOf } from './answers.ts';
import { message, startup, terminate } from './client_words.ts';

/** A path of a UNIX socket, a port on this machine, or what is connected already. */
export type Place = string | number | Socket;

export class RawClient {
  readonly socket: Socket;
  /** Latin-1, so that every byte is a letter; without what `next()` took. */
  heard = '';
  /** What is heard until the connection ends, by whichever side. */
  readonly ended: Promise<string>;
  #listeners = new Set<() => void>();

  constructor(place: Place) {
    if (typeof place === 'string') this.socket = connect(place);
    else this.socket = typeof place === 'number' ? connect(place, '127.0.0.1') : place;
    this.ended = new Promise((resolve) => {
      // Whoever is thrown out while he still sends gets a reset, behind what was said to him.
      this.socket.on('error', () => {});
      this.socket.on('close', () => {
        for (const listener of [...this.#listeners]) listener();
        resolve(this.heard);
      });
    });
    this.socket.on('data', (chunk: Buffer) => {
      this.heard += chunk.toString('latin1');
      for (const listener of [...this.#listeners]) listener();
    });
  }

  say(...pieces: readonly Uint8Array[]): void {
    this.socket.write(Buffer.concat(pieces));
  }

  /** Waits until what was heard holds `wanted`; throws when the connection ends before. */
  until(wanted: string | RegExp): Promise<string> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const found = typeof wanted === 'string' ? this.heard.includes(wanted) : wanted.test(this.heard);
        if (!found && !this.socket.destroyed) return;
        this.#listeners.delete(look);
        if (found) resolve(this.heard);
        else reject(new Error(`The connection ended before ${wanted}: ${JSON.stringify(this.heard)}`));
      };
      this.#listeners.add(look);
      look();
    });
  }

  /** Takes the next message off what was heard. @throws ConnectionLost */
  async next(): Promise<Answer> {
    for (;;) {
      const answer = this.#take();
      if (answer !== undefined) return answer;
      if (this.socket.destroyed) throw new ConnectionLost('the connection is gone');
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          this.#listeners.delete(wake);
          resolve();
        };
        this.#listeners.add(wake);
      });
    }
  }

  /** Takes everything up to ReadyForQuery. @throws ConnectionLost */
  async untilReady(): Promise<Answer[]> {
    const answers: Answer[] = [];
    for (;;) {
      const answer = await this.next();
      answers.push(answer);
      if (answer.type === 'Z') return answers;
    }
  }

  /** With a goodbye, behind everything that was said. */
  leave(): void {
    this.say(terminate);
    this.socket.destroySoon();
  }

  close(): void {
    this.socket.destroy();
  }

  #take(): Answer | undefined {
    if (this.heard.length < 5) return undefined;
    const end = 1 + Buffer.from(this.heard.slice(1, 5), 'latin1').readInt32BE(0);
    if (this.heard.length < end) return undefined;
    const answer = { type: this.heard[0]!, body: Buffer.from(this.heard.slice(5, end), 'latin1') };
    this.heard = this.heard.slice(end);
    return answer;
  }
}

export function socketOf(agent: Agent, port = 5432): string {
  return `${agent.socketDir}/.s.PGSQL.${port}`;
}

/** Logged in where auth_type is plain or trust. @throws ConnectionLost with the SQLSTATE, where it is refused. */
export async function loggedIn(
  place: Place,
  password: string,
  user = 'app',
  database = 'shop',
): Promise<RawClient> {
  const client = new RawClient(place);
  client.say(startup({ user, database }));
  for (;;) {
    const { type, body } = await client.next();
    // AuthenticationCleartextPassword.
    if (type === 'R' && body.readInt32BE(0) === 3) client.say(message('p', `${password}\0`));
    if (type === 'Z') return client;
    if (type !== 'E') continue;
    const { message: reason, code } = errorOf(body);
    throw new ConnectionLost(reason, code);
  }
}

/** Somebody else at the same agent, who goes on with his work, and must get his own answers. */
export class Neighbour implements AsyncDisposable {
  readonly #client: pg.Client;
  #asked = 0;

  private constructor(client: pg.Client) {
    this.#client = client;
  }

  static async join(url: string): Promise<Neighbour> {
    const client = new pg.Client(url);
    await client.connect();
    return new Neighbour(client);
  }

  /** A query by itself, a prepared statement and a transaction; throws when an answer is not his. */
  async works(): Promise<void> {
    const mark = `neighbour ${++this.#asked}`;
    const ask = async (text: string, name?: string): Promise<void> => {
      const { rows } = await this.#client.query({
        text,
        values: [mark],
        ...(name === undefined ? {} : { name }),
      });
      if (rows[0]?.mark !== mark) throw new Error(`the neighbour got ${JSON.stringify(rows)} for ${mark}`);
    };
    await ask('SELECT $1 AS mark');
    await ask('SELECT $1::text AS mark', 'mark');
    await this.#client.query('BEGIN');
    await ask('SELECT $1 AS mark');
    await this.#client.query('COMMIT');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.end();
  }
}
