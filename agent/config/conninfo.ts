// Connection strings both ways: what a URL or keyword=value string says of a database, and how to write one.

import { type Problem, problem } from '../base/errors.ts';
import type { Origin } from '../base/origin.ts';
import { wordsOfPairs } from './conninfo_pairs.ts';
import { type ConninfoWords, schemeOf, wordsOfUrl } from './conninfo_url.ts';
import { DraftWords, type Fields } from './draft_words.ts';
import { FRAMEWORK_WORDS } from './libpq_keywords.ts';
import type { Located } from './source.ts';

/** A longer one is not a connection string. */
export const CONNINFO_CHARS_MAX = 16 * 1024;

const MASKED_CHARS_MAX = 200;

export interface ConninfoReading {
  readonly fields: Fields;
  readonly parameters: Readonly<Record<string, Located<string>>>;
  /** Keywords that need a look into another file: `service`, `servicefile`, `passfile`. */
  readonly asides: Readonly<Record<string, Located<string>>>;
  readonly problems: readonly Problem[];
}

/** Reads `postgres://…` and its kin, or `host=… dbname=…`. Never throws; no problem holds a password. */
export function parseConninfo(text: string, origin: Origin): ConninfoReading {
  const { words } = readConninfo(text, origin);
  words.finish();
  return words;
}

/**
 * The same for a source that has more to say of the database, and calls `finish` when all is said. `pool` is Rails' own
 * word, `foreign` a scheme that is not PostgreSQL's.
 */
export function readConninfo(
  text: string,
  origin: Origin,
): { readonly words: DraftWords; readonly pool: string | undefined; readonly foreign: boolean } {
  const words = new DraftWords();
  const read = conninfoWords(text);
  if ('foreign' in read) {
    const details = { what: maskConninfo(text), adapter: read.foreign };
    words.problems.push(problem('warning', 'not_postgres', details, origin));
    return { words, pool: undefined, foreign: true };
  }
  if ('reason' in read) {
    const details = { conninfo: maskConninfo(text), reason: read.reason };
    words.problems.push(problem('error', 'conninfo_invalid', details, origin));
    return { words, pool: undefined, foreign: false };
  }
  let pool: string | undefined;
  for (const [keyword, value] of read.words) {
    // No connection string has a second password: libpq would not take it.
    if (keyword !== 'password_next' && words.take(keyword, value, origin)) continue;
    if (keyword === 'pool' || keyword === 'max_connections') pool = value;
    if (FRAMEWORK_WORDS.has(keyword) || /^variables\[/.test(keyword)) continue;
    words.problems.push(problem('warning', 'conninfo_word_unknown', { keyword }, origin));
  }
  words.leaveOutAgentSockets();
  return { words, pool, foreign: false };
}

/** libpq's words as they are written, before anything is made of them: PQconninfoParse. */
export function conninfoWords(text: string): ConninfoWords {
  if (text.length > CONNINFO_CHARS_MAX) {
    const limit = `${CONNINFO_CHARS_MAX} (CONNINFO_CHARS_MAX)`;
    return { reason: `it has ${text.length} characters, and at most ${limit} are read` };
  }
  if (text.includes('\0')) return { reason: 'it holds a character 0, which PostgreSQL cannot take' };
  const url = text.trim();
  if (schemeOf(url) !== undefined) return wordsOfUrl(url);
  if (text.includes('=')) return wordsOfPairs(text);
  return { reason: 'it is neither a URL (postgresql://…) nor words such as host=… dbname=…' };
}

/**
 * A connection string as it may be shown. Of a URL the password is masked, by the most careful reading of it; anything
 * else is not shown at all, because a password with a blank in it may be any of its words.
 */
export function maskConninfo(text: string): string {
  if (schemeOf(text) === undefined) return 'the connection string';
  const start = text.indexOf('://') + 3;
  const masked = `"${text.slice(0, start)}${maskAuthority(text.slice(start))}"`;
  return masked.length > MASKED_CHARS_MAX ? `${masked.slice(0, MASKED_CHARS_MAX)}…"` : masked;
}

function maskAuthority(rest: string): string {
  const query = rest.replace(/([?&](?:(?:ssl)?password|passwd|oauth_client_secret)=)[^&]*/gi, '$1***');
  // The last @ and not the first one: a password with an @ in it may be the mistake that is being told.
  const at = query.lastIndexOf('@');
  const colon = query.indexOf(':');
  if (at === -1) {
    // Without any @, what looks like a port and is none may be a password whose @ was forgotten.
    return /^[^/?]*:(?!\d{1,5}(?:[,/?]|$))/.test(query) && !query.startsWith('[')
      ? `${query.slice(0, colon)}:***`
      : query;
  }
  return colon === -1 || colon > at ? query : `${query.slice(0, colon)}:***${query.slice(at)}`;
}

export interface UrlForm {
  /** `postgresql` unless told otherwise: `postgresql+psycopg2`, `postgis`. */
  readonly scheme?: string;
  /** A socket directory stands behind the ? (`/db?host=/run/x`) instead of percent-encoded in front of the name. */
  readonly hostInQuery?: boolean;
}

/** The URL that says `words`, libpq's keywords and their values; empty values are left out, as libpq reads them. */
export function printConninfoUrl(words: Readonly<Record<string, string>>, form: UrlForm = {}): string {
  const { host = '', port = '', dbname = '', user = '', password = '', ...others } = words;
  const query = Object.entries(others).filter(([, value]) => value !== '');
  const credentials = `${encode(user)}${password === '' ? '' : `:${encode(password)}`}`;
  const inQuery = form.hostInQuery === true && host.includes('/');
  if (inQuery) query.unshift(['host', host], ...(port === '' ? [] : [['port', port] as [string, string]]));
  const tail = query.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&');
  return [
    `${form.scheme ?? 'postgresql'}://`,
    credentials === '' ? '' : `${credentials}@`,
    inQuery ? '' : printHosts(host, port),
    `/${encode(dbname)}`,
    tail === '' ? '' : `?${tail}`,
  ].join('');
}

function printHosts(host: string, port: string): string {
  const ports = port.split(',');
  return host
    .split(',')
    .map((each, index) => {
      const name = /^[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(%[\w.-]+)?$/.test(each)
        ? `[${each.replace('%', '%25')}]`
        : encode(each);
      const number = (ports.length === 1 ? ports[0] : ports[index]) ?? '';
      return number === '' ? name : `${name}:${encode(number)}`;
    })
    .join(',');
}

/** The keyword=value string that says `words`: every value in quotes, so that nobody has to wonder which need them. */
export function printConninfo(words: Readonly<Record<string, string>>): string {
  return Object.entries(words)
    .filter(([, value]) => value !== '')
    .map(([keyword, value]) => `${keyword}='${value.replace(/[\\']/g, '\\$&')}'`)
    .join(' ');
}

/** Percent-encodes all but the unreserved characters of RFC 3986, and the / of a path. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
