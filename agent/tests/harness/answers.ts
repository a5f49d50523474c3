// What a server answers, taken apart: errors, rows and command tags as a test compares them.

/** One message of the server's. */
export interface Answer {
  readonly type: string;
  readonly body: Buffer;
}

/** The connection ended, or was ended, before the answer was whole. */
export class ConnectionLost extends Error {
  /** SQLSTATE, where the server or the agent gave one. */
  readonly code: string | undefined;

  constructor(message: string, code?: string) {
    super(message);
    this.code = code;
  }
}

/** The first column of a DataRow, in text. */
export function firstColumn(body: Buffer): string {
  return body.toString('utf8', 6, 6 + body.readInt32BE(2));
}

/** `UPDATE 1`. */
export function commandTag(body: Buffer): string {
  return body.toString('utf8', 0, body.length - 1);
}

export function errorOf(body: Buffer): { severity: string; code: string; message: string } {
  const fields = new Map(
    body
      .toString('utf8')
      .split('\0')
      .filter((field) => field !== '')
      .map((field) => [field[0], field.slice(1)]),
  );
  return {
    severity: fields.get('V') ?? fields.get('S') ?? '',
    code: fields.get('C') ?? '',
    message: fields.get('M') ?? '',
  };
}
