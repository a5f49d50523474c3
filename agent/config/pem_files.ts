// Looks at the certificate and key files that the settings name, so that a wrong path is told at load, not at the first handshake.

import { type Problem, problem } from '../base/errors.ts';
import type { Origin } from '../base/origin.ts';
import type { ChosenSettings } from './merge.ts';
import type { ResolvedDatabase } from './resolve_database.ts';
import type { SourceIo } from './source.ts';

const CERTIFICATE = /^-----BEGIN (TRUSTED |X509 )?CERTIFICATE-----/m;
const PRIVATE_KEY = /^-----BEGIN ([A-Z]+ )?PRIVATE KEY-----/m;

/** Which setting speaks for a database that does not say the key itself. */
const GENERAL = {
  sslrootcert: 'server_tls_ca_file',
  sslcert: 'server_tls_cert_file',
  sslkey: 'server_tls_key_file',
} as const;

export interface PemFiles {
  /** Absolute; TLS reads them, so the watcher must see them change although no setting does. */
  readonly files: readonly string[];
  readonly problems: readonly Problem[];
}

export function checkPemFiles(
  settings: ChosenSettings,
  databases: readonly ResolvedDatabase[],
  io: SourceIo,
): PemFiles {
  const files = new Set<string>();
  const problems: Problem[] = [];
  const check = (setting: string, path: string, origin: Origin, kind: 'certificate' | 'private key') => {
    if (path === '' || path === 'system') return;
    files.add(path);
    const text = io.read(path);
    if (text !== undefined && isWhole(text, kind === 'certificate' ? CERTIFICATE : PRIVATE_KEY)) return;
    const missing = io.isUnreadable?.(path) ? 'a file that can be read' : 'a file that is there';
    const expected = text === undefined ? missing : `a whole PEM file with a ${kind} in it`;
    problems.push(problem('error', 'setting_invalid', { setting, value: path, expected }, origin));
  };
  for (const name of ['client_tls_ca_file', 'client_tls_cert_file', 'client_tls_key_file'] as const) {
    if (settings.client_tls_sslmode.value === 'disable') break;
    check(
      name,
      String(settings[name].value),
      settings[name].origin,
      name.endsWith('key_file') ? 'private key' : 'certificate',
    );
  }
  for (const { settings: database, chosen } of databases) {
    // By the name that somebody wrote: the database's own key, or the setting that speaks for it.
    const own = (
      key: 'sslrootcert' | 'sslcert' | 'sslkey',
      path: string,
      kind: 'certificate' | 'private key',
    ) => {
      const general = settings[GENERAL[key]];
      check(chosen[key] === general ? GENERAL[key] : key, path, chosen[key]!.origin, kind);
    };
    if (database.sslmode === 'disable') continue;
    // Only verifying modes look at the CAs; a path that nobody reads may be as it is.
    if (database.sslmode.startsWith('verify')) own('sslrootcert', database.sslrootcert, 'certificate');
    own('sslcert', database.sslcert ?? '', 'certificate');
    own('sslkey', database.sslkey ?? '', 'private key');
  }
  return { files: [...files], problems };
}

/** Is there one of the kind, and has everything that begins its end? A file that is being written has not. */
function isWhole(text: string, kind: RegExp): boolean {
  const count = (line: RegExp) => text.match(line)?.length ?? 0;
  return kind.test(text) && count(/^-----BEGIN .*-----\s*$/gm) === count(/^-----END .*-----\s*$/gm);
}
