// What a client gets to cancel with: chance alone; or with peers also whose client it is, at the places where PgBouncer has that.

import type { Settings } from '../config/settings.ts';
import type { Clients } from './clients.ts';
import { cancelKeyBytes, type StartupMessage } from './startup.ts';

/**
 * PgBouncer's layout, of the process id and the four bytes behind it: the peer's number in the second and third byte, the
 * low one first; in the last two bits how often a request may be passed on, three times in the beginning. 45 bits are left to chance,
 * 15 of them in the process id, which no two clients share: config/contradictions.ts sees to it that they suffice.
 */
const PASSES = 0x03;
/** Of the secret, whose first byte is the fifth. */
const LAST = 3;

export interface CancelKey {
  readonly pid: number;
  readonly key: Uint8Array;
}

/** With peers it is short whatever the protocol: a PgBouncer among them would not pass on a longer one. */
export function newCancelKey(
  message: StartupMessage,
  clients: Clients,
  { peer_id }: Pick<Settings, 'peer_id'>,
  random: (bytes: number) => Uint8Array,
): CancelKey {
  if (peer_id === 0) return { pid: clients.newPid(random), key: random(cancelKeyBytes(message)) };
  const pid = clients.newPid((bytes) => {
    const chosen = random(bytes);
    chosen[1] = peer_id & 0xff;
    chosen[2] = peer_id >> 8;
    return chosen;
  });
  const key = random(LAST + 1);
  key[LAST]! |= PASSES;
  return { pid, key };
}

/** Whose client it is meant for. */
export function peerOf(pid: number): number {
  return ((pid >> 16) & 0xff) | (pid & 0xff00);
}

/** As it was given out: on its way here it may have lost passes. */
export function withAllPasses(key: Uint8Array): Uint8Array {
  const whole = copyOf(key);
  if (whole.length > LAST) whole[LAST]! |= PASSES;
  return whole;
}

/** For the next one on its way; undefined when it has been passed on often enough. */
export function withOnePassLess(key: Uint8Array): Uint8Array | undefined {
  if (key.length <= LAST || (key[LAST]! & PASSES) === 0) return undefined;
  const next = copyOf(key);
  next[LAST]!--;
  return next;
}

/** `slice()` of what node calls a Buffer is no copy. */
function copyOf(key: Uint8Array): Uint8Array {
  return new Uint8Array(key);
}
