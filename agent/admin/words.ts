// The text that somebody types at the console → its commands, in the few words that PgBouncer's console knows.

/** One command of a text. `text` is as it was typed, without what stands around it. */
export type Typed =
  | { readonly kind: 'words'; readonly name: string; readonly argument: string; readonly text: string }
  /** `value` undefined: DEFAULT, without quotes. */
  | { readonly kind: 'set'; readonly key: string; readonly value: string | undefined; readonly text: string }
  | { readonly kind: 'unknown'; readonly text: string };

interface Token {
  readonly kind: 'word' | 'identifier' | 'string' | 'equals' | 'end' | 'other';
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

/** Blanks, line comments, and the beginning of a block comment, which may have others inside. */
const PASSED = /(?:[ \t\n\r\f\v]+|--[^\n]*)*/y;
const WORD = /[0-9A-Za-z_]+/y;
const IDENTIFIER = /"((?:[^"]|"")*)"/y;
const STRING = /'((?:[^']|'')*)'/y;
/** What may follow SET x = without quotes; PgBouncer takes words only, and says so of the rest. */
const VALUE = /[^\s;'"=]+/y;

/** In their order; a text of nothing but blanks, comments and `;` has none. */
export function readCommands(text: string): readonly Typed[] {
  const commands: Typed[] = [];
  let tokens: Token[] = [];
  let at = 0;
  for (;;) {
    const token = nextToken(text, at, wantsValue(tokens));
    at = token.end;
    if (token.kind !== 'end') {
      tokens.push(token);
      continue;
    }
    if (tokens.length > 0) commands.push(commandOf(text, tokens));
    tokens = [];
    if (token.value === '') return commands;
  }
}

function commandOf(text: string, tokens: readonly Token[]): Typed {
  const typed = text.slice(tokens[0]!.start, tokens.at(-1)!.end);
  const [first, second] = tokens;
  if (isSet(first)) return setOf(typed, tokens);
  const isOne = tokens.length === 1 && isName(first);
  if (!isOne && !(tokens.length === 2 && isName(first) && isName(second)))
    return { kind: 'unknown', text: typed };
  return { kind: 'words', name: first!.value.toLowerCase(), argument: second?.value ?? '', text: typed };
}

/** `SET key = value`, `SET key TO value`. */
function setOf(text: string, tokens: readonly Token[]): Typed {
  const [, key, to, ...values] = tokens;
  const isTo = to?.kind === 'equals' || (to?.kind === 'word' && to.value.toLowerCase() === 'to');
  const value = valueAfter(text, tokens[0]!.start, values);
  if (!isName(key) || !isTo || value === undefined) return { kind: 'unknown', text };
  const isDefault = values.length === 1 && values[0]!.kind === 'word' && value.toLowerCase() === 'default';
  return { kind: 'set', key: key.value.toLowerCase(), value: isDefault ? undefined : value, text };
}

/** In quotes, or all that stands there: `a, b` is a list, `SELECT 1` a query. */
function valueAfter(text: string, textStart: number, values: readonly Token[]): string | undefined {
  const [first] = values;
  if (first === undefined) return undefined;
  if (values.length === 1) return first.value;
  if (values.some(({ kind }) => kind === 'string' || kind === 'identifier')) return undefined;
  return text.slice(first.start - textStart);
}

function isSet(token: Token | undefined): boolean {
  return token?.kind === 'word' && token.value.toLowerCase() === 'set';
}

function isName(token: Token | undefined): token is Token {
  return token?.kind === 'word' || token?.kind === 'identifier';
}

/** Behind `SET key =`. */
function wantsValue(tokens: readonly Token[]): boolean {
  return tokens.length === 3 && isSet(tokens[0]);
}

function nextToken(text: string, from: number, isValue: boolean): Token {
  const start = passBlanks(text, from);
  if (start >= text.length) return { kind: 'end', value: '', start, end: start };
  if (text[start] === ';') return { kind: 'end', value: ';', start, end: start + 1 };
  const found = (kind: Token['kind'], pattern: RegExp, quote?: string): Token | undefined => {
    pattern.lastIndex = start;
    const match = pattern.exec(text);
    if (match === null) return undefined;
    const value = quote === undefined ? match[0] : match[1]!.replaceAll(quote + quote, quote);
    return { kind, value, start, end: start + match[0].length };
  };
  return (
    found('string', STRING, "'") ??
    found('identifier', IDENTIFIER, '"') ??
    (isValue ? found('word', VALUE) : found('word', WORD)) ??
    (text[start] === '='
      ? { kind: 'equals', value: '=', start, end: start + 1 }
      : { kind: 'other', value: text[start]!, start, end: start + 1 })
  );
}

function passBlanks(text: string, from: number): number {
  let at = from;
  for (;;) {
    PASSED.lastIndex = at;
    at += PASSED.exec(text)?.[0].length ?? 0;
    if (!text.startsWith('/*', at)) return at;
    at = endOfComment(text, at);
  }
}

/** As PostgreSQL's, they nest; one without an end goes on to the end of the text. */
function endOfComment(text: string, from: number): number {
  const marks = /\/\*|\*\//g;
  marks.lastIndex = from;
  let depth = 0;
  for (let mark = marks.exec(text); mark !== null; mark = marks.exec(text)) {
    depth += mark[0] === '/*' ? 1 : -1;
    if (depth === 0) return marks.lastIndex;
  }
  return text.length;
}
