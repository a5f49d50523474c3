// The URL of the server itself, as the agent reaches it: what an application has that goes there without the agent.

import { printConninfoUrl } from '../config/conninfo.ts';
import type { DatabaseSettings } from '../config/settings.ts';
import { fallbackWords, impossible, maskUrl, withQuery } from './database_url.ts';
import type { Library } from './libraries.ts';

export interface DirectWishes {
  readonly library: Library;
  readonly showSecrets: boolean;
  /** A file with the machine's own CAs, because libpq knows `sslrootcert=system` only from version 16 on. */
  readonly systemCaFile: string;
  /** Who logs in, where that is not the database's own role. */
  readonly login?: { readonly user: string; readonly password: string };
  /** In place of `postgresql`: `postgresql+psycopg2`, `postgis`. */
  readonly scheme?: string;
  /** What the application says besides, and goes on saying: application_name, pool, … */
  readonly more?: Readonly<Record<string, string>>;
}

/** Throws url_impossible where the library cannot be told by a URL how the agent reaches the server. */
export function directUrl(database: DatabaseSettings, wishes: DirectWishes): string {
  const { library, showSecrets, scheme = 'postgresql' } = wishes;
  const ports = database.hosts.map(({ port }) => port);
  const words = {
    host: database.hosts.map(({ host }) => host).join(','),
    port: ports.every((port) => port === ports[0]) ? String(ports[0]) : ports.join(','),
    dbname: database.dbname,
    user: wishes.login?.user ?? database.user,
    password: wishes.login?.password ?? database.password?.open() ?? '',
  };
  const refuse = (reason: string) => impossible(database, library, reason);
  const { target_session_attrs, ...tls } = fallbackWords(database, wishes);
  // With one host there is nothing to choose; a replica that became one since would only be refused.
  const choice: Record<string, string> =
    database.hosts.length > 1 && target_session_attrs !== undefined ? { target_session_attrs } : {};
  const rest = {
    ...tlsFor(library, tls, database.sslrootcert !== 'system', refuse),
    ...choice,
    ...wishes.more,
  };
  const url = PRINTERS[library](words, rest, refuse);
  return (showSecrets ? url : maskUrl(url)).replace(/^postgresql:/, `${scheme}:`);
}

type Words = Readonly<Record<'host' | 'port' | 'dbname' | 'user' | 'password', string>>;
type More = Readonly<Record<string, string>>;
type Refuse = (reason: string) => Error;

/** postgres.js sends every parameter that it does not know to the server, and takes certificates from its options alone. */
function tlsFor(library: Library, tls: More, ownCa: boolean, refuse: Refuse): More {
  if (library !== 'node' && library !== 'postgres.js') return tls;
  const { sslnegotiation, ...known } = tls;
  if (sslnegotiation !== undefined) throw refuse('it cannot begin with TLS (sslnegotiation=direct)');
  if (library === 'node') return known;
  const { sslmode = '', sslcert = '' } = tls;
  if (ownCa) throw refuse('postgres.js takes a CA from its options only');
  if (sslcert !== '') throw refuse('postgres.js takes a client certificate from its options only');
  return sslmode === '' ? {} : { sslmode };
}

type Print = (words: Words, more: More, refuse: Refuse) => string;

const PRINTERS: Readonly<Record<Library, Print>> = {
  libpq: (words, more) => printed(words, more),
  // Rails lays the URL over database.yml, where a port may stand that is the agent's: here it is always said.
  rails: (words, more) =>
    severalOf(words)
      ? hostsBehind(words, more, 'localhost')
      : readable(printConninfoUrl({ ...words, ...more })),
  django: (words, more) => (severalOf(words) ? hostsBehind(words, more, '') : printed(words, more)),
  sqlalchemy: (words, more) => (severalOf(words) ? hostsBehind(words, more, '') : printed(words, more)),
  node: singleHost,
  'postgres.js': (words, more, refuse) => {
    if (words.host.startsWith('/')) throw refuse('it cannot read a socket from a URL');
    return singleHost(words, more, refuse);
  },
};

function printed(words: Words, more: More): string {
  const url = printConninfoUrl({ ...words, ...withoutDefaultPort(words), ...more }, { hostInQuery: true });
  return readable(url);
}

/** 5432 need not be said. */
function withoutDefaultPort({ port }: Words): { port: string } {
  return { port: port === '5432' ? '' : port };
}

function severalOf({ host }: Words): boolean {
  return host.includes(',');
}

/** In front of the name these readers take one host; behind the ? they hand several on to libpq. */
function hostsBehind(words: Words, more: More, front: string): string {
  const { host, port, ...others } = words;
  return withQuery(readable(printConninfoUrl({ ...others, host: front, ...more })), { host, port });
}

function singleHost(words: Words, more: More, refuse: Refuse): string {
  if (severalOf(words)) throw refuse('the server has several hosts, and this library tries one');
  if (/[^\w.~ -]/.test(words.dbname)) throw refuse('it cannot read the name of the database from a URL');
  if (!words.host.startsWith('/')) return printed(words, more);
  return hostsBehind(words, more, 'localhost');
}

/** Behind the `?` the `/` of a path and the `,` of a list stand for themselves. */
function readable(url: string): string {
  const at = url.indexOf('?');
  return at === -1 ? url : url.slice(0, at) + url.slice(at).replaceAll('%2F', '/').replaceAll('%2C', ',');
}
