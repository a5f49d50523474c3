// Rules about state: nothing at module level can change, so that two agents fit into one process (a test is alone).

import type { ReadFile, Rule } from './read_file.ts';
import { type Code, readsAs, word } from './syntax.ts';

export const STATE_RULES: readonly Rule[] = [variables, containers, mutations, statics];

const ADVICE = 'put it into a value that somebody makes and hands on';

function* variables({ isTest, code }: ReadFile): Iterable<readonly [number, string]> {
  if (isTest) return;
  for (const [index, token] of code.tokens.entries()) {
    if (code.depths[index] !== 0 || token.kind !== 'name' || (token.text !== 'let' && token.text !== 'var'))
      continue;
    yield [token.line, `No variable at module level (${token.text} ${word(code, index + 1)}): ${ADVICE}`];
  }
}

const CONTAINERS: ReadonlySet<string> = new Set([
  ...[
    'Map',
    'Set',
    'WeakMap',
    'WeakSet',
    'Array',
    'ArrayBuffer',
    'SharedArrayBuffer',
    'DataView',
    'AbortController',
  ],
  ...['Uint8Array', 'Uint16Array', 'Uint32Array', 'Int8Array', 'Int16Array', 'Int32Array', 'Float64Array'],
]);

/** `const x = new Map()` can be filled; `const X: ReadonlyMap<…> = new Map([…])` is a table. */
function* containers({ isTest, code }: ReadFile): Iterable<readonly [number, string]> {
  if (isTest) return;
  for (const { name, line, value, type } of moduleConstants(code)) {
    if (/\bReadonly(?:Map|Set|Array)?\b|\breadonly\b/.test(type)) continue;
    const made = word(code, value) === 'new' ? word(code, value + 1) : '';
    const isFilled = made.endsWith('Array') && word(code, value + 2) === '(' && word(code, value + 3) === '[';
    const isEmpty = readsAs(code, value, '[', ']') || readsAs(code, value, '{', '}');
    const isBuffer = readsAs(code, value, 'Buffer', '.') && /^alloc/.test(word(code, value + 2));
    if ((isBuffer || CONTAINERS.has(made)) && (isFilled || hasNoBytes(code, value))) continue;
    if (CONTAINERS.has(made) || isEmpty || isBuffer) {
      yield [
        line,
        `No container at module level that can be filled (${name}): declare it Readonly, or ${ADVICE}`,
      ];
    }
  }
}

/** `new Uint8Array()`, `new Uint8Array(0)` and `Buffer.alloc(0)` have no room for state. */
function hasNoBytes(code: Code, value: number): boolean {
  const open = readsAs(code, value, 'Buffer', '.') ? value + 3 : value + 2;
  if (!/^(?:Uint8Array|alloc)/.test(word(code, open - 1))) return false;
  return readsAs(code, open, '(', ')') || readsAs(code, open, '(', '0', ')');
}

const MUTATORS: ReadonlySet<string> = new Set([
  ...['push', 'pop', 'shift', 'unshift', 'splice', 'sort', 'reverse', 'fill', 'copyWithin'],
  ...[
    'set',
    'add',
    'delete',
    'clear',
    'write',
    'writeUInt32BE',
    'writeInt32BE',
    'writeUInt16BE',
    'writeInt16BE',
  ],
]);
const ASSIGNMENTS: ReadonlySet<string> = new Set(
  '= += -= *= /= %= &= |= ^= <<= **= &&= ||= ??= ++ --'.split(' '),
);

/** A module-level constant whose inside is written to is a variable in disguise. */
function* mutations({ isTest, code }: ReadFile): Iterable<readonly [number, string]> {
  if (isTest) return;
  const names = new Set([...moduleConstants(code)].map(({ name }) => name));
  for (const [index, token] of code.tokens.entries()) {
    if (!names.has(token.text) || token.kind !== 'name' || ['.', '?.'].includes(word(code, index - 1)))
      continue;
    let at = index + 1;
    let last = '';
    while (word(code, at) === '.' || word(code, at) === '[') {
      const isIndex = word(code, at) === '[';
      last = isIndex ? '[' : word(code, at + 1);
      at = isIndex ? (code.partners.get(at) ?? at) + 1 : at + 2;
    }
    // Where a sticky regular expression begins is set anew at each use, and so is no state.
    const isWritten = last !== '' && last !== 'lastIndex' && ASSIGNMENTS.has(word(code, at));
    if (isWritten || (MUTATORS.has(last) && word(code, at) === '(')) {
      yield [token.line, `${token.text} is at module level and changes here: ${ADVICE}`];
    }
  }
}

function* statics({ code }: ReadFile): Iterable<readonly [number, string]> {
  for (const [index, token] of code.tokens.entries()) {
    if (token.text !== 'static' || token.kind !== 'name' || code.depths[index] === 0) continue;
    if (code.tokens[index + 1]?.kind !== 'name' || !['=', ':', ';'].includes(word(code, index + 2))) continue;
    yield [token.line, `A static field is a variable at module level (${word(code, index + 1)}): ${ADVICE}`];
  }
}

interface Constant {
  readonly name: string;
  readonly line: number;
  /** Its written type, words joined by spaces. */
  readonly type: string;
  /** Index of its value's first token. */
  readonly value: number;
}

function* moduleConstants(code: Code): Iterable<Constant> {
  for (const [index, token] of code.tokens.entries()) {
    if (code.depths[index] !== 0 || token.kind !== 'name' || token.text !== 'const') continue;
    let value = index + 2;
    while (value < code.tokens.length && !(word(code, value) === '=' && code.depths[value] === 0)) value++;
    const type = Array.from({ length: value - index - 2 }, (_, offset) =>
      word(code, index + 2 + offset),
    ).join(' ');
    yield { name: word(code, index + 1), line: token.line, type, value: value + 1 };
  }
}
