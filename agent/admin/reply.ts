// What the console says to one client: collected, written in blocks, never faster than it is read or than others can wait.

import type { Clock } from '../base/clock.ts';
import type { Connection } from '../net/connection.ts';
import { concat } from '../wire/bytes.ts';
import type { Cell, RowWriter } from '../wire/typed_rows.ts';

/** Rows are made for so long before everybody else has a turn. */
const SLICE_MS = 2;
/** So many bytes of rows leave together. */
const BLOCK_BYTES = 64 * 1024;
/** More than this is not left to a client that does not read. */
const BUFFERED_BYTES_MAX = 512 * 1024;

export class Reply {
  readonly #connection: Connection;
  readonly #clock: Clock;
  #pieces: Uint8Array[] = [];
  #bytes = 0;
  #onRead: (() => void) | undefined;
  #over = false;

  constructor(connection: Connection, clock: Clock) {
    this.#connection = connection;
    this.#clock = clock;
  }

  add(bytes: Uint8Array): void {
    if (this.#over) return;
    this.#pieces.push(bytes);
    this.#bytes += bytes.length;
  }

  send(): void {
    if (this.#pieces.length === 0 || this.#over) return;
    this.#connection.write(concat(this.#pieces));
    this.#pieces = [];
    this.#bytes = 0;
  }

  /** To be awaited after every step that adds something; undefined, as nearly always: there may be more at once. */
  settle(): Promise<void> | undefined {
    return this.#bytes + this.#connection.buffered > BUFFERED_BYTES_MAX ? this.sendAndWait() : undefined;
  }

  /** Resolves when the client has read so much of it that there may be more; or has gone. */
  async sendAndWait(): Promise<void> {
    this.send();
    if (this.#over || this.#connection.buffered <= BUFFERED_BYTES_MAX) return;
    await new Promise<void>((resolve) => {
      this.#onRead = resolve;
    });
  }

  onDrain(): void {
    this.#onRead?.();
    this.#onRead = undefined;
  }

  /** The client has gone: nothing more is made for it. */
  end(): void {
    this.#over = true;
    this.#pieces = [];
    this.#bytes = 0;
    this.onDrain();
  }

  /** As many rows as `max` (0: all). Gives how many, and whether those were the last. */
  async rows(
    rows: Iterator<readonly Cell[]>,
    writer: RowWriter,
    max: number,
  ): Promise<{ readonly count: number; readonly isLast: boolean }> {
    const clock = this.#clock;
    let since = clock.now();
    for (let count = 0; ; count++) {
      const isEnough = max > 0 && count >= max;
      const next = isEnough ? undefined : rows.next();
      if (next === undefined || next.done === true || this.#over) {
        this.add(writer.take());
        return { count, isLast: !isEnough };
      }
      writer.add(next.value);
      const isLong = clock.now() - since >= SLICE_MS;
      if (!isLong && writer.bytes < BLOCK_BYTES) continue;
      this.add(writer.take());
      await this.sendAndWait();
      // What was sent may have cost no time at all: a slice goes on until somebody else has had a turn.
      if (!isLong) continue;
      await new Promise<void>((resolve) => clock.after(0, resolve));
      since = clock.now();
    }
  }
}
