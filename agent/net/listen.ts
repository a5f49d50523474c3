// Listens, by UNIX socket or TCP, and hands every new connection on; a listener can be closed without its connections.

import { BunConnection, type BunSocket, type SocketSlot, socketHandlers } from './bun_connection.ts';
import type { Connection } from './connection.ts';

export interface Listener {
  /** As an operator would name it: a path, or `address:port`. */
  readonly address: string;
  /** Takes no new connections; the ones that are there go on. */
  stop(): void;
}

export type OnConnection = (connection: Connection) => void;

/** An inherited or prepared descriptor that listens already. */
export function listenFd(
  fd: number,
  address: string,
  kind: 'unix' | 'tcp',
  onConnection: OnConnection,
): Listener {
  return wrap(Bun.listen<SocketSlot>({ fd, ...options(kind, onConnection) } as never), address);
}

/**
 * @param reusePort other processes of the same user may listen there as well (SO_REUSEPORT), if all of them say so.
 * @throws Error when the address is in use or not ours.
 */
export function listenTcp(
  host: string,
  port: number,
  onConnection: OnConnection,
  reusePort = false,
): Listener {
  const listener = Bun.listen<SocketSlot>({
    ...{ hostname: host, port, reusePort },
    ...options('tcp', onConnection),
  });
  return wrap(listener, `${host.includes(':') ? `[${host}]` : host}:${listener.port}`);
}

function wrap(listener: { stop(closeActiveConnections?: boolean): void }, address: string): Listener {
  return { address, stop: () => listener.stop(false) };
}

function options(kind: 'unix' | 'tcp', onConnection: OnConnection) {
  return {
    data: { connection: undefined } as SocketSlot,
    socket: {
      ...socketHandlers,
      open(socket: BunSocket): void {
        // Each socket needs a slot of its own; the one above would be shared.
        socket.data = { connection: undefined };
        const connection = new BunConnection(
          socket,
          kind === 'unix' ? 'unix' : `${socket.remoteAddress}:${socket.remotePort}`,
        );
        try {
          onConnection(connection);
        } catch (error) {
          connection.broke(error);
        }
      },
    },
  };
}
