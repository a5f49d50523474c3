// Fills ${VAR} in the values of .env files, once and without ever running anything.

// By hand, because the package dotenv-expand (1000.0) runs `$(command)` through a shell, also when a variable's value
// brings the `$(` along, and fills in again what it has filled in, so that a password with a `$` in it is damaged.
// dotenv_expand_test.ts holds this against the package on everything else.

/** A value that grows beyond this, by variables that name variables, is not a setting. */
export const DOTENV_VALUE_CHARS_MAX = 64 * 1024;
/** `${A:-${B:-…}}` */
export const DOTENV_NESTING_MAX = 16;

export interface Expanded {
  readonly text: string;
  /** It holds `$(`, or a variable that does: there is no value without running a command. */
  readonly command: boolean;
  /** It is longer than DOTENV_VALUE_CHARS_MAX, or a variable in it is. */
  readonly tooLong: boolean;
  /** Variables that are not set, and so leave a gap. */
  readonly unset: readonly string[];
}

export type Lookup = (name: string) => Expanded | undefined;

export function plainValue(text: string): Expanded {
  return { text, command: false, tooLong: text.length > DOTENV_VALUE_CHARS_MAX, unset: [] };
}

/** `$NAME`, `${NAME}`, `${NAME:-word}`, `${NAME-word}`, `${NAME:+word}`, `${NAME+word}`; `\$` is a dollar sign. */
export function expandDotenv(value: string, lookup: Lookup): Expanded {
  const expander = new Expander(lookup);
  expander.expand(value, 0);
  return expander.expanded();
}

// An escaped dollar sign, a command, the opening of braces, a bare name, or what lies between them.
const PIECE = /\\\$|\$\(|\$\{|\$([A-Za-z_][A-Za-z0-9_]*)|[^\\$]+|[\\$]/gy;
const BRACED = /^([A-Za-z_][A-Za-z0-9_.]*)(?:(:?[-+])([\s\S]*))?$/;

class Expander {
  readonly #lookup: Lookup;
  readonly #unset = new Set<string>();
  #text = '';
  #command = false;
  #tooLong = false;

  constructor(lookup: Lookup) {
    this.#lookup = lookup;
  }

  expanded(): Expanded {
    const text = this.#tooLong ? '' : this.#text;
    return { text, command: this.#command, tooLong: this.#tooLong, unset: [...this.#unset] };
  }

  expand(value: string, depth: number): void {
    let at = 0;
    while (at < value.length && !this.#tooLong) {
      PIECE.lastIndex = at;
      const [piece = '', name] = PIECE.exec(value) ?? [];
      at += piece.length;
      if (piece === '\\$') this.#add('$');
      else if (name !== undefined) this.#fill(name, undefined, '', depth);
      else if (piece === '${') {
        const end = closingBrace(value, at);
        const [, braced, operator, word = ''] = BRACED.exec(end === -1 ? '' : value.slice(at, end)) ?? [];
        if (braced === undefined || depth >= DOTENV_NESTING_MAX) {
          this.#add(piece);
          continue;
        }
        this.#fill(braced, operator, word, depth);
        at = end + 1;
      } else {
        this.#command ||= piece === '$(';
        this.#add(piece);
      }
    }
  }

  #fill(name: string, operator: string | undefined, word: string, depth: number): void {
    const found = this.#lookup(name);
    const set = found !== undefined && (found.text !== '' || operator === '-' || operator === '+');
    if (operator?.endsWith('+')) {
      if (set) this.expand(word, depth + 1);
    } else if (found === undefined || !set) {
      if (operator !== undefined) this.expand(word, depth + 1);
      else if (found === undefined) this.#unset.add(name);
      else this.#take(found);
    } else {
      this.#take(found);
    }
  }

  #take(found: Expanded): void {
    this.#command ||= found.command;
    this.#tooLong ||= found.tooLong;
    for (const name of found.unset) this.#unset.add(name);
    this.#add(found.text);
  }

  #add(text: string): void {
    if (this.#text.length + text.length > DOTENV_VALUE_CHARS_MAX) this.#tooLong = true;
    else this.#text += text;
  }
}

function closingBrace(value: string, start: number): number {
  let open = 1;
  for (let at = start; at < value.length; at += 1) {
    if (value[at] === '{' && value[at - 1] === '$') open += 1;
    else if (value[at] === '}') open -= 1;
    if (open === 0) return at;
  }
  return -1;
}
