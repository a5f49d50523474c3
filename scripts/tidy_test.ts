// Plants each fault that tidy knows into a file of its own, and what looks like it and is none.

import { describe, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { tidy } from './tidy.ts';

const FIRST_LINE = '// A file for a test.\n';

/** The complaints about one file, as `line: sentence`; the first line is there already, so code begins on line 2. */
function complaints(path: string, code: string): string[] {
  const found = tidy({ files: [{ path, text: FIRST_LINE + code }], dependencies: ['yaml', '@scope/kept'] });
  return found.map(({ line, sentence }) => `${line}: ${sentence}`);
}

/** Exactly one complaint, on line 2 unless said otherwise. */
function expectFault(path: string, code: string, sentence: string, line = 2): void {
  expect(complaints(path, code)).toEqual([expect.stringContaining(`${line}: `)]);
  expect(complaints(path, code)[0]).toContain(sentence);
}

function expectClean(path: string, code: string): void {
  expect(complaints(path, code)).toEqual([]);
}

const PURE = 'agent/pool/decide.ts';
const EDGE = 'agent/net/dial.ts';

describe('tidy() on imports', () => {
  test('an upward import names the allowed rooms', () => {
    expectFault(
      'agent/wire/frame.ts',
      "import { Pool } from '../pool/pool.ts';\n",
      'wire may not import pool (agent/pool/pool.ts): it may import wire, native, base',
    );
  });

  test('the law holds for types, for re-exports, for import() and for imports of nothing', () => {
    expectFault('agent/base/x.ts', "import type { A } from '../net/a.ts';\n", 'base may not import net');
    expectFault('agent/auth/x.ts', "const a = await import('../wire/a.ts');\n", 'auth may not import wire');
    expectFault('agent/query/x.ts', "import '../state/a.ts';\n", 'query may not import state');
  });

  test('rows and arrows allow the rest', () => {
    expectClean(
      'agent/client/session.ts',
      "import { a } from '../pool/a.ts';\nimport { b } from '../net/b.ts';\n",
    );
    expectClean('agent/cli/run.ts', "import { a } from '../daemon/a.ts';\n");
    expectClean('agent/main.ts', "import { a } from './cli/cli.ts';\n");
    expectClean('scripts/generate.ts', "import { a } from '../agent/config/table.ts';\n");
    expectFault('agent/daemon/run.ts', "import { a } from '../cli/a.ts';\n", 'daemon may not import cli');
    expectFault('agent/pool/x.ts', "import { a } from '../client/a.ts';\n", 'pool may not import client');
  });

  test('the agent imports neither tests nor scripts; a unit test may use the harness', () => {
    expectFault(
      'agent/pool/x.ts',
      "import { a } from '../tests/harness/a.ts';\n",
      'only tests and scripts need',
    );
    expectFault(
      'agent/pool/x.ts',
      "import { a } from '../../scripts/a.ts';\n",
      'only tests and scripts need',
    );
    expectClean('agent/pool/x_test.ts', "import { a } from '../tests/harness/a.ts';\n");
  });

  test('a room that is not in the table is no room', () => {
    expectFault('agent/helpers/x.ts', "import { a } from '../base/a.ts';\n", '"helpers" is no room of ours');
  });

  test('a package must be among the dependencies', () => {
    expectFault('agent/config/x.ts', "import pg from 'pg';\n", 'may not import pg');
    expectClean('agent/config/x.ts', "import yaml from 'yaml';\nimport { a } from '@scope/kept/sub';\n");
    expectClean('agent/config/x_test.ts', "import pg from 'pg';\n");
  });

  test('an import in a comment, a string or a template is none', () => {
    expectClean(
      'agent/base/x.ts',
      "// import { a } from '../net/a.ts';\nconst text = `import a from '../net/a.ts'`;\n",
    );
  });
});

describe('tidy() on exports', () => {
  test('no default, no barrel', () => {
    expectFault(PURE, 'export default function decide() {}\n', 'no default exports');
    expectFault(PURE, "export * from './pool.ts';\n", 'no barrel files');
    expectFault(PURE, "export { a } from './pool.ts';\n", 'no barrel files');
    expectFault(PURE, "export type { A } from './pool.ts';\n", 'no barrel files');
    expectClean(PURE, 'const a = 1;\nexport { a };\nexport type A = { default: 1 };\n');
  });
});

describe('tidy() on state', () => {
  test('a module-level variable', () => {
    expectFault(PURE, 'let count = 0;\n', 'No variable at module level (let count)');
    expectFault(PURE, 'export let count = 0;\n', 'No variable at module level');
    expectFault(EDGE, 'var count = 0;\n', 'No variable at module level');
    expectClean(PURE, 'export function f(): number {\n  let count = 0;\n  return ++count;\n}\n');
    expectClean('agent/pool/x_test.ts', 'let count = 0;\n');
  });

  test('a container that can be filled', () => {
    expectFault(PURE, 'const pools = new Map<string, number>();\n', '(pools)');
    expectFault(PURE, "const NAMES = new Set(['a']);\n", 'declare it Readonly');
    expectFault(PURE, 'const found: string[] = [];\n', '(found)');
    expectFault(PURE, 'const seen = {};\n', '(seen)');
    expectFault(PURE, 'const scratch = new Uint8Array(1024);\n', '(scratch)');
    expectFault(PURE, 'const scratch = Buffer.alloc(1024);\n', '(scratch)');
    expectClean(
      PURE,
      "const NAMES: ReadonlySet<string> = new Set(['a']);\nconst EMPTY = new Uint8Array(0);\n",
    );
    expectClean(PURE, "const LIST = ['a', 'b'];\nconst TABLE = { a: [] };\nconst SYNC = Buffer.from('S');\n");
  });

  test('a constant whose inside changes', () => {
    expectFault(
      PURE,
      'const LIMITS = { a: 1 };\nexport function f() {\n  LIMITS.a = 2;\n}\n',
      'LIMITS is at',
      4,
    );
    expectFault(PURE, "const LIST = ['a'];\nexport function f() {\n  LIST.push('b');\n}\n", 'LIST is at', 4);
    expectFault(PURE, 'const LIST = [1];\nexport function f() {\n  LIST[0] ||= 2;\n}\n', 'LIST is at', 4);
    expectClean(PURE, 'const LIMITS = { a: 1 };\nexport const same = LIMITS.a === 2 || LIMITS.a >= 3;\n');
    expectClean(PURE, 'const WORD = /a/y;\nexport function f() {\n  WORD.lastIndex = 0;\n}\n');
  });

  test('a static field', () => {
    expectFault(PURE, 'export class A {\n  static count = 0;\n}\n', 'A static field', 3);
    expectClean(
      PURE,
      'export class A {\n  static readonly LIMIT = 1;\n  static make(): A {\n    return new A();\n  }\n}\n',
    );
  });
});

describe('tidy() on the outside', () => {
  test('Date.now() outside an edge', () => {
    expectFault(
      PURE,
      'export const start = Date.now();\n',
      'Date.now touches time, and this file is no edge: take a Clock',
    );
    expectClean(EDGE, 'export const start = Date.now();\n');
  });

  test.each([
    ['performance.now()', 'time'],
    ['new Date()', 'time'],
    ['setTimeout(f, 1)', 'time'],
    ['setInterval(f, 1)', 'time'],
    ['Bun.sleep(1)', 'time'],
    ['Math.random()', 'randomness'],
    ['crypto.randomUUID()', 'randomness'],
    ['randomBytes(16)', 'randomness'],
    ['process.env.HOME', 'the process'],
    ["console.log('x')", 'the process'],
    ['Bun.spawn([])', 'the process'],
    ["Bun.file('x')", 'files'],
    ['Bun.connect({})', 'sockets'],
    ["fetch('http://x')", 'sockets'],
  ])('%s outside an edge', (code, what) => {
    expectFault(PURE, `export const x = ${code};\n`, `touches ${what}, and this file is no edge`);
    expectClean(EDGE, `export const x = ${code};\n`);
    expectClean(PURE, `// ${code}\nexport const x = '${code.replaceAll("'", '')}';\n`);
  });

  test('what only looks like it', () => {
    expectClean(PURE, 'export const x = new Date(0);\nexport const y = clock.setTimeout(f);\n');
    expectClean(PURE, 'export class A {\n  async fetch(a: string): Promise<void> {}\n}\n');
    expectClean(PURE, 'export type Timer = ReturnType<typeof setTimeout>;\n');
  });

  test('modules of the outside, but their types are free', () => {
    for (const name of ['node:fs', 'node:fs/promises', 'node:net', 'node:child_process', 'bun']) {
      expectFault(PURE, `import { x } from '${name}';\n`, `${name} touches the outside`);
    }
    expectClean(PURE, "import type { Socket } from 'node:net';\nimport { createHash } from 'node:crypto';\n");
    expectClean(EDGE, "import { statSync } from 'node:fs';\n");
  });

  test('edges are named: a whole room, a file, the test beside it', () => {
    expectClean('agent/native/libc.ts', "import { dlopen } from 'bun:ffi';\n");
    expectFault('agent/net/x.ts', "import { dlopen } from 'bun:ffi';\n", 'Only native imports bun:ffi');
    expectClean('agent/render/write.ts', "import { renameSync } from 'node:fs';\n");
    expectClean('agent/render/write_test.ts', "import { renameSync } from 'node:fs';\n");
    expectFault('agent/render/view.ts', "import { renameSync } from 'node:fs';\n", 'no edge');
    expectClean('agent/topology/sources/dns.ts', "import { resolve4 } from 'node:dns';\n");
    expectFault('agent/topology/observe.ts', "import { resolve4 } from 'node:dns';\n", 'no edge');
  });

  test("only net names Bun's sockets, even among edges", () => {
    expectFault('agent/daemon/notify.ts', 'export const x = Bun.udpSocket({});\n', 'belongs into net');
    expectFault('agent/native/libc.ts', 'export const x = Bun.listen({});\n', 'belongs into net');
    expectClean('agent/tests/integration/x_test.ts', 'export const x = Bun.listen({});\n');
  });

  test('a Secret is opened where it must be', () => {
    expectFault('agent/pool/x.ts', 'export const text = secret.open();\n', 'hand it on closed');
    expectFault('agent/server/dial.ts', 'export const text = secret?.open();\n', 'hand it on closed');
    expectClean('agent/server/login.ts', 'export const text = secret.open();\n');
    expectClean('agent/auth/md5.ts', 'export const text = secret.open();\n');
    expectClean('agent/pool/x.ts', "export const file = files.open('name');\n");
  });
});

describe('tidy() on form', () => {
  test('the first line is a sentence', () => {
    for (const text of [
      '',
      'export const a = 1;\n',
      '// no full stop\n',
      '/* A comment. */\n',
      '//No space.\n',
    ]) {
      expect(tidy({ files: [{ path: PURE, text }], dependencies: [] })).toHaveLength(1);
    }
    for (const text of ['// Says it.\n', '// Asks it?\n', '#!/usr/bin/env bun\n// Says it (here.)\n']) {
      expect(tidy({ files: [{ path: PURE, text }], dependencies: [] })).toEqual([]);
    }
  });

  test('file names', () => {
    expectFault('agent/pool/decideNow.ts', '', 'Rename decideNow.ts', 1);
    expectFault('agent/pool/decide-now.ts', '', 'Rename decide-now.ts', 1);
    expectFault('agent/pool/index.ts', '', 'Rename index.ts', 1);
    expectClean('agent/pool/decide_now_test.ts', '');
  });

  test('a file has 400 lines at most, a table 1000', () => {
    expectClean(PURE, '//\n'.repeat(399));
    expectFault(PURE, '//\n'.repeat(400), 'it has 401 lines, 400 are the limit', 401);
    const text = `// THE table of tests: one row each.\n${'//\n'.repeat(999)}`;
    expect(tidy({ files: [{ path: PURE, text }], dependencies: [] })).toEqual([]);
  });

  const long = '  f();\n'.repeat(59);
  test.each([
    ['long()', `function long(a: number): Promise<{ a: 1 }> {\n${long}}\n`],
    ['long()', `class A {\n  async long<T>(a: T): Promise<void> {\n${long}  }\n}\n`],
    ['#long()', `class A {\n  #long(): { a: number } {\n${long}  }\n}\n`],
    ['value()', `class A {\n  get value() {\n${long}  }\n}\n`],
    ['an arrow function', `const long = (a: number): void => {\n${long}};\n`],
  ])('a function has 60 lines at most: %s', (name, code) => {
    const found = complaints(PURE, code);
    expect(found).toEqual([expect.stringContaining(`Give the parts of ${name} names: it has 61 lines`)]);
    expectClean(PURE, code.replace('  f();\n', ''));
  });

  test('classes, objects, blocks and suites of tests may be longer', () => {
    expectClean(PURE, `class A {\n${'  a = 1;\n'.repeat(80)}}\n`);
    expectClean(PURE, `const A = {\n${'  a: 1,\n'.repeat(80)}};\n`);
    expectClean('agent/pool/x_test.ts', `describe('x', () => {\n${long}${long}  test('y', f);\n});\n`);
    expectClean(
      'agent/pool/x_test.ts',
      `onEachServer('x', (x) => {\n${long}${long}  test.each([1])('y', f);\n});\n`,
    );
    expect(complaints('agent/pool/x_test.ts', `test('x', () => {\n${long}${long}});\n`)).toHaveLength(1);
  });
});

describe('tidy() on words', () => {
  test('TypeScript that does not erase', () => {
    expectFault(PURE, 'enum Mode { A }\n', 'No enum');
    expectFault(PURE, 'namespace Pools { }\n', 'No namespace');
    expectFault(PURE, '@sealed\nclass A {}\n', 'No decorators');
    expectFault(PURE, 'debugger;\n', 'debugger');
    expectClean(PURE, "const schema = { enum: ['a'], namespace: 'b' };\nconst mail = 'a@b';\n");
  });

  test('tests that do not run', () => {
    const path = 'agent/pool/x_test.ts';
    expectFault(path, "test.only('x', () => {});\n", 'the other tests do not run');
    expectFault(path, "describe.only('x', () => {});\n", 'the other tests do not run');
    expectFault(path, "test.skip('x', () => {});\n", 'says why');
    expectFault(path, "test.todo('x');\n", 'says why');
    expectFault(path, "test.skipIf(true)('x', () => {});\n", 'says why');
    expectClean(path, "test.each([1])('%p', () => {});\nexpect(/a/.test('a')).toBe(true);\n");
  });

  test('notes and silenced checks', () => {
    expectFault(PURE, '// TODO: more\n', 'no notes to oneself');
    expectFault(PURE, '/* first\n FIXME later */\n', 'no notes to oneself', 3);
    expectFault(PURE, '// @ts-ignore\n', 'Tell the compiler the truth');
    expectFault(PURE, '// biome-ignore lint/style/x\n', 'Say why the linter is wrong');
    expectClean(PURE, '// biome-ignore lint/style/x: the protocol wants it\n');
  });

  test("paths on somebody's machine, in any file", () => {
    const path = ['', 'Users', 'somebody', 'src'].join('/');
    const files = [{ path: 'docs/start.md', text: `# Start\n\ncd ${path}\n` }];
    expect(tidy({ files, dependencies: [] })).toEqual([
      { path: 'docs/start.md', line: 3, sentence: "Take the path on somebody's machine out" },
    ]);
    expectClean(PURE, "// https://example.org/home/page\nconst x = '../home/a';\n");
  });
});

describe('tidy() reads code as the compiler does', () => {
  test('regular expressions, templates in templates and comments hide nothing and add nothing', () => {
    expectClean(PURE, 'const quote = /[/\'"`]/;\nconst half = total / 2 / count;\n');
    expectClean(PURE, `const text = \`a \${b ? \`c \${d}\` : "}"} Date.now()\`;\n`);
    expectFault(PURE, `const text = \`a \${b ? \`c \${Date.now()}\` : "}"}\`;\n`, 'Date.now touches time');
    expectFault(PURE, "const a = '\\'';\nconst b = Date.now(); // '\n", 'Date.now touches time', 3);
    expectFault(PURE, 'const quote = /`/.test(a);\nlet b = `x`;\n', 'No variable at module level', 3);
  });
});

describe('scripts/tidy.ts', () => {
  function runOn(files: Readonly<Record<string, string>>): { code: number; said: string } {
    const directory = mkdtempSync(join(tmpdir(), 'pgsidecar-tidy-'));
    try {
      for (const [path, text] of Object.entries({ 'package.json': '{"dependencies":{}}', ...files })) {
        mkdirSync(join(directory, dirname(path)), { recursive: true });
        writeFileSync(join(directory, path), text);
      }
      const { exitCode, stderr } = Bun.spawnSync([process.execPath, join(import.meta.dir, 'tidy.ts')], {
        cwd: directory,
      });
      return { code: exitCode, said: stderr.toString() };
    } finally {
      rmSync(directory, { recursive: true });
    }
  }

  test('ends with 1 and says file, line and sentence; looks past what is not ours', () => {
    const planted = {
      'agent/base/list.ts': `${FIRST_LINE}import { pool } from '../pool/pool.ts';\n`,
      'agent/pool/decide.ts': `${FIRST_LINE}let count = 0;\nexport const now = Date.now();\n`,
      'node_modules/other/index.ts': 'let theirs;\n',
    };
    const { code, said } = runOn(planted);
    expect(code).toBe(1);
    expect(said).toContain('agent/base/list.ts:2: base may not import pool');
    expect(said).toContain('agent/pool/decide.ts:2: No variable at module level');
    expect(said).toContain('agent/pool/decide.ts:3: Date.now touches time');
    expect(said).toContain('3 complaints about 3 files');
  });

  test('ends with 0 and says nothing when all is well', () => {
    expect(runOn({ 'agent/base/list.ts': `${FIRST_LINE}export const a = 1;\n` })).toEqual({
      code: 0,
      said: '',
    });
  });
});
