// A client's names for its statements: those of now, those of when all is done, and what an error takes back.

import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import * as names from './client_statements.ts';
import { ClientStatements, type Mention, mentionOf } from './client_statements.ts';
import { CLOSE, EXECUTE, Expected, FAKE, FORWARD, PARSE, QUERY, SKIP, SYNC } from './expected.ts';
import { StatementRegistry } from './statements.ts';

class Client {
  readonly registry = new StatementRegistry();
  readonly names = new ClientStatements(this.registry);
  readonly due = new Expected();
  /** Takes a Parse without a name at once where nothing is ahead of it, as the agent does. */
  isQuick = true;

  parse(name: string, sql = name, disposition: number = FORWARD): Mention {
    const mention =
      name === ''
        ? this.names.takeUnnamed(Buffer.from(sql), 0, sql.length, this.isQuick && this.due.isEmpty)
        : this.names.take(name, this.registry.acquire(Buffer.from(sql)));
    this.due.push(PARSE, disposition, undefined, mention);
    return mention;
  }

  mention(effect: number, name = ''): Mention {
    return mentionOf(this.names, effect, name, name, undefined);
  }

  close(name: string): void {
    this.due.push(CLOSE, FAKE, undefined, this.mention(names.DROP, name));
  }

  sync(): void {
    this.due.push(SYNC);
  }

  /** Replies by the letters of their type bytes; a FAKE is taken as soon as it is next. */
  hears(letters: string): void {
    for (const letter of letters) {
      while (this.due.takeFake() !== 0);
      this.due.onReply(letter.charCodeAt(0));
    }
    while (this.due.takeFake() !== 0);
  }

  has(...all: string[]): boolean[] {
    return all.map((name) => this.names.find(name) !== undefined);
  }
}

