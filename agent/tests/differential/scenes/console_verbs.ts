// Scenes of the console's commands: what each does to clients that are in the middle of something.

import type { Scene } from '../scene.ts';
import { admin } from './console.ts';

const words: Scene = {
  name: 'commands in all their forms',
  scripts: {
    'stats_users change nothing': async (stage) => {
      const a = await stage.client('a', { user: 'stats', database: 'pgbouncer' });
      for (const command of ['RELOAD', 'PAUSE', 'RESUME', 'KILL shop', 'SHUTDOWN', 'SET query_timeout = 1'])
        await a.query(command);
    },
    'RECONNECT and WAIT_CLOSE': async (stage) => {
      const a = await admin(stage);
      await a.query('RECONNECT');
      await a.query('WAIT_CLOSE');
      await a.query('RECONNECT shop');
      await a.query('WAIT_CLOSE shop');
    },
    'of a database that nobody has': async (stage) => {
      const a = await admin(stage);
      for (const command of ['PAUSE', 'RESUME', 'KILL', 'DISABLE', 'ENABLE', 'RECONNECT', 'WAIT_CLOSE'])
        await a.query(`${command} nowhere`);
    },
    'of the console itself': async (stage) => {
      const a = await admin(stage);
      for (const command of ['PAUSE', 'KILL', 'DISABLE']) await a.query(`${command} pgbouncer`);
    },
    'without a database that they need': async (stage) => {
      const a = await admin(stage);
      for (const command of ['DISABLE', 'ENABLE']) await a.query(command);
    },
  },
};

const verbs: Scene = {
  name: 'commands of the console',
  ini: { query_wait_timeout: 60 },
  scripts: {
    'PAUSE and RESUME': async (stage) => {
      const a = await stage.client('a');
      await a.query('SELECT 1');
      const console = await admin(stage);
      await console.query('PAUSE');
      a.send('Query "SELECT 2"');
      await stage.untilWaiting(1);
      await console.query('PAUSE');
      await console.query('RESUME');
      await a.read();
      await console.query('RESUME');
    },
    'PAUSE waits for a transaction': async (stage) => {
      const a = await stage.client('a');
      await a.query('BEGIN');
      const console = await admin(stage);
      console.send('Query "PAUSE shop"');
      await a.query('SELECT 2');
      await a.query('COMMIT');
      await console.read();
      a.send('Query "SELECT 3"');
      await stage.untilWaiting(1);
      await console.query('RESUME shop');
      await a.read();
    },
    'PAUSE of one database leaves the others': async (stage) => {
      const console = await admin(stage);
      const a = await stage.client('a', { database: 'yard' });
      await console.query('PAUSE shop');
      await a.query('SELECT 1');
      await console.query('PAUSE shop');
      await console.query('RESUME shop');
      await console.query('RESUME shop');
    },
    'DISABLE and ENABLE': async (stage) => {
      const a = await stage.client('a');
      const console = await admin(stage);
      await console.query('DISABLE shop');
      await a.query('SELECT 1');
      await stage.client('b');
      await console.query('ENABLE shop');
      await stage.client('c');
    },
    'KILL and RESUME': async (stage) => {
      const a = await stage.client('a');
      await a.query('BEGIN');
      const other = await stage.client('other', { database: 'yard' });
      const console = await admin(stage);
      await console.query('KILL shop');
      await a.readToEnd();
      await other.query('SELECT 1');
      await console.query('RESUME shop');
      const c = await stage.client('c');
      await c.query('SELECT 1');
    },
    'RECONNECT under a transaction': async (stage) => {
      const a = await stage.client('a');
      await a.query('BEGIN');
      const console = await admin(stage);
      await console.query('RECONNECT shop');
      console.send('Query "WAIT_CLOSE shop"');
      await a.query('SELECT 1');
      await a.query('COMMIT');
      await console.read();
    },
    'SUSPEND and RESUME': async (stage) => {
      const a = await stage.client('a');
      await a.query('SELECT 1');
      const console = await admin(stage);
      await console.query('SUSPEND');
      a.send('Query "SELECT 2"');
      await console.query('RESUME');
      await a.read();
    },
  },
};

const killing: Scene = {
  name: 'KILL_CLIENT',
  since: '1.24',
  scripts: {
    'one client, and no other': async (stage) => {
      const [a, b] = [await stage.client('a'), await stage.client('b', { user: 'other' })];
      const console = await admin(stage);
      const id = await console.find('SHOW CLIENTS', { user: 'app' }, 'id');
      console.sendUnseen(`Query "KILL_CLIENT ${id}"`);
      await console.read();
      await a.readToEnd();
      await b.query('SELECT 1');
    },
    'a number that nobody has': async (stage) => {
      await (await admin(stage)).query('KILL_CLIENT 999999');
    },
    'stats_users do not (CVE-2026-6667)': async (stage) => {
      const a = await stage.client('a');
      const [console, stats] = [
        await admin(stage),
        await stage.client('stats', { user: 'stats', database: 'pgbouncer' }),
      ];
      const id = await console.find('SHOW CLIENTS', { user: 'app' }, 'id');
      stats.sendUnseen(`Query "KILL_CLIENT ${id}"`);
      await stats.read();
      await a.query('SELECT 1');
    },
  },
};

const shutdowns: readonly Scene[] = [
  'SHUTDOWN',
  'SHUTDOWN WAIT_FOR_SERVERS',
  'SHUTDOWN WAIT_FOR_CLIENTS',
].map(
  (command): Scene => ({
    name: command,
    ...(command === 'SHUTDOWN' ? {} : { since: '1.24' as const }),
    scripts: {
      'with a client in a transaction': async (stage) => {
        const a = await stage.client('a');
        await a.query('BEGIN');
        const console = await admin(stage);
        console.send(`Query ${JSON.stringify(command)}`);
        if (command !== 'SHUTDOWN') {
          await console.read();
          await a.query('SELECT 1');
          await a.query('COMMIT');
        }
        if (command.endsWith('CLIENTS')) {
          await a.leave();
          await console.leave();
        } else {
          await a.readToEnd();
          await console.readToEnd();
        }
      },
    },
  }),
);

export const CONSOLE_VERBS: readonly Scene[] = [words, verbs, killing, ...shutdowns];
