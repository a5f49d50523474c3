// A client that reads slower than its server writes: asks for a gigabyte, takes so many bytes a second, says how many it has.

import { connect } from 'node:net';
import { message, query, startup } from '../harness/client_words.ts';

const [path = '', user = '', password = '', database = '', bytesPerSecond = '0', sql = ''] =
  process.argv.slice(2);

/** Often enough to be a stream, seldom enough that the socket's own buffer is full in between. */
const TICKS_PER_SECOND = 10;

let received = 0;
let allowance = 0;
let asked = false;
const socket = connect(path, () => socket.write(startup({ user, database })));
socket.on('data', (chunk: Buffer) => {
  received += chunk.length;
  allowance -= chunk.length;
  if (!asked) {
    // `R` with 3 asks for the password in the clear; `Z` at the end says that the login is over.
    if (chunk[0] === 0x52 && chunk.readInt32BE(5) === 3) socket.write(message('p', `${password}\0`));
    if (chunk.subarray(-6)[0] === 0x5a) {
      asked = true;
      socket.write(query(sql));
    }
    return;
  }
  if (allowance <= 0) socket.pause();
});
setInterval(() => {
  allowance = Math.min(allowance, 0) + Number(bytesPerSecond) / TICKS_PER_SECOND;
  if (allowance > 0) socket.resume();
  console.log(received);
}, 1000 / TICKS_PER_SECOND);
