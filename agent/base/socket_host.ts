// Tells a UNIX socket among the hosts of a server: a directory, or a name in Linux's abstract namespace (`@name`), as libpq writes both.

export function isSocketHost(host: string): boolean {
  return host.startsWith('/') || host.startsWith('@');
}

/** `host` is one for which isSocketHost() says yes. */
export function socketPath(host: string, port: number): string {
  return `${host}/.s.PGSQL.${port}`;
}
