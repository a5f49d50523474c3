// An agent that is started with somebody's pgbouncer.ini: who comes in, as whom he works, and which files are read again.

import { expect, setDefaultTimeout, test } from 'bun:test';
import pg from 'pg';
import { encodeInitialResponse } from '../../auth/sasl_frames.ts';
import { type Agent, runPgsidecar, startAgent } from '../harness/agent.ts';
import { createCertificateAuthority } from '../harness/certificates.ts';
import { message, startup } from '../harness/client_words.ts';
import { type Login, psql } from '../harness/psql.ts';
import { RawClient } from '../harness/raw_client.ts';
import { openShop } from '../harness/shop.ts';

setDefaultTimeout(60_000);

const authority = createCertificateAuthority();
/** Without TLS too: as behind many an ini. */
const { postgres } = await openShop({
  tls: { server: authority.issueServer(), cleartextToo: true },
  users: { app: '', anna: '', boss: '' },
});
const passwordOf = (user: string): string => postgres.passwordOf(user);

const WHO = "SELECT current_user || ' at ' || current_database()";

function ini(more: Readonly<Record<string, string>> = {}): string {
  return `;; one of many
[databases]
shop = host=${postgres.host} port=${postgres.port}
mine = host=${postgres.socketDir} port=${postgres.port} dbname='shop'
all = host=${postgres.host} port=${postgres.port} dbname=shop user=boss password='${passwordOf('boss')}'
%include conf.d/more.ini

[pgbouncer]
auth_type = md5
auth_file = userlist.txt
pool_mode = transaction
server_tls_sslmode = prefer
server_login_retry = 15
pkt_buf = 4096
${Object.entries(more)
  .map(([name, value]) => `${name} = ${value}`)
  .join('\n')}
`;
}

function userlist(...users: string[]): string {
  return users.map((user) => `"${user}" "${passwordOf(user)}"\n`).join('');
}

function start(more: Readonly<Record<string, string>> = {}): Promise<Agent> {
  return startAgent({
    args: ['--config', 'pgbouncer.ini'],
    files: { 'pgbouncer.ini': ini(more), 'conf.d/more.ini': '', 'userlist.txt': userlist('app', 'anna') },
  });
}

function login(agent: Agent, user: string, database: string, password = passwordOf(user)): Login {
  return { host: agent.socketDir, user, database, password };
}

async function changed(agent: Agent, words: string): Promise<void> {
  await agent.waitForLog(({ msg, changes }) => msg === 'reloaded' && String(changes).includes(words));
}

async function who(asked: Login): Promise<string> {
  const { code, stdout, stderr } = await psql(asked, ['-Atc', WHO]);
  return code === 0 ? stdout.trim() : stderr;
}

test('run --config pgbouncer.ini lets each client work as himself, and all of a forced user as that one', async () => {
  await using agent = await start();
  expect(await who(login(agent, 'app', 'shop'))).toBe('app at shop');
  expect(await who(login(agent, 'anna', 'shop'))).toBe('anna at shop');
  expect(await who(login(agent, 'anna', 'mine'))).toBe('anna at shop');
  expect(await who(login(agent, 'anna', 'all'))).toBe('boss at shop');
  expect(await who(login(agent, 'anna', 'shop', 'wrong'))).toContain('password authentication failed');
});

test('the user of a database is for its server: he cannot log in with the password that the ini has', async () => {
  await using agent = await start();
  expect(await who(login(agent, 'boss', 'all'))).toContain('password authentication failed');
});

test('an edit of userlist.txt, of an included file or of the ini is read by itself', async () => {
  await using agent = await start();
  agent.writeFile('userlist.txt', userlist('app', 'anna', 'boss'));
  await changed(agent, 'user "boss" is new');
  expect(await who(login(agent, 'boss', 'shop'))).toBe('boss at shop');

  agent.writeFile('conf.d/more.ini', `late = host=${postgres.host} port=${postgres.port} dbname=shop\n`);
  await changed(agent, 'database "late" is new');
  expect(await who(login(agent, 'boss', 'late'))).toBe('boss at shop');

  agent.writeFile('pgbouncer.ini', ini({ default_pool_size: '7', sbuf_loopcnt: '5' }));
  await changed(agent, 'default_pool_size: 20 → 7');
  await agent.waitForLog(({ msg }) => msg.includes('sbuf_loopcnt at pgbouncer.ini'));
  expect((await agent.reload()).code).toBe(0);
});

