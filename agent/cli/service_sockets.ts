// Which sockets systemd opens for the packaged service: they win over the settings, so that check and url have to know them.

import { basename, dirname } from 'node:path/posix';
import { type Problem, problem } from '../base/errors.ts';
import { unitOf } from '../config/environment_file.ts';
import type { LoadResult } from '../config/load.ts';
import type { Settings } from '../config/settings.ts';
import { ignoredSettings } from '../daemon/ignored_settings.ts';
import type { SocketAddress } from '../native/socket_address.ts';
import type { Host } from './command.ts';

export interface ServiceSockets {
  /** `pgsidecar.socket`. */
  readonly unit: string;
  readonly addresses: readonly SocketAddress[];
}

/** Undefined for a configuration that is no packaged service's, and where the socket unit is not there. */
export function serviceSockets(config: LoadResult['config'], host: Host): ServiceSockets | undefined {
  const unit = unitOf(config?.absolute)?.replace(/\.service$/, '.socket');
  if (unit === undefined) return undefined;
  const addresses = (host.service?.listens(unit) ?? []).flatMap(addressOf);
  return addresses.length === 0 ? undefined : { unit, addresses };
}

/** `/run/pgsidecar/.s.PGSQL.5432 (Stream)`, `127.0.0.1:5432 (Stream)`, `[::]:5432 (Stream)`, as `systemctl show` has it. */
function addressOf(listen: string): readonly SocketAddress[] {
  const [, address = ''] = /^(.*) \(Stream\)$/.exec(listen) ?? [];
  if (address.startsWith('/')) return [{ kind: 'unix', path: address }];
  const [, host = '', port = ''] = /^\[?(.*?)\]?:(\d+)$/.exec(address) ?? [];
  return port === '' ? [] : [{ kind: 'tcp', host, port: Number(port) }];
}

/** What of the settings does nothing, in the words of the log and of `status`. */
export function ignoredBySockets(
  { settings, explanation }: LoadResult,
  sockets: ServiceSockets | undefined,
): readonly Problem[] {
  if (settings === undefined || sockets === undefined) return [];
  const inherited = sockets.addresses.map((address) => ({ address }));
  const sentences = ignoredSettings({ settings, explanation }, inherited, sockets.unit);
  return sentences.map((ignored) => problem('warning', 'setting_ignored', { ignored }));
}

/** Where clients find the agent: at the UNIX socket of systemd, or at its first address. */
export function withSockets(settings: Settings, sockets: ServiceSockets | undefined): Settings {
  if (sockets === undefined) return settings;
  for (const address of sockets.addresses) {
    const port =
      address.kind === 'unix' ? /^\.s\.PGSQL\.(\d+)$/.exec(basename(address.path))?.[1] : undefined;
    if (address.kind === 'unix' && port !== undefined)
      return { ...settings, unix_socket_dir: dirname(address.path), listen_port: Number(port) };
  }
  const tcp = sockets.addresses.find((each) => each.kind === 'tcp');
  if (tcp === undefined) return settings;
  return { ...settings, unix_socket_dir: '', listen_addr: [tcp.host], listen_port: tcp.port };
}

export function printSocket(address: SocketAddress): string {
  if (address.kind === 'unix') return address.path;
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}
