// Where a client comes from, as far as that can be told before it has proved who it is: what one source may take is bounded.

import { hostOfPeer } from '../auth/hba_match.ts';
import { parseAddress } from '../auth/network_address.ts';
import type { Transport } from './startup.ts';

/** Whoever has one IPv6 address has the 64 bits behind its network to choose from. */
const HOST_BITS = 64n;

/**
 * On the UNIX socket the user of the process at the other end; over TCP the IPv4 address, or the network (/64) of the
 * IPv6 address.
 *
 * @param uid of SO_PEERCRED; undefined when the kernel does not say.
 */
export function sourceOf(transport: Transport, peer: string, uid: number | undefined): string {
  if (transport === 'unix') return uid === undefined ? 'uid unknown' : `uid ${uid}`;
  const host = hostOfPeer(peer);
  const address = parseAddress(host);
  if (address === undefined || address.family === 4) return host.replace(/^::ffff:/i, '');
  return `${(address.bits >> HOST_BITS).toString(16).padStart(16, '0')}/64`;
}
