// The files that libpq reads besides the connection string: pg_service.conf for a service, .pgpass for a password.

import { type Problem, problem } from '../../base/errors.ts';
import type { Origin } from '../../base/origin.ts';
import type { DraftWords } from '../draft_words.ts';
import type { SourceIo } from '../source.ts';
import { absolutePath, readText } from './read_text.ts';

/** A longer one is not read: it would be somebody's log. */
export const LIBPQ_FILE_CHARS_MAX = 256 * 1024;
const SYSTEM_DIRECTORIES = ['/etc/postgresql-common', '/etc/sysconfig/pgsql', '/usr/local/pgsql/etc'];

/**
 * Adds what the named service says (PostgreSQL documentation, "The Connection Service File"): the user's own file, or the
 * one that is named, then the system's; the first that has the service is all that counts. Answers every file that was
 * looked for, whether it is there or not.
 */
export function takeService(words: DraftWords, io: SourceIo): readonly string[] {
  const { service, servicefile } = words.asides;
  if (service === undefined) return [];
  const home = io.env.HOME;
  const own = servicefile?.value ?? (home ? `${home}/.pg_service.conf` : undefined);
  const system = io.env.PGSYSCONFDIR ? [io.env.PGSYSCONFDIR] : SYSTEM_DIRECTORIES;
  const paths = [...(own === undefined ? [] : [own]), ...system.map((each) => `${each}/pg_service.conf`)];
  const files: string[] = [];
  for (const path of paths) {
    files.push(absolutePath(path, io));
    const text = readLimited(path, io, words.problems);
    if (text !== undefined && takeSection(service.value, path, text, words)) return files;
  }
  const details = { service: service.value, files: paths.join(', ') };
  words.problems.push(problem('error', 'service_missing', details, service.origin));
  return files;
}

/** `[name]`, then `keyword=value` a line, no blanks around the `=`; `#` at the beginning of a line is a comment. */
function takeSection(service: string, path: string, text: string, words: DraftWords): boolean {
  let within = false;
  let found = false;
  for (const [index, written] of text.split('\n').entries()) {
    const line = written.trim();
    if (line === '' || line.startsWith('#')) continue;
    if (line.startsWith('[')) {
      if (found) return true;
      within = line === `[${service}]`;
      found ||= within;
      continue;
    }
    if (!within) continue;
    const at = line.indexOf('=');
    const keyword = line.slice(0, at);
    const origin = { place: path, line: index + 1, key: keyword };
    const reason =
      at < 1
        ? 'expected keyword=value'
        : keyword === 'service' || keyword === 'servicefile'
          ? 'a service cannot name another service'
          : words.take(keyword, line.slice(at + 1), origin)
            ? undefined
            : `"${keyword}" is no connection parameter of libpq`;
    if (reason !== undefined) words.problems.push(problem('error', 'service_syntax', { reason }, origin));
  }
  return found;
}

/**
 * Where nobody said a password: the first line of the password file that fits one of the hosts, in the form
 * `host:port:database:user:password`, `*` for any, a backslash before `:` and `\` ("The Password File").
 */
export function takePassword(words: DraftWords, io: SourceIo): readonly string[] {
  if (words.fields.password !== undefined || words.fields.user === undefined) return [];
  const path = words.asides.passfile?.value ?? (io.env.HOME ? `${io.env.HOME}/.pgpass` : undefined);
  if (path === undefined) return [];
  const text = readLimited(path, io, words.problems);
  const { host, port, dbname, user } = words.fields;
  const hosts = String(host?.value ?? '').split(',');
  const ports = String(port?.value ?? '').split(',');
  const wanted = hosts.map((each, index) => [
    // A server behind a UNIX socket is written as localhost there.
    each === '' || each.startsWith('/') ? 'localhost' : each,
    (ports.length === 1 ? ports[0] : ports[index]) || '5432',
    String(dbname?.value ?? user?.value ?? ''),
    String(user?.value ?? ''),
  ]);
  for (const [index, line] of (text ?? '').split('\n').entries()) {
    const parts = passwordLine(line);
    if (parts === undefined) continue;
    const fits = wanted.some((want) => want.every((each, at) => parts[at] === '*' || parts[at] === each));
    if (!fits) continue;
    const origin: Origin = { place: path, line: index + 1 };
    words.fields.password = { value: parts[4] ?? '', origin };
    break;
  }
  return [absolutePath(path, io)];
}

function passwordLine(written: string): readonly string[] | undefined {
  const line = written.replace(/\r$/, '');
  if (line.startsWith('#')) return undefined;
  const parts: string[] = [''];
  for (let at = 0; at < line.length; at += 1) {
    let character = line[at] ?? '';
    if (character === '\\' && at + 1 < line.length) {
      at += 1;
      character = line[at] ?? '';
    } else if (character === ':' && parts.length < 5) {
      parts.push('');
      continue;
    }
    parts[parts.length - 1] += character;
  }
  return parts.length === 5 && parts[4] !== '' ? parts : undefined;
}

function readLimited(path: string, io: SourceIo, problems: Problem[]): string | undefined {
  const text = readText(path, io, problems);
  if (text === undefined || text.length <= LIBPQ_FILE_CHARS_MAX) return text;
  const reason = `it has ${text.length} characters, and at most ${LIBPQ_FILE_CHARS_MAX} (LIBPQ_FILE_CHARS_MAX) are read`;
  problems.push(problem('error', 'service_syntax', { reason }, { place: path }));
  return undefined;
}
