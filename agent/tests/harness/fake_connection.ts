// A Connection without a socket: keeps what was written, and a test says what arrives, what leaves, and when it ends.

import type { Connection, ConnectionHandler, TlsInfo } from '../../net/connection.ts';
import { concat } from '../../wire/bytes.ts';

const nobody: ConnectionHandler = Object.freeze({ onData() {}, onDrain() {}, onClose() {} });

/** It behaves as net/bun_connection.ts does, save that nothing happens by itself. */
export class FakeConnection implements Connection {
  handler: ConnectionHandler = nobody;
  buffered = 0;
  isClosed = false;
  /** `end()` was called, or `close()`. */
  isEnded = false;
  isPaused = false;
  isSuspended = false;
  /** Its peer takes his time to close after `endByPeer()`. */
  lingers = false;
  isCorked = false;
  tls: TlsInfo | undefined;
  readonly peer: string;
  fd = -1;
  /** Bytes that the kernel still takes. */
  room = Number.POSITIVE_INFINITY;
  /** What stands for system calls: how often bytes went out. */
  writes = 0;
  /** Called with everything that has left; a scripted peer listens here. */
  onWritten: (bytes: Uint8Array) => void = () => {};
  #sent: Uint8Array[] = [];
  #waiting: Uint8Array[] = [];
  #arrived: Uint8Array[] = [];

  constructor(peer = 'unix') {
    this.peer = peer;
  }

  write(bytes: Uint8Array): boolean {
    if (this.isClosed || this.isEnded) return true;
    const isBehind = this.#waiting.length > 0;
    // A copy, because the kernel takes one: who writes may use its bytes again.
    this.#waiting.push(new Uint8Array(bytes));
    this.buffered += bytes.length;
    // As the real one: what waits already goes first, and only a drain or an uncork sends it.
    if (this.isCorked || isBehind) return false;
    this.#flush();
    return this.buffered === 0;
  }

  cork(): void {
    this.isCorked ||= this.#waiting.length === 0;
  }

  uncork(): void {
    if (!this.isCorked) return;
    this.isCorked = false;
    this.#flush();
  }

  pause(): void {
    if (!this.isClosed) this.isPaused = true;
  }

  resume(): void {
    if (!this.isClosed) this.isPaused = false;
  }

  suspend(): void {
    if (!this.isClosed) this.isSuspended = true;
  }

  unsuspend(): void {
    this.isSuspended = false;
    this.deliver();
  }

  end(): void {
    if (this.isClosed || this.isEnded) return;
    this.uncork();
    this.isEnded = true;
    const before = this.handler;
    this.handler = { onData() {}, onDrain() {}, onClose: (reason) => before.onClose(reason) };
  }

  endByPeer(): void {
    this.end();
    if (!this.lingers) this.closed();
  }

  close(): void {
    this.closed();
  }

  /** The last thing that happens: by `close()`, or because a test plays the peer that goes away. */
  closed(error?: string): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.isEnded = true;
    this.buffered = 0;
    this.#waiting = [];
    this.handler.onClose({ error });
    this.handler = nobody;
  }

  /** Bytes come from the peer; while the connection is paused they wait for `deliver()`. */
  receive(...chunks: readonly Uint8Array[]): void {
    this.#arrived.push(...chunks);
    this.deliver();
  }

  deliver(): void {
    while (!this.isPaused && !this.isSuspended && !this.isClosed) {
      const chunk = this.#arrived.shift();
      if (chunk === undefined) return;
      this.handler.onData(chunk);
    }
  }

  /** The kernel takes so many bytes more; everything, unless told. */
  drain(bytes = Number.POSITIVE_INFINITY): void {
    const before = this.buffered;
    this.room += bytes;
    this.#flush();
    if (before > 0 && this.buffered === 0) this.handler.onDrain();
  }

  /** What has left since the last look. */
  takeSent(): Uint8Array {
    const sent = concat(this.#sent);
    this.#sent = [];
    return sent;
  }

  #flush(): void {
    if (this.#waiting.length === 0) return;
    const all = concat(this.#waiting);
    const taken = Math.min(all.length, this.room);
    this.room -= taken;
    this.#waiting = taken < all.length ? [all.subarray(taken)] : [];
    this.buffered = all.length - taken;
    if (taken === 0) return;
    this.writes++;
    const sent = all.subarray(0, taken);
    this.#sent.push(sent);
    this.onWritten(sent);
  }
}
