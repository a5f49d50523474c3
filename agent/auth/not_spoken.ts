// Proofs that PostgreSQL and PgBouncer have and the agent has not, each with what does instead.

const INSTEAD =
  'let users prove a password that the server has (auth_query), a certificate (cert) or their system user (peer)';

/** Ends the sentence "expected …". */
export const NOT_SPOKEN: Readonly<Record<string, string>> = {
  ldap: `another: the agent asks no LDAP server; ${INSTEAD}`,
  pam: `another: PAM runs modules of its own inside of whoever asks it, and the agent loads none; ${INSTEAD}`,
};
