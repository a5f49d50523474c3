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

/** Answers the text when there is nothing to complain about. `certificate` is that of a key, where it is good. */
type Check = (
  setting: string,
  path: string,
  origin: Origin,
  kind: 'certificate' | 'private key',
  certificate?: string,
) => string;

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
  const check: Check = (setting, path, origin, kind, certificate = '') => {
    if (path === '' || path === 'system') return '';
    files.add(path);
    const text = io.read(path);
    const isCertificate = kind === 'certificate';
    let expected: string | undefined;
    if (text === undefined)
      expected = io.isUnreadable?.(path) ? 'a file that can be read' : 'a file that is there';
    else if (!isWhole(text, isCertificate ? CERTIFICATE : PRIVATE_KEY))
      expected = `a whole PEM file with a ${kind} in it`;
    else if (isCertificate) expected = io.pemFault?.(text);
    else if (certificate !== '') expected = io.pemFault?.(certificate, text);
    if (expected === undefined) return text!;
    problems.push(problem('error', 'setting_invalid', { setting, value: path, expected }, origin));
    return '';
  };
  let certificate = '';
  for (const name of ['client_tls_ca_file', 'client_tls_cert_file', 'client_tls_key_file'] as const) {
    if (settings.client_tls_sslmode.value === 'disable') break;
    const { value, origin } = settings[name];
    const kind = name.endsWith('key_file') ? 'private key' : 'certificate';
    certificate = check(name, String(value), origin, kind, certificate);
  }
  for (const { settings: database, chosen } of databases) {
    // By the name that somebody wrote: the database's own key, or the setting that speaks for it.
    const own = (
      key: 'sslrootcert' | 'sslcert' | 'sslkey',
      path: string,
      kind: 'certificate' | 'private key',
      beside?: string,
    ) => {
      const general = settings[GENERAL[key]];
      return check(chosen[key] === general ? GENERAL[key] : key, path, chosen[key]!.origin, kind, beside);
    };
    if (database.sslmode === 'disable') continue;
    // Only verifying modes look at the CAs; a path that nobody reads may be as it is.
    if (database.sslmode.startsWith('verify')) own('sslrootcert', database.sslrootcert, 'certificate');
    const shown = own('sslcert', database.sslcert ?? '', 'certificate');
    own('sslkey', database.sslkey ?? '', 'private key', shown);
  }
  return { files: [...files], problems };
}

/** Is there one of the kind, and has everything that begins its end? A file that is being written has not. */
function isWhole(text: string, kind: RegExp): boolean {
  const count = (line: RegExp) => text.match(line)?.length ?? 0;
  return kind.test(text) && count(/^-----BEGIN .*-----\s*$/gm) === count(/^-----END .*-----\s*$/gm);
}
