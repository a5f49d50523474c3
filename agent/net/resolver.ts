// Looks names up for connections to servers: keeps what it found for dns_max_ttl, asks once at a time, and tells what changed.

import { isIP } from 'node:net';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { isSocketHost } from '../base/socket_host.ts';
import { KnownAddresses } from './known_addresses.ts';

/** What a lookup comes to: addresses, or that there is no such name, or that nobody could say. */
export type LookupResult =
  | { readonly addresses: readonly string[] }
  | { readonly failure: 'missing' | 'unanswered'; readonly reason: string };

export interface ResolverTools {
  /** Never rejects. */
  readonly lookup: (name: string) => Promise<LookupResult>;
  readonly clock: Clock;
  readonly log: Log;
  readonly times: () => { readonly maxTtlMs: number; readonly missingTtlMs: number };
  /** The name leads somewhere else than it did: these are its addresses now. */
  readonly onChanged: (name: string, addresses: readonly string[]) => void;
  /** Lookups at one time; the others wait. */
  readonly lookupsMax: number;
}

/** A row of SHOW DNS_HOSTS. */
export interface NameRow {
  readonly name: string;
  /** Until it is looked up again. */
  readonly ttlMs: number;
  readonly addresses: readonly string[];
}

/** The settings name each of them: nobody comes near this. */
const NAMES_MAX = 4_096;
/** For so long one that nobody uses is remembered. */
const UNUSED_MS = 60_000;
/** Whatever happens, a name is asked for no more often than this. */
const PAUSE_MS = 1_000;
/** For so long a connection waits for a new answer where there is an old one. */
const NEWS_MS = 2_000;

class Name {
  readonly name: string;
  readonly known = new KnownAddresses();
  /** From then on it has to be looked up before it is used. */
  expiresAt = 0;
  lookedUpAt = Number.NEGATIVE_INFINITY;
  /** Why there are no addresses. */
  failure = '';
  /** Somebody may be connected to an address that it had. */
  wasFound = false;
  /** That it cannot be looked up has been said. */
  isFailing = false;
  underWay: Promise<void> | undefined;

  constructor(name: string) {
    this.name = name;
  }
}

export class Resolver {
  readonly #tools: ResolverTools;
  readonly #names = new Map<string, Name>();
  /** Starts of lookups that wait for others to end. */
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(tools: ResolverTools) {
    this.#tools = tools;
  }

  get names(): number {
    return this.#names.size;
  }
  get queries(): number {
    return this.#running;
  }
  get pending(): number {
    return this.#waiting.length;
  }

  *rows(): Iterable<NameRow> {
    const now = this.#tools.clock.now();
    for (const { name, expiresAt, known } of this.#names.values())
      yield { name, ttlMs: Math.max(expiresAt - now, 0), addresses: known.current };
  }

  /** Where to connect, in the order in which to try; rejects with an Error that says why not. `signal` gives up. */
  async addressesOf(name: string, signal: AbortSignal): Promise<readonly string[]> {
    const entry = this.#entry(name);
    const { clock } = this.#tools;
    if (entry.expiresAt <= clock.now()) {
      const waitMs = entry.known.current.length > 0 ? NEWS_MS : undefined;
      await this.#wait(this.#lookUp(entry), signal, waitMs);
    }
    if (entry.known.current.length === 0) throw new Error(entry.failure);
    return entry.known.inTurn(clock.now());
  }

  /** No connection came about there: the others are tried before it, and the name may lead elsewhere by now. */
  onFailed(name: string, address: string): void {
    this.#names.get(name)?.known.avoid(address, this.#tools.clock.now());
    this.doubt(name);
  }

  /** A server that was found by this name is gone: it is looked up again soon. */
  doubt(name: string): void {
    const entry = this.#names.get(name);
    if (entry !== undefined) entry.expiresAt = Math.min(entry.expiresAt, entry.lookedUpAt + PAUSE_MS);
  }

  /** Looks names up again whose time is over, and forgets those that nobody uses. */
  tick(namesInUse: () => ReadonlySet<string>): void {
    const now = this.#tools.clock.now();
    let inUse: ReadonlySet<string> | undefined;
    for (const entry of this.#names.values()) {
      if (entry.underWay !== undefined || entry.expiresAt > now) continue;
      inUse ??= namesInUse();
      if (!inUse.has(entry.name)) {
        if (entry.lookedUpAt + UNUSED_MS <= now && entry.expiresAt + UNUSED_MS <= now)
          this.#names.delete(entry.name);
      } else void this.#lookUp(entry);
    }
  }

  #entry(name: string): Name {
    let entry = this.#names.get(name);
    if (entry === undefined) {
      if (this.#names.size >= NAMES_MAX) throw new Error(`more than ${NAMES_MAX} names are in use`);
      entry = new Name(name);
      this.#names.set(name, entry);
    }
    return entry;
  }

  #lookUp(entry: Name): Promise<void> {
    entry.underWay ??= this.#whenFree()
      .then(() => this.#tools.lookup(entry.name))
      .then((result) => this.#onResult(entry, result))
      .finally(() => {
        entry.underWay = undefined;
        this.#running--;
        this.#waiting.shift()?.();
      });
    return entry.underWay;
  }

  async #whenFree(): Promise<void> {
    if (this.#running >= this.#tools.lookupsMax)
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#running++;
  }

  #onResult(entry: Name, result: LookupResult): void {
    const { clock, log, times, onChanged } = this.#tools;
    const { name, known } = entry;
    const now = clock.now();
    const { maxTtlMs, missingTtlMs } = times();
    const before = known.current;
    entry.lookedUpAt = now;
    if ('addresses' in result) {
      entry.expiresAt = now + Math.max(maxTtlMs, PAUSE_MS);
      if (entry.isFailing) log.info({ name, addresses: result.addresses }, 'a name can be looked up again');
      entry.isFailing = false;
      const isNews = known.take(result.addresses, now) && entry.wasFound;
      entry.wasFound = true;
      if (!isNews) return;
      log.info({ name, before, addresses: known.current }, 'a name leads to other addresses');
      onChanged(name, known.current);
      return;
    }
    const { failure, reason } = result;
    if (failure === 'missing') {
      entry.failure = `could not find the address of host ${name}`;
      entry.expiresAt = now + Math.max(missingTtlMs, PAUSE_MS);
      known.take([], now);
    } else {
      // Where nobody answers, what was answered last is the best that is known.
      entry.failure = `could not find the address of host ${name}: no answer from the name servers (${reason})`;
      entry.expiresAt = now + PAUSE_MS;
    }
    if (!entry.isFailing)
      log.warn({ name, reason, addresses: known.current }, 'a name could not be looked up');
    entry.isFailing = true;
  }

  /** For what was asked, or as long as it may take: `waitMs` ends without a word. */
  #wait(work: Promise<void>, signal: AbortSignal, waitMs: number | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const giveUp = (): void => reject(new Error('no answer from the name servers in time'));
      if (signal.aborted) return giveUp();
      signal.addEventListener('abort', giveUp, { once: true });
      const timer = waitMs === undefined ? undefined : this.#tools.clock.after(waitMs, resolve);
      work.then(resolve, reject).finally(() => {
        timer?.clear();
        signal.removeEventListener('abort', giveUp);
      });
    });
  }
}

/** Whether it has to be looked up at all. */
export function isName(host: string): boolean {
  return !isSocketHost(host) && isIP(host) === 0;
}
