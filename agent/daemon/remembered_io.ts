// The outside as it was read for the settings in force: what SET at the console is loaded with, whatever the files say by now.

import type { SourceIo } from '../config/source.ts';

export class RememberedIo {
  readonly #io: SourceIo;
  #kept = new Map<string, unknown>();
  #read = new Map<string, unknown>();

  constructor(io: SourceIo) {
    this.#io = io;
  }

  /** The outside as it is, for a whole load: what that reads is remembered. */
  fresh(): SourceIo {
    const fresh = new Map<string, unknown>();
    this.#read = fresh;
    const io = this.#io;
    return {
      ...io,
      read(path) {
        const text = io.read(path);
        fresh.set(path, text);
        return text;
      },
      async run(command, args, timeoutMs) {
        const output = await io.run(command, args, timeoutMs);
        fresh.set(keyOf(command, args), output);
        return output;
      },
    };
  }

  /** What the last load read is what the settings in force are made of. */
  keep(): void {
    this.#kept = this.#read;
  }

  /** As it was then; what was not read then is read now. */
  remembered(): SourceIo {
    const [io, kept] = [this.#io, this.#kept];
    return {
      ...io,
      read: (path) => (kept.has(path) ? (kept.get(path) as string | undefined) : io.read(path)),
      run(command, args, timeoutMs) {
        const output = kept.get(keyOf(command, args));
        return typeof output === 'string' ? Promise.resolve(output) : io.run(command, args, timeoutMs);
      },
    };
  }
}

/** No path has a NUL in it. */
function keyOf(command: string, args: readonly string[]): string {
  return `\0${JSON.stringify([command, ...args])}`;
}
