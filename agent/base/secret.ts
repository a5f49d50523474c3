// A password that prints as *** everywhere, until somebody who has to opens it.

import { Masked } from './masked.ts';

/** Only `auth`, `server/login` and `render` (with --show-secrets) call `open()`; scripts/tidy.ts sees to it. */
export class Secret extends Masked {
  readonly #text: string;

  constructor(text: string) {
    super();
    this.#text = text;
  }

  open(): string {
    return this.#text;
  }

  /** Compares without opening: is it the same password as before the reload? */
  equals(other: Secret | undefined): boolean {
    return other !== undefined && other.#text === this.#text;
  }
}
