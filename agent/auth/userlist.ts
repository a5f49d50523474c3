// Reads PgBouncer's auth_file: a user and a secret in double quotes on each line, two lines while it is rotated.

import { type Problem, problem } from '../base/errors.ts';
import { Secret } from '../base/secret.ts';
import type { UserSecret } from './credential.ts';
import { isBrokenVerifier } from './secret_kind.ts';

export interface Userlist {
  /** In the order of the file, each with the first line that it stands in. */
  readonly users: readonly (UserSecret & { readonly line: number })[];
  readonly problems: readonly Problem[];
}

/** PgBouncer's own limits are 127 and 2047; a name longer than PostgreSQL's 63 can be no role, and is harmless. */
const NAME_BYTES_MAX = 127;
const SECRET_BYTES_MAX = 2047;

/** Thirty thousand users with verifiers; reading more would hold up everybody who is connected. */
export const USERLIST_CHARS_MAX = 4 * 1024 * 1024;
/** Nobody reads more complaints than these about one file, and the rest of it is not read. */
export const USERLIST_PROBLEMS_MAX = 20;

/** `"name" "secret"`, a quote doubled inside quotes; what follows on the line is ignored, `;` and `#` begin a comment. */
const ENTRY = /^\s*"((?:[^"]|"")*)"\s+"((?:[^"]|"")*)"(?:\s.*)?$/;
const EMPTY = /^\s*(?:[;#].*)?$/;

export function parseUserlist(text: string, place: string): Userlist {
  const users = new Map<string, Entry & { line: number; nextSecret?: Secret }>();
  const problems: Problem[] = [];
  if (text.length > USERLIST_CHARS_MAX) {
    const limit = `${USERLIST_CHARS_MAX} (USERLIST_CHARS_MAX)`;
    const reason = `it has ${text.length} characters, and at most ${limit} are read`;
    return { users: [], problems: [problem('error', 'userlist_unreadable', { reason }, { place })] };
  }
  for (const [index, content] of text
    .replace(/^\ufeff/, '')
    .split(/\r?\n/)
    .entries()) {
    const line = index + 1;
    if (EMPTY.test(content)) continue;
    const entry = readEntry(content);
    const at = { place, line };
    const earlier = typeof entry === 'string' ? undefined : users.get(entry.name);
    const complaint =
      typeof entry === 'string' ? entry : (surplus(entry, earlier) ?? brokenSecret(entry.secret));
    if (complaint !== undefined) {
      problems.push(problem('error', 'userlist_unreadable', { reason: complaint }, at));
      if (problems.length >= USERLIST_PROBLEMS_MAX) break;
    } else if (typeof entry === 'string') {
    } else if (earlier === undefined) {
      users.set(entry.name, { ...entry, line });
    } else {
      earlier.nextSecret = entry.secret!;
      const details = { user: entry.name, line: earlier.line };
      problems.push(problem('warning', 'userlist_two_secrets', details, at));
    }
  }
  return { users: [...users.values()], problems };
}

interface Entry {
  readonly name: string;
  readonly secret: Secret | undefined;
}

/** Never quotes the line: it holds a secret. */
function readEntry(content: string): Entry | string {
  const match = ENTRY.exec(content);
  if (match === null) return 'expected "user" "secret", both in double quotes';
  const name = match[1]!.replaceAll('""', '"');
  const secret = match[2]!.replaceAll('""', '"');
  if (name === '') return 'the user has no name';
  if (Buffer.byteLength(name) > NAME_BYTES_MAX) return `the user's name is over ${NAME_BYTES_MAX} bytes`;
  if (Buffer.byteLength(secret) > SECRET_BYTES_MAX) return `the secret is over ${SECRET_BYTES_MAX} bytes`;
  // PgBouncer writes "" for a user without a password; an empty password must never let anyone in.
  return { name, secret: secret === '' ? undefined : new Secret(secret) };
}

/** Two secrets are a rotation, three a mistake; and so is an old line that was meant to be gone, as far as it shows. */
function surplus(
  { name, secret }: Entry,
  earlier: (Entry & { line: number; nextSecret?: Secret }) | undefined,
): string | undefined {
  if (earlier === undefined) return undefined;
  const place = `user "${name}" stands in line ${earlier.line} already`;
  if (secret === undefined || earlier.secret === undefined)
    return `${place}, and one of the two has no secret`;
  if (earlier.secret.equals(secret)) return `${place}, with the same secret`;
  return earlier.nextSecret === undefined ? undefined : `${place}, and has two secrets: keep two lines`;
}

function brokenSecret(secret: Secret | undefined): string | undefined {
  if (secret === undefined || !isBrokenVerifier(secret)) return undefined;
  return 'the secret begins like a SCRAM verifier and is not a whole one';
}
