// SETs that a server of this pool has taken, and what came of them: the next client that says the same needs no server for it.

/** Applications set the same few things at each connect; whoever sets others each time goes to a server. */
const ENTRIES_MAX = 1_000;
const LENGTH_MAX = 1_000;

export class KnownSettings {
  readonly #reported = new Map<string, string>();

  /** @param name in lower case; @param reported what the server says of it now; empty where it does not report it. */
  learn(name: string, value: string, reported: string): void {
    const key = keyOf(name, value);
    if (key.length > LENGTH_MAX) return;
    if (this.#reported.size >= ENTRIES_MAX && !this.#reported.has(key))
      this.#reported.delete(this.#reported.keys().next().value!);
    this.#reported.set(key, reported);
  }

  /** What a server reports behind such a SET; undefined: nobody knows whether it takes it. */
  reportedAfter(name: string, value: string): string | undefined {
    return this.#reported.get(keyOf(name, value));
  }

  /** A server has refused something: what was so may not be any more. */
  forget(): void {
    this.#reported.clear();
  }
}

function keyOf(name: string, value: string): string {
  return `${name}\0${value}`;
}
