// Scenes of logins: every auth_type, right and wrong passwords, names that nobody has.

import type { Scene, Script } from '../scene.ts';

const logsIn =
  (user = 'app'): Script =>
  async (stage) => {
    const client = await stage.client('a', { user });
    await client.query('SELECT session_user, current_user');
  };
const isRefused =
  (user: string, password: string): Script =>
  async (stage) => {
    await stage.client('a', { user, password });
  };

/** What every auth_type has to say to. */
const everybody = (): Record<string, Script> => ({
  'the right password': logsIn(),
  'a wrong password': isRefused('app', 'wrong'),
  'no password': isRefused('app', ''),
  'a user that nobody has': isRefused('nobody', 'wrong'),
  'a database that nobody has': async (stage) => {
    await stage.client('a', { database: 'nowhere' });
  },
  'a database that nobody has, and a wrong password': async (stage) => {
    await stage.client('a', { database: 'nowhere', password: 'wrong' });
  },
  'a role that the server does not know': async (stage) => {
    const client = await stage.client('a', { user: 'stats' });
    await client.query('SELECT 1');
  },
});

const plain: Scene = {
  name: 'auth_type plain',
  ini: { auth_type: 'plain' },
  scripts: {
    ...everybody(),
    'over TCP': async (stage) => {
      const client = await stage.client('a', { road: 'tcp' });
      await client.query('SELECT 1');
    },
  },
};
const md5: Scene = { name: 'auth_type md5', ini: { auth_type: 'md5' }, scripts: everybody() };
const scram: Scene = {
  name: 'auth_type scram-sha-256',
  ini: { auth_type: 'scram-sha-256' },
  scripts: everybody(),
};
const trust: Scene = { name: 'auth_type trust', ini: { auth_type: 'trust' }, scripts: everybody() };

export const LOGINS: readonly Scene[] = [plain, md5, scram, trust];
