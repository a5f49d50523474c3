// What bounds a client's prepared statements, and how their names are looked at.

/** The settings that concern statements. */
export interface StatementLimits {
  /** Statements that a server keeps (max_prepared_statements); 0 passes names on as they are. */
  readonly max: number;
  /** Bytes that may be kept back of a message that need not be read whole (max_message_held). */
  readonly heldMax: number;
  /** What the texts of all clients may take (prepared_statements_memory); one client may have half of it. */
  readonly memoryMax: number;
}

/** Two empty names: the portal and the statement of most Binds. */
export function isBare(chunk: Uint8Array, at: number, end: number): boolean {
  return at + 1 < end && at + 1 < chunk.length && chunk[at] === 0 && chunk[at + 1] === 0;
}
