// Compares two traces line by line, and tells which of their differences are intended.

/** Lines that only the one has, where the other has other lines, or none. */
export interface Difference {
  readonly theirs: readonly string[];
  readonly ours: readonly string[];
}

/** A difference that is meant: `*` in a line stands for anything, and a last line `**` for all that is left. */
export interface Intended {
  readonly name: string;
  readonly theirs: readonly string[];
  readonly ours: readonly string[];
}

/** Where they differ, from the beginning on: the longest common run of lines is what they have in common. */
export function differences(theirs: readonly string[], ours: readonly string[]): Difference[] {
  const common = commonLengths(theirs, ours);
  const found: { theirs: string[]; ours: string[] }[] = [];
  let open: { theirs: string[]; ours: string[] } | undefined;
  for (let [t, o] = [0, 0]; t < theirs.length || o < ours.length; ) {
    if (t < theirs.length && o < ours.length && theirs[t] === ours[o]) {
      [open, t, o] = [undefined, t + 1, o + 1];
      continue;
    }
    if (open === undefined) {
      open = { theirs: [], ours: [] };
      found.push(open);
    }
    if (o === ours.length || (t < theirs.length && common[t + 1]![o]! >= common[t]![o + 1]!))
      open.theirs.push(theirs[t++]!);
    else open.ours.push(ours[o++]!);
  }
  return found;
}

/** How many lines the rests from each place on have in common. */
function commonLengths(theirs: readonly string[], ours: readonly string[]): number[][] {
  const lengths = Array.from({ length: theirs.length + 1 }, () => new Array<number>(ours.length + 1).fill(0));
  for (let t = theirs.length - 1; t >= 0; t--) {
    for (let o = ours.length - 1; o >= 0; o--) {
      const [down, right] = [lengths[t + 1]![o]!, lengths[t]![o + 1]!];
      lengths[t]![o] = theirs[t] === ours[o] ? lengths[t + 1]![o + 1]! + 1 : Math.max(down, right);
    }
  }
  return lengths;
}

/** The names of the intended ones that it is made of, one behind the other; undefined where something is left. */
export function explanation(difference: Difference, intended: readonly Intended[]): string[] | undefined {
  const { theirs, ours } = difference;
  if (theirs.length === 0 && ours.length === 0) return [];
  for (const each of intended) {
    const [restOfTheirs, restOfOurs] = [restOf(theirs, each.theirs), restOf(ours, each.ours)];
    if (restOfTheirs === undefined || restOfOurs === undefined) continue;
    const rest = { theirs: restOfTheirs, ours: restOfOurs };
    // What takes nothing away would be tried for ever.
    if (rest.theirs.length + rest.ours.length === theirs.length + ours.length) continue;
    const names = explanation(rest, intended);
    if (names !== undefined) return [each.name, ...names];
  }
  return undefined;
}

/** What is behind the lines that fit; undefined where they do not. */
function restOf(lines: readonly string[], patterns: readonly string[]): readonly string[] | undefined {
  const takesAll = patterns.at(-1) === '**';
  const ordinary = takesAll ? patterns.slice(0, -1) : patterns;
  if (ordinary.length > lines.length) return undefined;
  if (!ordinary.every((pattern, index) => fits(lines[index]!, pattern))) return undefined;
  return takesAll ? [] : lines.slice(ordinary.length);
}

function fits(line: string, pattern: string): boolean {
  const [first = '', ...others] = pattern.split('*');
  if (others.length === 0) return line === pattern;
  if (!line.startsWith(first)) return false;
  const last = others.pop()!;
  let at = first.length;
  for (const other of others) {
    const found = line.indexOf(other, at);
    if (found < 0) return false;
    at = found + other.length;
  }
  return line.length - last.length >= at && line.endsWith(last);
}
