// Whatever a text leaves in its session, its effects have said so; and what they say exactly is so: asked of PostgreSQL, text by text.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { readEffects } from '../../query/classify.ts';
import {
  type Action,
  ADVANCES,
  ADVANCING,
  CURSORS,
  type Effects,
  LISTENS,
  LOCKS,
  NOTHING,
  SETTINGS,
  STATEMENTS,
  TEMPORARY,
} from '../../query/effects.ts';
import { StatementReader } from '../../query/statements.ts';
import { type Answer, commandTag, errorOf, firstColumn } from '../harness/answers.ts';
import { copyDone, query } from '../harness/client_words.ts';
import { describeNeeding } from '../harness/needs.ts';
import { type Postgres, startPostgres } from '../harness/postgres.ts';
import { isPostgresInstalled, type PostgresVersion } from '../harness/postgres_programs.ts';
import { loggedIn, type RawClient } from '../harness/raw_client.ts';
import { Random } from '../simulation/random.ts';
import { OFF, ROWS, type Row, WORLD } from './effects_corpus.ts';

setDefaultTimeout(60_000);

/** Settings that are in no view, beside those that are; and of those the three that each transaction begins anew mean nothing. */
const UNSEEN = ['role', 'session_authorization', 'app.x', 'app.y'];
const LEFT = `SELECT pg_catalog.json_build_object(
  'settings', (SELECT pg_catalog.json_object_agg(name, setting ORDER BY name) FROM pg_catalog.pg_settings
     WHERE source = 'session' AND name NOT IN ('transaction_isolation', 'transaction_read_only', 'transaction_deferrable')),
  'unseen', pg_catalog.json_build_array(${UNSEEN.map((name) => `coalesce(pg_catalog.current_setting('${name}', true), '')`).join(', ')}),
  'locks', (SELECT pg_catalog.count(*) FROM pg_catalog.pg_locks WHERE pid = pg_catalog.pg_backend_pid() AND locktype = 'advisory'),
  'temporary', (SELECT pg_catalog.count(*) FROM pg_catalog.pg_depend WHERE refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass
     AND refobjid = pg_catalog.pg_my_temp_schema()),
  'cursors', (SELECT pg_catalog.json_agg(name ORDER BY name) FROM pg_catalog.pg_cursors WHERE is_holdable),
  'statements', (SELECT pg_catalog.json_agg(name ORDER BY name) FROM pg_catalog.pg_prepared_statements),
  'channels', (SELECT pg_catalog.json_agg(c ORDER BY c) FROM pg_catalog.pg_listening_channels() AS c))`;

interface Left {
  readonly settings: Record<string, string> | null;
  readonly unseen: readonly string[];
  readonly locks: number;
  readonly temporary: number;
  readonly cursors: readonly string[] | null;
  readonly statements: readonly string[] | null;
  readonly channels: readonly string[] | null;
  readonly lastValue: string;
}

async function run(client: RawClient, sql: string): Promise<Answer[]> {
  client.say(query(sql));
  const answers: Answer[] = [];
  for (;;) {
    const answer = await client.next();
    answers.push(answer);
    if (answer.type === 'G') client.say(copyDone);
    if (answer.type === 'Z') return answers;
  }
}

async function askLeft(client: RawClient): Promise<Left> {
  const row = (await run(client, LEFT)).find(({ type }) => type === 'D');
  const last = (await run(client, 'SELECT pg_catalog.lastval()')).find(({ type }) => type === 'D');
  const left = JSON.parse(firstColumn(row!.body)) as Omit<Left, 'lastValue'>;
  return { ...left, lastValue: last === undefined ? '' : firstColumn(last.body) };
}

/** What of a session each bit and action speaks of. */
const OF_BITS: readonly (readonly [number, keyof Left])[] = [
  [SETTINGS, 'settings'],
  [SETTINGS, 'unseen'],
  [LOCKS, 'locks'],
  [TEMPORARY, 'temporary'],
  [CURSORS, 'cursors'],
  [STATEMENTS, 'statements'],
  [LISTENS, 'channels'],
  [ADVANCES, 'lastValue'],
];
const OF_ACTIONS: Readonly<Partial<Record<Action['kind'], readonly (keyof Left)[]>>> = {
  set: ['settings', 'unseen'],
  config: ['settings', 'unseen'],
  reset: ['settings', 'unseen'],
  reset_all: ['settings', 'unseen'],
  listen: ['channels'],
  unlisten: ['channels'],
  prepare: ['statements'],
  deallocate: ['statements'],
  deallocate_all: ['statements'],
};

