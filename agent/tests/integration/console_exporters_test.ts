// What watches PgBouncer in the field, at the console: Debian's exporters as they are, and others by their words and rules.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import pg from 'pg';
import { missingModule } from '../drivers/python_checks.ts';
import type { Agent } from '../harness/agent.ts';
import { serve } from '../harness/application.ts';
import { query, startup } from '../harness/client_words.ts';
import { testNeeding } from '../harness/needs.ts';
import { createNursery } from '../harness/nursery.ts';
import { libpqEnvironment, runProgram, through } from '../harness/psql.ts';
import { RawClient, socketOf } from '../harness/raw_client.ts';
import { openShop } from '../harness/shop.ts';

setDefaultTimeout(60_000);

const PYTHON = '/usr/bin/python3';
const GO_EXPORTER = resolve(
  import.meta.dir,
  '../../../node_modules/.cache/pgbouncer/root/usr/bin/prometheus-pgbouncer-exporter',
);
const { authority, postgres, connect } = await openShop();
const watcher = crypto.randomUUID();
let agent: Agent;
let worker: pg.Client;

beforeAll(async () => {
  agent = await serve(
    {
      ...{ postgres, authority },
      settings: { auth_type: 'plain', auth_file: 'userlist.txt', stats_users: 'watcher' },
    },
    { files: { 'userlist.txt': `"watcher" "${watcher}"\n` } },
  );
  // Somebody has worked, so that there is something to see.
  worker = await connect(agent);
  for (let i = 0; i < 10; i++) await worker.query('SELECT 1');
});
afterAll(async () => {
  await worker?.end();
  await agent?.stop();
});

interface Sample {
  readonly name: string;
  readonly labels: string;
  readonly value: string;
}

/** Runs an exporter until it has answered once; gives its page, taken apart. */
async function scrape(
  command: (port: number) => readonly string[],
  env: Record<string, string> = {},
): Promise<{ readonly samples: readonly Sample[]; readonly announced: readonly string[] }> {
  const port = freePort();
  const nursery = createNursery('exporter');
  try {
    const child = nursery.spawn([...command(port)], {
      env: { PATH: '/usr/bin:/bin', ...env },
      output: 'pipe',
    });
    const said = Promise.all([child.stdout, child.stderr].map((each) => new Response(each as never).text()));
    for (;;) {
      const page = await fetch(`http://127.0.0.1:${port}/metrics`).then(
        (answer) => answer.text(),
        () => undefined,
      );
      if (page !== undefined) return takeApart(page);
      if (child.exitCode !== null) throw new Error(`the exporter has ended: ${(await said).join('\n')}`);
      await Bun.sleep(20);
    }
  } finally {
    await nursery.close();
  }
}

function freePort(): number {
  const listener = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
}

function takeApart(page: string) {
  const lines = page.split('\n');
  const announced = lines
    .filter((line) => line.startsWith('# TYPE pgbouncer'))
    .map((line) => line.split(' ')[2]!);
  const samples = lines.flatMap((line) => {
    const found = /^(pgbouncer\w*)(\{.*\})? (\S+)$/.exec(line);
    return found === null ? [] : [{ name: found[1]!, labels: found[2] ?? '', value: found[3]! }];
  });
  return { announced, samples };
}

/** Each that is announced has a sample, and each sample a number. */
function expectWhole({ samples, announced }: Awaited<ReturnType<typeof scrape>>): void {
  expect(announced.length).toBeGreaterThan(0);
  for (const name of announced)
    expect([name, samples.some((each) => each.name === name)]).toEqual([name, true]);
  for (const { name, value } of samples) expect([name, Number.isFinite(Number(value))]).toEqual([name, true]);
  expect(new Set(samples.map(({ name, labels }) => name + labels)).size).toBe(samples.length);
}

function numberOf(samples: readonly Sample[], name: string, label = ''): number {
  const found = samples.find((each) => each.name === name && each.labels.includes(label));
  if (found === undefined) throw new Error(`there is no ${name} of ${label}`);
  return Number(found.value);
}

