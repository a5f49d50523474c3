// What a name has led to: the addresses of its last answers, in turns, with those that failed behind the others.

/** More of them are passed over: nobody has so many, and each would have to be tried. */
const ADDRESSES_MAX = 64;
/** For so long an address that did not take a connection is tried behind the others. */
const AVOIDED_MS = 60_000;
/** A name that gives some of its addresses at each answer (a reader endpoint) is known by addresses that come back … */
const RETURNS_OF_ROTATION = 3;
/** … within this time. All that were seen in it are then its addresses. */
const ROTATION_MS = 10 * 60_000;

interface Seen {
  /** When it was last in an answer. */
  at: number;
  /** When it came back after it had been missing. */
  readonly returns: number[];
}

export class KnownAddresses {
  /** In the order of the last answer; empty until there was one, or when the name is gone. */
  current: readonly string[] = [];
  /** What the last answer had, without what is remembered beside it. */
  #answer: readonly string[] = [];
  readonly #seen = new Map<string, Seen>();
  readonly #avoidedUntil = new Map<string, number>();
  #turn = 0;

  /** Takes an answer up; an empty one says that the name is gone. True when it leads somewhere else than before. */
  take(answer: readonly string[], now: number): boolean {
    const before = this.current;
    const addresses = [...new Set(answer)].slice(0, ADDRESSES_MAX);
    for (const address of addresses) this.#see(address, now);
    this.#answer = addresses;
    for (const [address, { at }] of this.#seen) if (at + ROTATION_MS <= now) this.#seen.delete(address);
    for (const [address, until] of this.#avoidedUntil) if (until <= now) this.#avoidedUntil.delete(address);
    const isGone = addresses.length === 0;
    const others = !isGone && this.#isRotating(now) ? [...this.#seen.keys()] : [];
    this.current = [...new Set([...addresses, ...others])].slice(0, ADDRESSES_MAX);
    return before.length !== this.current.length || before.some((each) => !this.current.includes(each));
  }

  /** Each call begins with the next one. Those that failed lately are behind the others. */
  inTurn(now: number): readonly string[] {
    const all = this.current;
    if (all.length < 2) return all;
    const first = this.#turn++ % all.length;
    const turned = [...all.slice(first), ...all.slice(0, first)];
    const isAvoided = (address: string): boolean => (this.#avoidedUntil.get(address) ?? 0) > now;
    return [
      ...turned.filter((address) => !isAvoided(address)),
      ...turned.filter((address) => isAvoided(address)),
    ];
  }

  avoid(address: string, now: number): void {
    if (this.current.includes(address)) this.#avoidedUntil.set(address, now + AVOIDED_MS);
  }

  #see(address: string, now: number): void {
    const seen = this.#seen.get(address);
    if (seen === undefined) {
      this.#seen.set(address, { at: now, returns: [] });
      return;
    }
    seen.at = now;
    if (this.#answer.length > 0 && !this.#answer.includes(address)) seen.returns.push(now);
  }

  #isRotating(now: number): boolean {
    let many = 0;
    for (const { returns } of this.#seen.values()) {
      while (returns.length > 0 && returns[0]! + ROTATION_MS <= now) returns.shift();
      many += returns.length;
    }
    return many >= RETURNS_OF_ROTATION;
  }
}
