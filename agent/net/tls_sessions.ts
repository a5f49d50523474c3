// TLS sessions that servers gave us, to begin the next connection with less: each for the very server, settings and CAs it came from.

import type { TlsContext } from './tls_contexts.ts';

/** A pool that opens several connections at once takes one for each; servers give two at a time. */
const KEPT_MAX = 8;
const TARGETS_MAX = 256;
/** The certificate is looked at again after this long at the latest, whatever the server would allow. */
export const SESSION_AGE_MS_MAX = 3_600_000;

interface Kept {
  readonly session: Uint8Array;
  /** Milliseconds since 1970. */
  readonly until: number;
}

/**
 * A session stands for a verdict that was reached with one context (CAs, own certificate, protocols) in one mode, about
 * one name. So it is found under exactly these, and goes when its context goes, which a reload sees to.
 */
export class TlsSessions {
  readonly #byContext = new WeakMap<TlsContext, Map<string, Kept[]>>();

  /** The newest one, which is given out once: a ticket that is used again tells an onlooker who comes back (RFC 8446, C.4). */
  take(context: TlsContext, target: string, now: number): Uint8Array | undefined {
    const kept = this.#byContext.get(context)?.get(target);
    for (;;) {
      const newest = kept?.pop();
      if (newest === undefined || newest.until > now) return newest?.session;
    }
  }

  /** @param peerNotAfter when the server's certificate ends, milliseconds since 1970; undefined keeps nothing. */
  keep(
    context: TlsContext,
    target: string,
    session: Uint8Array,
    now: number,
    peerNotAfter: number | undefined,
  ): void {
    if (peerNotAfter === undefined) return;
    const targets = this.#byContext.get(context) ?? new Map<string, Kept[]>();
    this.#byContext.set(context, targets);
    const kept = targets.get(target) ?? [];
    if (kept.length === 0) {
      // At the end of the line of those that have to make room.
      targets.delete(target);
      if (targets.size >= TARGETS_MAX) targets.delete(targets.keys().next().value!);
      targets.set(target, kept);
    }
    kept.push({ session, until: Math.min(now + SESSION_AGE_MS_MAX, peerNotAfter) });
    if (kept.length > KEPT_MAX) kept.shift();
  }

  forget(context: TlsContext, target: string): void {
    this.#byContext.get(context)?.delete(target);
  }
}
