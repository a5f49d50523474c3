// Cuts pg_hba.conf and pg_ident.conf into lines, fields and words as PostgreSQL 16 does, quotes and continued lines included.

import { type Problem, problem } from '../base/errors.ts';

/** A longer file is no list of who may come in; reading it would hold up everybody who is connected. */
export const HBA_CHARS_MAX = 256 * 1024;
/** Nobody reads more complaints than these about one file, and the rest of it is not read. */
export const HBA_PROBLEMS_MAX = 20;

/** One name of a field. In quotes a keyword is a name like any other. */
export interface HbaWord {
  readonly text: string;
  readonly quoted: boolean;
}

export interface HbaLine {
  /** 1-based; of the first one, where a backslash continues it. */
  readonly line: number;
  /** Separated by blanks; each holds the words of a list with commas, at least one. */
  readonly fields: readonly (readonly HbaWord[])[];
  /** A quote was opened and not closed: PostgreSQL takes the rest of the line for the name, which nobody means. */
  readonly unclosed: boolean;
}

/** The complaint about a file that is not read because of its length. */
export function hbaTooLong(text: string, place: string): Problem | undefined {
  if (text.length <= HBA_CHARS_MAX) return undefined;
  const details = {
    what: 'file',
    value: `of ${text.length} characters`,
    expected: `at most ${HBA_CHARS_MAX} (HBA_CHARS_MAX)`,
  };
  return problem('error', 'hba_unreadable', details, { place });
}

/** Lines with nothing but blanks and comments are left out. */
export function readHbaWords(text: string): readonly HbaLine[] {
  const lines: HbaLine[] = [];
  const written = text.replace(/^\ufeff/, '').split('\n');
  for (let index = 0; index < written.length; index++) {
    const line = index + 1;
    const pieces: string[] = [];
    let piece = withoutEnd(written[index]!);
    while (piece.endsWith('\\') && index + 1 < written.length) {
      pieces.push(piece.slice(0, -1));
      index++;
      piece = withoutEnd(written[index]!);
    }
    const reader = new WordReader(pieces.join('') + piece);
    const fields = reader.fields();
    if (fields.length > 0) lines.push({ line, fields, unclosed: reader.unclosed });
  }
  return lines;
}

function withoutEnd(line: string): string {
  return line.replace(/\r+$/, '');
}

class WordReader {
  unclosed = false;
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  fields(): HbaWord[][] {
    const fields: HbaWord[][] = [];
    for (let field = this.#field(); field.length > 0; field = this.#field()) fields.push(field);
    return fields;
  }

  /** A comma right behind a word says that the list goes on, blanks or not. */
  #field(): HbaWord[] {
    const words: HbaWord[] = [];
    for (;;) {
      const word = this.#word();
      if (word === undefined) return words;
      words.push(word);
      if (this.#text[this.#at] !== ',') return words;
    }
  }

  #word(): HbaWord | undefined {
    const text = this.#text;
    while (isBlank(text[this.#at]) || text[this.#at] === ',') this.#at++;
    const quoted = text[this.#at] === '"';
    let word = '';
    let sawQuote = false;
    for (; this.#at < text.length; this.#at++) {
      const letter = text[this.#at]!;
      if (letter === '"') {
        sawQuote = true;
        word += this.#quoted();
        continue;
      }
      if (isBlank(letter) || letter === ',') break;
      if (letter === '#') {
        this.#at = text.length;
        break;
      }
      word += letter;
    }
    return sawQuote || word !== '' ? { text: word, quoted } : undefined;
  }

  /** From a quote to the one that closes it, where it stays; a doubled one is the letter itself. */
  #quoted(): string {
    const text = this.#text;
    let word = '';
    for (this.#at++; this.#at < text.length; this.#at++) {
      if (text[this.#at] !== '"') word += text[this.#at];
      else if (text[this.#at + 1] !== '"') return word;
      else {
        word += '"';
        this.#at++;
      }
    }
    this.unclosed = true;
    return word;
  }
}

function isBlank(letter: string | undefined): boolean {
  return letter === ' ' || letter === '\t' || letter === '\r';
}
