// Which statements a server has, when errors undo some of what was sent and a pipeline goes on regardless.

import { describe, expect, test } from 'bun:test';
import { BIND, CLOSE, COPY_END, EXECUTE, Expected, FAKE, FORWARD, PARSE, SKIP, SYNC } from './expected.ts';
import { ServerStatements } from './server_statements.ts';
import { type Statement, StatementRegistry } from './statements.ts';

/** Replies by the letters of their type bytes. */
function replies(due: Expected, letters: string): void {
  for (const letter of letters) due.onReply(letter.charCodeAt(0));
}

function statement(text: string): Statement {
  return new StatementRegistry().acquire(Buffer.from(text));
}

describe('Expected and the books of statements', () => {
  const names = ['a', 'b', 'c'].map(statement) as [Statement, Statement, Statement];
  const [a, b, c] = names;

  /** As who sends them: a Parse is put into the books, a Close taken out. */
  function send(
    due: Expected,
    books: ServerStatements,
    kind: number,
    one: Statement,
    disposition = SKIP,
  ): void {
    due.push(kind, disposition, one);
    if (kind === PARSE) books.put(one, due.run);
    else while (books.evict(0) !== one);
  }

  const known = (books: ServerStatements, run: number): boolean[] =>
    names.map((each) => books.has(each, run));

  test('a statement can be relied on in the run that its Parse is in, and later when the server has taken it', () => {
    const books = new ServerStatements();
    const due = new Expected(books);
    send(due, books, PARSE, a, FORWARD);
    due.push(SYNC);
    expect([books.has(a, 0), books.has(a, due.run), due.isBehind]).toEqual([true, false, true]);
    replies(due, '1');
    expect(books.has(a, due.run)).toBe(true);
    replies(due, 'Z');
    expect(due.isBehind).toBe(false);
  });

  test('an error undoes the Parse that failed and those that were passed over', () => {
    const books = new ServerStatements();
    const due = new Expected(books);
    for (const each of names) send(due, books, PARSE, each);
    due.push(SYNC);
    replies(due, '1E');
    expect(known(books, due.run)).toEqual([true, false, false]);
  });

  test('an error undoes the Close that was passed over', () => {
    const books = new ServerStatements();
    const due = new Expected(books);
    send(due, books, PARSE, a);
    due.push(SYNC);
    replies(due, '1Z');
    due.push(BIND);
    send(due, books, CLOSE, a);
    send(due, books, PARSE, b);
    due.push(SYNC);
    expect(known(books, due.run)).toEqual([false, false, false]);
    replies(due, 'E');
    expect(known(books, due.run)).toEqual([true, false, false]);
  });

  test('an error leaves what was sent behind its Sync', () => {
    const books = new ServerStatements();
    const due = new Expected(books);
    send(due, books, PARSE, a);
    due.push(SYNC);
    replies(due, '1Z');
    due.push(BIND);
    send(due, books, PARSE, b);
    due.push(SYNC);
    send(due, books, CLOSE, a);
    send(due, books, PARSE, c);
    replies(due, 'E');
    expect(known(books, due.run)).toEqual([false, false, true]);
    replies(due, 'Z31');
    expect(known(books, 99)).toEqual([false, false, true]);
  });

  test('a ParseComplete is not taken for that of a later Parse of the same statement', () => {
    const books = new ServerStatements();
    const due = new Expected(books);
    send(due, books, PARSE, a);
    send(due, books, CLOSE, a);
    due.push(BIND);
    send(due, books, PARSE, a);
    due.push(SYNC);
    replies(due, '13');
    expect(books.has(a, due.run)).toBe(false);
    replies(due, 'E');
    expect(books.has(a, 0)).toBe(false);
  });

  test('a fake says nothing about them', () => {
    const books = new ServerStatements();
    const due = new Expected(books);
    due.push(PARSE, FAKE);
    expect([due.takeFake(), books.size]).toEqual([PARSE, 0]);
  });

  test('what is sent between an error and its Sync is not in them', () => {
    const books = new ServerStatements();
    const due = new Expected(books);
    due.push(BIND);
    replies(due, 'E');
    due.push(PARSE, FORWARD, a);
    due.push(SYNC);
    expect(due.isPending(a)).toBe(false);
  });

  test('a Sync that a COPY swallowed begins no run', () => {
    const due = new Expected();
    for (const kind of [EXECUTE, SYNC, COPY_END, SYNC]) due.push(kind);
    replies(due, 'GCZ');
    expect([due.run, due.isBehind]).toEqual([1, false]);
  });

  test('what is sent behind a Sync that a COPY swallowed is taken when the server has taken it', () => {
    const books = new ServerStatements();
    const due = new Expected(books);
    for (const kind of [EXECUTE, SYNC, COPY_END, SYNC]) due.push(kind);
    send(due, books, PARSE, a);
    due.push(SYNC);
    replies(due, 'GCZ1Z');
    expect(books.has(a, 99)).toBe(true);
  });
});

test('a pipeline of 100,000 statements is booked, whatever the server says of each', () => {
  const registry = new StatementRegistry();
  const books = new ServerStatements();
  const due = new Expected(books);
  const all = Array.from({ length: 100_000 }, (_, i) => registry.acquire(Buffer.from(`${i}`)));
  for (const each of all) {
    due.push(PARSE, SKIP, each);
    books.put(each, due.run);
    due.push(SYNC);
  }
  for (const [i] of all.entries()) replies(due, i % 2 === 0 ? '1Z' : 'EZ');
  expect(books.size).toBe(50_000);
  expect([all[0]!, all[1]!, all[99_998]!, all[99_999]!].map((each) => books.has(each, due.run))).toEqual([
    ...[true, false, true, false],
  ]);
});

test('Expected.isPending() knows what was sent and not answered', () => {
  const [a, b, c] = ['a', 'b', 'c'].map(statement) as [Statement, Statement, Statement];
  const due = new Expected();
  due.push(PARSE, FORWARD, a);
  due.push(BIND);
  due.push(PARSE, SKIP, b);
  due.push(PARSE, FAKE, c);
  due.push(SYNC);
  due.push(CLOSE, SKIP, a);
  due.push(SYNC);
  const pending = (): boolean[] => [a, b, c].map((each) => due.isPending(each));
  expect(pending()).toEqual([true, true, false]);
  replies(due, '1');
  expect(pending()).toEqual([true, true, false]);
  replies(due, 'EZ');
  expect(pending()).toEqual([true, false, false]);
  replies(due, '3');
  expect(pending()).toEqual([false, false, false]);
});
