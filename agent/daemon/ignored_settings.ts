// Which settings of sockets do nothing, because systemd opened the sockets: each said with its place, and where to write it instead.

import { dirname } from 'node:path/posix';
import type { Explanation } from '../config/explain.ts';
import type { Settings } from '../config/settings.ts';
import type { SocketAddress } from '../native/socket_address.ts';

interface Inherited {
  readonly address: SocketAddress;
}

/** The word of the socket unit that says the same. */
const WORDS = {
  listen_addr: 'ListenStream=',
  listen_port: 'ListenStream=',
  unix_socket_dir: 'ListenStream=',
  unix_socket_mode: 'SocketMode=',
  unix_socket_group: 'SocketGroup=',
} as const;

/** @param unit the socket unit, as far as it is known. None where the agent opens its sockets itself. */
export function ignoredSettings(
  { settings, explanation }: { readonly settings: Settings; readonly explanation: Explanation },
  inherited: readonly Inherited[],
  unit: string,
): readonly string[] {
  if (inherited.length === 0) return [];
  const addresses = inherited.map(({ address }) => address);
  const names = Object.keys(WORDS) as (keyof typeof WORDS)[];
  return names.flatMap((name) => {
    const origin = explanation[name]?.origin ?? 'default';
    if (origin === 'default' || isOpen(name, settings, addresses)) return [];
    return [
      `${name} at ${origin} has no effect: systemd opened the sockets (${unit}); write ${WORDS[name]} there`,
    ];
  });
}

/** What the setting asks for is what systemd has opened. */
function isOpen(name: keyof typeof WORDS, settings: Settings, addresses: readonly SocketAddress[]): boolean {
  const { listen_addr, listen_port, unix_socket_dir } = settings;
  const isPort = (address: SocketAddress): boolean =>
    address.kind === 'unix'
      ? address.path.endsWith(`/.s.PGSQL.${listen_port}`)
      : address.kind === 'tcp' && address.port === listen_port;
  switch (name) {
    case 'listen_addr':
      return listen_addr.every((host) =>
        addresses.some((each) => each.kind === 'tcp' && each.host === host && isPort(each)),
      );
    case 'listen_port':
      return addresses.some(isPort);
    case 'unix_socket_dir':
      return addresses.some((each) => each.kind === 'unix' && dirname(each.path) === unix_socket_dir);
    default:
      return false;
  }
}
