// Prepared statements: by SQL and by the protocol, under the same names, as one session has one set of names.

import type { Random } from '../../../simulation/random.ts';
import type { Prepared, Row } from '../row.ts';

/** As the protocol says them: the last one is too long for SQL, which cuts it. */
const NAMES = ['s1', 's2', 'sel', 'S 1', 's"q', 'ümlaut', 'execute', `long_${'x'.repeat(70)}`];

export const statements: Row = {
  name: 'statements',
  servers: 1,
  isShared: false,
  hears: false,
  names: NAMES,
  setup: [0, 1, 2].map(
    (client) =>
      `CREATE TABLE public.log_${client} (id int, word text); GRANT ALL ON public.log_${client} TO app`,
  ),
  statement: useStatement,
  look: (random) => random.pick(['SELECT 1', 'SELECT id, word FROM a.t ORDER BY id', 'SHOW search_path']),
  prepared,
};

export function useStatement(random: Random, client: number): string {
  const kind = random.next();
  const name = random.pick(random.chance(0.6) ? NAMES.slice(0, 3) : NAMES);
  const sql = sqlName(random, name);
  if (kind < 0.3) return prepare(random, client, name);
  if (kind < 0.65) return execute(random, name);
  if (kind < 0.75) return random.pick([`DEALLOCATE ${sql}`, `deallocate prepare ${sql}`]);
  if (kind < 0.78)
    return random.pick([
      'DEALLOCATE ALL',
      'DEALLOCATE PREPARE ALL',
      'DISCARD ALL',
      'DISCARD PLANS',
      'RESET ALL',
    ]);
  if (kind < 0.88) return explain(random, name);
  if (kind < 0.95) return createAs(random, client, name);
  return random.pick(['SET search_path TO a', 'SET search_path TO b, public', 'RESET search_path']);
}

/** In quotes where it must be, or may be. */
function sqlName(random: Random, name: string): string {
  if (/^[a-z_][a-z0-9_]*$/.test(name) && name !== 'execute')
    return random.pick([name, name, name.toUpperCase(), `"${name}"`]);
  return `"${name.replaceAll('"', '""')}"`;
}

/** How many parameters the statement of a name has, as a rule: otherwise hardly any EXECUTE would fit. */
function arityOf(random: Random, name: string): number {
  return random.chance(0.85) ? NAMES.indexOf(name) % 3 : random.below(3);
}

function prepare(random: Random, client: number, name: string): string {
  const log = `public.log_${client}`;
  const broken = ['SELECT nosuch', 'SELECT FROM nosuch', 'SELECT )', 'SET work_mem TO 1'];
  const texts = [
    [
      'SELECT 1',
      'SELECT 2 AS two',
      'VALUES (3)',
      'SELECT word FROM t ORDER BY id',
      `DELETE FROM ${log}`,
      "SELECT ';', $$ EXECUTE s1 $$, 's1' -- s1",
    ],
    [
      'SELECT $1::int + 1',
      'SELECT $1',
      'SELECT id, word FROM a.t WHERE id = $1',
      'SELECT word FROM t WHERE id > $1 ORDER BY id',
      `WITH gone AS (DELETE FROM ${log} RETURNING id) SELECT count(*) FROM gone WHERE id > $1`,
    ],
    [
      'SELECT $1 || $2::text',
      'VALUES ($1::int, $2::text)',
      `INSERT INTO ${log} VALUES ($1, $2) RETURNING *`,
      `UPDATE ${log} SET word = $2 WHERE id >= $1`,
    ],
  ];
  const arity = arityOf(random, name);
  const text = random.chance(0.08) ? random.pick(broken) : random.pick(texts[arity]!);
  const types = random.pick(
    [
      ['', '', ' (int)', '(nosuch)'],
      ['', '', '(int)', ' ("int4")'],
      ['', '', ' (int, text)', '("int4", pg_catalog.text)'],
    ][arity]!,
  );
  return `${random.pick(['PREPARE', 'PREPARE', 'prepare', 'PREPARE /* s1 */'])} ${sqlName(random, name)}${types} AS ${text}`;
}

function execute(random: Random, name: string): string {
  const values = random.chance(0.9)
    ? [
        ['', ''],
        ['(1)', '(1 + 1)', '(NULL)', "('2')"],
        ["(2, 'x')", "(3, 'execute s1; deallocate s1')", '($$1$$, NULL)'],
      ][arityOf(random, name)]!
    : ['(nosuch)', '()', "('y')", '(1/0)'];
  return `${random.pick(['EXECUTE', 'EXECUTE', 'execute', 'EXECUTE\n--x\n'])} ${sqlName(random, name)}${random.pick(values)}`;
}

function explain(random: Random, name: string): string {
  const options = [
    '(COSTS OFF)',
    '(COSTS OFF, VERBOSE)',
    '(ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF)',
  ];
  return `EXPLAIN ${random.pick(options)} ${execute(random, name)}`;
}

function createAs(random: Random, client: number, name: string): string {
  const table = `public.made_${client}`;
  return random.pick([
    () => `CREATE TABLE ${table} AS ${execute(random, name)}`,
    () => `CREATE TABLE IF NOT EXISTS ${table} (one) AS EXECUTE ${sqlName(random, name)} WITH NO DATA`,
    () => `DROP TABLE IF EXISTS ${table}`,
    () => `SELECT * FROM ${table}`,
  ])();
}

/**
 * An EXECUTE has a name that no SQL says: of an EXECUTE of an EXECUTE PostgreSQL tells the columns that the inner one had when it was
 * parsed, and the agent those that it has now (and where they execute each other for ever, both refuse it in words of their own).
 */
function prepared(random: Random, client: number): Prepared {
  const sql = useStatement(random, client);
  if (random.chance(0.11))
    return { text: sql, values: [], ...(/execute/i.test(sql) && { name: 'of the protocol' }) };
  return random.pick<Prepared>([
    { text: 'SELECT 1', values: [] },
    { text: 'SELECT $1::int + 1', values: ['4'] },
    { text: 'SELECT id, word FROM a.t WHERE id = $1', values: ['2'] },
    { text: 'SELECT word FROM t WHERE id > $1 ORDER BY id', values: ['1'] },
    { text: 'SELECT $1 || $2::text', values: ['a', 'b'] },
    { text: `INSERT INTO public.log_${client} VALUES ($1, $2) RETURNING *`, values: ['7', 'seven'] },
    { text: 'SELECT nosuch', values: [] },
    { text: '', values: [] },
  ]);
}
