// Whose certificate it is: its common name, which client_tls_sslmode verify-full and auth_type cert hold against the user.

/** @param subject one attribute a line (`O=Example`, `CN=app`), as node:crypto prints it; undefined when there is no certificate. */
export function commonNameOf(subject: string | undefined): string | undefined {
  const names = (subject ?? '').split('\n').filter((line) => line.startsWith('CN='));
  // Which of two names would count is nothing to guess about.
  return names.length === 1 ? names[0]!.slice('CN='.length) : undefined;
}

export function isCertificateOf(subject: string | undefined, user: string): boolean {
  return commonNameOf(subject) === user;
}
