// Reads the toy of a SQL that simulated backends speak, and real SQL as the agent does.

import {
  type Action,
  type Effects,
  LOCKS,
  NOTHING,
  SETTINGS,
  type StatementEffects,
} from '../../query/effects.ts';
import type { EffectsReader } from '../../query/effects_reader.ts';

type Reader = Pick<EffectsReader, 'read' | 'lessons'>;

const NONE: StatementEffects = { bits: 0, actions: [] };
/** Words that leave nothing. */
const PLAIN =
  /^(?:(?:rows|fail|syntax|notice|lock|sleep|cols|copyin|copyout|show|alter|begin|commit|rollback)\b.*|(?!discard$)\w+)$/;

export class ToyEffects implements Reader {
  readonly lessons: Reader['lessons'];
  readonly #real: Reader;

  /** @param real for what is no toy. */
  constructor(real: Reader) {
    this.lessons = real.lessons;
    this.#real = real;
  }

  read(bytes: Uint8Array, from: number, to: number, isConforming: boolean, isAsciiSafe: boolean): Effects {
    const all = Buffer.from(bytes.subarray(from, to))
      .toString('latin1')
      .split(';')
      .map((each) => each.trim())
      // Nothing completes those.
      .filter((each) => each !== '');
    const statements = all.map(toyOf);
    if (statements.includes(undefined)) return this.#real.read(bytes, from, to, isConforming, isAsciiSafe);
    if (statements.every((each) => each === NONE)) return NOTHING;
    const bits = statements.reduce((sum, each) => sum | each!.bits, 0);
    return { bits, statements: statements as StatementEffects[], isSingle: statements.length === 1 };
  }
}

/** Undefined: it is real SQL. */
function toyOf(sql: string): StatementEffects | undefined {
  if (PLAIN.test(sql)) return NONE;
  const [, name, value] = /^set (\w+)[ =]((?!to\b).*)$/.exec(sql) ?? [];
  if (name !== undefined) return does({ kind: 'config', name: name.toLowerCase(), value: value! });
  if (/^reset (?:all|ALL)$/.test(sql)) return does({ kind: 'reset_all' });
  const [, reset] = /^reset (\w+)$/.exec(sql) ?? [];
  if (reset !== undefined) return does({ kind: 'reset', name: reset.toLowerCase() });
  if (/^discard(?: all)?$/.test(sql)) return does({ kind: 'discard', what: 'all' });
  // As a function does it: the text does not say what.
  if (/^quietly /.test(sql)) return { bits: SETTINGS, actions: [] };
  if (/^(?:hold|drop) /.test(sql)) return { bits: LOCKS, actions: [] };
  return undefined;
}

function does(action: Action): StatementEffects {
  return { bits: 0, actions: [action] };
}
