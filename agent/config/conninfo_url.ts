// A connection URL becomes libpq's words, by libpq's rules and those of the frameworks that write such URLs.

import { isPort } from './draft_words.ts';

/** What stands in front of `://` when PostgreSQL is meant; `+driver` behind it (SQLAlchemy) makes no difference. */
const SCHEMES: ReadonlySet<string> = new Set([
  ...['postgres', 'postgresql', 'postgres2', 'postgis', 'psql', 'pgsql', 'timescale', 'timescalegis'],
]);

/** Words in the order in which they are said, or why there are none. The reason never holds a piece of the text. */
export type ConninfoWords =
  | { readonly words: readonly (readonly [keyword: string, value: string])[] }
  | { readonly reason: string }
  | { readonly foreign: string };

/** `scheme://…`; also `jdbc:postgresql://…`. Undefined when the text is no URL at all. */
export function schemeOf(text: string): string | undefined {
  return /^(?:jdbc:)?([A-Za-z][A-Za-z0-9+.-]*):\/\//.exec(text)?.[1]?.toLowerCase();
}

/**
 * libpq's grammar (PostgreSQL documentation, "Connection URIs"): the first `@` before a `/` ends the user, hosts are
 * separated by commas, every part is percent-decoded. Beyond it: `postgres:////dir/db` of django-environ, in which a
 * socket directory stands in front of the name.
 */
export function wordsOfUrl(text: string): ConninfoWords {
  const scheme = schemeOf(text);
  if (scheme === undefined) return { reason: 'it is no URL' };
  if (!SCHEMES.has(scheme.replace(/\+.*$/, ''))) return { foreign: scheme };
  const words: [string, string][] = [];
  try {
    const rest = takeUser(text.slice(text.indexOf('://') + 3), words);
    const end = rest.search(/[/?]/);
    const hosts = end === -1 ? rest : rest.slice(0, end);
    const [path, query] = splitAt(end === -1 ? '' : rest.slice(end), '?');
    takeHosts(hosts, words);
    takePath(path, hosts === '', words);
    if (query !== undefined) takeQuery(query, scheme.includes('+'), words);
  } catch (error) {
    if (error instanceof Unreadable) return { reason: error.message };
    throw error;
  }
  return { words };
}

/** Thrown inside this file only. */
class Unreadable extends Error {}

function takeUser(rest: string, words: [string, string][]): string {
  const at = /^[^@/]*@/.exec(rest)?.[0];
  if (at === undefined) return rest;
  const [user, password] = splitAt(at.slice(0, -1), ':');
  if (user !== '') words.push(['user', decode(user)]);
  if (password !== undefined && password !== '') words.push(['password', decode(password)]);
  return rest.slice(at.length);
}

function takeHosts(text: string, words: [string, string][]): void {
  const hosts: string[] = [];
  const ports: string[] = [];
  // A bracket holds no comma, so the commas separate whatever the brackets do.
  for (const each of text.split(',')) {
    const [, bracketed, plain, port] = /^(?:\[([^\]]*)\]|([^:]*))(?::(.*))?$/s.exec(each) ?? [];
    const host = bracketed ?? plain;
    if (host === undefined || plain?.startsWith('['))
      throw new Unreadable('an IPv6 address wants brackets on both sides, then ":" or "/"');
    if (bracketed === '') throw new Unreadable('the brackets for an IPv6 address are empty');
    // A password with a bare @ or / leaves its tail here; libpq would look the tail up in the DNS.
    if (host.includes('@'))
      throw new Unreadable('there are two @; write %40 for an @ in the user or password');
    const decoded = decode(port ?? '');
    if (decoded !== '' && !isPort(decoded)) {
      throw new Unreadable(
        'a port is no number from 1 to 65535; write %2F for a / and %3A for a : in the user or password',
      );
    }
    hosts.push(decode(host));
    ports.push(decoded);
  }
  if (hosts.length > 1 || hosts[0] !== '') words.push(['host', hosts.join(',')]);
  if (ports.some((port) => port !== '')) words.push(['port', ports.join(',')]);
}

function takePath(path: string, hostless: boolean, words: [string, string][]): void {
  const name = path.slice(1);
  const last = name.lastIndexOf('/');
  if (hostless && name.startsWith('/')) {
    if (last > 0) words.push(['host', decode(name.slice(0, last))]);
    if (name.length > last + 1) words.push(['dbname', decode(name.slice(last + 1))]);
  } else if (name !== '') {
    words.push(['dbname', decode(name)]);
  }
}

function takeQuery(query: string, severalHosts: boolean, words: [string, string][]): void {
  const said = new Map<string, string>();
  const parts = query.split('&');
  // libpq allows one & at the very end.
  if (parts.at(-1) === '') parts.pop();
  for (const part of parts) {
    const [name, value] = splitAt(part, '=');
    if (value === undefined) throw new Unreadable('a parameter behind the ? has no "="');
    if (value.includes('='))
      throw new Unreadable('a parameter behind the ? has two "="; write %3D for the one in the value');
    let [keyword, text] = [decode(name), decode(value)];
    if (keyword === 'ssl') [keyword, text] = ['sslmode', sslModeOf(text)];
    if (keyword === 'sslmode' && text === 'no-verify') text = 'require';
    // SQLAlchemy names several hosts by saying `host` several times; in libpq the last one counts.
    const before = severalHosts && keyword === 'host' ? said.get('host') : undefined;
    said.set(keyword, before === undefined ? text : `${before},${text}`);
  }
  const host = said.get('host');
  if (severalHosts && host?.includes(':') && !host.includes('/')) splitHostPorts(host, said);
  for (const word of said) {
    const index = words.findIndex(([keyword]) => keyword === word[0]);
    if (index === -1) words.push([...word]);
    else words[index] = [...word];
  }
}

/** SQLAlchemy's `host=a:1&host=b:2`. */
function splitHostPorts(host: string, said: Map<string, string>): void {
  const pairs = host.split(',').map((each) => /^(.*):(\d+)$/s.exec(each) ?? [each, each, '']);
  said.set('host', pairs.map(([, name]) => name).join(','));
  if (pairs.some(([, , port]) => port !== '')) said.set('port', pairs.map(([, , port]) => port).join(','));
}

/** libpq: `ssl=true` is `sslmode=require`, for JDBC's sake. asyncpg writes a mode there, node-postgres `no-verify`. */
function sslModeOf(value: string): string {
  if (value === 'true' || value === '1' || value === 'no-verify') return 'require';
  return value === 'false' || value === '0' ? 'disable' : value;
}

function splitAt(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

function decode(text: string): string {
  if (/%(?![0-9A-Fa-f]{2})/.test(text))
    throw new Unreadable('a % is not followed by two hexadecimal digits; write %25 for a %');
  if (text.includes('%00')) throw new Unreadable('it holds %00, which PostgreSQL cannot take');
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Unreadable('its percent-encoded characters are not UTF-8');
  }
}
