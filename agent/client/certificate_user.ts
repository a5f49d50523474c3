// Whose certificate it is: its common name, which client_tls_sslmode verify-full and auth_type cert hold against the user.

/**
 * A value without an attribute beside it (`CN=app + O=x`), as RFC 2253 escapes it: `\,`, `\+`, and `\0A` for a byte. One way
 * only to read each escape: with two, the time for a name that fits in none would double with every escape in it.
 */
const VALUE = /^CN=((?:[^\\+]|\\[0-9A-Fa-f]{2}|\\(?![0-9A-Fa-f]{2}).)*)$/u;
const ESCAPES = /(?:\\[0-9A-Fa-f]{2})+|\\(.)/gu;

/** @param subject one attribute a line (`O=Example`, `CN=app`), as node:crypto prints it; undefined when there is no certificate. */
export function commonNameOf(subject: string | undefined): string | undefined {
  const names = (subject ?? '').split('\n').filter((line) => line.startsWith('CN='));
  // Which of two names would count is nothing to guess about.
  const written = names.length === 1 ? VALUE.exec(names[0]!)?.[1] : undefined;
  const name = written?.replace(ESCAPES, (escaped, letter: string | undefined) => letter ?? bytesOf(escaped));
  // As PostgreSQL: a name with a NUL in it is one to the CA and another to whoever reads up to the NUL.
  return name?.includes('\0') === true ? undefined : name;
}

export function isCertificateOf(subject: string | undefined, user: string): boolean {
  return commonNameOf(subject) === user;
}

/** `\C3\A4` is one letter. */
function bytesOf(escaped: string): string {
  return Buffer.from(escaped.replaceAll('\\', ''), 'hex').toString('utf8');
}
