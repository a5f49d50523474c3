// Plays a conversation at a UNIX socket, PostgreSQL's own or the agent's, and writes down both sides as a trace.

import { createConnection, type Socket } from 'node:net';
import { startup, terminate } from '../harness/client_words.ts';
import type { Conversation, Step } from './conversation_file.ts';
import { type Message, messageName, type TraceOptions, traceLine } from './trace.ts';

/** Where to play. */
export interface Place {
  readonly socketPath: string;
  readonly user: string;
  readonly database: string;
}

export interface PlayOptions extends TraceOptions {
  /** What is sent in one piece is cut here, counted in bytes from the first that the conversation sends. */
  readonly cutAt?: number;
}

/** What did not come by then does not come: the trace says so, and no expectation may hold it. */
const PATIENCE_MS = 3_000;
export const NOTHING_CAME = '-- nothing more came';
const ENDED = '-- the connection ended';

/** The trace, each line with its newline. */
export async function play(
  { steps }: Conversation,
  place: Place,
  options: PlayOptions = {},
): Promise<string> {
  const stage = new Play(place, options);
  try {
    for (const step of steps) await stage.take(step);
    await stage.finish();
    return stage.trace;
  } finally {
    stage.close();
  }
}

/** How many bytes the clients send in all. */
export function bytesSent({ steps }: Conversation): number {
  return steps.reduce((sum, step) => sum + (step.kind === 'message' ? step.bytes.length : 0), 0);
}

/** Connects, sends all of it, reads until so many ReadyForQuery have come, says goodbye. Gives the errors. */
export async function sayAndLeave(place: Place, bytes: Uint8Array, readies: number): Promise<string[]> {
  const peer = await connect(place);
  const errors: string[] = [];
  peer.write(bytes);
  for (let count = 0; count < readies; ) {
    const message = await peer.next();
    if (message === undefined) throw new Error('a stranger was not answered');
    if (message.type === 'E') errors.push(traceLine('B', message));
    if (message.type === 'Z') count++;
  }
  peer.write(terminate);
  while ((await peer.next()) !== undefined);
  peer.close();
  return errors;
}

class Play {
  readonly #place: Place;
  readonly #options: PlayOptions;
  readonly #peers = new Map<string, Peer>();
  #speaker = 'client';
  #shown = 'client';
  #gathered: Uint8Array[] = [];
  #sent = 0;
  trace = '';

  constructor(place: Place, options: PlayOptions) {
    this.#place = place;
    this.#options = options;
  }