function saidOf(effects: Effects): ReadonlySet<keyof Left> {
  const said = new Set<keyof Left>();
  for (const [bit, part] of OF_BITS) if ((effects.bits & bit) !== 0) said.add(part);
  for (const action of actionsOf(effects)) {
    for (const part of OF_ACTIONS[action.kind] ?? []) said.add(part);
    // What each EXECUTE does is said where it is prepared.
    if (action.kind === 'prepare' && action.prepares !== undefined)
      for (const [bit, part] of OF_BITS) if ((action.prepares.bits & bit) !== 0) said.add(part);
    if (action.kind !== 'discard') continue;
    if (action.what === 'sequences' || action.what === 'all') said.add('lastValue');
    if (action.what === 'all') for (const [, part] of OF_BITS) said.add(part);
  }
  return said;
}

function actionsOf(effects: Effects): Action[] {
  return effects.statements.flatMap(({ actions }) => [...actions]);
}

/** The SQL of somebody who does what the actions say, and has not seen the text. */
function replayOf(action: Action): string {
  const literal = (value: string): string => ` E'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
  const name = (setting: string): string =>
    setting
      .split('.')
      .map((part) => `"${part}"`)
      .join('.');
  switch (action.kind) {
    case 'set':
      return `SET ${name(action.name)} TO ${action.values.map(literal).join(', ')}`;
    case 'config':
      return `SELECT set_config(${literal(action.name)}, ${literal(action.value)}, false)`;
    case 'reset':
      return `RESET ${name(action.name)}`;
    case 'reset_all':
      return 'RESET ALL';
    case 'discard':
      return `DISCARD ${action.what}`;
    case 'listen':
      return `LISTEN "${action.channel.replaceAll('"', '""')}"`;
    case 'unlisten':
      return action.channel === undefined ? 'UNLISTEN *' : `UNLISTEN "${action.channel}"`;
    case 'prepare':
      return `PREPARE "${Buffer.from(action.name, 'latin1').toString('utf8')}" AS SELECT 1`;
    case 'deallocate':
      return `DEALLOCATE "${Buffer.from(action.name, 'latin1').toString('utf8')}"`;
    case 'deallocate_all':
      return 'DEALLOCATE ALL';
    default:
      return '';
  }
}

for (const version of ['embedded', 15] as const) {
  const missing =
    version === 'embedded' || isPostgresInstalled(version)
      ? undefined
      : `PostgreSQL ${version} is not installed`;
  describeNeeding(missing)(`PostgreSQL ${version}`, () => holdAgainst(version));
}

function holdAgainst(version: PostgresVersion): void {
  let postgres: Postgres;
  beforeAll(async () => {
    postgres = await startPostgres({
      version,
      auth: 'trust',
      users: { app: 'SUPERUSER' },
      databases: { shop: 'app' },
      settings: { max_prepared_transactions: 5, wal_level: 'logical' },
    });
    await postgres.sql(WORLD, 'shop');
  }, 60_000);
  afterAll(() => postgres?.stop());

  async function session(before: string | undefined): Promise<RawClient> {
    const client = await loggedIn(postgres.port, '');
    if (before === undefined) return client;
    const answers = await run(client, before);
    expect(answers.filter(({ type }) => type === 'E')).toEqual([]);
    return client;
  }

  describe('says no more statements, and leaves no more, than was read of', () => {
    for (const row of ROWS) test(JSON.stringify([row.before, row.sql]), () => hold(row, session));
  });

  test.each([true, false])(
    'counts the statements of made-up texts as was read of them, standard_conforming_strings %p',
    async (isConforming) => {
      const client = await session(isConforming ? undefined : OFF);
      expect(await holdMadeUp(client, isConforming)).toBeGreaterThan(300);
      client.leave();
    },
  );
}

/** Literals of every kind, with what looks like an end inside of them. */
const LITERALS: readonly string[] = [
  ...[
    "'a'",
    "';'",
    "''''",
    "'a\\'",
    "'--'",
    "'/*'",
    "'$$'",
    "E'\\''",
    "e'\\\\'",
    "E';'",
    "'a'\n'b;'",
    "'a' -- ;'\n'b'",
    "E'a'\n'\\';'",
  ],
  ...[
    '$$;$$',
    "$$'$$",
    '$a$$b$;$a$',
    '$a$;$$a$',
    '$é$;$é$',
    '$$/*$$',
    '$_1$;$_1$',
    "B'01'",
    "x'1F'",
    "N';'",
    "U&';'",
    "U&'\\003b'",
  ],
  ...[
    '1',
    '1.5',
    '.5',
    '1e5',
    '1.e5',
    '1-1',
    '1+-1',
    '1*(2)',
    "'a'||';'",
    'ARRAY[1,2]',
    "CASE 1 WHEN 1 THEN ';' END",
    '1/1',
    '2*/*;*/3',
  ],
  ...[
    '1 AS ";"',
    '1 AS "a"";"',
    '1 "--"',
    '1 AS "/*"',
    '1 AS a$b$',
    '1 AS E',
    '1 AS U&"\\003b"',
    '1 AS é',
    "'a'::text",
    '(SELECT 1)',
  ],
];
const BLANKS: readonly string[] = [
  ' ',
  ' ',
  '\n',
  '\t',
  ' /* ; */ ',
  ' -- ;\n',
  '/*/*;*/*/',
  " --'\r",
  " /*'*/ ",
  ' /**/ ',
  ' /*"*/ ',
];
const ENDS: readonly string[] = [';', ' ; ', ';;', '; -- x\n;', ';/* ; */'];

