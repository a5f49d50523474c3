// A cancel request: to the client whose key it has, or on to the peer whose client that is; and how long its sender waits.

import { withAllPasses } from './cancel_keys.ts';
import type { ConsoleSeat } from './clients.ts';
import type { ClientContext } from './context.ts';
import type { Session } from './session.ts';

/** For one client. Who cancels more often at one time is nobody who waits for his query. */
const SENDERS_MAX = 16;

export interface Passed {
  /** It had the key: its sender is somebody whom we know. */
  readonly isOurs: boolean;
  /**
   * Until then the request may still hit what its client asks next: libpq's PQcancel() takes the end of its connection for
   * the end of that. Never rejects. Undefined where that is over now, or was never so.
   */
  readonly over: Promise<void> | undefined;
}

export function passCancelRequest(pid: number, key: Uint8Array, context: ClientContext): Passed {
  const { clients, peers, settings } = context;
  const mine =
    clients.findForCancel(pid, key) ??
    (settings.peer_id === 0 ? undefined : clients.findForCancel(pid, withAllPasses(key)));
  if (mine === undefined) return { isOurs: false, over: peers.forward(pid, key, context) };
  return { isOurs: true, over: held(mine, mine.cancel()) };
}

function held(client: Session | ConsoleSeat, over: Promise<void> | undefined): Promise<void> | undefined {
  if (over === undefined || client.cancelSenders >= SENDERS_MAX) return undefined;
  client.cancelSenders++;
  return over.finally(() => {
    client.cancelSenders--;
  });
}
