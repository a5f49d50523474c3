// What is corked leaves when it is uncorked, however often somebody corked before.

import { expect, test } from 'bun:test';
import { BunConnection, type BunSocket } from './bun_connection.ts';

/** A socket that takes everything. */
function takingSocket(): { socket: BunSocket; taken: string[] } {
  const taken: string[] = [];
  const socket = {
    data: { connection: undefined },
    write(bytes: Uint8Array): number {
      taken.push(Buffer.from(bytes).toString());
      return bytes.length;
    },
  };
  return { socket: socket as unknown as BunSocket, taken };
}

test('BunConnection.cork() twice is cork() once', () => {
  const { socket, taken } = takingSocket();
  const connection = new BunConnection(socket, 'unix');
  connection.cork();
  connection.write(Buffer.from('a'));
  connection.cork();
  connection.write(Buffer.from('b'));
  expect([taken, connection.buffered]).toEqual([[], 2]);
  connection.uncork();
  expect([taken, connection.buffered]).toEqual([['ab'], 0]);
});
