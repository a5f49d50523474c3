// A password that prints as *** everywhere, until somebody who has to opens it.

/** Only `auth`, `server/login` and `render` (with --show-secrets) call `open()`; scripts/tidy.ts sees to it. */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  open(): string {
    return this.#text;
  }

  /** Compares without opening: is it the same password as before the reload? */
  equals(other: Secret | undefined): boolean {
    return other !== undefined && other.#text === this.#text;
  }

  toString(): string {
    return '***';
  }

  toJSON(): string {
    return '***';
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '***';
  }
}
