// One connection, to PostgreSQL or to the agent, that says a step and keeps what is answered, message by message.

import { createConnection, type Socket } from 'node:net';
import { traceLine } from '../../conversations/trace.ts';
import { query, startup, terminate } from '../../harness/client_words.ts';

export interface Place {
  readonly socketPath: string;
  readonly user: string;
  readonly database: string;
  /** Run before anything else: what the agent's connect_query has run already. */
  readonly first?: string;
}

/** What did not come by then does not come; nothing that is right waits as long. */
const PATIENCE_MS = 10_000;
export const ENDED = '-- the connection ended';
export const SILENCE = '-- nothing more came';

export class Speaker {
  /** What the server has said by ParameterStatus, the last word of each. */
  readonly parameters = new Map<string, string>();
  /** What came by NotificationResponse, in order. */
  readonly notifications: string[] = [];
  /** Of the last ReadyForQuery. */
  status = '';
  pid = 0;
  readonly #socket: Socket;
  #lines: string[] = [];
  #readies = 0;
  #isOver = false;
  #rest: Buffer = Buffer.alloc(0);
  #wake: (() => void) | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#hear(chunk));
    const over = () => {
      this.#isOver = true;
      this.#wake?.();
    };
    socket.on('close', over).on('error', over);
  }

  static async login(place: Place, parameters: Readonly<Record<string, string>>): Promise<Speaker> {
    const speaker = new Speaker(createConnection({ path: place.socketPath }));
    const lines = await speaker.say(
      startup({ user: place.user, database: place.database, ...parameters }),
      1,
    );
    if (speaker.status === '') throw new Error(`Cannot log in at ${place.socketPath}:\n${lines.join('\n')}`);
    if (place.first !== undefined) await speaker.say(query(place.first), 1);
    return speaker;
  }

  /** The answers up to the last of `readies` ReadyForQuery, a line each; without what has a place of its own. */
  async say(bytes: Uint8Array, readies: number): Promise<readonly string[]> {
    this.#lines = [];
    this.#readies = 0;
    this.#socket.write(bytes);
    if (!(await this.until(() => this.#readies >= readies || this.#isOver))) this.#lines.push(SILENCE);
    if (this.#isOver) this.#lines.push(ENDED);
    return this.#lines;
  }

  /** False when it does not come to hold within the patience; looked at whenever something was heard. */
  async until(holds: () => boolean): Promise<boolean> {
    if (holds()) return true;
    return await new Promise<boolean>((resolve) => {
      const end = (held: boolean) => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve(held);
      };
      const timer = setTimeout(() => end(false), PATIENCE_MS);
      this.#wake = () => {
        if (holds()) end(true);
      };
    });
  }

  /** With a goodbye; over when the other side has closed. */
  async leave(): Promise<void> {
    this.#socket.end(terminate);
    await this.until(() => this.#isOver);
    this.#socket.destroy();
  }

  close(): void {
    this.#socket.destroy();
  }

  #hear(chunk: Buffer): void {
    const all = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (all.length - at >= 5) {
      const end = at + 1 + all.readInt32BE(at + 1);
      if (end > all.length) break;
      this.#take(String.fromCharCode(all[at]!), all.subarray(at + 5, end));
      at = end;
    }
    this.#rest = all.subarray(at);
    this.#wake?.();
  }

  #take(type: string, body: Buffer): void {
    const strings = (from: number) => body.toString('utf8', from).split('\0');
    switch (type) {
      case 'S': {
        const [name = '', value = ''] = strings(0);
        this.parameters.set(name, value);
        return;
      }
      case 'A': {
        const [channel = '', payload = ''] = strings(4);
        // Programs compare it with their own, to know what they have sent themselves.
        const sender = body.readInt32BE(0) === this.pid ? 'itself' : 'another';
        this.notifications.push(`${JSON.stringify(channel)} ${JSON.stringify(payload)} from ${sender}`);
        return;
      }
      case 'K':
        this.pid = body.readInt32BE(0);
        return;
      case 'Z':
        this.#readies++;
        this.status = body.toString('latin1', 0, 1);
    }
    const line = traceLine('B', { type, body }, { showsBuiltinOids: true });
    this.#lines.push(line.replace(/pg_temp_\d+/g, 'pg_temp_N'));
  }
}
