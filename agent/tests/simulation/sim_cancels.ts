// The cancel requests of one simulated client that may still hit something.

/** One of a client that is slow to read may show as late as this. */
const ECHO_MS = 3_000;

export interface SimCancel {
  readonly at: number;
  /** The agent has done with the request: from now on it can only hit what the session's server is lent for. */
  isSeen: boolean;
}

export class SimCancels {
  #all: SimCancel[] = [];
  /** So many of them have hit something, and nobody knows which. */
  #spent = 0;

  send(now: number): SimCancel {
    const cancel = { at: now, isSeen: false };
    this.#all.push(cancel);
    return cancel;
  }

  mayHit(now: number): boolean {
    this.#keep(({ at }) => now - at <= ECHO_MS);
    return this.#all.length > this.#spent;
  }

  onHit(): void {
    const seen = this.#all.findIndex(({ isSeen }) => isSeen);
    if (seen >= 0) this.#all.splice(seen, 1);
    // Of two that are under way the later one may have come first.
    else this.#spent++;
  }

  /** The client has given its server back: what it says now may run on another one, and those that the agent has done with cannot hit it. */
  dropSeen(): void {
    this.#keep(({ isSeen }) => !isSeen);
  }

  /** Those that go may be those that have hit. */
  #keep(isMeant: (cancel: SimCancel) => boolean): void {
    const before = this.#all.length;
    this.#all = this.#all.filter(isMeant);
    this.#spent = Math.max(0, this.#spent - (before - this.#all.length));
  }
}
