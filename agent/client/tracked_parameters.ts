// Asks a server for the parameters that it does not report by itself, after a client ran SET or RESET.

import type { Parameters } from '../state/parameters.ts';
import { decodeFirstColumn } from '../wire/server_messages.ts';

export class TrackedParameters {
  readonly #names: readonly string[];
  readonly #values: (string | undefined)[] = [];

  /** @param names of track_extra_parameters, without those that the server reports. */
  constructor(names: readonly string[]) {
    this.#names = names;
  }

  /** One row a name, in their order. */
  get sql(): string {
    const each = this.#names.map(
      (name) => `pg_catalog.current_setting('${name.replaceAll("'", "''")}', true)`,
    );
    return `SELECT pg_catalog.unnest(ARRAY[${each.join(', ')}])`;
  }

  onRow(body: Uint8Array): void {
    // A server that says more than it was asked is not written down for ever.
    if (this.#values.length < this.#names.length) this.#values.push(decodeFirstColumn(body));
  }

  /** The client's parameters with what the server said. */
  applyTo(parameters: Parameters): Parameters {
    const unreported = new Map(parameters.unreported);
    for (const [i, name] of this.#names.entries()) {
      const value = this.#values[i];
      if (value !== undefined) unreported.set(name.toLowerCase(), value);
    }
    return parameters.withUnreported(unreported);
  }
}
