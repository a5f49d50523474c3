// COPY in both directions for node-postgres, which leaves it to others: a query of one's own, in the driver's own terms.

import type pg from 'pg';

/** The part of the driver's connection that a query of one's own may use. */
interface Wire {
  query(text: string): void;
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
}

abstract class Copy {
  readonly done: Promise<string>;
  protected readonly text: string;
  protected tag = '';
  #resolve!: (value: string) => void;
  #reject!: (error: Error) => void;

  constructor(text: string) {
    this.text = text;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  submit(connection: pg.Connection): void {
    (connection as unknown as Wire).query(this.text);
  }

  protected abstract readonly result: string;

  handleRowDescription(): void {}
  handleCommandComplete(message: { text: string }): void {
    this.tag = message.text;
  }
  handleReadyForQuery(): void {
    this.#resolve(this.result);
  }
  handleError(error: Error): void {
    this.#reject(error);
  }
}

/** Resolves with the command's tag. */
export class CopyIn extends Copy {
  readonly #chunks: readonly string[];

  constructor(text: string, chunks: readonly string[]) {
    super(text);
    this.#chunks = chunks;
  }

  protected get result(): string {
    return this.tag;
  }

  handleCopyInResponse(connection: Wire): void {
    for (const chunk of this.#chunks) connection.sendCopyFromChunk(Buffer.from(chunk));
    connection.endCopyFrom();
  }
}

/** Resolves with everything that came. */
export class CopyOut extends Copy {
  readonly #chunks: Buffer[] = [];

  protected get result(): string {
    return Buffer.concat(this.#chunks).toString();
  }

  handleCopyData(message: { chunk: Buffer }): void {
    // The driver reuses its buffer.
    this.#chunks.push(Buffer.from(message.chunk));
  }
}
