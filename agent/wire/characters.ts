// Characters of the encodings that PostgreSQL has: how many some bytes are, by which it says a place in a text, and which are of ASCII.

/** In these a byte above 0x7f is the first of two, and behind 0x8f of three (PostgreSQL documentation, 23.3). */
const PAIRS: ReadonlySet<string> = new Set(['EUC_CN', 'EUC_JIS_2004', 'EUC_JP', 'EUC_KR', 'EUC_TW']);
const THREE = 0x8f;

/** @param encoding as client_encoding has it; one that is not known here has a byte for each character. */
export function charactersIn(bytes: Uint8Array, from: number, to: number, encoding: string): number {
  if (encoding === 'UTF8') {
    let count = 0;
    for (let at = from; at < to; at++) if ((bytes[at]! & 0xc0) !== 0x80) count++;
    return count;
  }
  if (!PAIRS.has(encoding)) return to - from;
  let count = 0;
  for (let at = from; at < to; count++) at += bytes[at]! < 0x80 ? 1 : bytes[at] === THREE ? 3 : 2;
  return count;
}

export function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}
