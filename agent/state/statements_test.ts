// Shared statements: one for each text and types, counted, and remembered by each server until there are too many.

import { expect, test } from 'bun:test';
import { ServerStatements } from './server_statements.ts';
import { isSharedName, StatementRegistry } from './statements.ts';

const tail = (sql: string): Buffer<ArrayBuffer> => Buffer.from(`${sql}\0\0\0`);

test('StatementRegistry.acquire() gives one statement to all who prepared the same', () => {
  const registry = new StatementRegistry();
  const one = registry.acquire(tail('SELECT 1'));
  expect(registry.acquire(tail('SELECT 1'))).toBe(one);
  expect(registry.acquire(tail('SELECT 2'))).not.toBe(one);
  expect(registry.acquire(Buffer.from('SELECT 1\0\0\x01\0\0\0\x17'))).not.toBe(one);
  expect([registry.size, one.users]).toEqual([3, 2]);
});

test('StatementRegistry.acquire() gives one of its own to whoever may not share it, and forgets it with that one', () => {
  const registry = new StatementRegistry();
  const text = tail('SELECT 1');
  const shared = registry.acquire(text);
  const own = [1, 2].map(() => registry.acquire(text, '', undefined, false));
  expect(new Set([shared, ...own, registry.acquire(text)]).size).toBe(3);
  for (const each of own) registry.release(each);
  expect(registry.size).toBe(1);
});

test('StatementRegistry.acquire() copies what may be overwritten', () => {
  const registry = new StatementRegistry();
  const chunk = tail('SELECT 1');
  const statement = registry.acquire(chunk);
  chunk.fill(0x58);
  expect(Buffer.from(statement.tail)).toEqual(tail('SELECT 1'));
  expect(registry.acquire(tail('SELECT 1'))).toBe(statement);
});

test('StatementRegistry.acquire() tells texts apart that are no UTF-8', () => {
  const registry = new StatementRegistry();
  expect(registry.acquire(Buffer.from([0xe9, 0]))).not.toBe(registry.acquire(Buffer.from([0xe8, 0])));
});

test('StatementRegistry.release() forgets a statement with its last user', () => {
  const registry = new StatementRegistry();
  const one = registry.acquire(tail('SELECT 1'));
  registry.acquire(tail('SELECT 1'));
  registry.release(one);
  expect(registry.acquire(tail('SELECT 1'))).toBe(one);
  registry.release(one);
  registry.release(one);
  expect(registry.size).toBe(0);
});

test('StatementRegistry never gives a name twice, although its statement is gone', () => {
  const registry = new StatementRegistry();
  const one = registry.acquire(tail('SELECT 1'));
  registry.release(one);
  const other = registry.acquire(tail('SELECT 1'));
  expect(other.name).not.toBe(one.name);
});

test('ServerStatements.evict() gives the one that was not used for the longest time', () => {
  const registry = new StatementRegistry();
  const [a, b, c] = ['a', 'b', 'c'].map((sql) => registry.acquire(tail(sql)));
  const books = new ServerStatements();
  for (const each of [a!, b!, c!]) books.put(each, 0);
  books.touch(a!);
  expect(books.evict(3)).toBeUndefined();
  expect(books.evict(2)).toBe(b!);
  expect([books.has(a!, 0), books.has(b!, 0), books.has(c!, 0), books.size]).toEqual([true, false, true, 2]);
  books.touch(b!);
  expect(books.has(b!, 0)).toBe(false);
  books.clear();
  expect([books.size, books.evict(0)]).toEqual([0, undefined]);
});

test('ServerStatements.restore() keeps the order in which statements were used', () => {
  const registry = new StatementRegistry();
  const all = ['a', 'b', 'c'].map((sql) => registry.acquire(tail(sql)));
  const books = new ServerStatements();
  for (const each of all) {
    books.put(each, 0);
    books.onParsed(each, true);
  }
  books.touch(all[0]!);
  for (const each of all) books.restore(each);
  expect([0, 1, 2].map(() => books.evict(0))).toEqual([all[1]!, all[2]!, all[0]!]);
});

test('isSharedName() knows the names that only the agent gives', () => {
  const names = ['pgsidecar_1', 'pgsidecar_', 'pgsidecar_1x', 'xpgsidecar_1', ''];
  expect(names.map(isSharedName)).toEqual([true, false, false, false, false]);
});

test('ServerStatements.mayHave() counts what was put there and is trusted by nobody else', () => {
  const statement = new StatementRegistry().acquire(tail('SELECT 1'), 'one reading');
  const books = new ServerStatements();
  expect(books.mayHave(statement)).toBe(false);
  books.put(statement, 0);
  books.distrust(statement);
  expect([books.has(statement, 0), books.mayHave(statement)]).toEqual([false, true]);
});
