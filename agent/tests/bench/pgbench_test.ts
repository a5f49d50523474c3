// parseSummary() on what pgbench 15 prints.

import { expect, test } from 'bun:test';
import { parseSummary } from './pgbench.ts';

const OUTPUT = `pgbench (15.20 (Debian 15.20-0+deb12u1))
transaction type: <builtin: select only>
scaling factor: 1
query mode: simple
number of clients: 8
number of threads: 1
maximum number of tries: 1
duration: 2 s
number of transactions actually processed: 17330
number of failed transactions: 0 (0.000%)
latency average = 0.922 ms
initial connection time = 12.345 ms
tps = 8674.118442 (without initial connection time)
`;

test('parseSummary() reads transactions, failures and throughput', () => {
  expect(parseSummary(OUTPUT)).toEqual({
    transactions: 17330,
    failed: 0,
    transactionsPerSecond: 8674.118442,
  });
});

test('parseSummary() does not make up what is not there', () => {
  expect(() => parseSummary(OUTPUT.replace(/^tps.*$/m, ''))).toThrow('Cannot read what pgbench printed');
});
