// Runs the same command line once more in the background: the first process ends when the second one serves.

import { closeSync, fstatSync, openSync, readdirSync, writeSync } from 'node:fs';
import { isatty } from 'node:tty';
import { openLibc } from '../native/libc.ts';

/** In the environment of the second one; not a name that the settings would look at. */
const MARK = '_PGSIDECAR_BACKGROUND';
const READY = 'ready\n';
/** Of a compiled executable: its own files, which nobody can name to another process. */
const EMBEDDED = '/$bunfs/';

export interface Background {
  /** This process is the second one. */
  readonly isOn: boolean;
  /** For the first one: gives 0 when the second one serves, its exit code when it ends before that. */
  start(words: readonly string[]): Promise<number>;
  /** For the second one: it serves, and nothing holds it to the terminal any more. */
  ready(): void;
}

export function processBackground(): Background {
  const isOn = process.env[MARK] !== undefined;
  delete process.env[MARK];
  return { isOn, start, ready };
}

async function start(words: readonly string[]): Promise<number> {
  const script = process.argv[1];
  const isCompiled = script === undefined || script.startsWith(EMBEDDED);
  const program = isCompiled ? [process.execPath] : [process.execPath, ...process.execArgv, script];
  const child = Bun.spawn([...program, ...words], {
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'inherit',
    env: { ...process.env, [MARK]: '1' },
  });
  let heard = '';
  const decoder = new TextDecoder();
  for await (const chunk of child.stdout) {
    heard += decoder.decode(chunk, { stream: true });
    if (heard.includes(READY)) return 0;
  }
  return await child.exited;
}

function ready(): void {
  const libc = openLibc();
  libc.setsid();
  writeSync(1, READY);
  const nowhere = openSync('/dev/null', 'r+');
  // The runtime has descriptors of its own for the same pipes, and whoever reads them would wait for their end.
  for (const fd of new Set([0, 1, 2, ...sameAs([0, 1, 2])])) libc.dup2(nowhere, fd);
  closeSync(nowhere);
}

/** Every descriptor of this process that is the same pipe, socket or terminal as one of these: a file may be the log as well. */
function sameAs(fds: readonly number[]): number[] {
  const files = new Set(fds.map(identityOf));
  return readdirSync('/proc/self/fd')
    .map(Number)
    .filter((fd) => files.has(identityOf(fd)));
}

/** A name that no other pipe, socket or terminal has; of a file, and of what is closed by now, one that nothing has. */
function identityOf(fd: number): string {
  try {
    const stat = fstatSync(fd);
    if (stat.isFIFO() || stat.isSocket() || isatty(fd)) return `${stat.dev}:${stat.ino}`;
  } catch {
    // It is closed by now.
  }
  return `none ${fd}`;
}
