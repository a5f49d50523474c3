// Scenes of what belongs to a session while servers change beneath it: prepared statements, parameters of the startup packet.

import { at, type Scene, type Script } from '../scene.ts';
import type { Stage } from '../stage.ts';

/** `a` meets another server than the one that it used last. */
async function onAnotherServer(stage: Stage, work: () => Promise<void>): Promise<void> {
  const other = await stage.client('x');
  await other.query('BEGIN');
  await work();
  await other.query('COMMIT');
  await other.leave();
}

const prepares = (name: string, sql: string): readonly string[] => [`Parse "${name}" "${sql}"`, 'Sync'];
const runs = (name: string): readonly string[] => [
  `Bind "" "${name}"`,
  'Describe P ""',
  'Execute "" 0',
  'Sync',
];

const prepared: Scene = {
  name: 'prepared statements',
  since: '1.24',
  ini: { max_prepared_statements: 10 },
  scripts: {
    'of a name, on two servers': async (stage) => {
      const a = await stage.client('a');
      a.send(...prepares('s', 'SELECT 7'));
      await a.read();
      a.send(...runs('s'));
      await a.read();
      await onAnotherServer(stage, async () => {
        a.send(...runs('s'));
        await a.read();
      });
    },
    'of a name that another client uses too': async (stage) => {
      const a = await stage.client('a');
      const b = await stage.client('b');
      a.send(...prepares('same', 'SELECT 1'));
      b.send(...prepares('same', 'SELECT 2'));
      await a.read();
      await b.read();
      a.send(...runs('same'));
      await a.read();
      b.send(...runs('same'));
      await b.read();
    },
    'of no name': async (stage) => {
      const a = await stage.client('a');
      a.send('Parse "" "SELECT $1::text"', 'Bind "" "" "x"', 'Execute "" 0', 'Sync');
      await a.read();
    },
    'that cannot be prepared': async (stage) => {
      const a = await stage.client('a');
      a.send(...prepares('bad', 'SELECT nothing'));
      await a.read();
      a.send(...prepares('bad', 'SELECT 1'));
      await a.read();
      a.send(...runs('bad'));
      await a.read();
    },
    'that nobody has prepared': async (stage) => {
      const a = await stage.client('a');
      a.send(...runs('never'));
      await a.read();
    },
    'prepared twice by the same name': async (stage) => {
      const a = await stage.client('a');
      a.send(...prepares('twice', 'SELECT 1'));
      await a.read();
      a.send(...prepares('twice', 'SELECT 2'));
      await a.read();
    },
    'closed, and then used': async (stage) => {
      const a = await stage.client('a');
      a.send(...prepares('gone', 'SELECT 1'));
      await a.read();
      a.send('Close S "gone"', 'Sync');
      await a.read();
      a.send(...runs('gone'));
      await a.read();
    },
    described: async (stage) => {
      const a = await stage.client('a');
      a.send('Parse "d" "SELECT $1::int, $2::text"', 'Describe S "d"', 'Sync');
      await a.read();
    },
    'DEALLOCATE ALL': async (stage) => {
      const a = await stage.client('a');
      a.send(...prepares('all', 'SELECT 1'));
      await a.read();
      await a.query('DEALLOCATE ALL');
      a.send(...prepares('all', 'SELECT 2'));
      await a.read();
      a.send(...runs('all'));
      await a.read();
    },
    'DISCARD ALL': async (stage) => {
      const a = await stage.client('a');
      a.send(...prepares('rid', 'SELECT 1'));
      await a.read();
      await a.query('DISCARD ALL');
      a.send(...prepares('rid', 'SELECT 2'));
      await a.read();
    },
    'parsed, bound and run in one pipeline with an error': async (stage) => {
      const a = await stage.client('a');
      a.send('Parse "p1" "SELECT 1/0"', 'Bind "" "p1"', 'Execute "" 0', 'Parse "p2" "SELECT 2"', 'Sync');
      await a.read();
      a.send(...prepares('p2', 'SELECT 3'));
      await a.read();
      a.send(...runs('p2'));
      await a.read();
    },
    'whose table has changed': async (stage) => {
      const a = await stage.client('a');
      await a.query('DROP TABLE IF EXISTS changing; CREATE TABLE changing (n int)');
      a.send(...prepares('t', 'SELECT * FROM changing'));
      await a.read();
      a.send('Bind "" "t"', 'Execute "" 0', 'Sync');
      await a.read();
      await a.query('ALTER TABLE changing ADD m text');
      a.send('Bind "" "t"', 'Execute "" 0', 'Sync');
      await a.read();
      await a.query('DROP TABLE changing');
    },
  },
};

