// Whose certificate it is: client_tls_sslmode verify-full wants its common name to be the user who comes with it.

/** @param subject one attribute a line (`O=Example`, `CN=app`), as node:crypto prints it; undefined when there is no certificate. */
export function isCertificateOf(subject: string | undefined, user: string): boolean {
  const names = (subject ?? '').split('\n').filter((line) => line.startsWith('CN='));
  // Which of two names would count is nothing to guess about.
  return names.length === 1 && names[0] === `CN=${user}`;
}
