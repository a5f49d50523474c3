// The wire between the agent and PostgreSQL, as a relay that a test can cut, freeze, slow down and chop.

import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export interface Wire extends AsyncDisposable {
  readonly port: number;
  /** Connections that go through it now. */
  readonly connections: number;
  /** Both ends of every connection get a reset. */
  cut(): void;
  /** Nothing passes any more, and nobody is told; new connections are taken and left alone. */
  freeze(): void;
  /** What was held back passes, and everything after it. */
  thaw(): void;
  /** Chunks pass in small pieces, each a little later than the one before. */
  hamper(isHampered: boolean): void;
}

interface State {
  isFrozen: boolean;
  isHampered: boolean;
  readonly wake: (() => void)[];
}

const PIECE_BYTES_MAX = 200;
const DELAY_MS_MAX = 4;

export async function startWire(target: { readonly host: string; readonly port: number }): Promise<Wire> {
  const pairs = new Set<readonly [Socket, Socket]>();
  const state: State = { isFrozen: false, isHampered: false, wake: [] };
  const server: Server = createServer((near) => {
    const far = connect(target);
    const pair = [near, far] as const;
    pairs.add(pair);
    for (const socket of pair) {
      socket.setNoDelay(true);
      socket.on('error', () => {}); // the other end is told by its close
      socket.on('close', () => {
        pairs.delete(pair);
        near.destroy();
        far.destroy();
      });
    }
    // A connection that ends in the middle of a chunk has its close for that.
    pass(near, far, state).catch(() => {});
    pass(far, near, state).catch(() => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  function thaw(): void {
    state.isFrozen = false;
    for (const wake of state.wake.splice(0)) wake();
  }
  function cut(): void {
    for (const pair of [...pairs]) for (const socket of pair) socket.resetAndDestroy();
  }
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return pairs.size;
    },
    cut,
    thaw,
    freeze() {
      state.isFrozen = true;
    },
    hamper(isHampered) {
      state.isHampered = isHampered;
    },
    async [Symbol.asyncDispose]() {
      cut();
      thaw();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function pass(from: Socket, to: Socket, state: State): Promise<void> {
  for await (const chunk of from as AsyncIterable<Buffer>) {
    for (let at = 0; at < chunk.length; ) {
      const size = state.isHampered ? 1 + Math.floor(Math.random() * PIECE_BYTES_MAX) : chunk.length;
      if (state.isHampered) await Bun.sleep(Math.random() * DELAY_MS_MAX);
      while (state.isFrozen) await new Promise<void>((resolve) => state.wake.push(resolve));
      if (!to.write(chunk.subarray(at, at + size))) await drained(to);
      at += size;
    }
  }
  to.end();
}

/** Or it is closed, and then nothing is to be waited for. */
function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('drain', resolve);
    socket.once('close', resolve);
  });
}
