// Runs the processes of one application side by side: each says what it found, a line each, and waits where all have to meet.

import type { Subprocess } from 'bun';

/** What a check of the application gave, or how it failed. */
export type Finding = { readonly value: unknown } | { readonly failure: string };

/** What one process found, by check, in the order in which it said so. */
export type Report = ReadonlyMap<string, Finding>;

export interface Company {
  readonly count: number;
  /** The words that start a process; its number is in the environment, as WORKER of WORKERS. */
  readonly program: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Called when all are at a meeting, before they go on. */
  readonly onMeeting: (name: string) => Promise<void>;
}

/** The last meeting: everybody has done its work and still has its connections. */
export const END = 'end';

/** For a run that takes ten seconds, most of them, on an idle machine. */
const PATIENCE_MS = 200_000;

interface Worker {
  readonly number: number;
  readonly process: Subprocess<'pipe', 'pipe', 'pipe'>;
  readonly report: Map<string, Finding>;
  /** The meeting where it waits. */
  waitsAt: string | undefined;
  last: string;
}

/**
 * A process writes `{"check": NAME, "value": …}` (or `"failure"`), or `{"meet": NAME}`, after which it reads a line before it goes on.
 * A meeting has the name of the check in which it is; who has reported that check already, because it failed, is not waited for.
 * The last one is named `end`. Throws when a process ends before that, with what it said.
 */
export async function runCompany(company: Company): Promise<readonly Report[]> {
  const workers = Array.from({ length: company.count }, (_, number) => startWorker(company, number));
  const gather = () => goOn(workers, company.onMeeting);
  // Whoever hangs is ended, and what everybody has found so far is told.
  const timer = setTimeout(() => endAll(workers), PATIENCE_MS);
  try {
    await Promise.all(workers.map((worker) => listen(worker, gather)));
    return workers.map(({ report }) => report);
  } finally {
    clearTimeout(timer);
    endAll(workers);
    await Promise.all(workers.map(({ process }) => process.exited));
  }
}

function endAll(workers: readonly Worker[]): void {
  for (const { process } of workers) process.kill('SIGKILL');
}

/** When this process dies, its input ends, and so does it, at the latest when its server goes. */
function startWorker({ program, cwd, env, count }: Company, number: number): Worker {
  const process = Bun.spawn([...program], {
    cwd,
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C.UTF-8', ...env, WORKER: String(number), WORKERS: String(count) },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  return { number, process, report: new Map(), waitsAt: undefined, last: 'nothing' };
}

/** Ends each meeting for which nobody is missing. */
async function goOn(workers: readonly Worker[], onMeeting: Company['onMeeting']): Promise<void> {
  for (const name of new Set(workers.map(({ waitsAt }) => waitsAt))) {
    if (name === undefined) continue;
    if (!workers.every((worker) => worker.waitsAt === name || worker.report.has(name))) continue;
    const present = workers.filter(({ waitsAt }) => waitsAt === name);
    for (const worker of present) worker.waitsAt = undefined;
    await onMeeting(name);
    for (const { process } of present) {
      process.stdin.write('\n');
      process.stdin.flush();
    }
  }
}

async function listen(worker: Worker, gather: () => Promise<void>): Promise<void> {
  const { number, process, report } = worker;
  const complaints = process.stderr.text();
  for await (const line of linesOf(process.stdout)) {
    const said = parse(line, number);
    if ('meet' in said) {
      worker.waitsAt = said.meet;
      worker.last = said.meet;
    } else {
      const { check, ...finding } = said;
      report.set(check, finding);
    }
    await gather();
  }
  await process.exited;
  if (process.exitCode === 0 && worker.last === END) return;
  const end = process.exitCode ?? process.signalCode;
  const found = [...report].map((each) => JSON.stringify(each)).join('\n');
  throw new Error(
    `Process ${number} ended with ${end} behind "${worker.last}": ${await complaints}\n${found}`,
  );
}

type Said = { readonly meet: string } | ({ readonly check: string } & Finding);

function parse(line: string, number: number): Said {
  try {
    return JSON.parse(line) as Said;
  } catch {
    throw new Error(`Process ${number} said what is no JSON: ${line}`);
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
}
