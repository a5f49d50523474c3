// struct sockaddr, both ways: a UNIX path to bytes for bind() and connect(), bytes from getsockname() to an address.

import { errnoOf, errorName, type Libc } from './libc.ts';
import { AF_INET, AF_INET6, AF_UNIX } from './socket_constants.ts';

/** `path` begins with `@` for Linux's abstract names, and is empty for a socket without a name. */
export type SocketAddress =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number };

/** sun_path has 108 bytes; the last one is for the NUL. */
export const UNIX_PATH_BYTES_MAX = 107;

const FAMILY_BYTES = 2;
const SOCKADDR_STORAGE_BYTES = 128;

/** A sockaddr_un, exactly as long as its name: what stands after an abstract name would belong to it. */
export function unixAddress(path: string): Uint8Array {
  const name = Buffer.from(path, 'utf8');
  const abstract = path.startsWith('@');
  const bytes = Buffer.alloc(FAMILY_BYTES + name.length + (abstract ? 0 : 1));
  bytes.writeUInt16LE(AF_UNIX, 0);
  name.copy(bytes, FAMILY_BYTES);
  if (abstract) bytes[FAMILY_BYTES] = 0;
  return bytes;
}

/** Undefined for families that are neither UNIX nor IP. */
export function readAddress(bytes: Uint8Array): SocketAddress | undefined {
  if (bytes.length < FAMILY_BYTES) return undefined;
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const family = view.readUInt16LE(0);
  if (family === AF_UNIX) return { kind: 'unix', path: readUnixPath(view.subarray(FAMILY_BYTES)) };
  if (family === AF_INET && view.length >= 8) {
    return { kind: 'tcp', host: [...view.subarray(4, 8)].join('.'), port: view.readUInt16BE(2) };
  }
  if (family === AF_INET6 && view.length >= 24) {
    return { kind: 'tcp', host: printIpv6(view.subarray(8, 24)), port: view.readUInt16BE(2) };
  }
  return undefined;
}

/** What a socket is bound to, as the kernel says; the name of the error where it says nothing. */
export function localAddress(
  libc: Libc,
  fd: number,
): SocketAddress | { readonly kind: 'unknown'; readonly reason: string } {
  const bytes = new Uint8Array(SOCKADDR_STORAGE_BYTES);
  const length = new Uint32Array([bytes.length]);
  if (libc.getsockname(fd, bytes, length) !== 0) return { kind: 'unknown', reason: errorName(errnoOf(libc)) };
  const address = readAddress(bytes.subarray(0, length[0]));
  return address ?? { kind: 'unknown', reason: 'it is neither a UNIX socket nor one of IP' };
}

function readUnixPath(name: Buffer): string {
  if (name.length === 0) return '';
  if (name[0] === 0) return `@${name.toString('utf8', 1)}`;
  const end = name.indexOf(0);
  return name.toString('utf8', 0, end < 0 ? name.length : end);
}

/** The shortest form of RFC 5952, by way of the URL parser, which knows it. */
function printIpv6(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16));
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}