describe('Debian’s prometheus-pgbouncer-exporter', () => {
  const missing = existsSync(GO_EXPORTER)
    ? undefined
    : 'that of Debian 13 is not fetched: scripts/newer_pgbouncer';
  testNeeding(missing)('of Debian 13 (0.10) has a value for each of its metrics', async () => {
    const found = await scrape((port) => [
      ...[GO_EXPORTER, '--web.listen-address', `127.0.0.1:${port}`, '--pgBouncer.pid-file', ''],
      '--pgBouncer.connectionString',
      `host=${agent.socketDir} port=5432 user=watcher password=${watcher} dbname=pgbouncer sslmode=disable`,
    ]);
    const { samples } = found;
    expect(numberOf(samples, 'pgbouncer_up')).toBe(1);
    expectWhole(found);
    expect(
      numberOf(samples, 'pgbouncer_stats_queries_pooled_total', 'database="shop"'),
    ).toBeGreaterThanOrEqual(10);
    expect(numberOf(samples, 'pgbouncer_pools_client_active_connections', 'database="shop"')).toBe(1);
    expect(numberOf(samples, 'pgbouncer_databases_pool_size', 'name="shop"')).toBe(20);
    expect(numberOf(samples, 'pgbouncer_config_max_client_connections')).toBe(1000);
    expect(samples.find(({ name }) => name === 'pgbouncer_version_info')?.labels).toContain(
      'PgBouncer 1.25.2 (',
    );
  });

  // It asks for columns that PgBouncer has not had since 1.8, and so does not start on Debian's own either.
  const python = missingModule('prometheus_pgbouncer_exporter', 'prometheus-pgbouncer-exporter of Debian 12');
  testNeeding(python)(
    'of Debian 12 has a value for each of its metrics, with console_old_columns',
    async () => {
      await using old = await serve(
        {
          ...{ postgres, authority },
          settings: {
            ...{ auth_type: 'plain', auth_file: 'userlist.txt' },
            stats_users: 'watcher',
            console_old_columns: true,
          },
        },
        { files: { 'userlist.txt': `"watcher" "${watcher}"\n` } },
      );
      const client = await connect(old);
      for (let i = 0; i < 7; i++) await client.query('SELECT 1');
      const login = through(old, watcher, { user: 'watcher', database: 'pgbouncer' });
      const found = await scrape(
        (port) => [
          ...['/usr/bin/prometheus-pgbouncer-exporter', '--host', '127.0.0.1', '--port', String(port)],
          ...['--pgbouncer-host', old.socketDir, '--pgbouncer-port', '5432', '--pgbouncer-user', 'watcher'],
        ],
        libpqEnvironment(login),
      );
      expectWhole(found);
      const { samples } = found;
      expect(numberOf(samples, 'pgbouncer_requests_total', 'database="shop"')).toBeGreaterThanOrEqual(7);
      expect(numberOf(samples, 'pgbouncer_active_clients', 'database="shop"')).toBe(1);
      expect(numberOf(samples, 'pgbouncer_reserve_pool', 'database="shop"')).toBe(0);
      expect(numberOf(samples, 'pgbouncer_used_clients')).toBeGreaterThanOrEqual(2);
      await client.end();
    },
  );
});

interface Table {
  /** Name → OID of its type. */
  readonly columns: ReadonlyMap<string, number>;
  readonly rows: readonly ReadonlyMap<string, string | null>[];
}

/** By a simple Query of these very words, on a connection that begins with this startup packet. */
async function ask(client: RawClient, sql: string): Promise<Table> {
  client.say(query(sql));
  const columns = new Map<string, number>();
  const rows: Map<string, string | null>[] = [];
  for (const { type, body } of await client.untilReady()) {
    if (type === 'E') throw new Error(`${sql}: ${body.toString()}`);
    if (type === 'T') {
      for (let at = 2; at < body.length; ) {
        const nul = body.indexOf(0, at);
        columns.set(body.toString('utf8', at, nul), body.readInt32BE(nul + 7));
        at = nul + 19;
      }
    }
    if (type !== 'D') continue;
    const row = new Map<string, string | null>();
    let at = 2;
    for (const name of columns.keys()) {
      const length = body.readInt32BE(at);
      row.set(name, length < 0 ? null : body.toString('utf8', at + 4, at + 4 + length));
      at += 4 + Math.max(length, 0);
    }
    rows.push(row);
  }
  return { columns, rows };
}

async function loggedIn(parameters: Readonly<Record<string, string>>): Promise<RawClient> {
  const client = new RawClient(socketOf(agent));
  client.say(startup({ user: 'watcher', database: 'pgbouncer', ...parameters }));
  const { type, body } = await client.next();
  expect([type, body.readInt32BE(0)]).toEqual(['R', 3]);
  const password = Buffer.from(`${watcher}\0`);
  const header = Buffer.alloc(5);
  header.write('p');
  header.writeInt32BE(password.length + 4, 1);
  client.say(header, password);
  await client.untilReady();
  return client;
}

const [TEXT, INT4, INT8, NUMERIC] = [25, 23, 20, 1700];

