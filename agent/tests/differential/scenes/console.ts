// Scenes of the console: what SHOW shows, and what each command does to clients.

import type { Scene, Script } from '../scene.ts';
import type { Actor, Stage } from '../stage.ts';

export function admin(stage: Stage, name = 'admin'): Promise<Actor> {
  return stage.client(name, { user: 'admin', database: 'pgbouncer' });
}

const SHOWN =
  'CLIENTS SERVERS SOCKETS ACTIVE_SOCKETS POOLS DATABASES USERS STATS STATS_TOTALS STATS_AVERAGES TOTALS LISTS CONFIG VERSION MEM DNS_HOSTS DNS_ZONES FDS';
const NEWER_SHOWN = 'STATE PEERS PEER_POOLS';

const shows = (words: string): Record<string, Script> =>
  Object.fromEntries(
    words.split(' ').map((word): [string, Script] => [
      `SHOW ${word}`,
      async (stage) => {
        await (await admin(stage)).columns(`SHOW ${word}`);
      },
    ]),
  );

const columns: Scene = {
  name: 'SHOW',
  scripts: {
    ...shows(SHOWN),
    'the lists of SHOW LISTS': async (stage) => {
      await (await admin(stage)).values('SHOW LISTS', 'list');
    },
    'something that is not shown': async (stage) => {
      await (await admin(stage)).query('SHOW NOTHING');
    },
    'in small letters, with a semicolon': async (stage) => {
      await (await admin(stage)).columns('show pools;');
    },
    HELP: async (stage) => {
      await (await admin(stage)).columns('SHOW HELP');
    },
  },
};

const newer: Scene = { name: 'SHOW, newer', since: '1.24', scripts: shows(NEWER_SHOWN) };

const rights: Scene = {
  name: 'who may use the console',
  scripts: {
    'stats_users look': async (stage) => {
      const a = await stage.client('a', { user: 'stats', database: 'pgbouncer' });
      await a.columns('SHOW TOTALS');
    },
    'nobody else': async (stage) => {
      await stage.client('a', { database: 'pgbouncer' });
    },
  },
};

const syntax: Scene = {
  name: 'words of the console',
  scripts: {
    'a command that nobody knows': async (stage) => {
      await (await admin(stage)).query('FOO');
    },
    SELECT: async (stage) => {
      await (await admin(stage)).query('SELECT 1');
    },
    nothing: async (stage) => {
      await (await admin(stage)).query('');
    },
    RELOAD: async (stage) => {
      await (await admin(stage)).query('RELOAD');
    },
    SET: async (stage) => {
      const a = await admin(stage);
      await a.query("SET query_timeout = '7'");
      await a.query('SET nothing_like_it = 1');
      await a.query("SET query_timeout = 'soon'");
    },
    'SET of a path': async (stage) => {
      await (await admin(stage)).query("SET client_tls_ca_file = ''");
    },
  },
};

const extended: Scene = {
  name: 'the console by the extended protocol',
  scripts: {
    'SHOW VERSION': async (stage) => {
      const a = await admin(stage);
      a.send('Parse "" "SHOW VERSION"', 'Bind "" ""', 'Describe P ""', 'Execute "" 0', 'Sync');
      await a.read();
    },
  },
};

export const CONSOLE: readonly Scene[] = [columns, newer, rights, syntax, extended];
