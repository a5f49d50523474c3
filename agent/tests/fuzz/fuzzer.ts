// Runs a target on inputs by a seed: watches what is thrown, how long it takes and how much memory, and makes failures small.

import { Random } from '../simulation/random.ts';
import { Mutator } from './mutator.ts';
import { Broken, bytesOf, type Target } from './target.ts';

export interface Bounds {
  /** One input may take so long, in milliseconds of this process; ordinary ones take a few µs. */
  readonly ms: number;
  /** What one input may need in memory, in bytes. */
  readonly memoryBytes: number;
}

/** The longest inputs have `bytesMax` bytes. */
const BOUNDS: Bounds = { ms: 1_000, memoryBytes: 64 * 1024 * 1024 };
const BYTES_MAX_DEFAULT = 4_096;
/** Memory is looked at after so many inputs, and after every long one. */
const BATCH = 512;
const POOL_MAX = 300;
const MINIMIZING_RUNS_MAX = 3_000;

export interface Failure {
  readonly target: string;
  /** As small as it could be made. */
  readonly input: Uint8Array;
  readonly problem: string;
  readonly stack: string;
}

export interface Fuzzed {
  readonly inputs: number;
  /** How many different things came of them: a fuzzer that sees one thing looks at nothing. */
  readonly outcomes: number;
  readonly failures: readonly Failure[];
  /** Those that had a new outcome, for the corpus. */
  readonly pool: readonly Uint8Array[];
}

export interface FuzzOptions {
  readonly seed: number;
  readonly inputs: number;
  /** Inputs from the corpus, beside the target's own seeds. */
  readonly corpus?: readonly Uint8Array[];
  /** After so many different failures there is enough to mend. */
  readonly failuresMax?: number;
  /** Unless told: a second, and 64 MB. */
  readonly bounds?: Bounds;
}

/** What came of one input. `problem` is undefined when everything held. */
interface Outcome {
  readonly words: string;
  readonly problem?: string;
  readonly stack?: string;
}

/** The same seed, corpus and number give the same inputs. */
export async function fuzz(target: Target, options: FuzzOptions): Promise<Fuzzed> {
  const stray: unknown[] = [];
  const onStray = (error: unknown): void => void stray.push(error);
  // What is thrown behind an `await` that nobody waits for would be seen by nobody.
  process.on('unhandledRejection', onStray);
  try {
    return await fuzzing(target, options, stray);
  } finally {
    process.off('unhandledRejection', onStray);
  }
}

async function fuzzing(target: Target, options: FuzzOptions, stray: unknown[]): Promise<Fuzzed> {
  const random = new Random(options.seed ^ hashOf(target.name));
  const pool: Uint8Array[] = [...target.seeds.map(bytesOf), ...(options.corpus ?? [])];
  const known = pool.length;
  const mutator = new Mutator(random, target.words, pool, target.bytesMax ?? BYTES_MAX_DEFAULT);
  const outcomes = new Set<string>();
  const failures = new Map<string, Failure>();
  const bounds = options.bounds ?? BOUNDS;
  const memory = new MemoryWatch(target, bounds);
  let inputs = 0;
  while (inputs < options.inputs && failures.size < (options.failuresMax ?? 5)) {
    // First what is there already, as it is; then what can be made of it.
    const input = inputs < known ? pool[inputs]! : mutator.mutate(pool[random.below(pool.length)]!);
    inputs++;
    const running = runOnce(target, input, bounds);
    const came = running instanceof Promise ? await running : running;
    const outcome = stray.length === 0 ? came : { ...came, ...strayed(stray.splice(0)) };
    const problem = outcome.problem ?? (memory.hasJumped(input) ? await memory.culprit() : undefined);
    if (problem !== undefined && !failures.has(kindOf(problem))) {
      const small = await minimized(target, input, problem, bounds);
      failures.set(kindOf(problem), {
        target: target.name,
        input: small,
        problem,
        stack: outcome.stack ?? '',
      });
    }
    if (outcomes.has(outcome.words)) continue;
    outcomes.add(outcome.words);
    if (inputs > known && pool.length < known + POOL_MAX) pool.push(input);
  }
  return { inputs, outcomes: outcomes.size, failures: [...failures.values()], pool: pool.slice(known) };
}

/** One input alone; undefined when all is well. */
export async function problemOf(
  target: Target,
  input: Uint8Array,
  bounds: Bounds = BOUNDS,
): Promise<string | undefined> {
  return (await runOnce(target, input, bounds)).problem;
}

/** No promise where the target gives none: most do not, and there are millions of inputs. */
function runOnce(target: Target, input: Uint8Array, bounds: Bounds): Outcome | Promise<Outcome> {
  const began = performance.now();
  const answered = (words: string): Outcome => within(target, input, began, bounds, { words });
  const threw = (error: unknown): Outcome => within(target, input, began, bounds, thrown(target, error));
  try {
    const running = target.run(input);
    return running instanceof Promise ? running.then(answered, threw) : answered(running);
  } catch (error) {
    return threw(error);
  }
}