const begins =
  (parameters: Readonly<Record<string, string>>, sql: string): Script =>
  async (stage) => {
    const a = await stage.client('a', { parameters });
    await a.query(sql);
  };

const shows = (...names: readonly string[]): string =>
  `SELECT ${names.map((name) => `current_setting('${name}')`).join(', ')}`;

const startup: Scene = {
  name: 'the startup packet',
  ini: { ignore_startup_parameters: 'extra_float_digits, geqo' },
  scripts: {
    application_name: begins({ application_name: 'till' }, shows('application_name')),
    'client_encoding, DateStyle and TimeZone': begins(
      { client_encoding: 'LATIN1', datestyle: 'German', timezone: 'Europe/Berlin' },
      shows('client_encoding', 'datestyle', 'timezone'),
    ),
    'one that is ignored': begins({ extra_float_digits: '3', geqo: 'off' }, shows('geqo')),
    'one that is not tracked': begins({ search_path: 'pg_catalog' }, 'SELECT 1'),
    'one that nobody knows': begins({ no_such_parameter: '1' }, 'SELECT 1'),
    options: begins({ options: '-c datestyle=German' }, shows('datestyle')),
    'options that are not tracked': begins({ options: '-c geqo_seed=0.5' }, 'SELECT 1'),
    'a value that PostgreSQL does not take': begins({ datestyle: 'Martian' }, 'SELECT 1'),
    'no database': begins({}, 'SELECT 1'),
    'a replication connection that is none': begins({ replication: 'false' }, 'SELECT 1'),
    'SET follows the client': async (stage) => {
      const a = await stage.client('a');
      await a.query("SET application_name = 'mine'; SET TimeZone = 'Asia/Tokyo'");
      await onAnotherServer(stage, async () => {
        await a.query(shows('application_name', 'timezone'));
      });
    },
    'who comes next has his own': async (stage) => {
      const a = await stage.client('a', { parameters: { timezone: 'Asia/Tokyo' } });
      await a.query(shows('timezone'));
      const b = await stage.client('b', { parameters: { timezone: 'UTC' } });
      await b.query(shows('timezone'));
    },
  },
};

const named: Scene = {
  name: 'application_name_add_host',
  ini: { application_name_add_host: 1 },
  scripts: {
    'over the UNIX socket': begins({ application_name: 'till' }, shows('application_name')),
    'without a name': begins({}, shows('application_name')),
  },
};

const ofDatabase: Scene = {
  name: 'settings of a database',
  databases: (world) => [
    at(world, 'shop', "connect_query='SELECT set_config(''shop.greeting'', ''hello'', false)'"),
    at(world, 'latin', 'dbname=shop client_encoding=latin1 datestyle=German timezone=Asia/Tokyo'),
    at(world, 'till', 'dbname=shop application_name=till'),
  ],
  scripts: {
    connect_query: begins({}, shows('shop.greeting')),
    'client_encoding, datestyle and timezone': async (stage) => {
      const a = await stage.client('a', { database: 'latin' });
      await a.query(shows('client_encoding', 'datestyle', 'timezone'));
    },
    application_name: async (stage) => {
      const a = await stage.client('a', { database: 'till' });
      await a.query(shows('application_name'));
    },
  },
};

export const SESSIONS: readonly Scene[] = [prepared, startup, named, ofDatabase];