describe('prometheus-community’s pgbouncer_exporter 0.12', () => {
  const LABELS = ['name', 'host', 'port', 'database', 'force_user', 'pool_mode', 'user'];
  const METRICS = {
    stats_totals: [
      ...[
        'query_count',
        'query_time',
        'bytes_received',
        'bytes_sent',
        'wait_time',
        'xact_count',
        'xact_time',
      ],
      ...['client_parse_count', 'server_parse_count', 'bind_count'],
    ],
    pools: [
      ...['cl_active', 'cl_active_cancel_req', 'cl_waiting', 'cl_waiting_cancel_req', 'sv_active'],
      ...['sv_active_cancel', 'sv_being_canceled', 'sv_idle', 'sv_used', 'sv_tested', 'sv_login', 'maxwait'],
    ],
    databases: ['pool_size', 'max_connections', 'current_connections', 'paused', 'disabled'],
  } as const;

  test('finds what it asks for, in types that lib/pq gives it as it wants them', async () => {
    // As lib/pq begins, and the queries in the exporter's order.
    const client = await loggedIn({
      ...{ extra_float_digits: '2', client_encoding: 'UTF8', datestyle: 'ISO, MDY' },
    });
    expect((await ask(client, 'SHOW STATS')).rows.length).toBe(2);
    for (const [namespace, metrics] of Object.entries(METRICS)) {
      const { columns, rows } = await ask(client, `SHOW ${namespace};`);
      // Of a label lib/pq has to give a string or an integer: text comes as a string, a numeric would come as bytes.
      for (const [name, type] of columns)
        if (LABELS.includes(name)) expect([name, type === TEXT || type === INT4]).toEqual([name, true]);
      for (const row of rows)
        for (const name of metrics)
          expect([name, row.get(name)]).toEqual([name, expect.stringMatching(/^[0-9]+$/)]);
    }
    const lists = await ask(client, 'SHOW LISTS;');
    expect([...lists.columns.keys()]).toEqual(['list', 'items']);
    for (const row of lists.rows) expect(row.get('items')).toMatch(/^[0-9]+$/);
    const config = await ask(client, 'SHOW CONFIG;');
    expect(config.columns.size).toBe(4);
    for (const key of ['max_client_conn', 'max_user_connections'])
      expect(config.rows.find((row) => row.get('key') === key)?.get('value')).toMatch(/^[0-9]+$/);
    const version = await ask(client, 'SHOW VERSION;');
    expect(version.rows[0]?.get('version')).toMatch(/^PgBouncer 1\.25\.2 /);
    client.leave();
  });
});

describe('Telegraf’s pgbouncer input', () => {
  test('finds integers where its driver has to give it int64, and numerics that are whole', async () => {
    const simple = await loggedIn({});
    const stats = await ask(simple, 'SHOW STATS');
    for (const [name, type] of stats.columns)
      expect([name, type]).toEqual([name, name === 'database' ? TEXT : NUMERIC]);
    for (const row of stats.rows)
      for (const [name, value] of row)
        if (name !== 'database') expect([name, value]).toEqual([name, expect.stringMatching(/^[0-9]+$/)]);
    const pools = await ask(simple, 'SHOW POOLS');
    for (const name of ['user', 'database', 'pool_mode']) expect(pools.columns.get(name)).toBe(TEXT);
    const lists = await ask(simple, 'SHOW LISTS');
    expect(lists.columns).toEqual(
      new Map([
        ['list', TEXT],
        ['items', INT8],
      ]),
    );
    const databases = await ask(simple, 'SHOW DATABASES');
    for (const name of ['name', 'database']) expect(databases.columns.get(name)).toBe(TEXT);
    for (const row of databases.rows) expect(row.get('name')).not.toBeNull();
    simple.leave();
  });

  test('is told what pgx wants to know before it speaks the simple protocol', async () => {
    const greeted = new pg.Client(agent.url('watcher', watcher, 'pgbouncer'));
    const parameters = new Map<string, string>();
    (
      greeted as unknown as { connection: { on(event: string, listener: (message: Said) => void): void } }
    ).connection.on('parameterStatus', ({ parameterName, parameterValue }) =>
      parameters.set(parameterName, parameterValue),
    );
    await greeted.connect();
    expect(parameters.get('standard_conforming_strings')).toBe('on');
    expect(parameters.get('client_encoding')).toBe('UTF8');
    await greeted.end();
  });
});

interface Said {
  readonly parameterName: string;
  readonly parameterValue: string;
}

describe('Datadog’s pgbouncer check', () => {
  for (const driver of ['psycopg2', 'psycopg'] as const) {
    const missing = missingModule(driver, `python3-${driver}`);
    testNeeding(missing)(`finds its metrics and the version, by ${driver}`, async () => {
      const login = through(agent, watcher, { user: 'watcher', database: 'pgbouncer' });
      const script = join(import.meta.dir, 'console_datadog.py');
      const { stdout, stderr, code } = await runProgram(login, [PYTHON, '-B', script, driver]);
      expect([code, stderr]).toEqual([0, '']);
      const found = JSON.parse(stdout) as Record<string, unknown>;
      expect(found).toEqual({
        version: '1.25.2',
        missing: [],
        times: true,
        max_client_conn: '1000',
        databases: ['pgbouncer', 'shop'],
      });
    });
  }
});
