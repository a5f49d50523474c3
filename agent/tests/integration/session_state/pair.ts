// A client at both places: what it is told through the agent is held against what it is told by PostgreSQL itself.

import { ENDED, SILENCE, Speaker } from './speaker.ts';
import type { Step } from './words.ts';
import type { Stage } from './world.ts';

export class Pair {
  readonly #ours: Speaker;
  readonly #twin: Speaker;
  /** Since the transaction began. */
  hasSavepoint = false;

  private constructor(ours: Speaker, twin: Speaker) {
    this.#ours = ours;
    this.#twin = twin;
  }

  static async login(stage: Stage, parameters: Readonly<Record<string, string>>): Promise<Pair> {
    const [ours, twin] = await Promise.all([
      Speaker.login(stage.ours, parameters),
      Speaker.login(stage.twin, parameters),
    ]);
    return new Pair(ours, twin);
  }

  /** Of ReadyForQuery, as PostgreSQL says it. */
  get status(): string {
    return this.#twin.status;
  }

  get twinPid(): number {
    return this.#twin.pid;
  }

  /** @param altered what is said on our side: another step only where a fault is planted. */
  async take(step: Step, altered: Step): Promise<string | undefined> {
    const [ours, twin] = await Promise.all([
      this.#ours.say(altered.bytes, altered.readies),
      this.#twin.say(step.bytes, step.readies),
    ]);
    this.hasSavepoint =
      this.status !== 'I' && (this.hasSavepoint || twin.some((line) => line.endsWith('"SAVEPOINT"')));
    if (twin.at(-1) === SILENCE || twin.at(-1) === ENDED) return `PostgreSQL itself: ${twin.join('\n')}`;
    return differenceOf('what it was told', twin, ours) ?? this.compareParameters();
  }

  /** As a state: when in a step PostgreSQL says it, and how often, is its own affair. */
  compareParameters(): string | undefined {
    const list = ({ parameters }: Speaker) =>
      [...parameters].map(([name, value]) => `${name} = ${value}`).sort();
    return differenceOf('ParameterStatus', list(this.#twin), list(this.#ours));
  }

  compareNames(): string | undefined {
    const list = ({ parameters }: Speaker) => [...parameters.keys()].sort();
    return differenceOf('ParameterStatus at login', list(this.#twin), list(this.#ours));
  }

  /** The twin has all of its notifications as soon as it has answered; ours come by another way, and may take longer. */
  async settle(): Promise<string | undefined> {
    const isIdle = this.#twin.status === 'I';
    await this.#twin.say(EMPTY_QUERY, 1);
    const theirs = this.#twin.notifications;
    const ours = this.#ours.notifications;
    if (isIdle) await this.#ours.until(() => ours.length >= theirs.length);
    return differenceOf('NotificationResponse', byChannel(theirs), byChannel(ours));
  }

  async leave(): Promise<void> {
    await Promise.all([this.#ours.leave(), this.#twin.leave()]);
  }

  close(): void {
    this.#ours.close();
    this.#twin.close();
  }
}

/** Query, with no text. */
const EMPTY_QUERY = new Uint8Array([0x51, 0, 0, 0, 5, 0]);

/** What comes on one channel has an order; two channels have none between them. */
function byChannel(notifications: readonly string[]): string[] {
  const channel = (line: string) => line.slice(0, line.indexOf('" "'));
  return notifications
    .map((line, at) => ({ line, at }))
    .sort((a, b) => channel(a.line).localeCompare(channel(b.line)) || a.at - b.at)
    .map(({ line }) => line);
}

/** The first place where they differ, with a line before it. `-` is PostgreSQL's word, `+` ours. */
function differenceOf(what: string, twin: readonly string[], ours: readonly string[]): string | undefined {
  for (let at = 0; at < Math.max(twin.length, ours.length); at++) {
    if (twin[at] === ours[at]) continue;
    const before = at > 0 ? `    ${twin[at - 1]}\n` : '';
    const side = (sign: string, lines: readonly string[]) =>
      (lines.length > at ? lines.slice(at, at + 3) : ['nothing more']).map((line) => `  ${sign} ${line}`);
    return `${what}\n${before}${[...side('-', twin), ...side('+', ours)].join('\n')}`;
  }
  return undefined;
}
