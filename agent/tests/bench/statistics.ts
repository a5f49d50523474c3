// The arithmetic of the bench: medians, percentiles, and the ratio of two poolers with its spread.

/** Of an unsorted list; the mean of the middle two when there are as many below as above. */
export function median(values: readonly number[]): number {
  const sorted = sortNumbers(values);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** The smallest value that at least `share` of them do not exceed (nearest rank); `sorted` ascends. */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  const rank = Math.max(1, Math.ceil(share * sorted.length));
  return sorted[rank - 1] ?? Number.NaN;
}

export interface Ratio {
  /** Median of ours by median of theirs. */
  readonly ratio: number;
  /** The smallest and the largest ratio of one pair: two runs, one right after the other. */
  readonly from: number;
  readonly to: number;
}

/** `ours[i]` and `theirs[i]` are a pair. */
export function ratioOf(ours: readonly number[], theirs: readonly number[]): Ratio {
  const pairs = sortNumbers(ours.map((value, index) => value / (theirs[index] ?? Number.NaN)));
  return {
    ratio: median(ours) / median(theirs),
    from: pairs[0] ?? Number.NaN,
    to: pairs.at(-1) ?? Number.NaN,
  };
}

function sortNumbers(values: readonly number[]): number[] {
  return [...values].sort((a, b) => a - b);
}
