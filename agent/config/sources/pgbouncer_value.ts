// A value of pgbouncer.ini in the words of the settings table: PgBouncer counts in bare seconds, in C's notation of numbers, without capitals.

import type { KeyRow } from '../table/row.ts';

/** `note`: what does not hold as it is written. `value` undefined: then ours holds. */
export interface TakenValue {
  readonly value: string | undefined;
  readonly note?: string;
}

/** Suites of its own that PgBouncer has words for. */
const CIPHER_WORDS: ReadonlySet<string> = new Set(
  'default secure fast normal compat legacy insecure all'.split(' '),
);
const VERSIONS: Readonly<Record<string, readonly string[]>> = {
  secure: ['tlsv1.2', 'tlsv1.3'],
  default: ['tlsv1.2', 'tlsv1.3'],
  all: ['tlsv1.0', 'tlsv1.1', 'tlsv1.2', 'tlsv1.3'],
  legacy: ['tlsv1.0', 'tlsv1.1', 'tlsv1.2', 'tlsv1.3'],
  'tlsv1.0': ['tlsv1.0'],
  'tlsv1.1': ['tlsv1.1'],
  'tlsv1.2': ['tlsv1.2'],
  'tlsv1.3': ['tlsv1.3'],
};

/** What cannot be read is handed on as it is: the row's own reader says what it expected. */
export function takeValue(name: string, row: KeyRow, written: string): TakenValue {
  if (name.endsWith('_tls_protocols')) return protocols(written);
  if (name.endsWith('_tls_ciphers') && CIPHER_WORDS.has(written.toLowerCase())) return { value: '' };
  switch (row.type) {
    case 'enum':
      return { value: row.values?.find((each) => each === written.toLowerCase()) ?? written };
    case 'boolean':
      return { value: /^[+-]?[0-9]+$/.test(written) ? (Number(written) === 0 ? '0' : '1') : written };
    case 'octal':
      // A number without a 0 in front is a decimal one there; one that is no mode was meant as one.
      return { value: mode(written) };
    case 'integer':
    case 'size':
      return unlessNone(row, number(written));
    case 'duration':
      return unlessNone(row, written);
    default:
      return { value: written };
  }
}

/** 0 is "no limit" in PgBouncer; where there is a limit always, ours holds. */
function unlessNone(row: KeyRow, written: string): TakenValue {
  if (row.min === undefined || row.min <= 0 || !/^[+-]?0+(\.0*)?$/.test(written)) return { value: written };
  return {
    value: undefined,
    note: 'PgBouncer reads 0 as no limit, and there is always one here: the default holds',
  };
}

/** strtol() with base 0: `010` is 8, `0x10` is 16. */
function number(written: string): string {
  const [, sign = '', digits = ''] = /^([+-]?)(0[0-7]+|0[xX][0-9a-fA-F]+)$/.exec(written) ?? [];
  if (digits === '') return written;
  const base = /x/i.test(digits) ? 16 : 8;
  return sign + String(Number.parseInt(digits.replace(/^0x?/i, ''), base));
}

function mode(written: string): string {
  if (!/^([1-9][0-9]*|0[xX][0-9a-fA-F]+)$/.test(written)) return written;
  const bits = Number(written);
  return bits > 0o777 ? written : `0${bits.toString(8)}`;
}

function protocols(written: string): TakenValue {
  const wanted = new Set<string>();
  for (const word of written.toLowerCase().split(/[\s,:]+/)) {
    const isLess = word.startsWith('!');
    const versions = VERSIONS[isLess ? word.slice(1) : word];
    if (versions === undefined) return { value: written };
    for (const version of versions) {
      if (isLess) wanted.delete(version);
      else wanted.add(version);
    }
  }
  const [two, three] = [wanted.has('tlsv1.2'), wanted.has('tlsv1.3')];
  const isOld = wanted.has('tlsv1.0') || wanted.has('tlsv1.1');
  const note = 'TLS 1.0 and 1.1 are not spoken';
  if (!two && !three) return { value: undefined, note };
  return { value: two && three ? 'secure' : two ? 'tlsv1.2' : 'tlsv1.3', ...(isOld ? { note } : {}) };
}
