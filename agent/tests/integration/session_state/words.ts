// What a client says in one step: messages as bytes for the wire, and as lines for whoever reads a failure.

import * as words from '../../harness/client_words.ts';

/** One turn of one client: everything in it is sent in one write, and answered by so many ReadyForQuery. */
export interface Step {
  readonly client: number;
  readonly lines: readonly string[];
  readonly bytes: Uint8Array;
  readonly readies: number;
  /** It leaves first, and comes back with these parameters of the startup packet; then `bytes` are empty. */
  readonly comesBack?: Readonly<Record<string, string>>;
  /** Sent at the same time as the step behind it, which is another client's. */
  readonly isTogether?: boolean;
}

/** Gathers the messages of a step. */
export class Saying {
  readonly lines: string[] = [];
  readies = 0;
  readonly #pieces: Uint8Array[] = [];

  query(sql: string): this {
    this.readies++;
    return this.#say(`Query ${shown(sql)}`, words.query(sql));
  }

  parse(name: string, sql: string): this {
    return this.#say(`Parse ${shown(name)} ${shown(sql)}`, words.parse(name, sql));
  }

  bind(statement: string, portal = '', values: readonly string[] = []): this {
    const line = `Bind ${shown(portal)} ${shown(statement)} ${values.map(shown).join(' ')}`;
    return this.#say(line.trimEnd(), words.bind(statement, portal, values));
  }

  describe(kind: 'S' | 'P', name = ''): this {
    return this.#say(`Describe ${kind} ${shown(name)}`, words.describe(kind, name));
  }

  execute(portal = '', rowsMax = 0): this {
    return this.#say(`Execute ${shown(portal)} ${rowsMax}`, words.execute(portal, rowsMax));
  }

  close(kind: 'S' | 'P', name = ''): this {
    return this.#say(`Close ${kind} ${shown(name)}`, words.close(kind, name));
  }

  flush(): this {
    return this.#say('Flush', words.flush);
  }

  sync(): this {
    this.readies++;
    return this.#say('Sync', words.sync);
  }

  step(client: number): Step {
    return { client, lines: this.lines, bytes: words.join(...this.#pieces), readies: this.readies };
  }

  #say(line: string, bytes: Uint8Array): this {
    this.lines.push(line);
    this.#pieces.push(bytes);
    return this;
  }
}

function shown(text: string): string {
  return JSON.stringify(text);
}
