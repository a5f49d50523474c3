// What a complaint tells the operator to write, in the words of the file that he has: a pgsidecar.yml, or a pgbouncer.ini with its userlist.txt.

import type { ConfigFormat } from './config_format.ts';

export interface ConfigWords {
  /** For a user whom auth_type asks for a password that he has not. `authFile` is empty where none is named. */
  writePassword(user: string, authFile: string): string;
  /** For the role that auth_query is asked as, and that nobody has listed. */
  writeAsker(user: string, authFile: string): string;
  /** For a database whose password is a hash. */
  readonly hashElsewhere: string;
  /** What the second of two secrets is called, and how a database is to have it too. */
  readonly nextSecret: { readonly called: string; readonly advice: string };
  /** For whoever serves nothing. */
  writeDatabases(path: string): string;
  /** What `host` of peer 5 is called. */
  peerField(id: number, field: string): string;
}

export function configWords(format: string): ConfigWords {
  return WORDS[format === 'pgbouncer.ini' ? format : 'pgsidecar.yml'];
}

const WORDS: Readonly<Record<ConfigFormat, ConfigWords>> = {
  'pgsidecar.yml': {
    writePassword: () => 'write a password, password_file or password_command',
    writeAsker: () => 'write it under `users:` with its password',
    hashElsewhere: 'write the password, or write the hash under `users:`, whose clients log in with it',
    nextSecret: { called: 'password_next', advice: 'write password_next beside it too' },
    writeDatabases: () => 'write databases into pgsidecar.yml',
    peerField: (id, field) => `peers.${id}.${field}`,
  },
  'pgbouncer.ini': {
    writePassword: userlistLine,
    writeAsker: userlistLine,
    hashElsewhere:
      'write the password into password=, or leave password= out and write the hash into userlist.txt, whose clients log in with it',
    nextSecret: {
      called: 'The second secret',
      advice: 'leave password= out of its line, and both secrets of userlist.txt are tried there',
    },
    writeDatabases: (path) =>
      `write a line into [databases] of ${path}, "NAME = host=…", or "* = host=…" for every name`,
    peerField: (id, field) => `${field} of peer ${id}`,
  },
};

function userlistLine(user: string, authFile: string): string {
  const line = `a line ${quoted(user)} "PASSWORD"`;
  return authFile === ''
    ? `write ${line} into a userlist.txt, and name that as auth_file`
    : `write ${line} into ${authFile}`;
}

/** As userlist.txt has it: a double quote is written twice. */
function quoted(user: string): string {
  return `"${user.replaceAll('"', '""')}"`;
}
