// Asks a server to stop what one of its connections is doing: a connection of its own, with the same TLS, then nothing.

import { encodeCancelRequest } from '../wire/startup.ts';
import { type DialTools, open } from './dial.ts';
import type { Server } from './server.ts';

/** Resolves when the server has closed the cancel connection: only then can the request no longer hit a later query. */
export async function cancel(server: Server, tools: DialTools, signal: AbortSignal): Promise<void> {
  // The very machine, wherever its name leads by now.
  const connection = await open(server.database, server.address, tools, signal);
  await new Promise<void>((resolve) => {
    connection.handler = { onData() {}, onDrain() {}, onClose: () => resolve() };
    const giveUp = (): void => {
      // It may lie unread on the server's side, and would then stop whatever runs there by that time.
      server.retired ??= 'a cancel request was given up, and may still reach it';
      connection.close();
      resolve();
    };
    signal.addEventListener('abort', giveUp, { once: true });
    if (connection.isClosed) return resolve();
    connection.write(encodeCancelRequest(server.pid, server.key));
  });
}
