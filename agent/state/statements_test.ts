// Shared statements: one for each text and types, counted, and remembered by each server until there are too many.

import { expect, test } from 'bun:test';
import { ServerStatements, StatementRegistry } from './statements.ts';

const tail = (sql: string): Buffer<ArrayBuffer> => Buffer.from(`${sql}\0\0\0`);

test('StatementRegistry.acquire() gives one statement to all who prepared the same', () => {
  const registry = new StatementRegistry();
  const one = registry.acquire(tail('SELECT 1'));
  expect(registry.acquire(tail('SELECT 1'))).toBe(one);
  expect(registry.acquire(tail('SELECT 2'))).not.toBe(one);
  expect(registry.acquire(Buffer.from('SELECT 1\0\0\x01\0\0\0\x17'))).not.toBe(one);
  expect([registry.size, one.users]).toEqual([3, 2]);
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
  const known = new ServerStatements();
  for (const each of [a!, b!, c!, a!]) known.touch(each);
  expect(known.evict(3)).toBeUndefined();
  expect(known.evict(2)).toBe(b!);
  expect([known.has(a!), known.has(b!), known.has(c!), known.size]).toEqual([true, false, true, 2]);
  known.delete(a!);
  known.clear();
  expect([known.size, known.evict(0)]).toEqual([0, undefined]);
});
