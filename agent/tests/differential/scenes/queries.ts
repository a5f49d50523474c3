// Scenes of what applications send: errors, pipelines, COPY, cancel, prepared statements, servers that go away.

import type { Scene, Script } from '../scene.ts';
import type { Actor } from '../stage.ts';

const transactions: Scene = {
  name: 'transactions',
  ini: { default_pool_size: 1 },
  scripts: {
    'an error outside of one': async (stage) => {
      const a = await stage.client('a');
      await a.query('SELECT 1/0');
      await a.query('SELECT 1');
    },
    'an error inside of one': async (stage) => {
      const a = await stage.client('a');
      await a.query('BEGIN');
      await a.query('SELECT nothing');
      await a.query('SELECT 1');
      await a.query('ROLLBACK');
    },
    'several statements in one query': async (stage) => {
      const a = await stage.client('a');
      await a.query('SELECT 1; SELECT 2; BEGIN; SELECT 3');
      await a.query('COMMIT; SELECT 4/0; SELECT 5');
      await a.query('');
    },
    'a client that goes away inside of one leaves nothing behind': async (stage) => {
      const a = await stage.client('a');
      await a.query('CREATE TABLE IF NOT EXISTS left_over (n int)');
      await a.query('BEGIN; INSERT INTO left_over VALUES (1)');
      a.drop();
      const b = await stage.client('b');
      await b.query('SELECT count(*) FROM left_over');
      await b.query('DROP TABLE left_over');
    },
    'a savepoint': async (stage) => {
      const a = await stage.client('a');
      await a.query('BEGIN; SAVEPOINT s');
      await a.query('SELECT 1/0');
      await a.query('ROLLBACK TO s');
      await a.query('COMMIT');
    },
    'a notice and a notification': async (stage) => {
      const a = await stage.client('a');
      await a.query("DO $$ BEGIN RAISE NOTICE 'said'; END $$");
      await a.query("LISTEN news; NOTIFY news, 'now'; UNLISTEN news");
    },
  },
};

const pipelines: Scene = {
  name: 'the extended protocol',
  ini: { default_pool_size: 1 },
  scripts: {
    'one statement': async (stage) => {
      const a = await stage.client('a');
      a.send('Parse "" "SELECT $1::int + 1"', 'Bind "" "" "41"', 'Describe P ""', 'Execute "" 0', 'Sync');
      await a.read();
    },
    'three in a pipeline, one of which fails': async (stage) => {
      const a = await stage.client('a');
      for (const sql of ['SELECT 1', 'SELECT 1/0', 'SELECT 3'])
        a.send(`Parse "" "${sql}"`, 'Bind "" ""', 'Execute "" 0', 'Sync');
      await a.read('ReadyForQuery', 3);
    },
    'an error skips everything up to Sync': async (stage) => {
      const a = await stage.client('a');
      a.send('Parse "" "SELECT nothing"', 'Bind "" ""', 'Execute "" 0', 'Parse "" "SELECT 1"', 'Sync');
      await a.read();
      await a.query('SELECT 1');
    },
    'rows in portions': async (stage) => {
      const a = await stage.client('a');
      await a.query('BEGIN');
      a.send('Parse "" "SELECT generate_series(1, 3)"', 'Bind "p" ""', 'Execute "p" 2', 'Flush');
      await a.read('PortalSuspended');
      a.send('Execute "p" 2', 'Close P "p"', 'Sync');
      await a.read();
      await a.query('COMMIT');
    },
    'a transaction by single messages': async (stage) => {
      const a = await stage.client('a');
      for (const sql of ['BEGIN', 'SELECT 1', 'COMMIT']) {
        a.send(`Parse "" "${sql}"`, 'Bind "" ""', 'Execute "" 0', 'Sync');
        await a.read();
      }
    },
    'a query and the extended protocol in one write': async (stage) => {
      const a = await stage.client('a');
      a.send('Query "SELECT 1"', 'Parse "" "SELECT 2"', 'Bind "" ""', 'Execute "" 0', 'Sync');
      await a.read('ReadyForQuery', 2);
    },
    'Flush without Sync': async (stage) => {
      const a = await stage.client('a');
      a.send('Parse "" "SELECT 1"', 'Describe S ""', 'Flush');
      await a.read('RowDescription');
      a.send('Bind "" ""', 'Execute "" 0', 'Sync');
      await a.read();
    },
  },
};

/** Two rows to read, and a place to write to; gone behind the script. */
const withGoods =
  (script: (a: Actor) => Promise<void>): Script =>
  async (stage) => {
    await stage.sql(
      "DROP TABLE IF EXISTS goods; CREATE TABLE goods AS SELECT 1 AS n, 'one' AS name; GRANT ALL ON goods TO app",
    );
    await script(await stage.client('a'));
    await stage.sql('DROP TABLE goods');
  };