  async take(step: Step): Promise<void> {
    switch (step.kind) {
      case 'client':
        await this.#write();
        this.#speaker = step.name;
        return;
      case 'message':
        this.#note(
          'F',
          { type: String.fromCharCode(step.bytes[0]!), body: Buffer.from(step.bytes.subarray(5)) },
          step.line,
        );
        this.#gathered.push(step.bytes);
        return;
      case 'write':
        return await this.#write();
      case 'cut':
        return await this.#write([step.bytes]);
      case 'drip':
        return await this.#write(
          Array.from({ length: Buffer.concat(this.#gathered).length }, (_, i) => i + 1),
        );
      case 'read':
        await this.#write();
        return await this.#read(step.count, step.until);
    }
  }

  /** Whatever was not read yet belongs to the trace as well: nobody may be told more than PostgreSQL says. */
  async finish(): Promise<void> {
    await this.#write();
    for (const [name, peer] of this.#peers) {
      if (peer.isSilent) continue;
      this.#speaker = name;
      peer.write(terminate);
      for (let message = await peer.next(); message !== undefined; message = await peer.next())
        this.#note('B', message);
      if (!peer.isOver) this.#say(NOTHING_CAME);
    }
  }

  close(): void {
    for (const peer of this.#peers.values()) peer.close();
  }

  async #peer(): Promise<Peer> {
    const known = this.#peers.get(this.#speaker);
    if (known !== undefined) return known;
    const peer = await connect(this.#place);
    this.#peers.set(this.#speaker, peer);
    return peer;
  }

  /** @param cuts where the pieces end; what is behind the last one leaves too. */
  async #write(cuts: readonly number[] = []): Promise<void> {
    const peer = await this.#peer();
    const all = Buffer.concat(this.#gathered);
    this.#gathered = [];
    const own = (this.#options.cutAt ?? -1) - this.#sent;
    this.#sent += all.length;
    const ends = [...cuts, ...(own > 0 && own < all.length ? [own] : []), all.length].sort((a, b) => a - b);
    let from = 0;
    for (const end of ends) {
      if (end <= from) continue;
      // Without a pause the kernel joins what was cut.
      if (from > 0) await Bun.sleep(cuts.length > 1 ? 0 : 1);
      peer.write(all.subarray(from, end));
      from = end;
    }
  }

  async #read(count: number, until: string): Promise<void> {
    const peer = await this.#peer();
    for (let seen = 0; seen < count; ) {
      const message = await peer.next();
      if (message === undefined) return this.#say(peer.isOver ? ENDED : NOTHING_CAME);
      this.#note('B', message);
      if (messageName('B', message.type) === until) seen++;
    }
  }

  #note(side: 'F' | 'B', message: Message, line = ''): void {
    // What is no message has no length either.
    if (/^(?:Bytes|Packet) /.test(line)) return this.#say(`${side}\t-- ${line}`);
    this.#say(traceLine(side, message, this.#options));
  }

  #say(line: string): void {
    if (this.#speaker !== this.#shown) this.trace += `== ${this.#speaker}\n`;
    this.#shown = this.#speaker;
    this.trace += `${line}\n`;
  }
}

/** One connection, logged in. */
class Peer {
  readonly #socket: Socket;
  #chunks: Buffer[] = [];
  #bytes = Buffer.alloc(0);
  #wake: (() => void) | undefined;
  isOver = false;
  /** It was waited for in vain. */
  isSilent = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#wake?.();
    });
    const over = () => {
      this.isOver = true;
      this.#wake?.();
    };
    socket.on('close', over).on('error', over);
  }

  write(bytes: Uint8Array): void {
    if (!this.isOver && bytes.length > 0) this.#socket.write(bytes);
  }

  close(): void {
    this.#socket.destroy();
  }

  /** The next message; undefined when the connection is over, or when none comes. */
  async next(): Promise<Message | undefined> {
    for (;;) {
      const message = this.#take();
      if (message !== undefined || this.isOver) return message;
      this.isSilent = !(await this.#something());
      if (this.isSilent) return undefined;
    }
  }

  #take(): Message | undefined {
    if (this.#chunks.length > 0) this.#bytes = Buffer.concat([this.#bytes, ...this.#chunks.splice(0)]);
    if (this.#bytes.length < 5) return undefined;
    const end = 1 + this.#bytes.readInt32BE(1);
    if (this.#bytes.length < end) return undefined;
    const message = { type: this.#bytes.toString('latin1', 0, 1), body: this.#bytes.subarray(5, end) };
    this.#bytes = this.#bytes.subarray(end);
    return message;
  }

  async #something(): Promise<boolean> {
    const came = await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), PATIENCE_MS);
      this.#wake = () => {
        clearTimeout(timer);
        resolve(true);
      };
    });
    this.#wake = undefined;
    return came;
  }
}

async function connect({ socketPath, user, database }: Place): Promise<Peer> {
  const peer = new Peer(createConnection({ path: socketPath }));
  peer.write(startup({ user, database }));
  for (;;) {
    const message = await peer.next();
    if (message === undefined) throw new Error(`Cannot log in at ${socketPath}: no answer`);
    if (message.type === 'E') throw new Error(`Cannot log in at ${socketPath}: ${message.body}`);
    if (message.type === 'Z') return peer;
  }
}
