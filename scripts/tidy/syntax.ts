// Finds in a row of tokens what the rules ask about: brackets that belong together, imports, functions, statements.

import type { Import } from './rooms.ts';
import type { Token } from './tokens.ts';

/** A file as the rules see it: its code without comments, with the partner of every bracket. */
export interface Code {
  readonly tokens: readonly Token[];
  /** Index of an opening bracket → index of its closing one, and back. */
  readonly partners: ReadonlyMap<number, number>;
  /** Index → how many brackets are open there; 0 is module level. */
  readonly depths: readonly number[];
}

export interface FunctionSpan {
  readonly name: string;
  readonly line: number;
  readonly lines: number;
}

const OPENING: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };

export function codeOf(tokens: readonly Token[]): Code {
  const partners = new Map<number, number>();
  const depths: number[] = [];
  const open: number[] = [];
  for (const [index, token] of tokens.entries()) {
    const opensTemplate = token.kind === 'template' && token.text.endsWith('${');
    const closesTemplate = token.kind === 'template' && token.text.startsWith('}');
    if (
      closesTemplate ||
      isPunctuation(token, ')') ||
      isPunctuation(token, ']') ||
      isPunctuation(token, '}')
    ) {
      const partner = open.pop();
      if (partner !== undefined) partners.set(partner, index).set(index, partner);
    }
    depths.push(open.length);
    if (opensTemplate || (token.kind === 'punctuation' && Object.hasOwn(OPENING, token.text)))
      open.push(index);
  }
  return { tokens, partners, depths };
}

function isPunctuation(token: Token | undefined, text: string): boolean {
  return token?.kind === 'punctuation' && token.text === text;
}

/** Text of a token that is code; a string that happens to say `{` is not a brace. */
export function word(code: Code, index: number): string {
  const token = code.tokens[index];
  return token === undefined || token.kind === 'string' ? '' : token.text;
}

/** Does the code at `index` read as these words? `*` stands for any name. */
export function readsAs(code: Code, index: number, ...words: string[]): boolean {
  return words.every((wanted, offset) =>
    wanted === '*' ? code.tokens[index + offset]?.kind === 'name' : word(code, index + offset) === wanted,
  );
}

export function importsOf({ tokens, ...rest }: Code): Import[] {
  const code = { tokens, ...rest };
  const found: Import[] = [];
  for (const [index, token] of tokens.entries()) {
    if (token.kind !== 'string') continue;
    const before = word(code, index - 1);
    const isDynamic = before === '(' && word(code, index - 2) === 'import';
    if (before !== 'from' && before !== 'import' && !isDynamic) continue;
    found.push({
      specifier: token.text.slice(1, -1),
      line: token.line,
      typeOnly: before === 'from' && isTypeOnly(code, index),
    });
  }
  return found;
}

/** `import type …` and `export type … from`; not `import { type X }`, which imports the module as well. */
function isTypeOnly(code: Code, from: number): boolean {
  for (let index = from; index >= 0; index--) {
    const text = word(code, index);
    if ((text === 'import' || text === 'export') && code.depths[index] === code.depths[from]) {
      return word(code, index + 1) === 'type';
    }
  }
  return false;
}

const CONTROL_WORDS: ReadonlySet<string> = new Set([
  'if',
  'for',
  'while',
  'switch',
  'catch',
  'with',
  'return',
  'await',
]);

/** Every function that has a body in braces: declarations, methods, accessors, arrow functions. */
export function functionsOf(code: Code): FunctionSpan[] {
  const found: FunctionSpan[] = [];
  for (const index of code.tokens.keys()) {
    if (word(code, index) !== '{') continue;
    const head = headOf(code, index);
    if (head === undefined) continue;
    const line = code.tokens[head.start]?.line ?? 0;
    const end = code.tokens[code.partners.get(index) ?? index]?.endLine ?? line;
    found.push({ name: head.name, line, lines: end - line + 1 });
  }
  return found;
}

/** Where the function begins whose body opens at `brace`; undefined when it opens a block, a class or an object. */
function headOf(code: Code, brace: number): { start: number; name: string } | undefined {
  if (word(code, brace - 1) === '=>') {
    // A suite of tests is a list, as long as what it lists.
    return isSuite(code, brace) ? undefined : { start: brace - 1, name: 'an arrow function' };
  }
  const close = parametersEndBefore(code, brace);
  if (close === undefined) return undefined;
  let index = (code.partners.get(close) ?? 0) - 1;
  if (word(code, index) === '>') index = genericsStart(code, index) - 1;
  const name = word(code, index);
  if (code.tokens[index]?.kind !== 'name' || CONTROL_WORDS.has(name)) {
    return name === ']' ? { start: index, name: 'a computed method' } : undefined;
  }
  return { start: index, name: name === 'function' ? 'a function' : `${name}()` };
}

/** Steps back over a return type to the `)` that ends the parameters. */
function parametersEndBefore(code: Code, brace: number): number | undefined {
  if (word(code, brace - 1) === ')') return brace - 1;
  for (let index = brace - 1; index > 0; index--) {
    const text = word(code, index);
    if (text === ':' && word(code, index - 1) === ')') return index - 1;
    if (text === ')' || text === ']' || text === '}') {
      index = code.partners.get(index) ?? 0;
      continue;
    }
    const isPartOfType =
      code.tokens[index]?.kind !== 'punctuation' || ['.', '<', '>', '|', '&', ',', '=>'].includes(text);
    if (!isPartOfType || ['=', 'class', 'interface', 'case', 'return', 'type'].includes(text))
      return undefined;
  }
  return undefined;
}

function genericsStart(code: Code, end: number): number {
  let depth = 0;
  for (let index = end; index >= 0; index--) {
    if (word(code, index) === '>') depth++;
    if (word(code, index) === '<' && --depth === 0) return index;
  }
  return 0;
}

/** Does its body, at its own level, declare tests? */
function isSuite(code: Code, brace: number): boolean {
  const depth = (code.depths[brace] ?? 0) + 1;
  const end = code.partners.get(brace) ?? brace;
  for (let index = brace + 1; index < end; index++) {
    if (code.depths[index] !== depth || !['test', 'it', 'describe'].includes(word(code, index))) continue;
    if (['(', '.'].includes(word(code, index + 1)) && word(code, index - 1) !== '.') return true;
  }
  return false;
}
