// Plays a row: clients take turns by a seed, each at two places at once, and must be told the same at both, step by step.

import { Random } from '../../simulation/random.ts';
import { LAST_LOOKS } from './compared.ts';
import { Pair } from './pair.ts';
import type { Row } from './row.ts';
import { type Situation, sayStep } from './say_step.ts';
import { Saying, type Step } from './words.ts';
import type { Stage, World } from './world.ts';

/** Two that change their sessions, and one that only works and looks. */
const CLIENTS = 3;
const PLAIN = 2;

export interface Options {
  readonly seed: number;
  readonly steps: number;
  /** Straight to PostgreSQL on both sides. */
  readonly isDirect?: boolean;
  /** Steps with a line like this are not taken: to look past what is known. */
  readonly without?: RegExp;
  /** What a broken pooler would do with a step: a fault that is planted on our side. */
  readonly alter?: (step: Step) => Step;
}

export interface Outcome {
  /** Steps that were taken. */
  readonly steps: number;
  /** What was said, in order; the last one is where the two differed. */
  readonly said: readonly Step[];
  readonly difference: string | undefined;
}

/** By a seed. */
export async function run(world: World, row: Row, options: Options): Promise<Outcome> {
  await using stage = await world.open(row, options.isDirect === true);
  return await new Play(world, row, stage, options).byChance();
}

/** Again what was said once, or a part of it. What would have to wait for ever is left out. */
export async function runAgain(
  world: World,
  row: Row,
  options: Options,
  steps: readonly Step[],
): Promise<Outcome> {
  await using stage = await world.open(row, options.isDirect === true);
  return await new Play(world, row, stage, options).again(steps);
}

class Play {
  readonly #world: World;
  readonly #row: Row;
  readonly #stage: Stage;
  readonly #options: Options;
  readonly #random: Random;
  readonly #pairs: Pair[] = [];
  readonly #said: Step[] = [];
  readonly #inTransaction: number[] = Array(CLIENTS).fill(0);
  /** Somebody may have notified, and not everybody could hear it yet. */
  #isUnheard = false;

  constructor(world: World, row: Row, stage: Stage, options: Options) {
    this.#world = world;
    this.#row = row;
    this.#stage = stage;
    this.#options = options;
    this.#random = new Random(options.seed);
  }

