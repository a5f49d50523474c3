// TLS contexts, each made once from its PEM texts and shared: parsing a CA bundle for every connection would be the cost of a login.

import { constants } from 'node:crypto';
import { createSecureContext } from 'node:tls';

/** PgBouncer's words: `secure` is TLS 1.2 and 1.3; the others are that one alone. */
export type TlsProtocols = 'secure' | 'tlsv1.2' | 'tlsv1.3';

export interface TlsMaterial {
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly protocols: TlsProtocols;
  /** TLS 1.2 suites in OpenSSL's notation; empty for the runtime's own choice. */
  readonly ciphers: string;
}

/** What Bun's sockets take as `secureContext`. */
export type TlsContext = object;

const CONTEXTS_MAX = 64;

export class TlsContexts {
  readonly #contexts = new Map<string, TlsContext>();

  /** Makes each anew from here on: with it go the keys of the tickets that clients were given, and the sessions of servers. */
  clear(): void {
    this.#contexts.clear();
  }

  /**
   * @param givesTickets false: who comes back has to show all of it again.
   * @throws Error when the PEM texts or the ciphers are no good.
   */
  of(material: TlsMaterial, givesTickets = true): TlsContext {
    const name = JSON.stringify([
      givesTickets,
      material.ca,
      material.cert,
      material.key,
      material.protocols,
      material.ciphers,
    ]);
    const known = this.#contexts.get(name);
    if (known !== undefined) return known;
    const { context } = createSecureContext({
      ...(material.ca === undefined ? {} : { ca: material.ca }),
      ...(material.cert === undefined ? {} : { cert: material.cert }),
      ...(material.key === undefined ? {} : { key: material.key }),
      ...(material.ciphers === '' ? {} : { ciphers: material.ciphers }),
      ...(givesTickets ? {} : { secureOptions: constants.SSL_OP_NO_TICKET }),
      minVersion: material.protocols === 'tlsv1.3' ? 'TLSv1.3' : 'TLSv1.2',
      maxVersion: material.protocols === 'tlsv1.2' ? 'TLSv1.2' : 'TLSv1.3',
    }) as unknown as { context: TlsContext };
    if (this.#contexts.size >= CONTEXTS_MAX) this.#contexts.delete(this.#contexts.keys().next().value!);
    this.#contexts.set(name, context);
    return context;
  }
}
