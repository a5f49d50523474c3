// The right side of a line in [databases], [users] and [peers]: `host=… dbname='it''s'`, read as PgBouncer reads it.

/** One of the pairs; a later one of the same key counts. */
export interface Pair {
  readonly key: string;
  readonly value: string;
}

export type Pairs =
  | { readonly pairs: readonly Pair[]; readonly swallowed: readonly Pair[] }
  | { readonly reason: string };

const KEY = /[A-Za-z0-9_]+/y;
const BLANKS = /[ \t\r\n\v\f]*/y;
/** In quotes everything but a quote stands for itself, a backslash too. */
const QUOTED = /'((?:[^']|'')*)'/y;
/** Only a space ends a value that has no quotes. */
const BARE = /[^ ]+/y;

/**
 * PgBouncer is stricter than libpq: no empty values, no backslashes, no comments, no capitals. `swallowed` are those whose
 * value looks like the next pair: `dbname= host=x` has the dbname `host=x`.
 */
export function readPairs(text: string): Pairs {
  const pairs: Pair[] = [];
  const swallowed: Pair[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match !== null) at = pattern.lastIndex;
    return match ?? undefined;
  };
  for (take(BLANKS); at < text.length; take(BLANKS)) {
    const key = take(KEY)?.[0];
    if (key === undefined) {
      return /[;#]/.test(text[at]!)
        ? { reason: `"${text[at]}" begins no comment here; give the comment a line of its own` }
        : { reason: `expected key=value pairs with a blank between them${after(pairs)}` };
    }
    take(BLANKS);
    if (text[at] !== '=') return { reason: `expected = behind "${key}"` };
    at += 1;
    const from = at;
    take(BLANKS);
    const isQuoted = text[at] === "'";
    const match = take(isQuoted ? QUOTED : BARE);
    if (match === undefined)
      return {
        reason: isQuoted ? `the quote of ${key} is not closed` : `${key} has no value; leave it out`,
      };
    const value = isQuoted ? match[1]!.replaceAll("''", "'") : match[0];
    if (value === '') return { reason: `${key} has no value; leave it out` };
    if (isQuoted && at < text.length && !/[ \t\r]/.test(text[at]!))
      return {
        reason: `expected a blank behind the value of ${key}; a quote within quotes is written twice`,
      };
    if (!isQuoted && value.includes('\t'))
      return { reason: `a tab stands in the value of ${key}; only a space ends a value` };
    pairs.push({ key, value });
    if (!isQuoted && match.index > from && /^[a-z_]+=/.test(value)) swallowed.push({ key, value });
  }
  return { pairs, swallowed };
}

function after(pairs: readonly Pair[]): string {
  const last = pairs.at(-1);
  return last === undefined ? '' : `, behind ${last.key}`;
}
