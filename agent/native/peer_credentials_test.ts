// What the kernel says of the process at the other end, and what it says when it knows nobody.

import { expect, test } from 'bun:test';
import type { Libc } from './libc.ts';
import { peerCredentials } from './peer_credentials.ts';

/** A kernel that says this of every socket. */
function saying(pid: number, uid: number, gid: number, result = 0): Libc {
  const getsockopt = (_fd: number, _level: number, _name: number, credentials: Uint32Array) => {
    credentials.set([pid, uid, gid]);
    return result;
  };
  return { getsockopt } as unknown as Libc;
}

test('peerCredentials() gives who is at the other end', () => {
  expect(peerCredentials(saying(7, 1000, 1001), 3)).toEqual({ pid: 7, uid: 1000, gid: 1001 });
  expect(peerCredentials(saying(7, 0, 0), 3)).toEqual({ pid: 7, uid: 0, gid: 0 });
});

test('peerCredentials() takes the number that stands for all strangers for nobody', () => {
  for (const uid of [65_534, 0xffff_ffff]) expect(peerCredentials(saying(7, uid, uid), 3)).toBeUndefined();
  expect(peerCredentials(saying(0, 1000, 1000), 3)).toBeUndefined();
  expect(peerCredentials(saying(7, 1000, 1000, -1), 3)).toBeUndefined();
});
