// One handshake with a server, as far as sessions go: which one it offers, and which of those that come of it are kept.

import type { TlsClientOptions, TlsInfo } from './connection.ts';
import type { TlsContext } from './tls_contexts.ts';
import type { TlsSessions } from './tls_sessions.ts';

/** What a verdict was about, besides the context: its mode, the name that was compared, and where that server is. */
export function sessionNameOf({ resume, mode, serverName, alpn }: TlsClientOptions): string {
  return JSON.stringify([resume, mode, serverName, alpn]);
}

/** The part of a socket that offers a session; Bun's types do not say that it takes one. */
export interface Offering {
  setSession(session: Uint8Array): void;
}

/** Sessions around one handshake. Those that come before the verdict wait for it: only what was verified is kept. */
export interface HandshakeMemory {
  /** Before the first byte. */
  onOpen(socket: Offering): void;
  onSession(session: Uint8Array): void;
  onVerified(tls: TlsInfo): void;
}

export function memoryOf(
  sessions: TlsSessions,
  context: TlsContext,
  options: TlsClientOptions,
): HandshakeMemory {
  const name = sessionNameOf(options);
  const early: Uint8Array[] = [];
  let verified: TlsInfo | undefined;
  let offered: Uint8Array | undefined;
  const keep = (session: Uint8Array): void =>
    sessions.keep(context, name, session, Date.now(), verified?.peerNotAfter);
  return {
    onOpen(socket) {
      offered = sessions.take(context, name, Date.now());
      if (offered !== undefined) socket.setSession(offered);
    },
    onSession(session) {
      if (verified === undefined) early.push(session);
      else keep(session);
    },
    onVerified(tls) {
      verified = tls;
      // TLS 1.2 gives none for a session that goes on; 1.3 always gives new ones.
      if (tls.isResumed && tls.version === 'TLSv1.2' && early.length === 0) early.push(offered!);
      for (const session of early) keep(session);
    },
  };
}
