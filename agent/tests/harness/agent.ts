// Starts the agent as an operator would, from source or as the built executable, and listens to what it says.

import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type Account, type Child, createNursery, endChild, makeDirectory } from './nursery.ts';
import { recordOutput } from './record.ts';

export interface AgentOptions {
  /** Path below the agent's directory → text: the application's own files, CA certificates, pgsidecar.yml. Mode 0600. */
  readonly files?: Readonly<Record<string, string>>;
  /** After `run`; relative paths mean the agent's directory. */
  readonly args?: readonly string[];
  /** Beside PATH, HOME and the socket directory, which is all that it inherits. */
  readonly env?: Readonly<Record<string, string>>;
  /** The built executable; default is PGSIDECAR_EXECUTABLE, or else `bun agent/main.ts`. */
  readonly executable?: string;
  /** Who it runs as; only root can choose. */
  readonly account?: Account;
  /** Where it logs in place of the pipe that `logLines()` reads: a descriptor. READY is then told by `wait`. */
  readonly logFd?: number;
  /** Do not wait for READY: for tests of a start that fails. */
  readonly expectFailure?: boolean;
}

/** One line of pino's. */
export interface LogLine {
  readonly level: number;
  readonly msg: string;
  readonly [field: string]: unknown;
}

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Agent extends AsyncDisposable {
  readonly directory: string;
  /** `host` for libpq: the directory of `.s.PGSQL.5432`. */
  readonly socketDir: string;
  readonly pid: number;
  /** A postgresql:// URL through the socket. */
  url(user: string, password: string, database: string): string;
  /** What it has logged so far; lines that are not JSON have level 0. */
  logLines(): readonly LogLine[];
  /** The first line, from the `from`th on, that has this `msg` (or holds for the function); waits for it. */
  waitForLog(wanted: string | ((line: LogLine) => boolean), from?: number): Promise<LogLine>;
  /** Runs another command of the command line with the same files and environment. */
  command(...words: string[]): Promise<Finished>;
  /** `status --json`, parsed. */
  status(): Promise<Record<string, unknown>>;
  /** `reload`: its exit code and what it said. */
  reload(): Promise<Finished>;
  /** Replaces a file as an editor does: whole, by rename. */
  writeFile(path: string, text: string): void;
  signal(signal: NodeJS.Signals): void;
  rssBytes(): number;
  /** Its exit code, once it has ended by itself. */
  readonly exited: Promise<number | null>;
  /** Ends it without waiting for clients, and removes its directory. */
  stop(): Promise<void>;
}

interface Launch {
  readonly directory: string;
  readonly socketDir: string;
  readonly program: readonly string[];
  readonly args: readonly string[];
  readonly env: Record<string, string>;
}

const ROOT = resolve(import.meta.dir, '../../..');

export async function startAgent(options: AgentOptions = {}): Promise<Agent> {
  const nursery = createNursery('agent', options.account);
  const launch = prepare(nursery.directory, options);
  const child = nursery.spawn([...launch.program, 'run', ...launch.args], {
    env: launch.env,
    cwd: launch.directory,
    account: options.account,
    output: options.logFd ?? 'pipe',
  });
  const log = options.logFd === undefined ? collectLog(child) : NO_LOG;
  const agent = handleOf(launch, child, log, async () => {
    await endChild(child, 'SIGQUIT');
    await nursery.close();
  });
  try {
    if (options.logFd !== undefined) await waitUntilReady(agent, launch);
    else if (options.expectFailure !== true) await agent.waitForLog('ready');
  } catch (error) {
    await nursery.close();
    throw error;
  }
  return agent;
}

/** Runs one command to its end (`check`, `render`, `explain`), in a directory of its own. */
export async function runPgsidecar(words: readonly string[], options: AgentOptions = {}): Promise<Finished> {
  const nursery = createNursery('command', options.account);
  try {
    const launch = prepare(nursery.directory, options);
    return await runToEnd([...launch.program, ...words], launch);
  } finally {
    await nursery.close();
  }
}

/** The words that start pgsidecar: the built executable when there is one, else its source under this very Bun. */
export function pgsidecarProgram(executable = process.env.PGSIDECAR_EXECUTABLE): readonly string[] {
  if (executable !== undefined && executable !== '') return [resolve(ROOT, executable)];
  // Bun would put an application's .env into the agent's environment, from where no reload takes it away again.
  return [process.execPath, '--no-env-file', join(ROOT, 'agent/main.ts')];
}

