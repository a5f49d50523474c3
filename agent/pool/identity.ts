// Would a new connection reach the same server in the same way? If not, the old ones have to be replaced.

import type { DatabaseSettings } from '../config/settings.ts';

/** The pool's sizes and timeouts are not part of it: those change without touching a connection. */
export function isSameServer(one: DatabaseSettings, other: DatabaseSettings): boolean {
  return (
    one.dbname === other.dbname &&
    one.sslmode === other.sslmode &&
    one.sslrootcert === other.sslrootcert &&
    one.sslcert === other.sslcert &&
    one.sslkey === other.sslkey &&
    one.forceUser === other.forceUser &&
    one.hosts.length === other.hosts.length &&
    one.hosts.every((host, i) => host.host === other.hosts[i]!.host && host.port === other.hosts[i]!.port) &&
    sameRecord(one.parameters, other.parameters)
  );
}

function sameRecord(one: Readonly<Record<string, string>>, other: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name]);
}
