// How long to wait before the next login after one that failed: short at first, longer each time, never all at once.

const FIRST_MS = 100;

/** @param failures in a row, 1 or more; @param maxMs server_login_retry; @param random from 0 to 1, spreads a fleet's retries. */
export function backoffMs(failures: number, maxMs: number, random: number): number {
  const full = Math.min(maxMs, FIRST_MS * 2 ** Math.min(failures - 1, 20));
  return full * (0.5 + random / 2);
}
