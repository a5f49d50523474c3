// Times and durations as SHOW prints them.

/** `2026-01-31 23:59:00 UTC`, of milliseconds since 1970. */
export function printTime(wallMs: number): string {
  return `${new Date(wallMs).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

export function secondsOf(ms: number): number {
  return Math.floor(ms / 1000);
}

/** What `secondsOf()` leaves. */
export function microsecondsOf(ms: number): number {
  return Math.floor((ms % 1000) * 1000);
}
