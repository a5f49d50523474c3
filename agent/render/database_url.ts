// What an application should have as DATABASE_URL to come through the socket, in the form that its library understands.

import { AgentError } from '../base/errors.ts';
import { isSocketHost } from '../base/socket_host.ts';
import { printConninfoUrl } from '../config/conninfo.ts';
import type { DatabaseSettings, HostSettings, Settings } from '../config/settings.ts';
import type { Library } from './libraries.ts';

export interface UrlWishes {
  readonly library: Library;
  /** Names the server besides the socket, for libpq to go to when the socket is dead. */
  readonly fallback: boolean;
  /** libpq's environment variables for a shell, in place of a URL: nothing of them shows in a list of processes. */
  readonly variables?: boolean;
  readonly showSecrets: boolean;
  /** A file with the machine's own CAs, because libpq knows `sslrootcert=system` only from version 16 on. */
  readonly systemCaFile: string;
}

/** One line; for postgres.js, which cannot read a socket from a URL, its environment variables. Throws url_impossible. */
export function databaseUrl(settings: Settings, database: DatabaseSettings, wishes: UrlWishes): string {
  const { library, showSecrets } = wishes;
  const words = wishes.fallback
    ? wordsWithFallback(settings, database, wishes)
    : wordsOf(database, [listenerOf(settings, database, library)]);
  // postgres.js takes a socket from `host` among its options or from PGHOST, never from a URL.
  if (library === 'postgres.js' || wishes.variables === true) return environmentOf(words, showSecrets);
  const url = PRINTERS[library](words, (reason) => impossible(database, library, reason));
  return showSecrets ? url : maskUrl(url);
}

/** libpq's keywords and their values. */
type Words = Readonly<Record<string, string>> &
  Readonly<Record<'host' | 'port' | 'dbname' | 'user' | 'password', string>>;

function wordsOf(database: DatabaseSettings, hosts: readonly HostSettings[]): Words {
  const ports = hosts.map((each) => each.port);
  const samePort = ports.every((port) => port === ports[0]);
  return {
    host: hosts.map((each) => each.host).join(','),
    // 5432 need not be said, and one port does for all hosts.
    port: samePort ? (ports[0] === 5432 ? '' : String(ports[0])) : ports.join(','),
    dbname: database.name,
    // One that is for the server alone is nobody's to log in with.
    ...(database.admitsUser === false
      ? { user: '', password: '' }
      : { user: database.user, password: database.password?.open() ?? '' }),
  };
}

/** The UNIX socket when there is one, else the first TCP address. */
function listenerOf(settings: Settings, database: DatabaseSettings, library: Library): HostSettings {
  const port = settings.listen_port;
  if (settings.unix_socket_dir !== '') return { host: settings.unix_socket_dir, port };
  const [address] = settings.listen_addr;
  if (address === undefined) {
    throw impossible(database, library, 'the agent listens nowhere; set unix_socket_dir or listen_addr');
  }
  return { host: ['*', '0.0.0.0', '::'].includes(address) ? '127.0.0.1' : address, port };
}

/** libpq tries the hosts in order, and has one user, one password, one dbname and one sslmode for all of them. */
function wordsWithFallback(settings: Settings, database: DatabaseSettings, wishes: UrlWishes): Words {
  const { library } = wishes;
  const refuse = (reason: string) => impossible(database, library, reason);
  if (library === 'node' || library === 'postgres.js') {
    throw refuse('--fallback needs libpq, which this library is not built on');
  }
  const socket = listenerOf(settings, database, library);
  // On a socket libpq takes no notice of sslmode; a TCP listener would have to pass for the server.
  if (!socket.host.startsWith('/')) throw refuse('--fallback needs the UNIX socket; set unix_socket_dir');
  if (database.dbname !== database.name) {
    throw refuse(`the server knows it as "${database.dbname}", and a URL has one name for all of its hosts`);
  }
  return { ...wordsOf(database, [socket, ...database.hosts]), ...fallbackWords(database, wishes) };
}

export function fallbackWords(
  database: DatabaseSettings,
  wishes: Pick<UrlWishes, 'systemCaFile'>,
): Readonly<Record<string, string>> {
  const { sslmode, sslcert = '', sslkey = '', sslnegotiation } = database;
  const overTcp = database.hosts.some((each) => !isSocketHost(each.host));
  const ca = database.sslrootcert === 'system' ? wishes.systemCaFile : database.sslrootcert;
  const sslrootcert = sslmode.startsWith('verify-') ? ca : '';
  return {
    ...(overTcp ? { sslmode, sslrootcert, sslcert, sslkey } : {}),
    ...(overTcp && sslnegotiation === 'direct' ? { sslnegotiation } : {}),
    // After a failover the old writer may still answer: it must not be taken for the writer.
    ...(database.role === 'writer' ? { target_session_attrs: 'read-write' } : {}),
  };
}

