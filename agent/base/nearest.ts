// The nearest known name to one that nobody knows: what "did you mean" is made of.

/** Undefined when nothing is near enough to be a slip of the fingers. Case and `-` for `_` cost nothing. */
export function nearest(written: string, known: Iterable<string>): string | undefined {
  const folded = fold(written);
  // A third of the letters wrong is a slip; more than that is another word.
  let distanceMax = Math.max(1, Math.floor(folded.length / 3));
  let best: string | undefined;
  for (const name of known) {
    const distance = editDistance(folded, fold(name), distanceMax);
    if (distance > distanceMax || (best !== undefined && distance === distanceMax)) continue;
    best = name;
    distanceMax = distance;
  }
  return best;
}

function fold(name: string): string {
  return name.toLowerCase().replaceAll('-', '_');
}

/** Letters to insert, remove, replace or swap with their neighbour; gives up (with a number beyond `max`) once it must be more. */
function editDistance(a: string, b: string, max: number): number {
  if (Math.abs(a.length - b.length) > max) return max + 1;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let cost = Math.min(last[column]! + 1, current[column - 1]! + 1, last[column - 1]! + (same ? 0 : 1));
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) cost = Math.min(cost, beforeLast[column - 2]! + 1);
      current.push(cost);
    }
    if (Math.min(...current) > max) return max + 1;
    beforeLast = last;
    last = current;
  }
  return last[b.length]!;
}
