// What one row of the error table says.

export interface ErrorRow {
  /** Five characters from PostgreSQL's appendix A; what a client sees. */
  readonly sqlstate: string;
  /** What the process exits with when this ends it (sysexits.h: 78 configuration, 69 unavailable, 77 permission). */
  readonly exit: number;
  /** What failed, with what value, and what to do. `{name}` is filled from the details. */
  readonly sentence: string;
}
