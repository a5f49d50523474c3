// What Ruby's Psych makes of a plain YAML scalar: `2_500` is 2500, `010` is 8, `yes` is true, `1,000` is 1000.

export type PlainValue = string | number | boolean | null;

// Psych reads YAML 1.1 with its own additions, and the applications whose files are read here were written against it.
// Every pattern was checked against Psych 4.0 with the table in psych_scalar_test.ts.
const SEXAGESIMAL = /^([-+]?)([0-9][0-9_]*)((?::[0-5]?[0-9]){1,2})(\.[0-9_]*)?$/;
const FLOAT = /^[-+]?(?:[0-9][0-9_,]*)?\.[0-9]*(?:[eE][-+][0-9]+)?$/;
const INTEGER_BINARY = /^[-+]?0b[0-1_,]+$/;
const INTEGER_OCTAL = /^[-+]?0[0-7_,]+$/;
const INTEGER_DECIMAL = /^[-+]?(?:0|[1-9](?:[0-9]|,[0-9]|_[0-9])*)$/;
const INTEGER_HEX = /^[-+]?0x[0-9a-fA-F_,]+$/;

/**
 * The value of an unquoted scalar. Dates and symbols, which no setting has, stay text; an integer too large for
 * JavaScript is its own digits as text.
 */
export function psychScalar(text: string): PlainValue {
  if (text === '' || text === '~') return null;
  const word = text.length <= 5 ? wordOf(text.toLowerCase()) : undefined;
  if (word !== undefined) return word;
  return numberOf(text) ?? text;
}

function wordOf(word: string): boolean | null | undefined {
  switch (word) {
    case 'null':
      return null;
    case 'true':
    case 'yes':
    case 'on':
      return true;
    case 'false':
    case 'no':
    case 'off':
      return false;
    default:
      return undefined;
  }
}

function numberOf(text: string): number | string | undefined {
  const special = /^([-+]?)\.inf$/i.exec(text);
  if (special !== null) return special[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  if (/^\.nan$/i.test(text)) return Number.NaN;
  const sexagesimal = SEXAGESIMAL.exec(text);
  if (sexagesimal !== null) return base60(sexagesimal);
  if (FLOAT.test(text) && /[0-9]/.test(text)) {
    const value = Number(text.replace(/[,_]/g, ''));
    return Number.isNaN(value) ? undefined : value;
  }
  const digits = text.replace(/[,_]/g, '').replace(/^[-+]/, '');
  const sign = text.startsWith('-') ? '-' : '';
  if (INTEGER_BINARY.test(text)) return integerOf(sign, digits, '0b', digits.slice(2));
  if (INTEGER_HEX.test(text)) return integerOf(sign, digits, '0x', digits.slice(2));
  if (INTEGER_OCTAL.test(text)) return integerOf(sign, digits, '0o', digits);
  if (INTEGER_DECIMAL.test(text)) return integerOf(sign, digits, '', digits);
  return undefined;
}

/**
 * Base 60 as YAML 1.1 defines it: `12:30` is 750. (Psych weighs two parts as hours and minutes and makes 45000 of it;
 * no setting means either, and whoever reads a text from such a scalar is warned to quote it.)
 */
function base60([, sign, first, rest, fraction]: RegExpExecArray): number {
  const parts = [first ?? '', ...(rest ?? '').split(':').slice(1)].map((part) =>
    Number(part.replaceAll('_', '')),
  );
  const whole = parts.reduce((sum, part) => sum * 60 + part, 0);
  const value = whole + Number(`0${fraction === undefined ? '' : fraction.replaceAll('_', '')}`);
  return sign === '-' ? -value : value;
}

function integerOf(
  sign: string,
  written: string,
  prefix: string,
  digits: string,
): number | string | undefined {
  if (digits === '') return undefined;
  const value = BigInt(`${prefix}${digits}`);
  if (value <= BigInt(Number.MAX_SAFE_INTEGER))
    return sign === '-' && value > 0n ? -Number(value) : Number(value);
  return sign + (prefix === '' ? written : value.toString());
}