function prepare(directory: string, options: AgentOptions): Launch {
  const socketDir = makeDirectory(join(directory, 's'), options.account, 0o755);
  for (const [path, text] of Object.entries(options.files ?? {})) replaceFile(join(directory, path), text);
  return {
    directory,
    socketDir,
    program: pgsidecarProgram(options.executable),
    args: options.args ?? [],
    env: {
      PATH: '/usr/local/bin:/usr/bin:/bin',
      HOME: directory,
      PGSIDECAR_UNIX_SOCKET_DIR: socketDir,
      ...options.env,
    },
  };
}

function handleOf(launch: Launch, child: Child, log: Log, stop: () => Promise<void>): Agent {
  const command = (...words: string[]) => runToEnd([...launch.program, ...words], launch);
  const withArgs = (...words: string[]) => command(...words, ...launch.args);
  return {
    directory: launch.directory,
    socketDir: launch.socketDir,
    pid: child.pid,
    exited: child.exited,
    url: (user, password, database) =>
      `postgresql://${user}:${encodeURIComponent(password)}@/${database}?host=${launch.socketDir}`,
    logLines: () => log.lines,
    waitForLog: (wanted, from = 0) => waitForLog(log, wanted, from),
    command,
    async status() {
      const finished = await withArgs('status', '--json');
      if (finished.code !== 0) throw new Error(`status ended with ${finished.code}: ${finished.stderr}`);
      return JSON.parse(finished.stdout) as Record<string, unknown>;
    },
    reload: () => withArgs('reload'),
    writeFile: (path, text) => replaceFile(join(launch.directory, path), text),
    signal: (signal) => child.kill(signal),
    rssBytes: () => rssBytesOf(child.pid),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** Resident memory of any process, as the kernel counts it. */
export function rssBytesOf(pid: number): number {
  const found = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  if (found === null) throw new Error(`Process ${pid} has no memory: it has ended`);
  return Number(found[1]) * 1024;
}

function replaceFile(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  const fresh = `${path}.${process.pid}.new`;
  writeFileSync(fresh, text);
  chmodSync(fresh, 0o600);
  renameSync(fresh, path);
}

async function runToEnd(command: readonly string[], launch: Launch): Promise<Finished> {
  const child = Bun.spawn([...command], {
    cwd: launch.directory,
    env: launch.env,
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  await child.exited;
  // Whoever asks for them gets them.
  if (!command.includes('--show-secrets')) recordOutput('commands', stdout + stderr);
  return { code: child.exitCode, stdout, stderr };
}

interface Log {
  readonly lines: LogLine[];
  /** Called after each new line and at the end. */
  readonly listeners: Set<() => void>;
  ended: boolean;
}

const NO_LOG: Log = Object.freeze({ lines: [], listeners: new Set<() => void>(), ended: true });

async function waitUntilReady(agent: Agent, launch: Launch): Promise<void> {
  const { code, stderr } = await agent.command('wait', '--timeout', '20s', ...launch.args);
  if (code !== 0) throw new Error(`The agent did not become ready: ${stderr}`);
}

function collectLog(child: Child): Log {
  const log: Log = { lines: [], listeners: new Set(), ended: false };
  const streams = [child.stdout, child.stderr].map((stream) =>
    readLines(stream as ReadableStream<Uint8Array>, log),
  );
  void Promise.all(streams).then(() => {
    log.ended = true;
    for (const listener of [...log.listeners]) listener();
  });
  return log;
}

async function readLines(stream: ReadableStream<Uint8Array>, log: Log): Promise<void> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of stream) {
    const text = decoder.decode(chunk, { stream: true });
    recordOutput('agents', text);
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) log.lines.push(parseLine(line));
    for (const listener of [...log.listeners]) listener();
  }
  if (rest !== '') log.lines.push(parseLine(rest));
}

function parseLine(line: string): LogLine {
  try {
    const parsed: unknown = JSON.parse(line);
    if (typeof parsed === 'object' && parsed !== null && 'msg' in parsed) return parsed as LogLine;
  } catch {
    // A crash's stack trace is not JSON, and exactly what a test wants to see.
  }
  return { level: 0, msg: line };
}

function waitForLog(log: Log, wanted: string | ((line: LogLine) => boolean), from: number): Promise<LogLine> {
  const holds = typeof wanted === 'string' ? (line: LogLine) => line.msg === wanted : wanted;
  return new Promise((resolve, reject) => {
    let looked = from;
    function look(): void {
      const found = log.lines.slice(looked).find(holds);
      looked = log.lines.length;
      if (found !== undefined) finish(() => resolve(found));
      else if (log.ended)
        finish(() => reject(new Error(`The agent ended without saying ${wanted}:\n${textOf(log)}`)));
    }
    function finish(act: () => void): void {
      log.listeners.delete(look);
      act();
    }
    log.listeners.add(look);
    look();
  });
}

function textOf(log: Log): string {
  return log.lines.map((line) => (line.level === 0 ? line.msg : JSON.stringify(line))).join('\n');
}
