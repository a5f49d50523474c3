// A Connection on one of Bun's sockets, plain or TLS: keeps what the kernel does not take, and counts it.

import type { Socket } from 'bun';
import type { CloseReason, Connection, ConnectionHandler, TlsInfo } from './connection.ts';

/** A peer that does not read what is left for it is cut off after this long. */
const LINGER_MS = 5_000;
/** Corked pieces up to this size are copied into one write; a longer one leaves by itself. */
const COPY_BYTES_MAX = 64 * 1024;

export type BunSocket = Socket<SocketSlot>;

/** What hangs on a socket; the shared handlers below find the connection there. */
export interface SocketSlot {
  connection: BunConnection | undefined;
}

const nobody: ConnectionHandler = Object.freeze({ onData() {}, onDrain() {}, onClose() {} });

export class BunConnection implements Connection {
  handler: ConnectionHandler = nobody;
  buffered = 0;
  isClosed = false;
  tls: TlsInfo | undefined;
  readonly peer: string;
  #socket: BunSocket;
  #isShaking = false;
  #shaking: BunSocket | undefined;
  #waiting: Uint8Array[] = [];
  #corked = false;
  #ending = false;
  #endsByPeer = false;
  #paused = false;
  #suspended = false;
  #linger: ReturnType<typeof setTimeout> | undefined;

  constructor(socket: BunSocket, peer: string) {
    this.#socket = socket;
    this.peer = peer;
    socket.data.connection = this;
  }

