// Prints what it costs to read the effects of a text: `bun agent/tests/bench/effects.ts`; nothing else runs meanwhile.

import { nanoseconds } from 'bun';
import { EffectsReader } from '../../query/effects_reader.ts';

/** Short ones, and the quickest of them counts: whatever else runs can only add. */
const ROUNDS = 40;
const ROUND_NS = 5_000_000;

const ORM_SELECT = `SELECT "users"."id", "users"."email", "users"."created_at", "profiles"."name" FROM "users" LEFT OUTER JOIN "profiles"
 ON "profiles"."user_id" = "users"."id" WHERE "users"."tenant_id" = $1 AND ("users"."email" ILIKE $2 OR "profiles"."name" ILIKE $3)
 AND "users"."deleted_at" IS NULL ORDER BY "users"."created_at" DESC, "users"."id" ASC LIMIT $4 OFFSET $5`;

const TEXTS: readonly (readonly [name: string, sql: (i: number) => string])[] = [
  ['pgbench -S', () => 'SELECT abalance FROM pgbench_accounts WHERE aid = 12345;'],
  ['TPC-B: update', () => 'UPDATE pgbench_accounts SET abalance = abalance + -4321 WHERE aid = 12345;'],
  [
    'TPC-B: insert',
    () =>
      'INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (7, 1, 12345, -4321, CURRENT_TIMESTAMP);',
  ],
  ['BEGIN;', () => 'BEGIN;'],
  ['COMMIT', () => 'COMMIT'],
  ['empty', () => ''],
  ["an ORM's query", () => ORM_SELECT],
  [
    'with a comment of sqlcommenter',
    () =>
      `${ORM_SELECT} /*action='show',controller='users',traceparent='00-5bd66ef5095369c7b0d1f8f4bd33716a-c532cb4098ac3dd2-01'*/`,
  ],
  [
    'INSERT of 1,000 rows, 64 kB',
    () =>
      `INSERT INTO t VALUES ${Array.from({ length: 1_000 }, (_, i) => `(${i}, 'some words of text, more', '2024-01-01 00:00:00', ${i * 7}.25)`).join(', ')}`,
  ],
  ['SELECT of a string, 1 MB', () => `SELECT '${'lorem ipsum dolor sit amet '.repeat(38_000)}'`],
  ['SET, known', () => "SET application_name = 'worker'"],
  ['SET, new each time', (i) => `SET application_name = 'worker ${i}'`],
  ['SAVEPOINT, new each time', (i) => `SAVEPOINT active_record_${i}`],
  ['set_config(), known', () => "SELECT set_config('app.tenant', '42', false)"],
  ['advisory lock, new each time', (i) => `SELECT pg_try_advisory_lock(${i})`],
  [
    'INSERT with nextval(), 64 kB, read closely',
    () =>
      `INSERT INTO t VALUES ${Array.from({ length: 1_000 }, () => `(nextval('s'), 'some words of text, more', '2024-01-01 00:00')`).join(', ')}`,
  ],
];

function measure(sql: (i: number) => string): { readonly nsPerText: number; readonly bytes: number } {
  const reader = new EffectsReader();
  const texts = Array.from({ length: sql(0) === sql(1) ? 1 : 20_000 }, (_, i) => Buffer.from(sql(i)));
  let at = 0;
  const run = (count: number): number => {
    const begin = nanoseconds();
    for (let i = 0; i < count; i++) {
      const bytes = texts[at++ % texts.length]!;
      reader.read(bytes, 0, bytes.length, true, true);
    }
    return (nanoseconds() - begin) / count;
  };
  const first = run(10);
  const count = Math.max(2, Math.ceil(ROUND_NS / Math.max(50, first)));
  run(count);
  const rounds = Array.from({ length: ROUNDS }, () => run(count));
  return { nsPerText: Math.min(...rounds), bytes: texts[0]!.length };
}

// Once for the compiler: what it makes of the first text alone is not what it makes of many.
for (const [, sql] of TEXTS) measure(sql);

console.log(`${'text'.padEnd(44)}${'bytes'.padStart(10)}${'ns'.padStart(12)}${'ns/byte'.padStart(10)}`);
for (const [name, sql] of TEXTS) {
  const { nsPerText, bytes } = measure(sql);
  const perByte = bytes === 0 ? '' : (nsPerText / bytes).toFixed(2);
  console.log(
    `${name.padEnd(44)}${String(bytes).padStart(10)}${nsPerText.toFixed(0).padStart(12)}${perByte.padStart(10)}`,
  );
}