type Print = (words: Words, refuse: (reason: string) => AgentError) => string;

const PRINTERS: Readonly<Record<Exclude<Library, 'postgres.js'>, Print>> = {
  libpq: urlWithoutHost,
  // dj-database-url and django-environ hand `?host=` to psycopg; a host in front of the `/` would win over it.
  django: urlWithoutHost,
  sqlalchemy: sqlalchemyUrl,
  rails: railsUrl,
  node: nodeUrl,
};

/** `postgresql://user:password@/dbname?host=/run/pgsidecar`: libpq's own form. */
function urlWithoutHost(words: Words): string {
  return readable(printConninfoUrl(words, { hostInQuery: true }));
}

/** SQLAlchemy takes the name in the path as it stands, so one that needs encoding goes behind the `?`. */
function sqlalchemyUrl(words: Words): string {
  if (encodeURIComponent(words.dbname) === words.dbname) return urlWithoutHost(words);
  return withQuery(urlWithoutHost({ ...words, dbname: '' }), { dbname: words.dbname });
}

/** Ruby's URI wants a host behind a user: the socket's directory stands there, percent-encoded, as every Rails decodes it. */
function railsUrl(words: Words): string {
  if (!words.host.includes(',')) return printConninfoUrl(words);
  // Several do not fit there; Rails 7.0 and newer let the query win over the host in front of the path.
  return urlBehindLocalhost(words);
}

/** node-postgres and Prisma read `?host=`; `localhost` stands in front because `new URL()` wants a host behind a user. */
function nodeUrl(words: Words, refuse: (reason: string) => AgentError): string {
  const { host, port, dbname, ...others } = words;
  // node-postgres decodes the name with decodeURI, which leaves what has a meaning in a URL as it is.
  if (/[?#]/.test(dbname)) throw refuse('node-postgres cannot read a name with a ? or # in it');
  const isSocket = host.startsWith('/');
  const url = printConninfoUrl({ ...others, ...(isSocket ? { host: 'localhost' } : { host, port }) });
  const named = `${url}${encodeURI(dbname)}`;
  if (!isSocket) return named;
  return withQuery(named, port === '' ? { host } : { host, port });
}

function urlBehindLocalhost(words: Words): string {
  const { host, port, ...others } = words;
  const url = printConninfoUrl({ ...others, host: 'localhost' });
  return withQuery(url, port === '' ? { host } : { host, port });
}

function environmentOf(words: Words, showSecrets: boolean): string {
  const { host, port, dbname, user, password } = words;
  const variables: Record<string, string> = {
    PGHOST: host,
    PGPORT: port,
    PGDATABASE: dbname,
    PGUSER: user,
    PGPASSWORD: showSecrets || password === '' ? password : '***',
    PGSSLMODE: words.sslmode ?? '',
    PGSSLROOTCERT: words.sslrootcert ?? '',
    PGSSLCERT: words.sslcert ?? '',
    PGSSLKEY: words.sslkey ?? '',
    PGSSLNEGOTIATION: words.sslnegotiation ?? '',
    PGTARGETSESSIONATTRS: words.target_session_attrs ?? '',
  };
  return Object.entries(variables)
    .flatMap(([name, value]) => (value === '' ? [] : [`${name}=${shellWord(value)}`]))
    .join(' ');
}

export function withQuery(url: string, pairs: Readonly<Record<string, string>>): string {
  const query = Object.entries(pairs).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return readable(`${url}${url.includes('?') ? '&' : '?'}${query.join('&')}`);
}

/** Behind the `?` the `/` of a path and the `,` of a list stand for themselves. */
function readable(url: string): string {
  const at = url.indexOf('?');
  if (at === -1) return url;
  return url.slice(0, at) + url.slice(at).replaceAll('%2F', '/').replaceAll('%2C', ',');
}

/** Of a URL that was made here: no part of its user or password holds a `:`, `@` or `/` that is not encoded. */
export function maskUrl(url: string): string {
  return url.replace(/^(\w+:\/\/[^:@/]*):[^@/]*@/, '$1:***@');
}

/** As a POSIX shell reads it back. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./?-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

export function impossible(database: DatabaseSettings, library: Library, reason: string): AgentError {
  return new AgentError('url_impossible', { database: database.name, library, reason });
}
