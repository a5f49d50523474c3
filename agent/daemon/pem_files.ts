// Certificates and keys as text, read once and again at a reload; `system` is the distribution's own CA bundle.

import { existsSync, readFileSync } from 'node:fs';
import { AgentError } from '../base/errors.ts';

/** Where distributions keep their bundle: Debian, Red Hat, Alpine and SUSE. */
const SYSTEM_BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/cert.pem',
  '/etc/ssl/ca-bundle.pem',
];

export class PemFiles {
  readonly #texts = new Map<string, string>();

  /** The file's text, as of the first time that it was asked for. @throws AgentError config_unreadable */
  read(path: string): string {
    const known = this.#texts.get(path);
    if (known !== undefined) return known;
    const text = readPem(path === 'system' ? systemBundle() : path);
    this.#texts.set(path, text);
    return text;
  }

  /** The same files as they are now; one that cannot be read any more keeps its old text. */
  again(): PemFiles {
    const now = new PemFiles();
    for (const [path, text] of this.#texts) {
      try {
        now.read(path);
      } catch {
        now.#texts.set(path, text);
      }
    }
    return now;
  }

  /** Has a file that both have read another text? */
  differsFrom(other: PemFiles): boolean {
    for (const [path, text] of this.#texts) {
      const before = other.#texts.get(path);
      if (before !== undefined && before !== text) return true;
    }
    return false;
  }
}

export function systemBundle(): string {
  const found = SYSTEM_BUNDLES.find((path) => existsSync(path));
  if (found !== undefined) return found;
  const reason = 'the system has no CA bundle there (install ca-certificates, or set server_tls_ca_file)';
  throw new AgentError('config_unreadable', { reason }, { place: SYSTEM_BUNDLES[0]! });
}

function readPem(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new AgentError('config_unreadable', { reason: (error as Error).message }, { place: path });
  }
}
