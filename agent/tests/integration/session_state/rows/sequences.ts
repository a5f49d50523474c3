// Sequences: nextval() is everybody's, currval() and lastval() are the session's own memory of it.

import type { Random } from '../../../simulation/random.ts';
import type { Prepared, Row } from '../row.ts';

export const sequences: Row = {
  name: 'sequences',
  servers: 3,
  // The next number depends on who was before.
  isShared: true,
  hears: false,
  setup: [
    'CREATE SEQUENCE public.q1 CACHE 1; CREATE SEQUENCE public."Q 2" CACHE 1 INCREMENT 10',
    'CREATE TABLE public.orders (id serial PRIMARY KEY, word text)',
    'CREATE TABLE public.items (id int GENERATED ALWAYS AS IDENTITY, word text)',
    'GRANT ALL ON ALL TABLES IN SCHEMA public TO app; GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO app',
  ],
  statement: sequence,
  look,
  prepared,
};

const ALL = ["'public.q1'", '\'public."Q 2"\'', "'public.orders_id_seq'", "'public.items_id_seq'"];

export function sequence(random: Random): string {
  const name = random.pick(ALL);
  return random.pick([
    () => `SELECT nextval(${name})`,
    () => `SELECT nextval(${name})`,
    () => `SELECT currval(${name})`,
    () => `SELECT currval(${name})`,
    () => 'SELECT lastval()',
    () => 'SELECT lastval()',
    () => `SELECT setval(${name}, ${random.between(1, 9) * 100}, ${random.pick(['true', 'false'])})`,
    () => "INSERT INTO public.orders (word) VALUES ('x')",
    () => "INSERT INTO public.orders (word) VALUES ('x'), ('y') RETURNING id",
    () => 'INSERT INTO public.items (word) SELECT word FROM a.t LIMIT 2',
    () => `SELECT currval(pg_get_serial_sequence('public.orders', 'id'))`,
    () => random.pick(['DISCARD SEQUENCES', 'DISCARD ALL', 'RESET ALL', 'DISCARD SEQUENCES']),
    () => `SELECT nextval(${name}), 1/0`,
    () => `DO $$ BEGIN PERFORM nextval(${name}); END $$`,
    () =>
      'WITH i AS (INSERT INTO public.orders (word) VALUES (NULL) RETURNING id) SELECT id, lastval() IS NULL FROM i WHERE false',
  ])();
}

function look(random: Random): string {
  return random.pick([
    'SELECT last_value, is_called FROM public.q1',
    'SELECT count(*), max(id) FROM public.orders',
    'SELECT 1',
  ]);
}

function prepared(random: Random): Prepared {
  const [name = ''] = random.pick(ALL).split("'").filter(Boolean);
  return random.pick<Prepared>([
    { text: 'SELECT nextval($1)', values: [name] },
    { text: 'SELECT currval($1::regclass)', values: [name] },
    { text: 'INSERT INTO public.orders (word) VALUES ($1) RETURNING id', values: ['by protocol'] },
    { text: 'SELECT lastval()', values: [] },
    { text: sequence(random), values: [] },
  ]);
}