test('a broken edit changes nothing, and is told with its line', async () => {
  await using agent = await start();
  agent.writeFile('pgbouncer.ini', ini({ pool_mood: 'session' }));
  const { code, stderr } = await agent.reload();
  expect(code).toBe(78);
  expect(stderr).toContain('Unknown setting "pool_mood" at pgbouncer.ini:15: did you mean "pool_mode"?');
  expect(await who(login(agent, 'app', 'shop'))).toBe('app at shop');
});

test('check and explain read it too, and say what does not hold as it is written', async () => {
  const options = {
    files: { 'p.ini': ini({ listen_addr: '*' }), 'conf.d/more.ini': '', 'userlist.txt': userlist('app') },
  };
  const check = await runPgsidecar(['check', '--config', 'p.ini'], options);
  expect(check.code).toBe(0);
  expect(check.stdout).toContain('pkt_buf at p.ini:14: means nothing here');
  expect(check.stderr).toContain('listen_addr is "*" at p.ini:15');
  expect(check.stdout + check.stderr).not.toContain(passwordOf('boss'));
  const explain = await runPgsidecar(['explain', 'pool_mode', '--config', 'p.ini'], options);
  expect(explain.stdout).toStartWith('pool_mode = transaction  (p.ini:11)');
});

test('the database * serves every name, until the ini says otherwise', async () => {
  await using agent = await startAgent({
    args: ['--config', 'pgbouncer.ini'],
    files: {
      'pgbouncer.ini': `[databases]\n* = host=${postgres.host} port=${postgres.port}\n[pgbouncer]\nauth_type = scram-sha-256\nauth_file = userlist.txt\nserver_tls_sslmode = prefer\n`,
      'userlist.txt': userlist('app'),
    },
  });
  expect(await who(login(agent, 'app', 'shop'))).toBe('app at shop');
  expect(await who(login(agent, 'app', 'postgres'))).toBe('app at postgres');
  expect(await who(login(agent, 'app', 'nowhere'))).toContain('database "nowhere" does not exist');
  const { databases } = (await agent.status()) as { databases: { name: string; dbname: string }[] };
  expect(databases.map(({ name }) => name).slice(0, 3)).toEqual(['*', 'shop', 'postgres']);
  const check = await agent.command('check', '--connect', '--config', 'pgbouncer.ini');
  expect(check.code).toBe(0);
  const url = await agent.command('url', 'shop', '--config', 'pgbouncer.ini');
  expect(url.stdout).toBe(`postgresql:///shop?host=${agent.socketDir}\n`);

  agent.writeFile('pgbouncer.ini', '[databases]\n[pgbouncer]\nauth_file = userlist.txt\n');
  await changed(agent, 'database "*" is gone');
  expect(await who(login(agent, 'app', 'shop'))).toContain('shop');
});

test('auth_query asks in a database that only * serves, for users whom no file has', async () => {
  await postgres.sql(
    `CREATE FUNCTION lookup(name text) RETURNS TABLE (rolname text, rolpassword text) LANGUAGE sql SECURITY DEFINER
     AS $$ SELECT rolname::text, rolpassword FROM pg_authid WHERE rolname = name $$`,
    'shop',
  );
  const settings = {
    auth_user: 'boss',
    auth_query: 'SELECT rolname, rolpassword FROM lookup($1)',
    auth_dbname: 'shop',
  };
  await using agent = await startAgent({
    args: ['--config', 'pgbouncer.ini'],
    files: {
      'pgbouncer.ini': ini(settings).replace(
        /^\[databases\][\s\S]*?%include.*$/m,
        `[databases]\n* = host=${postgres.host} port=${postgres.port}`,
      ),
      'userlist.txt': userlist('boss'),
    },
  });
  expect(await who(login(agent, 'anna', 'postgres'))).toBe('anna at postgres');
  expect(await who(login(agent, 'anna', 'postgres', 'wrong'))).toContain('password authentication failed');
  expect(await who(login(agent, 'nobody_at_all', 'postgres', 'wrong'))).toContain(
    'password authentication failed',
  );
});

test('a forced user that is withdrawn is nobody any more: who worked as him is told, and comes back as himself', async () => {
  await using agent = await start();
  const client = new pg.Client(agent.url('anna', passwordOf('anna'), 'all'));
  const told: string[] = [];
  const ended = new Promise((resolve) => client.once('end', resolve));
  client.on('error', (error: Error & { code?: string }) => told.push(`${error.code} ${error.message}`));
  await client.connect();
  await client.query('BEGIN');
  const asked = async () => (await client.query(WHO)).rows[0]['?column?'];
  expect(await asked()).toBe('boss at shop');
  agent.writeFile('userlist.txt', userlist('app', 'anna', 'boss'));
  await changed(agent, 'user "boss" is new');
  agent.writeFile('pgbouncer.ini', ini().replace(/ user=boss password='.*'$/m, ''));
  await changed(agent, 'database "all"');
  // Who is at work finishes; the one who really is this user has nothing to do with it.
  expect(await asked()).toBe('boss at shop');
  expect(await who(login(agent, 'boss', 'all'))).toBe('boss at shop');
  expect(await who(login(agent, 'anna', 'all'))).toBe('anna at shop');
  await client.query('COMMIT');
  await ended;
  expect(told[0]).toBe(
    '57P01 database configuration changed: "all" has another forced user now; connect again',
  );
});

