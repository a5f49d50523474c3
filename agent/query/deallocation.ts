// Reads whether SQL is one DEALLOCATE or DISCARD ALL, and of what: these end prepared statements, which the agent keeps books of.

/** `name` as the server will look it up, byte for byte (`nameAt()`); undefined: all of them. */
export interface Deallocation {
  readonly name: string | undefined;
}

/** A statement that says so in more words than this is not recognized. */
const LENGTH_MAX = 256;

const WORD = /^[A-Za-z_\x80-\xff][\w$\x80-\xff]*/;
const BLANK = /^(?:[ \t\n\r\f\v]+|--[^\n\r]*|\/\*(?:[^*/]|\*(?!\/)|\/(?!\*))*\*\/)+/;
const QUOTED = /^"((?:[^"]|"")+)"/;

/** Could the text that begins with this byte be one? Asked for every text, so it is a comparison or two. */
export function mayDeallocate(first: number): boolean {
  // D, d; a blank; the beginning of a comment.
  return (first | 0x20) === 0x64 || first <= 0x20 || first === 0x2d || first === 0x2f;
}

/** Could a text of which only the beginning is there be one? @param from where it begins in `bytes`; @param to where it will end. */
export function isToBeSeenWhole(bytes: Uint8Array, from: number, to: number): boolean {
  return to - from <= LENGTH_MAX && (from >= bytes.length || mayDeallocate(bytes[from]!));
}

/** @param from where the text begins in `bytes`; @param to where it ends, without its NUL. */
export function readDeallocation(bytes: Uint8Array, from: number, to: number): Deallocation | undefined {
  if (to - from > LENGTH_MAX || to <= from || !mayDeallocate(bytes[from]!)) return undefined;
  const words = wordsOf(Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('latin1'));
  if (words === undefined) return undefined;
  const [verb, ...rest] = words;
  if (verb === 'discard') return rest.length === 1 && rest[0] === 'all' ? { name: undefined } : undefined;
  if (verb !== 'deallocate') return undefined;
  // PREPARE is noise, unless it is the name itself.
  const [name, ...more] = rest.length > 1 && rest[0] === 'prepare' ? rest.slice(1) : rest;
  if (name === undefined || more.length > 0) return undefined;
  if (name === 'all') return { name: undefined };
  return { name: name.startsWith('"') ? name.slice(1) : name };
}

/** Words without blanks and comments, folded; a quoted one as it is, behind one quote. Undefined: something else is there. */
function wordsOf(sql: string): string[] | undefined {
  const words: string[] = [];
  let rest = sql;
  for (;;) {
    rest = rest.replace(BLANK, '');
    if (rest === '' || (rest[0] === ';' && rest.slice(1).replace(BLANK, '') === '')) return words;
    const quoted = QUOTED.exec(rest);
    const found = quoted ?? WORD.exec(rest);
    if (found === null || words.length === 4) return undefined;
    // PostgreSQL folds ASCII only, whatever the encoding; longer names it cuts, and those are left to it.
    const word = quoted?.[1]?.replaceAll('""', '"') ?? found[0].replace(/[A-Z]/g, (c) => c.toLowerCase());
    if (word.length > 63) return undefined;
    words.push(quoted === null ? word : `"${word}`);
    rest = rest.slice(found[0].length);
  }
}