describe('ClientStatements', () => {
  test('expects a name from its Parse on, and has it when the server says so', () => {
    const client = new Client();
    const mention = client.parse('a');
    expect([client.names.find('a'), client.names.size]).toEqual([mention, 0]);
    client.sync();
    client.hears('1Z');
    expect([client.names.find('a'), client.names.size]).toEqual([mention, 1]);
  });

  test('has no name of a Parse that was refused, nor of one that was passed over', () => {
    const client = new Client();
    client.parse('a');
    client.parse('b');
    client.sync();
    client.hears('EZ');
    expect([client.has('a', 'b'), client.registry.size, client.names.bytes]).toEqual([[false, false], 0, 0]);
  });

  test('keeps what was done before the error, and expects what comes behind its Sync', () => {
    const client = new Client();
    client.parse('a');
    client.parse('b');
    client.sync();
    client.parse('c');
    client.close('a');
    client.sync();
    expect(client.has('a', 'b', 'c')).toEqual([false, true, true]);
    client.hears('1E');
    expect(client.has('a', 'b', 'c')).toEqual([false, false, true]);
    client.hears('Z1Z');
    expect([client.has('a', 'b', 'c'), client.names.size]).toEqual([[false, false, true], 1]);
  });

  test('frees no name for a Close that was passed over', () => {
    const client = new Client();
    client.parse('a');
    client.sync();
    client.hears('1Z');
    client.due.push(EXECUTE);
    client.close('a');
    client.sync();
    expect(client.has('a')).toEqual([false]);
    client.hears('EZ');
    expect(client.has('a')).toEqual([true]);
  });

  test('lets the last of several count, whatever becomes of each', () => {
    const client = new Client();
    client.parse('a', 'one');
    client.close('a');
    const last = client.parse('a', 'two');
    client.sync();
    expect(client.names.find('a')).toBe(last);
    client.hears('11Z');
    expect([client.names.find('a'), client.registry.size]).toEqual([last, 1]);
  });

  test('counts the names themselves, in its own books and in those of all', () => {
    const client = new Client();
    const names = ['a', 'b'].map((each) => each.repeat(1_000_000));
    for (const name of names) client.parse(name, 'SELECT 1');
    client.sync();
    expect(client.names.bytes).toBeGreaterThan(2_000_000);
    expect(client.registry.bytes).toBeGreaterThan(2_000_000);
    client.hears('1EZ');
    expect(client.registry.bytes).toBeGreaterThan(1_000_000);
    expect(client.registry.bytes).toBeLessThan(1_100_000);
    client.names.close();
    expect([client.names.bytes, client.registry.bytes]).toEqual([0, 0]);
  });

  test('knows what is left of a pipeline of 100,000 names of which every other one is refused', () => {
    const client = new Client();
    const count = 100_000;
    for (let i = 0; i < count; i++) {
      client.parse(`${i}`, `${i % 2}`);
      client.sync();
    }
    for (let i = 0; i < count; i++) client.hears(i % 2 === 0 ? '1Z' : 'EZ');
    expect(client.names.size).toBe(count / 2);
    expect(client.has('0', '1', '99998', '99999')).toEqual([true, false, true, false]);
  });

  test('frees names by DEALLOCATE ALL for what was sent before it, and not for what comes behind', () => {
    const client = new Client();
    client.parse('a');
    client.sync();
    client.due.push(QUERY, FORWARD, undefined, client.mention(names.DEALLOCATE_ALL));
    client.parse('b');
    client.sync();
    expect(client.has('a', 'b')).toEqual([false, true]);
    client.hears('1Z');
    expect(client.has('a', 'b')).toEqual([false, true]);
    // It was refused: nothing was freed.
    client.hears('EZ');
    expect(client.has('a', 'b')).toEqual([true, true]);
    client.hears('EZ');
    expect(client.has('a', 'b')).toEqual([true, false]);
  });

  test('has lost the unnamed one with a Parse that is refused, and not with one that is passed over', () => {
    for (const [letters, isThere] of [
      ['EZ', false],
      ['1EZ', true],
    ] as const) {
      const client = new Client();
      client.parse('');
      client.sync();
      client.hears('1Z');
      if (isThere) client.parse('named');
      if (isThere) client.due.push(EXECUTE);
      client.parse('');
      client.sync();
      client.hears(letters);
      expect(client.has('')).toEqual([isThere]);
    }
  });

  test('has lost the unnamed one with a simple Query, also when that fails', () => {
    for (const letters of ['CZ', 'EZ']) {
      const client = new Client();
      client.parse('');
      client.parse('a');
      client.sync();
      client.hears('11Z');
      client.due.push(QUERY, FORWARD, undefined, client.mention(names.DROP_UNNAMED));
      expect(client.has('', 'a')).toEqual([false, true]);
      client.hears(letters);
      expect(client.has('', 'a')).toEqual([false, true]);
    }
  });

  test('expects none behind DEALLOCATE ALL but those that come later, and loses them when the tag says so', () => {
    const client = new Client();
    client.parse('a');
    client.parse('');
    client.sync();
    client.hears('11Z');
    const all = client.mention(names.DEALLOCATE_ALL);
    client.due.push(EXECUTE, FORWARD, undefined, all);
    client.parse('b');
    client.sync();
    expect(client.has('a', '', 'b')).toEqual([false, true, true]);
    client.names.onDeallocated(all);
    client.hears('C1Z');
    expect(client.has('a', '', 'b')).toEqual([false, true, true]);
  });

  test('keeps them when DEALLOCATE ALL was refused', () => {
    const client = new Client();
    client.parse('a');
    client.sync();
    client.hears('1Z');
    client.due.push(EXECUTE, FORWARD, undefined, client.mention(names.DEALLOCATE_ALL));
    client.sync();
    client.hears('EZ');
    expect(client.has('a')).toEqual([true]);
  });

  test('hears nothing of a Parse that the agent sends again', () => {
    const client = new Client();
    const mention = client.parse('');
    client.sync();
    client.hears('1Z');
    client.due.push(PARSE, SKIP, undefined, mention);
    client.due.push(EXECUTE);
    client.sync();
    client.hears('EZ');
    expect(client.names.find('')).toBe(mention);
  });

  test('gives everything back when the client is gone, what is on its way when that is done', () => {
    const client = new Client();
    client.parse('a');
    client.sync();
    client.hears('1Z');
    client.parse('b');
    client.sync();
    client.names.close();
    expect(client.registry.size).toBe(1);
    client.hears('1Z');
    expect([client.registry.size, client.registry.bytes, client.names.bytes]).toEqual([0, 0, 0]);
  });

  test('gives everything back when the connection to the server is gone', () => {
    const client = new Client();
    client.parse('a');
    client.sync();
    client.due.clear();
    expect([client.has('a'), client.registry.size]).toEqual([[false], 0]);
  });

  test('counts a long statement without a name while the client has it, and keeps nothing else of its chunk', () => {
    const client = new Client();
    const chunk = Buffer.alloc(100_000, 0x20);
    for (const [i, letters] of ['1Z', 'EZ'].entries()) {
      for (const isNext of [true, false]) {
        const mention = client.names.takeUnnamed(chunk, 10, 9_010, isNext);
        client.due.push(PARSE, FORWARD, undefined, mention);
        client.sync();
        expect([mention.chunk!.buffer.byteLength, client.registry.bytes]).toEqual([
          9_000,
          i === 0 && !isNext ? 18_000 : 9_000,
        ]);
        client.hears(letters);
        expect([client.names.bytes, client.registry.bytes]).toEqual(i === 0 ? [9_000, 9_000] : [0, 0]);
      }
    }
    client.names.takeUnnamed(chunk, 0, 5_000, true);
    client.names.close();
    expect([client.names.bytes, client.registry.bytes]).toEqual([0, 0]);
  });

  test('has the same statement without a name, whether it was taken at once or put into the books', () => {
    const sends = {
      parse: (client: Client, sql: string) => client.parse('', sql),
      execute: (client: Client) => client.due.push(EXECUTE),
      sync: (client: Client) => client.sync(),
      query: (client: Client) =>
        client.due.push(QUERY, FORWARD, undefined, client.mention(names.DROP_UNNAMED)),
      close: (client: Client) => client.due.push(CLOSE, FORWARD, undefined, client.mention(names.DROP)),
    };
    const done = { [PARSE]: '1', [EXECUTE]: 'C', [CLOSE]: '3', [SYNC]: 'Z', [QUERY]: 'Z' };
    const step = fc.oneof(
      fc.constantFrom(...(Object.keys(sends) as (keyof typeof sends)[])),
      fc.constantFrom('done', 'done', 'done', 'refused'),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const clients = [new Client(), new Client()];
        clients[1]!.isQuick = false;
        // What is still to be answered, as a server has it.
        let sent: number[] = [];
        let isFailed = false;
        for (const [i, each] of steps.entries()) {
          if (each === 'done' || each === 'refused') {
            const kind = sent.shift() as keyof typeof done | undefined;
            if (kind === undefined) continue;
            const isRefused = each === 'refused' && kind !== SYNC && kind !== QUERY;
            for (const client of clients) client.hears(isRefused ? 'E' : done[kind]);
            if (isRefused) {
              const syncAt = sent.indexOf(SYNC);
              isFailed = syncAt < 0;
              sent = isFailed ? [] : sent.slice(syncAt);
            }
          } else {
            // What the server passes over, nobody books.
            if (isFailed && each !== 'sync') continue;
            for (const client of clients) sends[each](client, `SELECT ${i}`);
            const kind = { parse: PARSE, execute: EXECUTE, sync: SYNC, query: QUERY, close: CLOSE }[each];
            isFailed = false;
            sent.push(kind);
          }
          const [quick, booked] = clients.map((client) => client.names.find(''));
          expect(textOf(quick)).toBe(textOf(booked));
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

function textOf(mention: Mention | undefined): string | undefined {
  return mention?.chunk === undefined ? undefined : String(mention.chunk);
}
