// What a shell offers when the operator presses TAB, asked of the shells themselves.

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runPgsidecar } from '../harness/agent.ts';
import { missingPrograms, testNeeding } from '../harness/needs.ts';

const folder = mkdtempSync(join(tmpdir(), 'pgsidecar-completion-'));
afterAll(() => rmSync(folder, { recursive: true }));

beforeAll(async () => {
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { code, stdout, stderr } = await runPgsidecar(['completion', shell]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    writeFileSync(join(folder, shell), stdout);
  }
});

/** Line → what must be offered, exactly; the same in every shell. */
const OFFERS: readonly (readonly [string, readonly string[]])[] = [
  ['pgsidecar re', ['reload', 'render']],
  ['pgsidecar run --pool', ['--pool-idle-timeout', '--pool-mode']],
  ['pgsidecar run --pool-mode ', ['session', 'statement', 'transaction']],
  ['pgsidecar check --con', ['--config', '--connect', '--console-old-columns', '--control-socket']],
  ['pgsidecar explain default_', ['default_pool_size']],
  ['pgsidecar completion ', ['bash', 'fish', 'zsh']],
  ['pgsidecar render --format p', ['pgbouncer']],
  ['pgsidecar url --for r', ['rails']],
  ['pgsidecar run --no-log-c', ['--no-log-connections']],
  ['pgsidecar run --source /etc/passw', ['/etc/passwd']],
  ['pgsidecar help ch', ['check']],
];

function run(command: readonly string[], script: string): string {
  const { exitCode, stdout, stderr } = Bun.spawnSync([...command], {
    stdin: Buffer.from(script),
    cwd: folder,
  });
  const said = { exitCode, stderr: stderr.toString() };
  expect(said, script).toEqual({ exitCode: 0, stderr: '' });
  return stdout.toString();
}

function offered(text: string): string[] {
  // A machine may have backups beside the file that is asked for.
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.endsWith('-'))
    .sort();
}

test('bash offers commands, flags, and what may follow them', () => {
  for (const [line, words] of OFFERS) {
    const script = `
      source ${folder}/bash
      compopt() { :; }
      COMP_WORDS=(${line}${line.endsWith(' ') ? " ''" : ''}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
      _pgsidecar
      printf '%s\\n' "\${COMPREPLY[@]}"`;
    expect(offered(run(['bash', '--norc'], script)), line).toEqual([...words]);
  }
});

testNeeding(missingPrograms('fish'))('fish offers commands, flags, and what may follow them', async () => {
  for (const [line, words] of OFFERS) {
    const script = `source ${folder}/fish; complete -C '${line}' | cut -f1`;
    expect(offered(run(['fish', '--no-config'], script)), line).toEqual([...words]);
  }
});

testNeeding(missingPrograms('zsh'))(
  'zsh is told every flag of the command, and what may follow it',
  async () => {
    // Without a terminal zsh completes nothing; what its own functions are called with is what can be seen.
    const script = `
    compdef() { print registered $1 $2 }
    _describe() { print -rl -- \${(P)4} }
    _arguments() { print -rl -- "$@" }
    source ${folder}/zsh
    words=(pgsidecar run --pool-mode ''); CURRENT=4; _pgsidecar
    words=(pgsidecar url ''); CURRENT=3; _pgsidecar
    words=(pgsidecar ''); CURRENT=2; _pgsidecar`;
    const lines = run(['zsh', '-f'], script).split('\n');
    expect(lines[0]).toBe('registered _pgsidecar pgsidecar');
    expect(lines.find((line) => line.startsWith('*--pool-mode='))).toEndWith(
      ':value:(session transaction statement)',
    );
    expect(lines.find((line) => line.startsWith('*--source='))).toEndWith(':value:_files');
    expect(lines).toContain(
      '*--fallback[Let libpq go to the server itself when the socket is dead]'.replace(
        'fallback',
        'fallback',
      ),
    );
  },
);
