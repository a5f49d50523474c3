// The console gives everybody else a turn while it makes rows, and waits for a client that does not read.

import { describe, expect, test } from 'bun:test';
import { FakeClock, settle } from '../tests/harness/fake_clock.ts';
import { FakeConnection } from '../tests/harness/fake_connection.ts';
import { type Cell, RowWriter } from '../wire/typed_rows.ts';
import { Reply } from './reply.ts';

function fixture(rows: number, msEach: number, text = 'x', room = Number.POSITIVE_INFINITY) {
  const clock = new FakeClock();
  const connection = new FakeConnection();
  connection.room = room;
  const reply = new Reply(connection, clock);
  connection.handler = { onData() {}, onDrain: () => reply.onDrain(), onClose: () => reply.end() };
  const state = { made: 0 };
  function* make(): Generator<readonly Cell[]> {
    for (; state.made < rows; state.made++) {
      clock.advance(msEach);
      yield [text];
    }
  }
  const writer = new RowWriter([{ name: 'x', type: 'text' }], [0]);
  const done = reply.rows(make(), writer, 0);
  return { clock, connection, reply, state, done };
}

describe('Reply', () => {
  test('makes rows for two milliseconds, and goes on when everybody else has had a turn', async () => {
    const { clock, state, done, reply } = fixture(5, 1);
    await settle();
    expect(state.made).toBe(1);
    clock.advance(0);
    await settle();
    expect(state.made).toBe(3);
    clock.advance(0);
    await settle();
    clock.advance(0);
    expect(await done).toEqual({ count: 5, isLast: true });
    reply.send();
  });

  test('gives that turn also where what it makes is sent long before', async () => {
    // Each row fills a block, and takes less than a slice.
    const { clock, state, done } = fixture(10, 0.5, 'x'.repeat(100_000));
    await settle();
    expect(state.made).toBe(3);
    clock.advance(0);
    await settle();
    expect(state.made).toBe(7);
    clock.advance(0);
    await settle();
    expect((await done).count).toBe(10);
  });

  test('waits for a client that does not read, and goes on when it has', async () => {
    const { connection, state, done } = fixture(400, 0, 'x'.repeat(10_000), 0);
    await settle();
    const { made } = state;
    expect(made).toBeGreaterThan(10);
    expect(made).toBeLessThan(100);
    await settle();
    expect(state.made).toBe(made);
    connection.drain();
    await settle();
    expect(state.made).toBeGreaterThan(made);
    expect((await done).count).toBe(400);
  });

  test('makes no more rows for a client that has gone', async () => {
    const { connection, state, done } = fixture(400, 0, 'x'.repeat(10_000), 0);
    await settle();
    const { made } = state;
    connection.closed();
    await done;
    expect(state.made).toBeLessThanOrEqual(made + 1);
  });
});
