// Scenes of limits and timeouts: who waits, who is told what, and when the connection ends.

import { at, type Scene, type Script } from '../scene.ts';

/** Longer than any of the timeouts here. */
const LONG = 'SELECT pg_sleep(30)';

const clients: Scene = {
  name: 'max_client_conn',
  ini: { max_client_conn: 2 },
  scripts: {
    'one too many, and one in the place of who has left': async (stage) => {
      const a = await stage.client('a');
      await a.query('SELECT 1');
      await stage.client('b', { user: 'other' });
      await stage.client('c');
      await a.leave();
      const d = await stage.client('d');
      await d.query('SELECT 1');
    },
  },
};

const ofDatabase: Scene = {
  name: 'max_db_client_connections',
  since: '1.24',
  ini: { max_db_client_connections: 1 },
  scripts: {
    'one too many for the database': async (stage) => {
      await stage.client('a');
      await stage.client('b', { user: 'other' });
      await stage.client('c', { database: 'yard' });
    },
  },
};

const ofUser: Scene = {
  name: 'max_user_client_connections',
  since: '1.24',
  ini: { max_user_client_connections: 1 },
  users: ['other = max_user_client_connections=2'],
  scripts: {
    'one too many for the user': async (stage) => {
      await stage.client('a');
      await stage.client('b', { database: 'yard' });
      await stage.client('c', { user: 'other' });
      await stage.client('d', { user: 'other' });
      await stage.client('e', { user: 'other' });
    },
  },
};

/** `a` has the only server; `b` waits for it in vain, and then gets it. */
const oneAtATime: Script = async (stage) => {
  const a = await stage.client('a');
  await a.query('BEGIN');
  const b = await stage.client('b');
  b.send('Query "SELECT 2"');
  await stage.untilWaiting(1);
  await a.query('COMMIT');
  await b.read();
};

const waits: Scene = {
  name: 'query_wait_timeout',
  ini: { default_pool_size: 1, query_wait_timeout: 1 },
  scripts: {
    'who waits for too long is told and closed': async (stage) => {
      const a = await stage.client('a');
      await a.query('BEGIN');
      const b = await stage.client('b');
      b.send('Query "SELECT 2"');
      await b.readToEnd();
      await a.query('COMMIT');
    },
    'who waits for too long by the extended protocol': async (stage) => {
      const a = await stage.client('a');
      await a.query('BEGIN');
      const b = await stage.client('b');
      b.send('Parse "" "SELECT 2"', 'Bind "" ""', 'Execute "" 0', 'Sync');
      await b.readToEnd();
      await a.query('COMMIT');
    },
  },
};

const poolSizes: Scene = {
  name: 'sizes of pools',
  databases: (world) => [at(world, 'shop', 'pool_size=1'), at(world, 'yard', 'max_db_connections=1')],
  scripts: {
    pool_size: oneAtATime,
    'max_db_connections, over two users': async (stage) => {
      // Each is greeted by a server of his own pool, so that one goes when the other comes.
      const b = await stage.client('b', { database: 'yard', user: 'other' });
      const a = await stage.client('a', { database: 'yard' });
      await a.query('BEGIN');
      b.send('Query "SELECT session_user"');
      await stage.untilWaiting(1);
      await a.query('COMMIT');
      await b.read();
    },
  },
};

const userConnections: Scene = {
  name: 'max_user_connections',
  ini: { max_user_connections: 1 },
  scripts: {
    'over two databases': async (stage) => {
      const b = await stage.client('b', { database: 'yard' });
      const a = await stage.client('a');
      await a.query('BEGIN');
      b.send('Query "SELECT current_database()"');
      await stage.untilWaiting(1);
      await a.query('COMMIT');
      await b.read();
    },
  },
};

const reserve: Scene = {
  name: 'reserve_pool_size',
  ini: { default_pool_size: 1, reserve_pool_size: 1, reserve_pool_timeout: 1, query_wait_timeout: 60 },
  scripts: {
    'who waits for reserve_pool_timeout gets a server more, the next one does not': async (stage) => {
      const a = await stage.client('a');
      await a.query('BEGIN');
      const b = await stage.client('b');
      await b.query('BEGIN');
      const c = await stage.client('c');
      c.send('Query "SELECT 3"');
      await stage.untilWaiting(1);
      await a.query('COMMIT');
      await c.read();
      await b.query('COMMIT');
    },
  },
};

const timeouts: Scene = {
  name: 'timeouts',
  ini: { query_timeout: 1, client_login_timeout: 2 },
  scripts: {
    query_timeout: async (stage) => {
      const a = await stage.client('a');
      a.send(`Query "${LONG}"`);
      await a.readToEnd();
    },
    'query_timeout in a transaction': async (stage) => {
      const a = await stage.client('a');
      await a.query('BEGIN');
      a.send(`Query "${LONG}"`);
      await a.readToEnd();
    },
    client_login_timeout: async (stage) => {
      const a = await stage.client('a', { isMute: true });
      await a.readToEnd();
    },
  },
};

const idleInTransaction: Scene = {
  name: 'idle_transaction_timeout',
  ini: { idle_transaction_timeout: 1 },
  scripts: {
    'who begins and says no more': async (stage) => {
      const a = await stage.client('a');
      await a.query('BEGIN');
      await a.readToEnd();
    },
  },
};

const idle: Scene = {
  name: 'client_idle_timeout',
  ini: { client_idle_timeout: 1 },
  scripts: {
    'who says nothing': async (stage) => {
      const a = await stage.client('a');
      await a.readToEnd();
    },
  },
};

const statementMode: Scene = {
  name: 'pool_mode statement',
  ini: { pool_mode: 'statement' },
  scripts: {
    'a statement by itself': async (stage) => {
      const a = await stage.client('a');
      await a.query('SELECT 1');
    },
    'a transaction block': async (stage) => {
      const a = await stage.client('a');
      await a.query('BEGIN');
      await a.readToEnd();
    },
  },
};

const sessionMode: Scene = {
  name: 'pool_mode session',
  ini: { pool_mode: 'session', default_pool_size: 1 },
  scripts: {
    'a server for each client, clean for the next one': async (stage) => {
      const a = await stage.client('a');
      await a.query("SET search_path = 'pg_catalog'; CREATE TEMPORARY TABLE mine (n int)");
      await a.leave();
      const b = await stage.client('b');
      await b.query('SHOW search_path');
      await b.query('SELECT * FROM mine');
    },
  },
};

const packets: Scene = {
  name: 'max_packet_size',
  ini: { max_packet_size: 20_000 },
  scripts: {
    'a message that is too long': async (stage) => {
      const a = await stage.client('a');
      a.send('Query "SELECT 1 -- x"~3000');
      await a.readToEnd();
    },
  },
};

export const LIMITS: readonly Scene[] = [
  ...[clients, ofDatabase, ofUser, waits, poolSizes, userConnections, reserve],
  ...[timeouts, idleInTransaction, idle, statementMode, sessionMode, packets],
];