const copies: Scene = {
  name: 'COPY',
  scripts: {
    in: withGoods(async (a) => {
      a.send('Query "COPY goods FROM STDIN"');
      await a.read('CopyInResponse');
      a.send('CopyData "2\\ttwo\\n"', 'CopyData "3\\tthree\\n"', 'CopyDone');
      await a.read();
      await a.query('SELECT count(*) FROM goods');
    }),
    'in, given up': withGoods(async (a) => {
      a.send('Query "COPY goods FROM STDIN"');
      await a.read('CopyInResponse');
      a.send('CopyData "2\\ttwo\\n"', 'CopyFail "no more"');
      await a.read();
      await a.query('SELECT count(*) FROM goods');
    }),
    'in, of a row that does not fit': withGoods(async (a) => {
      a.send('Query "COPY goods FROM STDIN"');
      await a.read('CopyInResponse');
      a.send('CopyData "x\\ty\\n"', 'CopyDone');
      await a.read();
      await a.query('SELECT count(*) FROM goods');
    }),
    out: withGoods(async (a) => {
      await a.query('COPY goods TO STDOUT');
    }),
    'out, with an error on the way': withGoods(async (a) => {
      await a.query('COPY (SELECT 1/(3 - n) FROM generate_series(1, 3) n) TO STDOUT');
    }),
    'in by the extended protocol': withGoods(async (a) => {
      a.send('Parse "" "COPY goods FROM STDIN"', 'Bind "" ""', 'Execute "" 0', 'Flush');
      await a.read('CopyInResponse');
      a.send('CopyData "4\\tfour\\n"', 'CopyDone', 'Sync');
      await a.read();
      await a.query('SELECT count(*) FROM goods');
    }),
  },
};

const cancels: Scene = {
  name: 'cancel',
  ini: { default_pool_size: 1, query_wait_timeout: 60 },
  scripts: {
    'a running query': async (stage) => {
      const a = await stage.client('a');
      a.send('Query "SELECT pg_sleep(60) /* cancel me */"');
      await stage.untilRunning('cancel me');
      await stage.cancel(a);
      await a.read();
      await a.query('SELECT 1');
    },
    'a running query in a transaction': async (stage) => {
      const a = await stage.client('a');
      await a.query('BEGIN');
      a.send('Query "SELECT pg_sleep(60) /* cancel me too */"');
      await stage.untilRunning('cancel me too');
      await stage.cancel(a);
      await a.read();
      await a.query('ROLLBACK');
    },
    'a client that waits': async (stage) => {
      const a = await stage.client('a');
      await a.query('BEGIN');
      const b = await stage.client('b');
      b.send('Query "SELECT 2"');
      await stage.untilWaiting(1);
      await stage.cancel(b);
      await b.read();
      await a.query('COMMIT');
    },
    'a client that does nothing': async (stage) => {
      const a = await stage.client('a');
      await a.query('SELECT 1');
      await stage.cancel(a);
      await a.query('SELECT 2');
    },
    'a wrong key': async (stage) => {
      // It ends when it is let go, and not by the time.
      await stage.sql('DROP TABLE IF EXISTS gate; CREATE TABLE gate (n int); GRANT ALL ON gate TO app');
      const a = await stage.client('a');
      a.send(
        'Query "DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM gate) LOOP PERFORM pg_sleep(0.01); END LOOP; END $$"',
      );
      await stage.untilRunning('WHILE NOT EXISTS');
      await stage.cancel(a, (key) => Buffer.from(key.map((byte) => byte ^ 0xff)));
      await stage.sql('INSERT INTO gate VALUES (1)');
      await a.read();
      await stage.sql('DROP TABLE gate');
    },
  },
};

const servers: Scene = {
  name: 'servers that go away',
  databases: ({ postgres, deadPort }) => [
    `shop = host=127.0.0.1 port=${postgres.port}`,
    `dead = host=127.0.0.1 port=${deadPort}`,
    `missing = host=127.0.0.1 port=${postgres.port} dbname=not_there`,
  ],
  ini: { server_login_retry: 1, query_wait_timeout: 3 },
  scripts: {
    'under a query': async (stage) => {
      const a = await stage.client('a');
      a.send('Query "SELECT pg_sleep(60) /* end it */"');
      await stage.untilRunning('end it');
      await stage.endServers('end it');
      await a.readToEnd();
    },
    'in a transaction': async (stage) => {
      const a = await stage.client('a');
      await a.query('BEGIN; SELECT 1 /* in a transaction */');
      await stage.endServers('in a transaction');
      await a.readToEnd();
    },
    'while it rests': async (stage) => {
      const a = await stage.client('a');
      await a.query('SELECT 1 /* resting */');
      await stage.endServers('resting');
      await a.query('SELECT 2');
    },
    'a server that is not there': async (stage) => {
      await stage.client('a', { database: 'dead' });
    },
    'a database that the server does not have': async (stage) => {
      await stage.client('a', { database: 'missing' });
    },
  },
};

export const QUERIES: readonly Scene[] = [transactions, pipelines, copies, cancels, servers];
