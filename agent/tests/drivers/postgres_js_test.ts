// postgres.js through the socket: it prepares and pipelines everything by itself, with a pool of its own.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import postgres from 'postgres';
import { onEachPostgres, POOL_SIZE } from './stage.ts';

setDefaultTimeout(30_000);

const CONNECTIONS = 8;

onEachPostgres('postgres.js', {}, (stage) => {
  let sql: postgres.Sql;

  function open(options: postgres.Options<Record<string, never>> = {}): postgres.Sql {
    const { host, password } = stage.login;
    return postgres({
      host,
      port: 5432,
      user: 'app',
      password,
      database: 'shop',
      max: CONNECTIONS,
      ...options,
    });
  }

  async function codeOf(query: Promise<unknown>): Promise<unknown> {
    return query.then(
      () => undefined,
      (error: postgres.PostgresError) => error.code,
    );
  }

  beforeAll(() => {
    sql = open();
  });
  afterAll(() => sql.end());

  test('parameters and results of every kind come back as they went', async () => {
    const at = new Date('2026-01-02T03:04:05.678Z');
    const rows = await sql`
      SELECT ${7}::int AS i, ${"it's"}::text AS t, ${null}::text AS n, ${true}::bool AS b, ${at}::timestamptz AS at,
        ${Buffer.from([0, 1, 254, 255])}::bytea AS bytes, ${sql.json({ deep: [1, { er: null }] })} AS j, ${['a', 'c,"d"']}::text[] AS a`;
    const found: Record<string, unknown> = { ...rows[0], bytes: [...rows[0]!.bytes] };
    expect(found).toEqual({
      i: 7,
      t: "it's",
      n: null,
      b: true,
      at,
      bytes: [0, 1, 254, 255],
      j: { deep: [1, { er: null }] },
      a: ['a', 'c,"d"'],
    });
  });

  test('its prepared statements live through 2,000 queries of a pool of its own', async () => {
    const queries = Array.from({ length: 2000 }, async (_, i) => {
      const [row] =
        i % 3 === 0
          ? await sql`SELECT ${i}::int AS n`
          : i % 3 === 1
            ? await sql`SELECT ${i}::int AS n, 'other' AS text`
            : await sql`SELECT ${i}::int AS n WHERE ${i}::int >= 0`;
      return row!.n as number;
    });
    expect(await Promise.all(queries)).toEqual(Array.from({ length: 2000 }, (_, i) => i));
  });

  test('a statement that was prepared on one server is there on the next, and on the one after it', async () => {
    const one = open({ max: 1 });
    const others = open({ max: POOL_SIZE });
    const taken: postgres.ReservedSql[] = [];
    const pids = new Set<number>();
    for (let n = 0; n < POOL_SIZE; n++) {
      const [row] = await one`SELECT ${n}::int + 1 AS n, pg_backend_pid() AS pid`;
      expect(row!.n).toBe(n + 1);
      pids.add(row!.pid);
      // The server that was used last is lent out first: this one takes it away.
      const other = await others.reserve();
      await other`BEGIN`;
      taken.push(other);
    }
    expect(pids.size).toBe(POOL_SIZE);
    for (const other of taken) {
      await other`COMMIT`;
      other.release();
    }
    await Promise.all([one.end(), others.end()]);
  });

  test('begin and savepoint: each transaction on one server, taken back as a whole or in part', async () => {
    await sql`CREATE TABLE booked (who int, what text)`;
    await Promise.all(
      Array.from({ length: 24 }, (_, who) =>
        sql
          .begin(async (tx) => {
            const [before] = await tx`SELECT pg_backend_pid() AS pid`;
            await tx`INSERT INTO booked VALUES (${who}, 'kept')`;
            const inner = tx.savepoint(async (sp) => {
              await sp`INSERT INTO booked VALUES (${who}, 'taken back')`;
              await sp`SELECT 1 / ${0}::int`;
            });
            expect(await codeOf(inner)).toBe('22012');
            const [after] = await tx`SELECT pg_backend_pid() AS pid`;
            expect(after!.pid).toBe(before!.pid);
            if (who % 4 === 0) throw new Error('changed my mind');
          })
          .catch((error: Error) => expect(error.message).toBe('changed my mind')),
      ),
    );
    const rows = await sql`SELECT what, count(*)::int AS n FROM booked GROUP BY what`;
    expect([...rows]).toEqual([{ what: 'kept', n: 18 }]);
    await sql`DROP TABLE booked`;
  });

  test('errors of every stage are told as they are, each to its own query of a pipeline', async () => {
    const one = open({ max: 1 });
    const codes = await Promise.all([
      codeOf(one`SELECT 1`),
      codeOf(one`SELEC 1`),
      codeOf(one`SELECT ${'x'}::int`),
      codeOf(one`SELECT * FROM no_such_table WHERE id = ${1}`),
      codeOf(one`SELECT ${2}::int`),
      codeOf(one`SELECT 1 / (n - 500) FROM generate_series(1, 1000) AS n WHERE ${1}::int = 1`),
      codeOf(one`SELECT 3`),
    ]);
    expect(codes).toEqual([undefined, '42601', '22P02', '42P01', undefined, '22012', undefined]);
    await one.end();
  });

  test('a pipeline of 300 on one connection answers in order', async () => {
    const one = open({ max: 1 });
    const rows = await Promise.all(Array.from({ length: 300 }, (_, i) => one`SELECT ${i}::int AS n`));
    expect(rows.map(([row]) => row!.n)).toEqual(Array.from({ length: 300 }, (_, i) => i));
    await one.end();
  });

  test('a cursor reads in portions of its portal, and may stop early', async () => {
    await Promise.all(
      Array.from({ length: CONNECTIONS }, async () => {
        const sizes: number[] = [];
        let sum = 0;
        await sql`SELECT n FROM generate_series(1, ${1000}::int) AS n`.cursor(64, (rows) => {
          sizes.push(rows.length);
          for (const { n } of rows) sum += n;
        });
        expect(sizes.slice(0, 15)).toEqual(new Array(15).fill(64));
        expect(sum).toBe(500_500);
        const seen: number[] = [];
        for await (const [row] of sql`SELECT n FROM generate_series(1, 1000000) AS n`.cursor(1)) {
          seen.push(row!.n);
          if (seen.length === 5) break;
        }
        expect(seen).toEqual([1, 2, 3, 4, 5]);
      }),
    );
  });

  test('COPY streams in and out', async () => {
    const lines = Array.from({ length: 50_000 }, (_, i) => `${i}\trow ${i}\n`);
    await sql`CREATE TABLE copied (id int, text text)`;
    await pipeline(Readable.from(lines), await sql`COPY copied FROM STDIN`.writable());
    const chunks: Buffer[] = [];
    // On a connection of its own: with PostgreSQL itself, too, this driver does not go on behind a COPY TO.
    const reader = open({ max: 1 });
    const stream = await reader`COPY (SELECT * FROM copied ORDER BY id) TO STDOUT`.readable();
    for await (const chunk of stream) chunks.push(chunk);
    await reader.end({ timeout: 0 });
    expect(Buffer.concat(chunks).toString() === lines.join('')).toBe(true);
    await sql`DROP TABLE copied`;
  });

  test('describe, simple queries and unsafe texts of several statements', async () => {
    const described = await sql
      .unsafe('SELECT $1::int AS n, 1.5::float8 AS t', [], { prepare: true })
      .describe();
    expect(described.types).toEqual([23]);
    expect(described.columns.map(({ name }) => name)).toEqual(['n', 't']);
    expect([...(await sql`SELECT 1 AS a`.simple())]).toEqual([{ a: 1 }]);
    const several = (await sql.unsafe('SELECT 1 AS a; SELECT 2 AS b')) as unknown as postgres.Row[][];
    expect(several.map((rows) => [...rows])).toEqual([[{ a: 1 }], [{ b: 2 }]]);
    const [five] = await sql.unsafe('SELECT $1::int AS n', [5]);
    expect(five!.n).toBe(5);
  });

  test('large results pass whole', async () => {
    const rows = await sql`SELECT n, repeat('x', 100) AS text FROM generate_series(1, 100000) AS n`;
    expect(rows.every(({ n, text }, i) => n === i + 1 && text.length === 100)).toBe(true);
    expect(rows.length).toBe(100_000);
    const [row] = await sql`SELECT repeat('0123456789', 2000000) AS text`;
    expect(row!.text === '0123456789'.repeat(2_000_000)).toBe(true);
  });

  test('cancel ends the query that it means, and no other', async () => {
    const others = [1, 2].map(() => sql`SELECT pg_sleep(0.5), 42 AS n`.execute());
    const victim = sql`SELECT pg_sleep(60)`;
    const failed = codeOf(victim);
    const sleeps =
      "SELECT count(*)::int AS n FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)' AND state = 'active'";
    while ((await stage.postgres.sql<{ n: number }>(sleeps))[0]?.n !== 1) await Bun.sleep(5);
    victim.cancel();
    expect(await failed).toBe('57014');
    for (const [row] of await Promise.all(others)) expect(row!.n).toBe(42);
  });

  test('notices and settings of each connection are its own', async () => {
    const heard: string[] = [];
    const names = ['till 1', 'till 2', 'till 3', 'till 4', 'till 5'];
    const zones = ['UTC', 'Asia/Tokyo', 'America/New_York', 'Europe/Berlin', 'Asia/Kolkata'];
    const tills = names.map((name, i) =>
      open({
        max: 1,
        connection: { application_name: name, TimeZone: zones[i]!, search_path: `path_${i}` },
        onnotice: ({ message }) => heard.push(`${name}: ${message}`),
      }),
    );
    await Promise.all(
      tills.map(async (till, i) => {
        for (let round = 0; round < 20; round++) {
          const [row] = await till`
            SELECT current_setting('application_name') AS name, current_setting('TimeZone') AS zone,
              current_setting('search_path') AS path, now() = now() AS now`;
          expect(row).toEqual({ name: names[i]!, zone: zones[i]!, path: `path_${i}`, now: true });
        }
        await till`DO $$ BEGIN RAISE NOTICE 'closing'; END $$`;
        await till.end();
      }),
    );
    expect(heard.sort()).toEqual(names.map((name) => `${name}: closing`));
  });
});
