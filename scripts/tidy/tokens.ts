// Splits TypeScript into tokens, well enough to tell code from comments, strings, templates and regular expressions.
//
// TypeScript 7 has a parser in another process and calls its interface unstable; tidy's rules need less than a tree.

export type TokenKind = 'name' | 'number' | 'string' | 'template' | 'regex' | 'punctuation' | 'comment';

export interface Token {
  readonly kind: TokenKind;
  /** As written; a string's quotes are part of it. */
  readonly text: string;
  /** 1-based line of its first character, and of its last. */
  readonly line: number;
  readonly endLine: number;
}

const SPACE = /\s+/y;
const COMMENT = /\/\/[^\n]*|\/\*[\s\S]*?\*\//y;
const NAME = /[#\p{ID_Start}$_][\p{ID_Continue}$]*/uy;
const NUMBER = /\.?\d[\w.]*/y;
const STRING = /'(?:[^'\\\n]|\\[\s\S])*'|"(?:[^"\\\n]|\\[\s\S])*"/y;
const REGEX = /\/(?:[^\\/[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;
/** Longest first. `>` stays alone, because `Array<Set<string>>` closes two lists. */
const PUNCTUATION = new RegExp(
  [
    '...',
    '===',
    '!==',
    '**=',
    '<<=',
    '&&=',
    '||=',
    '??=',
    '=>',
    '==',
    '!=',
    '<=',
    '>=',
    '&&',
    '||',
    '??',
    '?.',
  ]
    .concat(['++', '--', '+=', '-=', '*=', '/=', '%=', '&=', '|=', '^=', '<<', '**'])
    .map((text) => text.replace(/[.*+?^|]/g, '\\$&'))
    .concat('[^\\s]')
    .join('|'),
  'y',
);

/** Words after which a slash begins a regular expression, though they look like names. */
const OPERATOR_WORDS: ReadonlySet<string> = new Set(
  'return typeof case in of delete void throw new else do instanceof await yield'.split(' '),
);

/** Every token in order, comments among them; use `withoutComments` for the code alone. */
export function tokenize(text: string): Token[] {
  const scanner: Scanner = { text, at: 0, line: 1, tokens: [] };
  scanCode(scanner, 'to the end');
  return scanner.tokens;
}

export function withoutComments(tokens: readonly Token[]): Token[] {
  return tokens.filter((token) => token.kind !== 'comment');
}

interface Scanner {
  readonly text: string;
  at: number;
  line: number;
  readonly tokens: Token[];
}

/** `to the brace`: up to the `}` that closes a `${`, which it leaves for the template. */
function scanCode(scanner: Scanner, extent: 'to the end' | 'to the brace'): void {
  let depth = 0;
  while (scanner.at < scanner.text.length) {
    const character = scanner.text[scanner.at];
    if (character === '}' && depth === 0 && extent === 'to the brace') return;
    if (character === '{') depth++;
    if (character === '}') depth--;
    scanOne(scanner, character);
  }
}

function scanOne(scanner: Scanner, character: string | undefined): void {
  if (take(scanner, SPACE, undefined)) return;
  if (character === '`') {
    scanTemplate(scanner);
    return;
  }
  if (take(scanner, COMMENT, 'comment')) return;
  if (take(scanner, STRING, 'string') || take(scanner, NAME, 'name') || take(scanner, NUMBER, 'number'))
    return;
  if (character === '/' && isOperandNext(scanner) && take(scanner, REGEX, 'regex')) return;
  take(scanner, PUNCTUATION, 'punctuation');
}

/** Its pieces become `template` tokens; what stands between `${` and `}` becomes ordinary ones. */
function scanTemplate(scanner: Scanner): void {
  const piece = /[`}](?:[^`\\$]|\\[\s\S]|\$(?!\{))*(?:`|\$\{)/y;
  while (take(scanner, piece, 'template')) {
    if (scanner.tokens.at(-1)?.text.endsWith('`')) return;
    scanCode(scanner, 'to the brace');
  }
  scanner.at = scanner.text.length; // unterminated: the compiler says so better
}

function isOperandNext(scanner: Scanner): boolean {
  const last = scanner.tokens.findLast((token) => token.kind !== 'comment');
  if (last === undefined) return true;
  if (last.kind === 'name') return OPERATOR_WORDS.has(last.text);
  if (last.kind === 'template') return last.text.endsWith('${');
  return last.kind === 'punctuation' && !/^(?:\)|\]|\}|\+\+|--)$/.test(last.text);
}

function take(scanner: Scanner, pattern: RegExp, kind: TokenKind | undefined): boolean {
  pattern.lastIndex = scanner.at;
  const text = pattern.exec(scanner.text)?.[0];
  if (text === undefined) return false;
  const line = scanner.line;
  scanner.at += text.length;
  scanner.line += text.split('\n').length - 1;
  if (kind !== undefined) scanner.tokens.push({ kind, text, line, endLine: scanner.line });
  return true;
}
