// Durations, sizes, modes and yes-or-no as people write them, read and printed.

const DURATION_UNITS: Readonly<Record<string, number>> = Object.freeze({
  us: 0.001,
  ms: 1,
  s: 1000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
});

/** What a duration without a unit is counted in. */
export type BareUnit = 's' | 'ms';

const SIZE_UNITS: Readonly<Record<string, number>> = Object.freeze({
  B: 1,
  kB: 1024,
  MB: 1024 ** 2,
  GB: 1024 ** 3,
});

const YES: ReadonlySet<string> = new Set(['1', 'yes', 'on', 'true']);
const NO: ReadonlySet<string> = new Set(['0', 'no', 'off', 'false']);

/** What each reader below takes; the JSON Schema has the same patterns. */
export const DURATION_WRITTEN = /^\s*([0-9]+(?:\.[0-9]+)?)\s*(us|ms|s|min|h|d)?\s*$/;
export const SIZE_WRITTEN = /^\s*([0-9]+(?:\.[0-9]+)?)\s*([bB]|[kKmMgG][bB]?)?\s*$/;
export const OCTAL_WRITTEN = /^\s*(?:0o?)?[0-7]{1,4}\s*$/;
export const INTEGER_WRITTEN = /^\s*[+-]?[0-9]+(?:_[0-9]+)*\s*$/;

/** For the sentence "expected …", as the four below it. */
export function durationExpected(bareUnit: BareUnit = 's'): string {
  const bare = bareUnit === 's' ? 'seconds' : 'milliseconds';
  return `a duration: ${bare}, or a number with its unit (500ms, 30s, 5min, 1h, 1d)`;
}

export const SIZE_EXPECTED = 'a size: bytes, or a number with its unit (64kB, 16MB, 1GB)';
export const OCTAL_EXPECTED = 'an octal mode such as 0770';
export const INTEGER_EXPECTED = 'a whole number';
export const BOOLEAN_EXPECTED = 'yes or no (also on, off, true, false, 1, 0)';

/** Milliseconds, a whole number; without a unit it is seconds, as most of PgBouncer's. Undefined when it is no duration. */
export function parseDuration(written: string | number, bareUnit: BareUnit = 's'): number | undefined {
  const match = DURATION_WRITTEN.exec(String(written));
  if (match === null) return undefined;
  const [, amount, unit = bareUnit] = match;
  const ms = Number(amount) * DURATION_UNITS[unit]!;
  // What is not nothing must not become nothing: 0 has a meaning of its own.
  return ms > 0 ? Math.max(1, Math.round(ms)) : 0;
}

/** Bytes, a whole number; without a unit it is bytes. Undefined when it is no size. */
export function parseSize(written: string | number): number | undefined {
  const match = SIZE_WRITTEN.exec(String(written));
  if (match === null) return undefined;
  const [, amount, letters = ''] = match;
  const unit = Object.keys(SIZE_UNITS).find(
    (each) => each[0]!.toLowerCase() === (letters[0] ?? 'b').toLowerCase(),
  );
  return Math.round(Number(amount) * SIZE_UNITS[unit!]!);
}

/** The digits are octal with or without a 0 in front: 770 is what `chmod 770` means. */
export function parseOctal(written: string | number): number | undefined {
  const text = String(written).trim();
  if (!OCTAL_WRITTEN.test(text)) return undefined;
  return Number.parseInt(text.replace(/^0o?(?=[0-7])/, ''), 8);
}

export function parseBoolean(written: string | number | boolean): boolean | undefined {
  const word = String(written).trim().toLowerCase();
  if (YES.has(word)) return true;
  return NO.has(word) ? false : undefined;
}

/** A whole number that JavaScript holds exactly; `_` between digits as in Ruby and Python. */
export function parseInteger(written: string | number): number | undefined {
  if (!INTEGER_WRITTEN.test(String(written))) return undefined;
  const value = Number(String(written).replaceAll('_', ''));
  return Number.isSafeInteger(value) ? value : undefined;
}

/** The largest unit that leaves a whole number: `120000` → `2min`, `1500` → `1500ms`, `0` → `0`. */
export function printDuration(ms: number): string {
  return inLargestUnit(ms, DURATION_UNITS, ['d', 'h', 'min', 's', 'ms']);
}

/** `65536` → `64kB`, `100` → `100B`, `0` → `0`. */
export function printSize(bytes: number): string {
  return inLargestUnit(bytes, SIZE_UNITS, ['GB', 'MB', 'kB', 'B']);
}

export function printOctal(mode: number): string {
  return `0${mode.toString(8).padStart(3, '0')}`;
}

function inLargestUnit(
  amount: number,
  worth: Readonly<Record<string, number>>,
  largestFirst: readonly string[],
): string {
  if (amount === 0) return '0';
  const unit = largestFirst.find((each) => amount % worth[each]! === 0);
  return unit === undefined ? String(amount) : `${amount / worth[unit]!}${unit}`;
}