function makeUp(random: Random): string {
  const some = (most: number, make: () => string): string[] =>
    Array.from({ length: 1 + random.below(most) }, make);
  const texts = some(
    4,
    () =>
      `SELECT${random.pick(BLANKS)}${some(4, () => random.pick(LITERALS)).join(`${random.pick(BLANKS)},${random.pick(BLANKS)}`)}`,
  );
  const text = texts.map((one) => one + random.pick(ENDS)).join(random.pick(BLANKS));
  return random.below(4) === 0 ? text.slice(0, random.below(text.length)) : text;
}

/** One session for all: none of them leaves anything, and none may be taken for one that does. */
async function holdMadeUp(client: RawClient, isConforming: boolean): Promise<number> {
  const random = new Random(isConforming ? 1 : 2);
  let whole = 0;
  for (let i = 0; i < 1_000; i++) {
    const sql = makeUp(random);
    const bytes = Buffer.from(sql);
    const answers = await run(client, sql);
    const error = answers.find(({ type }) => type === 'E');
    const completed = answers.filter(({ type }) => type === 'C' || type === 'I').length;
    const counted = countOf(bytes, isConforming);
    const saysUnterminated = error !== undefined && errorOf(error.body).message.includes('unterminated');
    if (saysUnterminated) expect([sql, counted]).toEqual([sql, undefined]);
    if (counted === undefined) expect([sql, error === undefined, completed]).toEqual([sql, false, 0]);
    else if (error === undefined) expect([sql, Math.max(1, counted)]).toEqual([sql, completed]);
    if (error !== undefined) continue;
    whole++;
    expect([sql, readEffects(bytes, 0, bytes.length, isConforming, true)]).toEqual([sql, NOTHING]);
  }
  return whole;
}

async function hold(row: Row, session: (before?: string) => Promise<RawClient>): Promise<void> {
  const bytes = Buffer.from(row.sql);
  const isConforming = row.before?.includes('standard_conforming_strings = off') !== true;
  const effects = readEffects(bytes, 0, bytes.length, isConforming, true);
  const client = await session(row.before);
  const before = await askLeft(client);
  const answers = await run(client, row.sql);
  if (answers.at(-1)!.body.toString() !== 'I') await run(client, 'COMMIT');
  const left = await askLeft(client);
  client.leave();

  const changed = (Object.keys(left) as (keyof Left)[]).filter(
    (part) => !Bun.deepEquals(left[part], before[part]),
  );
  const said = saidOf(effects);
  expect(changed.filter((part) => !said.has(part))).toEqual([]);

  const error = answers.find(({ type }) => type === 'E');
  const completed = answers.filter(({ type }) => type === 'C' || type === 'I');
  const counted = countOf(bytes, isConforming);
  // What has no end was refused before anything of it was run.
  if (counted === undefined) expect([errorOf(error!.body).code, completed]).toEqual(['42601', []]);
  if (error !== undefined || counted === undefined) return;
  expect(Math.max(1, counted)).toBe(completed.length);
  if (effects !== NOTHING && effects !== ADVANCING) expect(effects.statements.length).toBe(completed.length);
  const tags = completed.filter(({ type }) => type === 'C').map(({ body }) => commandTag(body));
  if (!tags.includes('ROLLBACK')) await replay(row, effects, left, session);
}

/** Undefined: something in it does not end. */
function countOf(bytes: Uint8Array, isConforming: boolean): number | undefined {
  const reader = new StatementReader(bytes, 0, bytes.length, isConforming);
  let count = 0;
  while (reader.next() !== undefined) count++;
  return reader.isRefused ? undefined : count;
}

/** Another session, on which only what the actions say is done, is the same where they say all. */
async function replay(
  row: Row,
  effects: Effects,
  left: Left,
  session: (before?: string) => Promise<RawClient>,
): Promise<void> {
  const client = await session(row.before);
  for (const sql of actionsOf(effects).map(replayOf)) {
    const errors = (await run(client, sql)).filter(({ type }) => type === 'E');
    expect([sql, errors.map(({ body }) => errorOf(body).message)]).toEqual([sql, []]);
  }
  const mine = await askLeft(client);
  client.leave();
  if ((effects.bits & SETTINGS) === 0) {
    expect([mine.settings, mine.unseen]).toEqual([left.settings, left.unseen]);
  }
  if ((effects.bits & STATEMENTS) === 0) expect(mine.statements).toEqual(left.statements);
  if ((effects.bits & LISTENS) === 0) expect(mine.channels).toEqual(left.channels);
}
