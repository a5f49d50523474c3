// node-postgres through the socket: 8 clients on 3 servers, with everything that the driver can ask for.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test';
import pg from 'pg';
import { CopyIn, CopyOut } from './node_postgres_copy.ts';
import { onEachPostgres, POOL_SIZE } from './stage.ts';

setDefaultTimeout(30_000);

const CLIENTS = 8;

/** Fewer than one client here prepares, so that servers forget statements all the time. */
const STATEMENTS = 20;

onEachPostgres('node-postgres', { settings: { max_prepared_statements: STATEMENTS } }, (stage) => {
  const clients: pg.Client[] = [];

  async function connect(config: pg.ClientConfig = {}): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: stage.url, ...config });
    await client.connect();
    return client;
  }

  /** Every client at once, `rounds` times each; what each one got. */
  async function all<T>(rounds: number, act: (client: pg.Client, who: number, round: number) => Promise<T>) {
    return Promise.all(
      clients.map(async (client, who) => {
        const got: T[] = [];
        for (let round = 0; round < rounds; round++) got.push(await act(client, who, round));
        return got;
      }),
    );
  }

  beforeAll(async () => {
    for (let i = 0; i < CLIENTS; i++) clients.push(await connect());
    // Each in a transaction at the same time, so that every server of the pool is there before anything begins.
    const first = clients.slice(0, POOL_SIZE);
    await Promise.all(first.map((client) => client.query('BEGIN')));
    await Promise.all(first.map((client) => client.query('COMMIT')));
  });
  afterAll(() => Promise.all(clients.map((client) => client.end())));

  test('parameters and results of every kind come back as they went', async () => {
    const values = [
      7,
      'it\'s "quoted"',
      null,
      true,
      new Date('2026-01-02T03:04:05.678Z'),
      Buffer.from([0, 1, 254, 255]),
      ['a', null, 'c,"d"'],
      { deep: [1, { er: null }] },
    ];
    const sql =
      'SELECT $1::int, $2::text, $3::text, $4::bool, $5::timestamptz, $6::bytea, $7::text[], $8::jsonb, 9007199254740993::bigint, 0.1::float8, 12.50::numeric';
    const { rows } = await clients[0]!.query({ text: sql, values, rowMode: 'array' });
    expect(rows).toEqual([[...values, '9007199254740993', 0.1, '12.50']]);
  });

  test('one name stands for another statement with each client, over many transactions and servers', async () => {
    const servers = await all(40, async (client, who, round) => {
      // The same text with all of them, and a text of their own under a name that all of them use.
      const shared = await client.query({
        name: 'shared',
        // Long enough for the others to ask meanwhile, so that they have to go to other servers.
        text: 'SELECT $1::int + 1 AS n, pg_backend_pid() AS pid, pg_sleep(0.003)',
        values: [round],
      });
      const own = await client.query({
        name: 'own',
        text: `SELECT $1::int * ${who + 1} AS n, pg_backend_pid() AS pid`,
        values: [round],
      });
      expect([shared.rows[0].n, own.rows[0].n]).toEqual([round + 1, round * (who + 1)]);
      return [shared.rows[0].pid, own.rows[0].pid] as number[];
    });
    expect(new Set(servers.flat(2)).size).toBe(POOL_SIZE);
  });

  test('a statement that was prepared on one server is there on the next, and on the one after it', async () => {
    const [client, ...others] = clients;
    const pids = new Set<number>();
    for (let n = 0; n < POOL_SIZE; n++) {
      const { rows } = await client!.query({
        name: 'wanders',
        text: 'SELECT $1::int + 1 AS n, pg_backend_pid() AS pid',
        values: [n],
      });
      expect(rows[0].n).toBe(n + 1);
      pids.add(rows[0].pid);
      // The server that was used last is lent out first: this one takes it away.
      await others[n]!.query('BEGIN; SELECT 1');
    }
    expect(pids.size).toBe(POOL_SIZE);
    for (const other of others.slice(0, POOL_SIZE)) await other.query('COMMIT');
  });

  test('each client may prepare more statements than a server keeps', async () => {
    await all(3, async (client, who) => {
      for (let n = 0; n < STATEMENTS * 3; n++) {
        const { rows } = await client.query({
          name: `number ${n}`,
          text: `SELECT ${n} + ${who} + $1::int AS n`,
          values: [1],
        });
        expect(rows).toEqual([{ n: n + who + 1 }]);
      }
    });
    const kept = await clients[0]!.query('SELECT count(*)::int AS n FROM pg_prepared_statements');
    expect(kept.rows[0].n).toBeLessThanOrEqual(STATEMENTS);
  });

  test('a migration costs nobody an error: what was prepared before it is prepared anew', async () => {
    await clients[0]!.query('CREATE TABLE migrated (a int)');
    const ask = async (client: pg.Client) => {
      const { fields } = await client.query({ name: 'whole row', text: 'SELECT * FROM migrated' });
      return fields.length;
    };
    for (const seen of await all(20, ask)) expect(new Set(seen)).toEqual(new Set([1]));
    await clients[0]!.query('ALTER TABLE migrated ADD COLUMN b int');
    for (const seen of await all(20, ask)) expect(new Set(seen)).toEqual(new Set([2]));
    await clients[0]!.query('DROP TABLE migrated');
  });

  test('a transaction keeps its server; savepoints and errors in it are its own', async () => {
    await clients[0]!.query('CREATE TABLE account (who int, round int)');
    await all(15, async (client, who, round) => {
      const pids: number[] = [];
      const pid = async () => pids.push((await client.query('SELECT pg_backend_pid() AS pid')).rows[0].pid);
      await client.query('BEGIN');
      await pid();
      await client.query('INSERT INTO account VALUES ($1, $2)', [who, round]);
      await client.query('SAVEPOINT here');
      const failure = await client.query('SELECT 1 / $1::int', [0]).catch((error: pg.DatabaseError) => error);
      expect(failure).toMatchObject({ code: '22012', message: 'division by zero', severity: 'ERROR' });
      const inFailed = await client.query('SELECT 1').catch((error: pg.DatabaseError) => error);
      expect(inFailed).toMatchObject({ code: '25P02' });
      await client.query('ROLLBACK TO SAVEPOINT here');
      await pid();
      await client.query(round % 3 === 0 ? 'ROLLBACK' : 'COMMIT');
      expect(new Set(pids).size).toBe(1);
    });
    const { rows } = await clients[0]!.query(
      'SELECT who, count(*)::int AS n FROM account GROUP BY who ORDER BY who',
    );
    expect(rows).toEqual(clients.map((_, who) => ({ who, n: 10 })));
    await clients[0]!.query('DROP TABLE account');
  });

  test('errors of every stage are told as they are, and the next query works', async () => {
    const wrong = [
      ['SELEC 1', [], '42601'],
      ['SELECT * FROM no_such_table', [], '42P01'],
      ['SELECT $1::int', ['not a number'], '22P02'],
      ['SELECT 1 / (n - 500) FROM generate_series(1, 1000) AS n WHERE $1::int = 1', [1], '22012'],
    ] as const;
    await all(5, async (client) => {
      for (const [text, values, code] of wrong) {
        for (const name of [undefined, `wrong ${code}`]) {
          const config = { text, values: [...values], ...(name !== undefined && { name }) };
          expect(await client.query(config).catch((error: pg.DatabaseError) => error)).toMatchObject({
            code,
          });
          expect((await client.query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }]);
        }
      }
    });
  });

  test('a pipeline answers in order, and an error in it fails its own query alone', async () => {
    const client = await connect({ pipeline: true } as pg.ClientConfig);
    const answers = await Promise.all(
      Array.from({ length: 500 }, (_, i) =>
        client
          .query({
            text: 'SELECT 100 / ($1::int % 50) AS n',
            values: [i],
            ...(i % 2 === 0 && { name: 'divide' }),
          })
          .then(
            ({ rows }) => rows[0].n as number,
            (error: pg.DatabaseError) => error.code,
          ),
      ),
    );
    expect(answers).toEqual(
      Array.from({ length: 500 }, (_, i) => (i % 50 === 0 ? '22012' : Math.trunc(100 / (i % 50)))),
    );
    await client.end();
  });

  test('a portal gives its rows in portions, and its transaction goes on afterwards', async () => {
    await all(3, async (client) => {
      await client.query('BEGIN');
      const config = { text: 'SELECT n FROM generate_series(1, $1::int) AS n', values: [1000], rows: 17 };
      const { rows } = await client.query(config);
      expect(rows.map(({ n }) => n)).toEqual(Array.from({ length: 1000 }, (_, i) => i + 1));
      await client.query('DECLARE c CURSOR FOR SELECT n FROM generate_series(1, 100) AS n');
      await client.query('MOVE 90 FROM c');
      expect((await client.query('FETCH 2 FROM c')).rows).toEqual([{ n: 91 }, { n: 92 }]);
      await client.query('COMMIT');
    });
  });

  test('COPY in and out, 30,000 rows with each client; one that has no data fails and leaves no trace', async () => {
    await all(1, async (client, who) => {
      await client.query(`CREATE TABLE copied_${who} (id int, text text)`);
      const lines = Array.from({ length: 30_000 }, (_, i) => `${i}\trow ${i} of client ${who}\n`);
      const chunks = Array.from({ length: 30 }, (_, i) => lines.slice(i * 1000, (i + 1) * 1000).join(''));
      const copyIn = client.query(new CopyIn(`COPY copied_${who} FROM STDIN`, chunks));
      expect(await copyIn.done).toBe('COPY 30000');
      const copyOut = client.query(new CopyOut(`COPY (SELECT * FROM copied_${who} ORDER BY id) TO STDOUT`));
      expect((await copyOut.done) === lines.join('')).toBe(true);
      // The driver answers CopyInResponse with CopyFail where nobody gives it data.
      const failure = await client
        .query(`COPY copied_${who} FROM STDIN`)
        .catch((error: pg.DatabaseError) => error);
      expect(failure).toMatchObject({ code: '57014' });
      expect((await client.query(`SELECT count(*)::int AS n FROM copied_${who}`)).rows).toEqual([
        { n: 30_000 },
      ]);
      await client.query(`DROP TABLE copied_${who}`);
    });
  });

  test('large results and large parameters pass whole', async () => {
    const { rows } = await clients[1]!.query(
      "SELECT n, repeat('x', 100) AS text FROM generate_series(1, 200000) AS n",
    );
    expect(rows.length).toBe(200_000);
    expect(rows.every(({ n, text }, i) => n === i + 1 && text.length === 100)).toBe(true);
    const big = Buffer.alloc(24 * 1024 * 1024, 'abcdefg');
    const back = await clients[2]!.query({
      text: 'SELECT $1::bytea AS b, md5($1::bytea) AS sum',
      values: [big],
    });
    expect(back.rows[0].sum).toBe(new Bun.CryptoHasher('md5').update(big).digest('hex'));
    expect((back.rows[0].b as Buffer).equals(big)).toBe(true);
  });

  test('several statements in one query give several results, up to the one that fails', async () => {
    const results = (await clients[3]!.query(
      'SELECT 1 AS a; SELECT 2 AS b, 3 AS c; ; CREATE TEMP TABLE t () ON COMMIT DROP',
    )) as unknown as pg.QueryResult[];
    expect(results.map(({ rows, command }) => [command, rows])).toEqual([
      ['SELECT', [{ a: 1 }]],
      ['SELECT', [{ b: 2, c: 3 }]],
      ['CREATE', []],
    ]);
    const failure = clients[3]!
      .query('SELECT 1; SELECT 1/0; SELECT 2')
      .catch((error: pg.DatabaseError) => error);
    expect(await failure).toMatchObject({ code: '22012' });
  });

  test('cancel ends the query that it means, on whichever server that runs, and no other', async () => {
    const others = clients.slice(1, POOL_SIZE).map((client) => client.query('SELECT pg_sleep(1), 42 AS n'));
    const victim = clients[0]!;
    const query = new pg.Query('SELECT pg_sleep(60)');
    const failed = new Promise<pg.DatabaseError>((resolve) =>
      query.once('error', resolve as (error: Error) => void),
    );
    victim.query(query);
    const sleeps =
      "SELECT count(*)::int AS n FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)' AND state = 'active'";
    while ((await stage.postgres.sql<{ n: number }>(sleeps))[0]?.n !== 1) await Bun.sleep(5);
    (new pg.Client(stage.url) as unknown as { cancel(client: pg.Client, query: unknown): void }).cancel(
      victim,
      query,
    );
    expect(await failed).toMatchObject({ code: '57014', message: 'canceling statement due to user request' });
    expect((await victim.query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }]);
    for (const other of await Promise.all(others)) expect(other.rows[0].n).toBe(42);
  });

  test('notices reach the client that caused them', async () => {
    const heard = clients.map(() => [] as string[]);
    const listeners = clients.map((client, who) => {
      const listener = (notice: { message: string | undefined }) => heard[who]!.push(notice.message ?? '');
      client.on('notice', listener);
      return () => client.off('notice', listener);
    });
    await all(10, (client, who, round) =>
      client.query(`DO $$ BEGIN RAISE NOTICE '% %', ${who}, ${round}; END $$`),
    );
    for (const off of listeners) off();
    expect(heard).toEqual(
      clients.map((_, who) => Array.from({ length: 10 }, (_, round) => `${who} ${round}`)),
    );
  });

  test('settings follow each client from server to server, those of its start and those that it SET', async () => {
    const zones = ['UTC', 'Asia/Tokyo', 'America/New_York', 'Europe/Berlin'];
    const encodings = ['UTF8', 'LATIN1'];
    const styles = ['ISO, DMY', 'SQL, MDY', 'German, DMY'];
    const own = await Promise.all(
      clients.map((_, who) =>
        connect({ application_name: `worker ${who}`, options: `-c search_path=path_${who}` }),
      ),
    );
    const wanted = own.map((_, who) => ({
      name: `worker ${who}`,
      path: `path_${who}`,
      zone: zones[who % zones.length],
      encoding: encodings[who % encodings.length],
      style: styles[who % styles.length],
      timeout: `${who + 1}s`,
    }));
    const sql = `SELECT current_setting('application_name') AS name, current_setting('search_path') AS path,
      current_setting('TimeZone') AS zone, current_setting('client_encoding') AS encoding,
      current_setting('DateStyle') AS style, current_setting('statement_timeout') AS timeout`;
    await Promise.all(
      own.map(async (client, who) => {
        const { zone, encoding, style, timeout } = wanted[who]!;
        await client.query(`SET TIME ZONE '${zone}'; SET client_encoding = '${encoding}'`);
        await client.query(`SET DateStyle = '${style}'`);
        await client.query(`SET statement_timeout = '${timeout}'`);
        for (let round = 0; round < 25; round++)
          expect((await client.query(sql)).rows[0]).toEqual(wanted[who]!);
        await client.query('RESET search_path');
        await client.query("BEGIN; SET LOCAL TimeZone = 'Asia/Kolkata'");
        expect((await client.query('SHOW TimeZone')).rows[0].TimeZone).toBe('Asia/Kolkata');
        await client.query("SET application_name = 'never seen'");
        await client.query('ROLLBACK');
        // What it began with, as PostgreSQL has it.
        for (let round = 0; round < 10; round++)
          expect((await client.query(sql)).rows[0]).toEqual(wanted[who]!);
      }),
    );
    // Whoever never said anything has what the server has by itself.
    const plain = await all(5, async (client) => (await client.query(sql)).rows[0].path);
    expect(new Set(plain.flat())).toEqual(new Set(['"$user", public']));
    await Promise.all(own.map((client) => client.end()));
  });
});
