// Reads what a simulated client hears: errors, and where one message broke off and another began.

import type { BackendHost } from './backend.ts';

/** An ErrorResponse where the rest of the message should have been. */
export function isCutInto(wanted: Uint8Array, heard: Uint8Array): boolean {
  let same = 0;
  while (same < heard.length && heard[same] === wanted[same]) same++;
  // The letter itself may be what was due there.
  return [0, 1, 2, 3, 4]
    .map((back) => same - back)
    .some((at) => at >= 5 && heard[at] === 0x45 && (heard[at + 1] ?? 0) === 0 && (heard[at + 2] ?? 0) === 0);
}

export function isFatal(bytes: Uint8Array): boolean {
  return Buffer.from(bytes).includes('VFATAL\0');
}

export function errorOf(bytes: Uint8Array): string[] {
  const strings = Buffer.from(bytes.subarray(5)).toString('utf8').split('\0');
  return ['C', 'M'].map((letter) => strings.find((each) => each.startsWith(letter))?.slice(1) ?? '');
}

interface Full {
  readonly error: readonly [string, string];
  readonly taken: number;
  /** What that is held against: prepared_statements_memory, or half of it for one client. */
  readonly limit: number;
  readonly max: number;
}

/** The agent's refusal of one more statement; undefined when it is something else. */
export function fullOf(bytes: Uint8Array): Full | undefined {
  if (bytes[0] !== 0x45) return undefined;
  const [sqlstate = '', text = ''] = errorOf(bytes);
  const said = /^the prepared statements of (this|all) clients? take (\d+) bytes .*= (\d+);/.exec(text);
  if (sqlstate !== '53200' || said === null) return undefined;
  const max = Number(said[3]);
  const isOwn = said[1] === 'this';
  return { error: [sqlstate, text], taken: Number(said[2]), limit: isOwn ? max / 2 : max, max };
}

/**
 * The host of a client's model, whose backend is alone and never waits. How often others have changed the table, and
 * whether a plan was stale for that, it learns from what the client hears.
 */
export class Alone implements BackendHost {
  version = 0;
  readonly knowsVersion = false;
  #isStale = false;
  /** The last one, and the one before. */
  #kinds: readonly number[] = [];

  /** False: what it says cannot be. @param version how often the table has been changed. */
  hear(bytes: Uint8Array, version: number): boolean {
    const text = Buffer.from(bytes).toString('latin1');
    this.#kinds = [bytes[0]!, this.#kinds[0] ?? 0];
    this.#isStale = bytes[0] === 0x45 && text.includes('RRevalidateCachedQuery\0');
    if (this.#isStale && version === 0) return false;
    const seen =
      bytes[0] === 0x44 ? /\|v(\d+)\|/.exec(text) : bytes[0] === 0x54 ? /v(\d+)\0/.exec(text) : null;
    if (seen === null) return true;
    this.version = Number(seen[1]);
    return this.version <= version;
  }

  /** Of a statement, columns come behind its parameters: the model said both, before the version could be known. */
  mayDescribe(wanted: Uint8Array): boolean {
    const isColumns = wanted[0] === 0x54 && /v\d+\0/.test(Buffer.from(wanted).toString('latin1'));
    return isColumns && this.#kinds[0] === 0x54 && this.#kinds[1] === 0x74;
  }

  isStale(): boolean {
    return this.#isStale;
  }

  mayGo(): boolean {
    return true;
  }

  onTransactionEnd(): void {}
}