  async byChance(): Promise<Outcome> {
    return await this.#play(async () => {
      for (let client = 0; client < CLIENTS; client++) {
        const problem = await this.#take([this.#comesBack(client)]);
        if (problem !== undefined) return problem;
      }
      while (this.#said.length < this.#options.steps) {
        const problem = await this.#take(this.#next());
        if (problem !== undefined) return problem;
      }
      return await this.#finish();
    });
  }

  async again(steps: readonly Step[]): Promise<Outcome> {
    return await this.#play(async () => {
      for (let client = 0; client < CLIENTS; client++) {
        const first = steps.find((step) => step.client === client);
        if (first?.comesBack !== undefined) continue;
        const problem = await this.#take([{ ...EMPTY, client, comesBack: {} }]);
        if (problem !== undefined) return problem;
      }
      for (let at = 0; at < steps.length; ) {
        const together = [steps[at++]!];
        // Where something was left out between them, the next may be of the same client, who says one thing at a time.
        const isNext = (): boolean => together.every(({ client }) => client !== steps[at]!.client);
        while (together.at(-1)!.isTogether === true && at < steps.length && isNext())
          together.push(steps[at++]!);
        const problem = await this.#take(together.filter((step) => this.#canGo(step.client)));
        if (problem !== undefined) return problem;
      }
      return await this.#finish();
    });
  }

  async #play(body: () => Promise<string | undefined>): Promise<Outcome> {
    try {
      const difference = await body();
      return { steps: this.#said.length, said: this.#said, difference };
    } finally {
      for (const pair of this.#pairs) pair?.close();
    }
  }

  /** One step, or one of each client when nobody keeps a server. */
  #next(): Step[] {
    const random = this.#random;
    if (this.#holders() === 0 && !this.#row.isShared && random.chance(0.25)) {
      const steps = [0, 1, 2].map((client) => this.#say(client, false));
      return steps.map((step, i) => (i < steps.length - 1 ? { ...step, isTogether: true } : step));
    }
    const able = [0, 0, 0, 1, 1, 1, PLAIN].filter((client) => this.#canGo(client));
    const client = random.pick(able);
    if (random.chance(0.006)) return [this.#comesBack(client)];
    return [this.#say(client, true)];
  }

  #say(client: number, isAlone: boolean): Step {
    for (;;) {
      const step = sayStep(this.#random, this.#row, this.#situation(client, isAlone));
      const isKnown =
        this.#options.without !== undefined && step.lines.some((line) => this.#options.without!.test(line));
      if (!isKnown && this.#row.leavesOut?.test(step.lines.join('\n')) !== true) return step;
    }
  }

  #comesBack(client: number): Step {
    return { ...EMPTY, client, comesBack: this.#row.startup?.(this.#random) ?? {} };
  }

  #situation(client: number, isAlone: boolean): Situation {
    return {
      client,
      status: this.#pairs[client]!.status,
      stepsInTransaction: this.#inTransaction[client]!,
      hasSavepoint: this.#pairs[client]!.hasSavepoint,
      mayHold: isAlone,
      isPlain: client === PLAIN,
    };
  }

  #holders(): number {
    return this.#pairs.filter((pair) => pair.status !== 'I').length;
  }

  /** A server is free for it, or it has one. */
  #canGo(client: number): boolean {
    const pair = this.#pairs[client];
    return pair === undefined || pair.status !== 'I' || this.#holders() < this.#row.servers;
  }

  async #take(steps: readonly Step[]): Promise<string | undefined> {
    this.#said.push(...steps);
    const problems = await Promise.all(steps.map((step) => this.#takeOne(step, steps.length > 1)));
    const problem = problems.find((each) => each !== undefined);
    if (problem !== undefined || !this.#row.hears) return problem;
    if (steps.some(({ lines }) => /notify/i.test(lines.join()))) this.#isUnheard = true;
    return this.#isUnheard ? await this.#settle() : undefined;
  }

  async #takeOne(step: Step, hasCompany: boolean): Promise<string | undefined> {
    const { client } = step;
    if (step.comesBack !== undefined) return await this.#replace(client, step.comesBack);
    const pair = this.#pairs[client]!;
    const altered = this.#options.alter?.(step) ?? step;
    let problem = await pair.take(step, altered);
    // Whoever came at the same time waits for the server.
    if (problem === undefined && hasCompany && pair.status !== 'I') {
      const end = new Saying().query('ROLLBACK').step(client);
      problem = await pair.take(end, end);
    }
    this.#inTransaction[client] = pair.status === 'I' ? 0 : this.#inTransaction[client]! + 1;
    return problem;
  }

  /** It leaves, in whatever state it is, and comes back once its last session has ended. */
  async #replace(client: number, parameters: Readonly<Record<string, string>>): Promise<string | undefined> {
    const last = this.#pairs[client];
    if (last !== undefined) {
      await last.leave();
      await eventually(() => this.#world.isGone(last.twinPid));
      const problem = await this.#compareLocks();
      if (problem !== undefined) return problem;
    }
    this.#inTransaction[client] = 0;
    const pair = await Pair.login(this.#stage, parameters);
    this.#pairs[client] = pair;
    // The agent tells what was asked for as it was asked for, until a server has taken it: its values are compared then.
    return pair.compareNames();
  }

  /** What a client that has gone held is given back: by PostgreSQL at once, by the agent as soon as it has cleaned up. */
  async #compareLocks(): Promise<string | undefined> {
    let counts = { ours: 0, twin: 0 };
    const isSame = await eventually(async () => {
      counts = await this.#world.advisoryLocks();
      return counts.ours === counts.twin;
    });
    return isSame
      ? undefined
      : `advisory locks after a client has left\n  - ${counts.twin}\n  + ${counts.ours}`;
  }

  /** Everybody hears what was sent to it. A session in a transaction hears it at its end, so that it may have to be asked again. */
  async #settle(): Promise<string | undefined> {
    for (const [client, pair] of this.#pairs.entries()) {
      const problem = await pair.settle();
      if (problem !== undefined) return `client ${client}: ${problem}`;
    }
    this.#isUnheard = this.#holders() > 0;
    return undefined;
  }

  /** All that can be seen at the end: a difference that nobody has looked at yet. */
  async #finish(): Promise<string | undefined> {
    for (const client of this.#pairs.keys()) {
      if (this.#pairs[client]!.status !== 'I') {
        const problem = await this.#take([new Saying().query('ROLLBACK').step(client)]);
        if (problem !== undefined) return problem;
      }
    }
    for (const client of this.#pairs.keys()) {
      const all = new Saying();
      for (const text of LAST_LOOKS) all.query(text);
      const problem = await this.#take([all.step(client)]);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }
}

const EMPTY: Omit<Step, 'client'> = { lines: [], bytes: new Uint8Array(0), readies: 0 };

/** False when it does not come to hold for so long that it never will. */
async function eventually(holds: () => Promise<boolean>): Promise<boolean> {
  for (let tries = 1; !(await holds()); tries++) {
    if (tries === 500) return false;
    await Bun.sleep(10);
  }
  return true;
}