  get fd(): number {
    return (this.#socket as unknown as { fd: number }).fd;
  }

  get socket(): BunSocket {
    return this.#socket;
  }

  /** A handshake has begun on it: nothing more is said in the clear, and its end is the end of `socket`. */
  shakeHands(socket: BunSocket | undefined): void {
    this.#isShaking = true;
    this.#shaking = socket;
  }

  /** After a TLS upgrade the bytes go through another socket, and this one's events mean nothing any more. */
  adopt(socket: BunSocket, tls: TlsInfo | undefined): void {
    this.#socket.data.connection = undefined;
    this.#socket = socket;
    this.#isShaking = false;
    this.#shaking = undefined;
    this.tls = tls;
    socket.data.connection = this;
  }

  write(bytes: Uint8Array): boolean {
    if (this.isClosed || this.#ending || this.#isShaking) return true;
    if (this.#corked || this.#waiting.length > 0) {
      this.#waiting.push(bytes);
      this.buffered += bytes.length;
      return false;
    }
    const taken = this.#socket.write(bytes);
    if (taken === bytes.length) return true;
    // -1: the socket is closing, and its close event says so.
    if (taken < 0) return true;
    this.#waiting.push(bytes.subarray(taken));
    this.buffered = bytes.length - taken;
    return false;
  }

  cork(): void {
    // What waits behind a full kernel leaves by itself; what waits behind a cork does not.
    this.#corked ||= this.#waiting.length === 0;
  }

  uncork(): void {
    if (!this.#corked) return;
    this.#corked = false;
    if (this.#waiting.length > 0) this.#flush();
  }

  pause(): void {
    if (this.#paused || this.isClosed) return;
    this.#paused = true;
    if (!this.#suspended) this.#socket.pause();
  }

  resume(): void {
    if (!this.#paused || this.isClosed) return;
    this.#paused = false;
    if (!this.#suspended) this.#socket.resume();
  }

  suspend(): void {
    if (this.#suspended || this.isClosed) return;
    this.#suspended = true;
    if (!this.#paused) this.#socket.pause();
  }

  unsuspend(): void {
    if (!this.#suspended || this.isClosed) return;
    this.#suspended = false;
    if (!this.#paused) this.#socket.resume();
  }

  end(): void {
    if (this.isClosed || this.#ending) return;
    // A peer that never goes on with the handshake would never end it either.
    if (this.#isShaking) return this.close();
    this.#beginEnd();
    if (this.buffered === 0) this.#socket.end();
    else this.#closeLater();
  }

  endByPeer(): void {
    if (this.isClosed || this.#ending) return;
    if (this.#isShaking) return this.close();
    this.#beginEnd();
    this.#endsByPeer = true;
    // Whoever does not read does not see the end either.
    this.unsuspend();
    this.resume();
    this.#closeLater();
  }

  #beginEnd(): void {
    this.uncork();
    this.#ending = true;
    this.handler = new LastWords(this.handler);
  }

  #closeLater(): void {
    this.#linger = setTimeout(() => this.close(), LINGER_MS);
    this.#linger.unref();
  }

  close(): void {
    if (this.isClosed) return;
    this.#shaking?.terminate();
    this.#socket.terminate();
    // Bun tells of the end in a later turn; the rooms above must not see a half-dead connection until then.
    this.closed({ error: undefined });
  }

  drained(): void {
    if (this.isClosed || this.#waiting.length === 0) return;
    this.#flush();
    if (this.buffered > 0) return;
    if (!this.#ending) this.handler.onDrain();
    else if (!this.#endsByPeer) this.#socket.end();
  }

  closed(reason: CloseReason): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#waiting = [];
    this.buffered = 0;
    if (this.#linger !== undefined) clearTimeout(this.#linger);
    const { handler } = this;
    this.handler = nobody;
    try {
      handler.onClose(reason);
    } catch (error) {
      // Whoever closed it may be at somebody else's work.
      surface(error);
    }
  }

  /** Its handler threw: nothing that comes or goes here can be believed any more. */
  broke(error: unknown): void {
    surface(error);
    if (this.isClosed) return;
    this.#socket.terminate();
    this.closed({ error: 'an internal error ended it' });
  }

  #flush(): void {
    const waiting = this.#waiting;
    const bytes = waiting.length > 1 && this.buffered <= COPY_BYTES_MAX ? Buffer.concat(waiting) : undefined;
    if (bytes !== undefined) waiting.splice(0, waiting.length, bytes);
    let done = 0;
    while (done < waiting.length) {
      const piece = waiting[done]!;
      const taken = this.#socket.write(piece);
      if (taken < 0) {
        this.buffered = 0;
        this.#waiting = [];
        return;
      }
      this.buffered -= taken;
      if (taken < piece.length) {
        waiting[done] = piece.subarray(taken);
        break;
      }
      done++;
    }
    waiting.splice(0, done);
  }
}

/** A mistake of ours ends the connection that it was made with, and is then the process's to count: see daemon/run.ts. */
function surface(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}

/** Listens to a connection that is ending: only its end is of interest. */
class LastWords implements ConnectionHandler {
  readonly #before: ConnectionHandler;
  constructor(before: ConnectionHandler) {
    this.#before = before;
  }
  onData(): void {}
  onDrain(): void {}
  onClose(reason: CloseReason): void {
    this.#before.onClose(reason);
  }
}

/** One handler object for every socket of the process: the state is in `socket.data`. */
export const socketHandlers = Object.freeze({
  data(socket: BunSocket, chunk: Uint8Array): void {
    const { connection } = socket.data;
    try {
      connection?.handler.onData(chunk);
    } catch (error) {
      connection?.broke(error);
    }
  },
  drain(socket: BunSocket): void {
    const { connection } = socket.data;
    try {
      connection?.drained();
    } catch (error) {
      connection?.broke(error);
    }
  },
  end(socket: BunSocket): void {
    socket.data.connection?.close();
  },
  close(socket: BunSocket, error?: Error): void {
    socket.data.connection?.closed({ error: error?.message });
  },
  error(socket: BunSocket, error: Error): void {
    // TLS broke, say: nothing more can be believed of this connection.
    const connection = socket.data.connection;
    if (connection === undefined) return;
    socket.terminate();
    connection.closed({ error: error.message });
  },
});
