// Do two spellings of a setting's value say the same? A client writes `64MB`, `true` or `5000`, and the server says `64MB`, `on` and `5s`.

const WORDS: ReadonlyMap<string, string> = new Map([
  ...['true', 'yes', '1'].map((word) => [word, 'on'] as const),
  ...['false', 'no', '0'].map((word) => [word, 'off'] as const),
]);

/** Of memory in bytes, of time in microseconds; a number without one is in the unit of its setting, whichever that is. */
const UNITS: ReadonlyMap<string, number> = new Map([
  ['b', 1],
  ['kb', 1024],
  ['mb', 1024 ** 2],
  ['gb', 1024 ** 3],
  ['tb', 1024 ** 4],
  ['us', 1],
  ['ms', 1000],
  ['s', 1_000_000],
  ['min', 60_000_000],
  ['h', 3_600_000_000],
  ['d', 86_400_000_000],
]);
const BASES: readonly number[] = [1, 1000, 1024, 8192, 1_000_000, 1024 ** 2, 60_000_000];

/** When in doubt they do not. */
export function isSameValue(one: string, other: string): boolean {
  if (one === other) return true;
  const [a, b] = [plain(one), plain(other)];
  if (a === b || (WORDS.get(a) ?? a) === (WORDS.get(b) ?? b)) return true;
  const [x, y] = [amountOf(a), amountOf(b)];
  if (x === undefined || y === undefined) return false;
  if (x.unit === y.unit) return x.number === y.number;
  if (x.unit !== '' && y.unit !== '') return bytesOf(x, 1) === bytesOf(y, 1);
  return BASES.some((base) => bytesOf(x, base) === bytesOf(y, base));
}

interface Amount {
  readonly number: number;
  readonly unit: string;
}

function plain(value: string): string {
  return value.toLowerCase().replace(/["\s]/g, '');
}

function amountOf(value: string): Amount | undefined {
  const [, number, unit] = /^(-?\d+(?:\.\d+)?)([a-z]*)$/.exec(value) ?? [];
  if (number === undefined || (unit !== '' && !UNITS.has(unit!))) return undefined;
  return { number: Number(number), unit: unit! };
}

function bytesOf({ number, unit }: Amount, base: number): number {
  return number * (UNITS.get(unit) ?? base);
}
