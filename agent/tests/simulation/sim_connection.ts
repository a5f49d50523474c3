// A connection of the simulated network: delay, chunks cut and joined, a window that fills, resets, silence.

import type { Timer } from '../../base/clock.ts';
import type { CloseReason, Connection, ConnectionHandler } from '../../net/connection.ts';
import { concat } from '../../wire/bytes.ts';
import type { Random } from './random.ts';
import type { Timeline } from './timeline.ts';

/** The world at the other end. */
export interface Peer {
  onBytes(chunk: Uint8Array): void;
  /** The agent has closed; `abruptly` when what was under way may be lost. */
  onGone(abruptly: boolean): void;
}

export interface Link {
  readonly delayMsMax: number;
  /** How often a chunk is cut in two. */
  readonly cuts: number;
  /** How often what waits behind a chunk arrives together with it. */
  readonly joins: number;
  /** Bytes that the kernels between take before the agent has to keep them. */
  readonly window: number;
  /** Bytes that the peer reads at a time; a slow one pauses between. */
  readonly readBytes: number;
  readonly readPauseMs: number;
}

const nobody: ConnectionHandler = Object.freeze({ onData() {}, onDrain() {}, onClose() {} });
/** As net/bun_connection.ts. */
const LINGER_MS = 5_000;
const NOTHING = new Uint8Array(0);

/** It behaves towards the agent as net/bun_connection.ts does. */
export class SimConnection implements Connection {
  handler: ConnectionHandler = nobody;
  buffered = 0;
  isClosed = false;
  readonly tls = undefined;
  readonly peer: string;
  readonly fd = -1;
  remote: Peer;
  /** Nothing crosses any more, and nobody is told: somebody pulled a cable. */
  isFrozen = false;
  /** The other end knows nothing of it any more: it is silent until something is written, and then refuses it. */
  isHalfOpen = false;
  bufferedMax = 0;
  /** The peer did not read what was written last. */
  wasCut = false;
  readonly #timeline: Timeline;
  readonly #random: Random;
  readonly #link: Link;
  #ending = false;
  #endsByPeer = false;
  #corked = false;
  #paused = false;
  #suspended = false;
  #waiting: Uint8Array[] = [];
  #room: number;
  /** On their way to the world. */
  #out: Uint8Array[] = [];
  #outBusy = false;
  #outFin = false;
  #drainDue = false;
  /** On their way to the agent. */
  #in: Uint8Array[] = [];
  #inBusy = false;
  #inFin = false;
  #linger: Timer | undefined;

  constructor(peer: string, remote: Peer, link: Link, timeline: Timeline, random: Random) {
    this.peer = peer;
    this.remote = remote;
    this.#link = link;
    this.#timeline = timeline;
    this.#random = random;
    this.#room = link.window;
  }

  // The agent's side.

  write(bytes: Uint8Array): boolean {
    if (this.isClosed || this.#ending || bytes.length === 0) return true;
    if (this.#waiting.length > 0 || this.#corked) {
      this.#waiting.push(bytes);
      this.#grow(bytes.length);
      return false;
    }
    const taken = this.#take(bytes);
    if (taken === bytes.length) return true;
    this.#waiting.push(bytes.subarray(taken));
    this.#grow(bytes.length - taken);
    return false;
  }

  cork(): void {
    this.#corked ||= this.#waiting.length === 0;
  }

  uncork(): void {
    if (!this.#corked) return;
    this.#corked = false;
    this.#flush();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#pumpIn();
  }

  suspend(): void {
    this.#suspended = true;
  }

  unsuspend(): void {
    this.#suspended = false;
    this.#pumpIn();
  }

  get isPaused(): boolean {
    return this.#paused || this.#suspended;
  }

  end(): void {
    if (this.isClosed || this.#ending) return;
    this.#beginEnd();
    if (this.buffered > 0) this.#linger = this.#timeline.after(LINGER_MS, () => this.#cut());
  }

  endByPeer(): void {
    if (this.isClosed || this.#ending) return;
    this.#beginEnd();
    this.unsuspend();
    this.#endsByPeer = true;
    this.#linger = this.#timeline.after(LINGER_MS, () => this.close());
  }

  #beginEnd(): void {
    this.uncork();
    this.#ending = true;
    const before = this.handler;
    this.handler = { onData() {}, onDrain() {}, onClose: (reason) => before.onClose(reason) };
    // A paused socket that was closed still learns of the other end.
    this.resume();
    if (this.buffered === 0) this.#fin();
  }

  #cut(): void {
    this.wasCut = true;
    this.close();
  }

  close(): void {
    if (this.isClosed) return;
    // What the kernel had may still arrive, or not.
    if (this.#random.chance(0.5)) this.#out = [];
    this.#outFin = true;
    this.#pumpOut();
    this.closed({ error: undefined });
  }

  closed(reason: CloseReason): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#waiting = [];
    this.buffered = 0;
    this.#in = [];
    this.#linger?.clear();
    this.handler.onClose(reason);
    this.handler = nobody;
  }

  // The world's side.

  send(bytes: Uint8Array): void {
    if (this.isClosed || bytes.length === 0) return;
    this.#in.push(bytes);
    this.#pumpIn();
  }

  /** Closes in order: what was sent arrives first. */
  finish(): void {
    this.#inFin = true;
    this.#pumpIn();
  }

  /** Closes abruptly, now. */
  reset(error = 'ECONNRESET'): void {
    this.#out = [];
    this.remote = GONE;
    this.closed({ error });
  }

  /** The machine at the other end is gone without a word. */
  forget(): void {
    this.#out = [];
    this.#in = [];
    this.remote = GONE;
    this.isHalfOpen = true;
  }

  /** Bytes that have not reached the agent. */
  get arriving(): number {
    return this.#in.reduce((sum, { length }) => sum + length, 0);
  }

  #grow(bytes: number): void {
    this.buffered += bytes;
    if (this.buffered > this.bufferedMax) this.bufferedMax = this.buffered;
  }

  #take(bytes: Uint8Array): number {
    if (this.isHalfOpen) {
      this.#timeline.after(this.#delay(), () => this.reset('ECONNRESET'));
      return bytes.length;
    }
    const taken = Math.min(bytes.length, this.#room);
    if (taken === 0) return 0;
    this.#room -= taken;
    // A copy, because the kernel takes one: who writes may use its bytes again.
    this.#out.push(bytes.slice(0, taken));
    this.#pumpOut();
    return taken;
  }

  #flush(): void {
    while (this.#waiting.length > 0) {
      const piece = this.#waiting[0]!;
      const taken = this.#take(piece);
      this.buffered -= taken;
      if (taken < piece.length) {
        this.#waiting[0] = piece.subarray(taken);
        return;
      }
      this.#waiting.shift();
    }
  }

