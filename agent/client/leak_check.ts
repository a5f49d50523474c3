// A lease that is looked at closely: what was said in it, and what the server has in the end that nobody has announced.

import { SETTINGS } from '../query/effects.ts';
import { type Noted, noted } from '../query/lessons.ts';
import { READS, RUNS_NOTHING, suspicionOf } from '../query/taught.ts';
import type { Findings } from '../state/inquiry.ts';
import type { Parameters } from '../state/parameters.ts';
import { PINS, type Pin } from '../state/pins.ts';
import { isSameValue } from '../state/same_value.ts';
import type { Session } from './session.ts';

/** The last ones are kept; each is a fingerprint of some hundred bytes. */
const TEXTS_MAX = 16;

interface Text extends Noted {
  readonly suspicion: number;
}

export class LeakCheck {
  /** When its client got the server, or at some time since, that was known to have nothing that the books did not say: what it has now is this client's. */
  readonly isCertain: boolean;
  /** So it was when this began: one of the texts that were said since has done it. */
  readonly #hasAllTexts: boolean;
  /** The server was asked what it has. */
  isAsked = false;
  readonly #texts = new Map<string, Text>();

  constructor(isCertain: boolean, hasAllTexts: boolean) {
    this.isCertain = isCertain;
    this.#hasAllTexts = hasAllTexts;
  }

  /** A text of the client's, as it was read. */
  note(bytes: Uint8Array, from: number, to: number): void {
    // What comes while the server is asked has not run by then.
    if (this.isAsked) return;
    const suspicion = suspicionOf(bytes, from, to);
    if (suspicion === RUNS_NOTHING) return;
    const text = noted(bytes, from, to);
    this.#texts.delete(text.fingerprint);
    this.#texts.set(text.fingerprint, { ...text, suspicion });
    if (this.#texts.size <= TEXTS_MAX) return;
    for (const [eldest] of this.#texts) return void this.#texts.delete(eldest);
  }

  /** Those that call a function or write; where there is none, those that read, since a view may call one. */
  get suspects(): readonly Noted[] {
    if (!this.#hasAllTexts) return [];
    const texts = [...this.#texts.values()];
    const runs = texts.filter(({ suspicion }) => suspicion > READS);
    return runs.length > 0 ? runs : texts;
  }
}

/** What the server has that neither the client's pins nor the books about it say: pins, and settings as `set NAME`, without their values. */
export function unannounced(
  findings: Findings,
  pins: ReadonlySet<Pin>,
  books: Parameters,
): readonly string[] {
  const news: string[] = [];
  for (const pin of findings.pins) if (!pins.has(pin)) news.push(pin);
  for (const [name, value] of findings.settings) {
    if (books.reports(name)) continue;
    const known = books.unreported.get(name);
    if (known === undefined || !isSameValue(known, value)) news.push(`set ${name}`);
  }
  return news;
}

/** May it do more than SET? */
export function runsAnything(sql: string): boolean {
  const bytes = Buffer.from(sql);
  return suspicionOf(bytes, 0, bytes.length) !== RUNS_NOTHING;
}

/** Bits of `Effects`, of what `unannounced()` gives. */
export function foreignBits(found: readonly string[]): number {
  let bits = 0;
  for (const { pin, bit } of PINS) if (found.includes(pin)) bits |= bit;
  return found.some((each) => each.startsWith('set ')) ? bits | SETTINGS : bits;
}

/** It is told, and learned where it is certain whose it was. @param found as `unannounced()` gives it. */
export function reportLeak(
  session: Session,
  { isCertain, suspects }: LeakCheck,
  found: readonly string[],
): void {
  const { context, pool, pid } = session;
  const fields = { database: pool.database.name, user: pool.user, left: found.join(', ') };
  if (!isCertain) {
    context.rareLog.warn(
      fields,
      'a server has what an earlier client has left there without a word, of nobody knows which client: nobody is given it, and the server is replaced',
    );
    return;
  }
  const now = context.clock.now();
  const news = suspects.filter((text) => context.effects.lessons.learn(text, now));
  if (news.length === 0 && suspects.length > 0) return;
  const texts = suspects.map(({ fingerprint }) => fingerprint);
  const sentence =
    'a transaction has left what no text of it says; the server is asked behind these texts from now on';
  if (suspects.length > 0) context.log.warn({ client_pid: pid, ...fields, texts }, sentence);
  else
    context.rareLog.warn(
      fields,
      'a transaction has left what no text of it says, and its texts are not known',
    );
}
