// Asks the kernel which process is at the other end of a UNIX socket: SO_PEERCRED, which nobody can forge.

import type { Libc } from './libc.ts';
import { SO_PEERCRED, SOL_SOCKET } from './socket_constants.ts';

/** As of the moment of connect(); the process may have ended since, or become another user. */
export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** What the kernel says for a peer of which it knows nothing (a TCP socket, another user namespace). */
const NOBODY = 0xffff_ffff;

/**
 * What it says for a peer whose user has no number in our user namespace (a container's, PrivateUsers=): anybody may be
 * behind it. Who has it as his own, `nobody` of most systems, is not somebody to let in by it either.
 */
const OVERFLOW_UID = 65_534;

/** Undefined for anything but a connected UNIX socket. */
export function peerCredentials(libc: Libc, fd: number): PeerCredentials | undefined {
  const credentials = new Uint32Array(3);
  const length = new Uint32Array([credentials.byteLength]);
  if (libc.getsockopt(fd, SOL_SOCKET, SO_PEERCRED, credentials, length) !== 0) return undefined;
  const [pid, uid, gid] = credentials as unknown as [number, number, number];
  if (length[0] !== credentials.byteLength || pid === 0) return undefined;
  if (uid === NOBODY || uid === OVERFLOW_UID) return undefined;
  return { pid, uid, gid };
}