  #fin(): void {
    this.#outFin = true;
    this.#pumpOut();
  }

  #delay(): number {
    return this.#random.next() * this.#link.delayMsMax;
  }

  #pumpOut(): void {
    if (this.#outBusy) return;
    this.#outBusy = true;
    this.#timeline.after(this.#delay() + this.#link.readPauseMs, () => {
      this.#outBusy = false;
      if (!this.isFrozen) this.#arriveOut();
    });
  }

  #arriveOut(): void {
    const chunk = this.#nextChunk(this.#out, this.#link.readBytes);
    if (chunk.length > 0) {
      this.#room += chunk.length;
      // As kernels do: not for every byte that has become free.
      const isRoomy = this.#room >= this.#link.window / 2;
      if (isRoomy && this.#waiting.length > 0 && !this.#drainDue && !this.isClosed) {
        this.#drainDue = true;
        this.#timeline.after(this.#delay(), () => this.#drained());
      }
      if (this.#out.length > 0 || this.#outFin) this.#pumpOut();
      this.remote.onBytes(chunk);
      return;
    }
    if (!this.#outFin) return;
    const { remote } = this;
    this.remote = GONE;
    remote.onGone(this.isClosed);
    // Both sides have said it.
    if (!this.isClosed) this.#timeline.after(this.#delay(), () => this.closed({ error: undefined }));
  }

  #drained(): void {
    this.#drainDue = false;
    if (this.isClosed || this.#waiting.length === 0 || this.#corked) return;
    this.#flush();
    if (this.buffered > 0) return;
    if (this.#ending) {
      if (!this.#endsByPeer) this.#linger?.clear();
      this.#fin();
    } else this.handler.onDrain();
  }

  #pumpIn(): void {
    if (this.#inBusy || this.isClosed || this.isPaused) return;
    if (this.#in.length === 0 && !this.#inFin) return;
    this.#inBusy = true;
    this.#timeline.after(this.#delay(), () => {
      this.#inBusy = false;
      if (this.isClosed || this.isPaused || this.isFrozen) return;
      const chunk = this.#nextChunk(this.#in, 65_536);
      if (chunk.length > 0) this.handler.onData(chunk);
      else if (this.#inFin) this.close();
      this.#pumpIn();
    });
  }

  /** Cut and joined as the network likes. */
  #nextChunk(queue: Uint8Array[], bytesMax: number): Uint8Array {
    let chunk = queue.shift() ?? NOTHING;
    while (queue.length > 0 && this.#random.chance(this.#link.joins)) chunk = concat([chunk, queue.shift()!]);
    let bytes = Math.min(chunk.length, bytesMax);
    if (bytes > 1 && this.#random.chance(this.#link.cuts)) bytes = this.#random.between(1, bytes - 1);
    if (bytes < chunk.length) queue.unshift(chunk.subarray(bytes));
    // The receiver may keep it, and must not see more of it than it was given.
    return bytes < chunk.length ? chunk.slice(0, bytes) : chunk;
  }
}

export const GONE: Peer = Object.freeze({ onBytes() {}, onGone() {} });
