// Scenes of logins by what stands elsewhere: hashes and verifiers, forced users, the HBA file, certificates, auth_query.

import { at, type Scene, type Script, type World } from '../scene.ts';

const comesAs =
  (user: string, more: { database?: string; password?: string; road?: 'tcp' | 'tls' } = {}): Script =>
  async (stage) => {
    const client = await stage.client('a', { user, ...more });
    await client.query('SELECT session_user, current_user, current_database()');
  };

const hashes: Scene = {
  name: 'auth_type md5 with hashes and verifiers',
  ini: { auth_type: 'md5' },
  userlist: ({ stored, postgres }) => ({
    app: stored.get('app')!,
    hashed: stored.get('hashed')!,
    other: postgres.passwordOf('other'),
    admin: stored.get('admin')!,
  }),
  scripts: {
    'a verifier is proved by SCRAM, and logs in to the server': comesAs('app'),
    'a verifier and a wrong password': comesAs('app', { password: 'wrong' }),
    'a hash logs in to a server that asks for md5': comesAs('hashed'),
    'a hash and a wrong password': comesAs('hashed', { password: 'wrong' }),
    'a password beside them': comesAs('other'),
  },
};

const hashByScram: Scene = {
  name: 'auth_type scram-sha-256 with a hash',
  ini: { auth_type: 'hba', auth_hba_file: 'hba.conf' },
  files: () => ({ 'hba.conf': 'local all all scram-sha-256\n' }),
  userlist: ({ stored }) => ({ hashed: stored.get('hashed')!, admin: stored.get('admin')! }),
  scripts: { 'nobody can prove a hash by SCRAM': comesAs('hashed') },
};

const forced: Scene = {
  name: 'forced users',
  ini: { auth_type: 'md5' },
  databases: (world) => [
    at(world, 'shop', `user=other password=${world.postgres.passwordOf('other')}`),
    at(world, 'listed', 'dbname=shop user=other'),
    at(world, 'stranger', 'dbname=shop user=nobody'),
    at(world, 'wrong', 'dbname=shop user=other password=wrong'),
  ],
  scripts: {
    'with a password': comesAs('app'),
    'with the password of the list': comesAs('app', { database: 'listed' }),
    'whom nobody has': comesAs('app', { database: 'stranger' }),
    'with a wrong password': comesAs('app', { database: 'wrong' }),
  },
};

const any: Scene = {
  name: 'auth_type any',
  ini: { auth_type: 'any' },
  databases: (world) => [
    at(world, 'shop', `user=other password=${world.postgres.passwordOf('other')}`),
    at(world, 'open', 'dbname=shop'),
  ],
  scripts: {
    'anybody is the forced user': comesAs('whoever'),
    'a name of the list is too': comesAs('app'),
    'without a forced user': comesAs('app', { database: 'open' }),
    'a database that nobody has': comesAs('app', { database: 'nowhere' }),
  },
};

const hba: Scene = {
  name: 'auth_type hba',
  ini: { auth_type: 'hba', auth_hba_file: 'hba.conf' },
  files: () => ({
    'hba.conf': [
      'local all admin trust',
      'local yard all reject',
      'local all app scram-sha-256',
      'local all other md5',
      'local all stats peer',
      'host all app 127.0.0.0/8 md5',
      'host all other 10.0.0.0/8 trust',
      '',
    ].join('\n'),
  }),
  scripts: {
    'the line decides which proof': comesAs('app'),
    'md5 by a line': comesAs('other'),
    'reject by a line': comesAs('app', { database: 'yard' }),
    'no line for him': comesAs('expired'),
    'another road, another line': comesAs('app', { road: 'tcp' }),
    'another network': comesAs('other', { road: 'tcp' }),
    'peer, and he is somebody else': comesAs('stats'),
    'a user that nobody has, and no line': comesAs('nobody'),
  },
};

/** Whoever runs the tests is the role `app`. */
const peerMaps: Scene = {
  name: 'peer with a map',
  since: '1.24',
  ini: { auth_type: 'hba', auth_hba_file: 'hba.conf', auth_ident_file: 'ident.conf' },
  files: () => ({
    'hba.conf': 'local all admin trust\nlocal all all peer map=staff\n',
    'ident.conf': `staff ${process.env.USER ?? 'root'} app\nstaff somebody other\n`,
  }),
  scripts: {
    'the map lets him be that role': comesAs('app'),
    'and no other': comesAs('other'),
  },
};

