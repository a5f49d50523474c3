// Rules about the outside: time, randomness, sockets, files and the process are touched at the edges only.

import type { ReadFile, Rule } from './read_file.ts';
import { isEdge, roomOf } from './rooms.ts';
import { type Code, importsOf, readsAs, word } from './syntax.ts';

export const OUTSIDE_RULES: readonly Rule[] = [calls, modules, sockets, secrets];

/** What is touched → the words of code that touch it. A last `(` and `)` mean: called with nothing. */
const TOUCHES: Readonly<Record<string, readonly (readonly string[])[]>> = {
  time: [
    ['Date', '.', 'now'],
    ['performance', '.', 'now'],
    ['new', 'Date', '(', ')'],
    ['new', 'Date', ';'],
    ...['setTimeout', 'setInterval', 'setImmediate'].map((name) => [name, '(']),
    ...['sleep', 'sleepSync', 'nanoseconds'].map((name) => ['Bun', '.', name]),
  ],
  randomness: [
    ['Math', '.', 'random'],
    ...['randomUUID', 'getRandomValues', 'randomBytes', 'randomInt'].map((name) => ['crypto', '.', name]),
    ...['randomUUID', 'randomBytes', 'randomInt', 'randomFillSync'].map((name) => [name, '(']),
  ],
  'the process': [
    ['process', '.'],
    ['process', '['],
    ['console', '.'],
    ...['spawn', 'spawnSync', 'env', '$', 'stdin', 'stdout', 'stderr', 'argv'].map((name) => [
      'Bun',
      '.',
      name,
    ]),
  ],
  files: [...['file', 'write'].map((name) => ['Bun', '.', name])],
  sockets: [
    ...['listen', 'connect', 'udpSocket', 'serve', 'dns'].map((name) => ['Bun', '.', name]),
    ['fetch', '('],
  ],
};

const INSTEAD: Readonly<Record<string, string>> = {
  time: 'take a Clock',
  randomness: 'take a function that gives random bytes',
  'the process': 'take the value that is wanted of it',
  files: 'take the text',
  sockets: 'take a Connection',
};

function* calls({ path, isTest, code }: ReadFile): Iterable<readonly [number, string]> {
  if (isEdge(path)) return;
  for (const [index, token] of code.tokens.entries()) {
    if (token.kind !== 'name' || word(code, index - 1) === '.' || isDefinition(code, index)) continue;
    for (const [what, all] of Object.entries(TOUCHES)) {
      // A test makes up its secrets, and seeds its own properties.
      if (isTest && what === 'randomness' && token.text !== 'Math') continue;
      if (isTest && token.text === 'setImmediate') continue; // lets promises settle, and no time pass
      const touch = all.find((words) => readsAs(code, index, ...words));
      if (touch === undefined) continue;
      yield [token.line, `${touch.join('')} touches ${what}, and this file is no edge: ${INSTEAD[what]}`];
    }
  }
}

/** `fetch(request) {` and `function fetch(…): … {` name a function of one's own. */
function isDefinition(code: Code, index: number): boolean {
  if (word(code, index + 1) !== '(') return false;
  const after = word(code, (code.partners.get(index + 1) ?? index) + 1);
  return word(code, index - 1) === 'function' || after === '{' || after === ':';
}

const MODULES =
  /^(?:node:)?(?:fs|net|tls|dgram|https?|http2|dns|child_process|process|worker_threads|cluster|os|timers)(?:\/.*)?$/;
const OUTSIDE_PACKAGES: readonly string[] = ['chokidar', 'pino', 'pino-pretty', 'bun', 'bun:ffi'];

function* modules({ path, code }: ReadFile): Iterable<readonly [number, string]> {
  for (const { specifier, line, typeOnly } of importsOf(code)) {
    if (typeOnly) continue;
    if (
      specifier === 'bun:ffi' &&
      path.startsWith('agent/') &&
      !['native', 'tests'].includes(roomOf(path) ?? '')
    ) {
      yield [line, 'Only native imports bun:ffi: give native a function for this call'];
    } else if (!isEdge(path) && (MODULES.test(specifier) || OUTSIDE_PACKAGES.includes(specifier))) {
      yield [line, `${specifier} touches the outside, and this file is no edge: take what is wanted of it`];
    }
  }
}

/** Also among edges only `net` (and the tests) names Bun's sockets, so that they can be replaced in one place. */
function* sockets({ path, code }: ReadFile): Iterable<readonly [number, string]> {
  const room = roomOf(path);
  if (!isEdge(path) || room === 'net' || room === 'tests' || room === 'scripts') return;
  for (const [index, token] of code.tokens.entries()) {
    if (token.text !== 'Bun' || !['listen', 'connect', 'udpSocket'].includes(word(code, index + 2))) continue;
    yield [token.line, `Bun.${word(code, index + 2)} belongs into net: give net a function for it`];
  }
}

/** Where a Secret may be opened: where it is proved, sent to a server, or written down for the operator. */
const OPENERS = /^agent\/(?:auth|render)\/|^agent\/server\/login|^agent\/base\/secret/;

function* secrets({ path, isTest, code }: ReadFile): Iterable<readonly [number, string]> {
  if (isTest || !path.startsWith('agent/') || OPENERS.test(path)) return;
  for (const [index, token] of code.tokens.entries()) {
    if (!readsAs(code, index, '.', 'open', '(', ')') && !readsAs(code, index, '?.', 'open', '(', ')'))
      continue;
    yield [token.line, 'Only auth, server/login and render open a Secret: hand it on closed'];
  }
}