function strayed([error]: readonly unknown[]): Pick<Outcome, 'problem' | 'stack'> {
  const { name, message, stack = '' } = error as Error;
  return { problem: `thrown where nobody catches: ${name}: ${message}`, stack };
}

function thrown(target: Target, error: unknown): Outcome {
  const { name, message, stack = '' } = error as Error;
  const words = `${name}: ${kindOf(message ?? '')}`;
  const isDeclared = !(error instanceof Broken) && target.errors.some((each) => error instanceof each);
  return isDeclared ? { words } : { words, problem: `${name}: ${message}`, stack };
}

/** A machine that does something else for a while is no slow input: it has to be slow three times more. */
function within(target: Target, input: Uint8Array, began: number, bounds: Bounds, outcome: Outcome): Outcome {
  if (performance.now() - began < bounds.ms || outcome.problem !== undefined) return outcome;
  for (let again = 0; again < 3; again++) {
    const before = process.cpuUsage();
    try {
      const running = target.run(input);
      // Its own time is what counts; what it waits for is somebody else's.
      if (running instanceof Promise) running.catch(() => {});
    } catch {
      // It was looked at the first time.
    }
    const { user, system } = process.cpuUsage(before);
    if ((user + system) / 1_000 < bounds.ms) return outcome;
  }
  return { ...outcome, problem: `too slow: more than ${bounds.ms} ms for ${input.length} bytes` };
}

/** Sees inputs that need much memory: looks now and then, and when there is suddenly more of it, at each one again. */
class MemoryWatch {
  readonly #target: Target;
  readonly #bounds: Bounds;
  #recent: Uint8Array[] = [];
  #before = process.memoryUsage.rss();

  constructor(target: Target, bounds: Bounds) {
    this.#target = target;
    this.#bounds = bounds;
  }

  /** Cheap, for it is asked after every input. */
  hasJumped(input: Uint8Array): boolean {
    if (this.#recent.length >= BATCH) this.#recent = [];
    this.#recent.push(input);
    if (this.#recent.length < BATCH && input.length < BYTES_MAX_DEFAULT) return false;
    const grown = process.memoryUsage.rss() - this.#before;
    this.#before += Math.max(0, grown);
    return grown >= this.#bounds.memoryBytes;
  }

  /** Which of the last ones it was; none, when it was garbage of them all. */
  async culprit(): Promise<string | undefined> {
    for (const each of this.#recent) {
      const bytes = await memoryOf(this.#target, each, this.#bounds);
      if (bytes >= this.#bounds.memoryBytes)
        return `too much memory: ${bytes} bytes for ${each.length} bytes`;
    }
    this.#before = process.memoryUsage.rss();
    return undefined;
  }
}

/** How much more the process has after this input than before it. */
async function memoryOf(target: Target, input: Uint8Array, bounds: Bounds): Promise<number> {
  Bun.gc(true);
  const before = process.memoryUsage.rss();
  await runOnce(target, input, bounds);
  return process.memoryUsage.rss() - before;
}

/** Takes away pieces, large ones first, and makes bytes plain, as long as the same problem comes of it. */
async function minimized(
  target: Target,
  input: Uint8Array,
  problem: string,
  bounds: Bounds,
): Promise<Uint8Array> {
  const wanted = kindOf(problem);
  // What is slow is slow each time it is tried.
  let left = wanted.startsWith('too ') ? 20 : MINIMIZING_RUNS_MAX;
  const fails = async (candidate: Uint8Array): Promise<boolean> => {
    left--;
    const found = await problemOf(target, candidate, bounds);
    return found !== undefined && kindOf(found) === wanted;
  };
  let small = input;
  for (let size = Math.ceil(small.length / 2); size >= 1 && left > 0; size = Math.floor(size / 2)) {
    for (let at = 0; at < small.length && left > 0; ) {
      const candidate = Buffer.concat([small.subarray(0, at), small.subarray(at + size)]);
      if (await fails(new Uint8Array(candidate))) small = new Uint8Array(candidate);
      else at += size;
    }
  }
  for (let at = 0; at < small.length && left > 0; at++) {
    const candidate = small.slice();
    candidate[at] = 0x61;
    if (small[at] !== 0x61 && (await fails(candidate))) small = candidate;
  }
  return small;
}

/** A problem without what is special of this input: the words around its numbers and quotations. */
function kindOf(problem: string): string {
  return problem
    .replace(/: got [\s\S]*$/, '')
    .replace(/"[^"]*"|'[^']*'/g, '…')
    .replace(/\d+/g, '0')
    .slice(0, 120);
}

/** FNV-1a: a target's inputs do not depend on which others are run. */
function hashOf(name: string): number {
  let hash = 0x811c9dc5;
  for (const byte of bytesOf(name)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
