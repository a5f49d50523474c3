// What a fuzz target is: a decoder, the errors that it may throw, inputs to begin with, and what must hold of every answer.

import { AgentError, type Problem } from '../../base/errors.ts';
import { ProtocolError } from '../../wire/protocol_error.ts';

type ErrorClass = abstract new (...args: never[]) => Error;

export interface Target {
  /** `snake_case`; its folder in the corpus has the same name. */
  readonly name: string;
  /** What it may throw, and no subclass of anything else. */
  readonly errors: readonly ErrorClass[];
  /** Its part of all inputs, beside the other targets' shares: what is slow gets fewer. */
  readonly share: number;
  /** Inputs are not made longer than this, in bytes; 4,096 unless told. */
  readonly bytesMax?: number;
  /** What the format has as words: put into inputs now and then. */
  readonly words: readonly (string | Uint8Array)[];
  /** Whole, ordinary inputs to begin with. */
  readonly seeds: readonly (string | Uint8Array)[];
  /**
   * Reads the input, and checks what must hold of the answer with `must()`. Answers in a few words what came of it:
   * an input with a new answer is one worth changing further.
   */
  run(input: Uint8Array): string | Promise<string>;
}

/** Something that must hold does not. */
export class Broken extends Error {
  override readonly name = 'Broken';
}

export function must(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Broken(what);
}

/** Both as JSON; what JSON does not know (maps, bytes) is the caller's to turn into what it does. */
export function mustBeSame(got: unknown, wanted: unknown, what: string): void {
  const [left, right] = [JSON.stringify(got), JSON.stringify(wanted)];
  if (left !== right) throw new Broken(`${what}: got ${left}, wanted ${right}`);
}

/** The errors that a decoder says no with. */
export const PROTOCOL_ERRORS: readonly ErrorClass[] = [ProtocolError];
export const AGENT_ERRORS: readonly ErrorClass[] = [AgentError];

const VARIABLE = /\$\w+|\$\{\w+\}/g;

/** Each complaint is a sentence with its blanks filled, at a line that the text has. */
export function checkProblems(problems: readonly Problem[], text: string): void {
  const lines = text.split(/\r\n?|\n/).length;
  const blank = /\{\w+\}|undefined|\[object/;
  for (const { sentence, origin } of problems) {
    // What it quotes may look like one, as it is or with its variables expanded.
    must(
      blank.test(text) || blank.test(text.replace(VARIABLE, '')) || !blank.test(sentence),
      `a sentence with a blank: ${sentence}`,
    );
    must((origin?.line ?? 1) <= lines, `line ${origin?.line} of ${lines}`);
  }
}

/** Bytes as the text of a file; what is no UTF-8 is what TextDecoder makes of it. */
export function textOf(input: Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(input);
}

export function bytesOf(input: string | Uint8Array): Uint8Array {
  return typeof input === 'string' ? new TextEncoder().encode(input) : input;
}

/** Reads choices and pieces off the front of an input, so that one input can be a whole conversation. */
export class Pieces {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isOver(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** A number below `count`, from one byte; 0 when there is none left. */
  choice(count: number): number {
    return (this.#bytes[this.#at++] ?? 0) % count;
  }

  /** So many bytes as the next two say, or what is left. */
  piece(): Uint8Array {
    const length = this.choice(256) * 256 + this.choice(256);
    const piece = this.#bytes.slice(this.#at, this.#at + length);
    this.#at += length;
    return piece;
  }

  rest(): Uint8Array {
    const rest = this.#bytes.slice(this.#at);
    this.#at = this.#bytes.length;
    return rest;
  }
}

/** The other way round: choices and pieces as one input. */
export function inputOf(...parts: readonly (number | Uint8Array)[]): Uint8Array {
  const bytes = parts.map((part) => {
    if (typeof part === 'number') return Buffer.from([part]);
    return Buffer.concat([Buffer.from([part.length >> 8, part.length & 255]), part]);
  });
  return new Uint8Array(Buffer.concat(bytes));
}

/** The stream in pieces, cut at places that `cuts` chooses. */
export function cutUp(stream: Uint8Array, cuts: Uint8Array): Uint8Array[] {
  if (cuts.length === 0) return [stream];
  const chunks: Uint8Array[] = [];
  for (let at = 0, index = 0; at < stream.length; index++) {
    const length = 1 + (cuts[index % cuts.length]! % 32);
    // Each in memory of its own, as a socket's chunks are.
    chunks.push(stream.slice(at, at + length));
    at += length;
  }
  return chunks;
}
