// A CancelRequest as the protocol has it, on a connection of its own.

import { connect } from 'node:net';

/** The process id and the secret, as BackendKeyData gave them: what a CancelRequest holds behind its code. */
export function cancelKey(processId: number, secret: number): Buffer {
  const key = Buffer.alloc(8);
  key.writeInt32BE(processId, 0);
  key.writeInt32BE(secret, 4);
  return key;
}

/** Resolves when the other side has closed the connection, without an answer. `to` is a port of this machine, or a socket's path. */
export function sendCancel(to: number | string, key: Uint8Array): Promise<void> {
  const packet = Buffer.alloc(8 + key.length);
  packet.writeInt32BE(packet.length, 0);
  packet.writeInt32BE(80_877_102, 4);
  packet.set(key, 8);
  return new Promise((resolve, reject) => {
    const socket = typeof to === 'number' ? connect(to, '127.0.0.1') : connect(to);
    socket.on('connect', () => socket.write(packet));
    socket.on('data', () => reject(new Error('a cancel request was answered')));
    socket.on('close', () => resolve());
    socket.on('error', reject);
  });
}