test('names that a stranger makes up, and logins to replicate that fail, leave the agent ready', async () => {
  const any = `[databases]\n* = host=${postgres.host} port=${postgres.port}\n`;
  const settings = { auth_user: 'boss', auth_query: 'SELECT rolname, rolpassword FROM lookup($1)' };
  await using agent = await startAgent({
    args: ['--config', 'pgbouncer.ini'],
    files: {
      'pgbouncer.ini': ini(settings).replace(/^\[databases\][\s\S]*?%include.*$/m, any),
      'userlist.txt': userlist('app', 'boss'),
    },
  });
  // As a wrong password is: whether there is such a database is not for him to know.
  for (const name of ['made_up', 'made_up_too'])
    expect(await who(login(agent, 'stranger', name, 'wrong'))).toContain('password authentication failed');
  const words = ['-d', 'dbname=shop replication=database', '-c', 'IDENTIFY_SYSTEM'];
  for (let turn = 0; turn < 3; turn++)
    expect((await psql(login(agent, 'app', 'shop'), words)).stderr).toMatch(/walsender|WAL sender/);
  const { pools } = (await agent.status()) as { pools: { database: string }[] };
  expect(pools.map(({ database }) => database).filter((name) => name.startsWith('made_up'))).toEqual([]);
  expect(await agent.command('wait', '--timeout', '20s')).toEqual({ code: 0, stdout: '', stderr: '' });
});

/** The salt that a user is asked for, before he has proved anything. */
async function saltOf(agent: Agent, user: string, database: string): Promise<string> {
  const client = new RawClient(`${agent.socketDir}/.s.PGSQL.5432`);
  client.say(startup({ user, database }));
  await client.until('SCRAM-SHA-256');
  client.say(message('p', encodeInitialResponse('SCRAM-SHA-256', Buffer.from('n,,n=,r=anything'))));
  const [, salt] = /,s=([^,]+,i=[0-9]+)/.exec(await client.until(/,i=[0-9]+/))!;
  client.socket.destroy();
  return salt!;
}

test('a stranger is asked for one salt of anna, whether there is such a database or not, and made-up names cost a login each', async () => {
  const lookup = `CREATE FUNCTION secret_of(wanted text) RETURNS TABLE (name text, secret text)
      LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog
      AS $$ SELECT rolname, rolpassword FROM pg_authid WHERE rolname = wanted AND rolcanlogin $$`;
  for (const database of ['shop', 'postgres']) await postgres.sql(lookup, database);
  const any = `[databases]\n* = host=${postgres.host} port=${postgres.port}\n`;
  const settings = { auth_user: 'boss', auth_query: 'SELECT name, secret FROM secret_of($1)' };
  await using agent = await startAgent({
    args: ['--config', 'pgbouncer.ini'],
    files: {
      'pgbouncer.ini': ini(settings).replace(/^\[databases\][\s\S]*?%include.*$/m, any),
      'userlist.txt': userlist('boss'),
    },
  });
  const salt = await saltOf(agent, 'anna', 'not_there');
  // template1 has no such function.
  for (const database of [
    'shop',
    'not_there',
    'template1',
    'not_there',
    'not_there_too',
    'postgres',
    'not_there',
  ])
    expect(await saltOf(agent, 'anna', database)).toBe(salt);
  const nobody = await saltOf(agent, 'nobody', 'shop');
  expect(await saltOf(agent, 'nobody', 'not_there')).toBe(nobody);
  expect(nobody).not.toBe(salt);
  const refused = postgres.logText().match(/database "not_there" does not exist/g);
  expect(refused?.length).toBe(1);
  // Whoever proves who he is learns the rest.
  expect(await who(login(agent, 'anna', 'shop'))).toBe('anna at shop');
  expect(await who(login(agent, 'anna', 'not_there'))).toContain('database "not_there" does not exist');
  expect(await who(login(agent, 'anna', 'template1'))).toContain(
    'cannot find out who user "anna" is just now',
  );
});