function tlsFiles(world: World): Record<string, string> {
  const { certificate, key } = world.certificate;
  return { 'ca.crt': world.authority.certificate, 'pooler.crt': certificate, 'pooler.key': key };
}

const TLS_INI = {
  client_tls_ca_file: 'ca.crt',
  client_tls_cert_file: 'pooler.crt',
  client_tls_key_file: 'pooler.key',
};

const certificates: Scene = {
  name: 'auth_type cert',
  ini: { ...TLS_INI, auth_type: 'cert', client_tls_sslmode: 'verify-full' },
  files: tlsFiles,
  scripts: {
    'the name in it is the user': async (stage) => {
      const certificate = stage.world.authority.issueClient({ commonName: 'app' });
      const client = await stage.client('a', { road: 'tls', certificate });
      await client.query('SELECT session_user');
    },
    'the name in it is another': async (stage) => {
      const certificate = stage.world.authority.issueClient({ commonName: 'other' });
      await stage.client('a', { road: 'tls', certificate });
    },
    'not over the UNIX socket': async (stage) => {
      await stage.client('a');
    },
  },
};

const required: Scene = {
  name: 'client_tls_sslmode require',
  ini: { ...TLS_INI, auth_type: 'scram-sha-256', client_tls_sslmode: 'require' },
  files: tlsFiles,
  scripts: {
    'by TLS': comesAs('app', { road: 'tls' }),
    'in the clear': comesAs('app', { road: 'tcp' }),
  },
};

const authQuery: Scene = {
  name: 'auth_query',
  ini: { auth_type: 'md5', auth_user: 'pooler' },
  userlist: ({ postgres, stored }) => ({
    pooler: postgres.passwordOf('pooler'),
    admin: stored.get('admin')!,
  }),
  databases: (world) => [at(world, 'shop'), `dead = host=127.0.0.1 port=${world.deadPort} dbname=shop`],
  scripts: {
    'a verifier of the server': comesAs('app'),
    'a hash of the server': comesAs('hashed'),
    'a wrong password': comesAs('app', { password: 'wrong' }),
    'a user that the server does not have': comesAs('nobody', { password: 'wrong' }),
    'auth_user himself, whom the file has': comesAs('pooler'),
    'the wrong password of auth_user': comesAs('pooler', { password: 'wrong' }),
    'a database that nobody has': comesAs('app', { database: 'nowhere' }),
    'a search_path in the startup packet': async (stage) => {
      const parameters = { options: '-c search_path=pg_temp' };
      await stage.client('a', { parameters, password: 'wrong' });
    },
  },
};

const validUntil: Scene = {
  name: 'auth_query and VALID UNTIL',
  since: '1.24',
  ini: { auth_type: 'md5', auth_user: 'pooler' },
  userlist: authQuery.userlist!,
  scripts: { 'a password that has expired': comesAs('expired') },
};

const authDbname: Scene = {
  name: 'auth_dbname and auth_query by database',
  since: '1.24',
  ini: { auth_type: 'scram-sha-256', auth_user: 'pooler', auth_dbname: 'yard' },
  userlist: authQuery.userlist!,
  databases: (world) => [
    at(world, 'shop'),
    at(world, 'yard'),
    at(world, 'elsewhere', 'dbname=shop auth_dbname=shop'),
    at(world, 'broken', "dbname=shop auth_query='SELECT nothing FROM nowhere WHERE $1 = $1'"),
  ],
  scripts: {
    'for all databases': comesAs('app'),
    'a query that fails': comesAs('app', { database: 'broken' }),
    'of one database': comesAs('app', { database: 'elsewhere' }),
    'a database that nobody has, with the right password': comesAs('app', { database: 'nowhere' }),
  },
};

export const MORE_LOGINS: readonly Scene[] = [
  ...[hashes, hashByScram, forced, any, hba, peerMaps],
  ...[certificates, required, authQuery, validUntil, authDbname],
];
