// Reads PgBouncer's auth_file: a user and a secret in double quotes on each line.

import { type Problem, problem } from '../base/errors.ts';
import { Secret } from '../base/secret.ts';
import type { UserSecret } from './credential.ts';
import { isBrokenVerifier } from './secret_kind.ts';

export interface Userlist {
  /** In the order of the file, each with the line it stands in. */
  readonly users: readonly (UserSecret & { readonly line: number })[];
  readonly problems: readonly Problem[];
}

/** PgBouncer's own limits are 127 and 2047; a name longer than PostgreSQL's 63 can be no role, and is harmless. */
const NAME_BYTES_MAX = 127;
const SECRET_BYTES_MAX = 2047;

/** `"name" "secret"`, a quote doubled inside quotes; what follows on the line is ignored, `;` and `#` begin a comment. */
const ENTRY = /^\s*"((?:[^"]|"")*)"\s+"((?:[^"]|"")*)"(?:\s.*)?$/;
const EMPTY = /^\s*(?:[;#].*)?$/;

export function parseUserlist(text: string, place: string): Userlist {
  const users: (UserSecret & { line: number })[] = [];
  const problems: Problem[] = [];
  const seen = new Map<string, number>();
  for (const [index, content] of text
    .replace(/^\ufeff/, '')
    .split(/\r?\n/)
    .entries()) {
    const line = index + 1;
    if (EMPTY.test(content)) continue;
    const entry = readEntry(content);
    const complaint =
      typeof entry === 'string' ? entry : (duplicate(seen, entry.name, line) ?? brokenSecret(entry.secret));
    if (complaint !== undefined) {
      problems.push(problem('error', 'userlist_unreadable', { reason: complaint }, { place, line }));
    } else if (typeof entry !== 'string') {
      users.push({ ...entry, line });
    }
  }
  return { users, problems };
}

/** Never quotes the line: it holds a secret. */
function readEntry(content: string): { name: string; secret: Secret | undefined } | string {
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

function duplicate(seen: Map<string, number>, name: string, line: number): string | undefined {
  const earlier = seen.get(name);
  if (earlier !== undefined) return `user "${name}" stands in line ${earlier} already`;
  seen.set(name, line);
  return undefined;
}

function brokenSecret(secret: Secret | undefined): string | undefined {
  if (secret === undefined || !isBrokenVerifier(secret)) return undefined;
  return 'the secret begins like a SCRAM verifier and is not a whole one';
}
