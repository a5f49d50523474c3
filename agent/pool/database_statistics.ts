// The statistics of databases: the sums of their pools, those that are gone among them, and their averages by stats_period.

import { averageOf, type Figures, figuresOf, NOTHING, sumOf } from './figures.ts';
import type { PoolStatistics } from './statistics.ts';

/** The part of a pool that is read here. */
export interface Counted {
  readonly database: { readonly name: string };
  readonly statistics: PoolStatistics;
}

export interface StatisticsRow {
  readonly database: string;
  readonly totals: Figures;
  readonly averages: Figures;
}

interface Reading {
  readonly at: number;
  readonly totals: ReadonlyMap<string, Figures>;
}

export class DatabaseStatistics {
  readonly #pools: Iterable<Counted>;
  /** Of pools that are gone: what a database has counted does not fall. */
  readonly #gone = new Map<string, Figures>();
  /** When the last stats_period ended, and the one before it. */
  #newer: Reading;
  #older: Reading;

  constructor(pools: Iterable<Counted>, now: number) {
    this.#pools = pools;
    this.#newer = { at: now, totals: new Map() };
    this.#older = this.#newer;
  }

  /** A row for each database that has had a client. As in PgBouncer an average reaches back one to two periods. */
  read(now: number): readonly StatisticsRow[] {
    const { at, totals: before } = this.#older;
    return [...this.#totals()].map(([database, totals]) => ({
      database,
      totals,
      averages: averageOf(totals, before.get(database) ?? NOTHING, now - at),
    }));
  }

  /** The average of all databases over the period that has just ended; undefined while it lasts. */
  tick(now: number, periodMs: number): Figures | undefined {
    const { at, totals } = this.#newer;
    if (now - at < periodMs) return undefined;
    this.#older = this.#newer;
    this.#newer = { at: now, totals: this.#totals() };
    return averageOf(allOf(this.#newer.totals), allOf(totals), now - at);
  }

  /** A pool goes. @param isServed its database does not. */
  onGone({ database, statistics }: Counted, isServed: boolean): void {
    const { name } = database;
    if (isServed) this.#gone.set(name, sumOf(this.#gone.get(name) ?? NOTHING, figuresOf(statistics)));
    else this.#gone.delete(name);
  }

  #totals(): ReadonlyMap<string, Figures> {
    const totals = new Map(this.#gone);
    for (const { database, statistics } of this.#pools) {
      totals.set(database.name, sumOf(totals.get(database.name) ?? NOTHING, figuresOf(statistics)));
    }
    return totals;
  }
}

function allOf(totals: ReadonlyMap<string, Figures>): Figures {
  return [...totals.values()].reduce(sumOf, NOTHING);
}
