// Starts a real PostgreSQL for one test: its own directory, port, users, certificate, and an end.

import { randomUUID } from 'node:crypto';
import { appendFileSync, chownSync, closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import pg from 'pg';
import type { CertificateAuthority, IssuedCertificate } from './certificates.ts';
import {
  type Account,
  type Child,
  createNursery,
  endChild,
  makeDirectory,
  type Nursery,
  unprivilegedAccount,
} from './nursery.ts';
import { findPostgresPrograms, type PostgresVersion } from './postgres_programs.ts';
import { recordSecret } from './record.ts';

/** What pg_hba.conf asks of everybody but the superuser on the UNIX socket. */
export type PostgresAuth = 'scram-sha-256' | 'md5' | 'password' | 'cert' | 'trust' | 'reject';

export interface PostgresTls {
  readonly server: IssuedCertificate;
  /** Of client certificates; also turns on their verification. */
  readonly clientAuthority?: CertificateAuthority;
  /** Serve clients without TLS as well. Otherwise they are turned away, so that a test cannot forget TLS by accident. */
  readonly cleartextToo?: boolean;
}

export interface PostgresOptions {
  readonly version?: PostgresVersion;
  readonly tls?: PostgresTls;
  readonly auth?: PostgresAuth;
  /** Lines of postgresql.conf. */
  readonly settings?: Readonly<Record<string, string | number | boolean>>;
  /** Lines of pg_hba.conf, before the general ones. */
  readonly hba?: readonly string[];
  /** Each with the attributes that CREATE ROLE takes (`CONNECTION LIMIT 3`); passwords are made up. */
  readonly users?: Readonly<Record<string, string>>;
  /** Database to owner. */
  readonly databases?: Readonly<Record<string, string>>;
  /** Where it listens for TCP; default is 127.0.0.1. */
  readonly listenAddresses?: readonly string[];
  readonly port?: number;
}

export type Row = Record<string, unknown>;

export interface Postgres extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** The directory of its UNIX socket; the superuser `postgres` can log in there with a password. */
  readonly socketDir: string;
  readonly superuserUrl: string;
  readonly directory: string;
  passwordOf(user: string): string;
  /** A URL over TCP; `parameters` are libpq's (`sslmode`, `sslrootcert`, …). */
  url(user: string, database: string, parameters?: Readonly<Record<string, string>>): string;
  /** Runs statements as superuser over the UNIX socket; the last one's rows. */
  sql<T extends Row = Row>(text: string, database?: string): Promise<T[]>;
  /** Everything it has logged since its first start. */
  logText(): string;
  pid(): number;
  /** Serves another certificate from now on, as after a renewal. */
  replaceCertificate(server: IssuedCertificate): Promise<void>;
  /** Reads postgresql.conf, pg_hba.conf and the certificates again. */
  reload(): Promise<void>;
  /** Ends it as an operator does (`fast`: open connections are cut), keeps its data. */
  shutDown(): Promise<void>;
  /** Ends it as the OOM killer does; keeps its data. */
  kill9(): Promise<void>;
  /** Starts it again on the same port, after ending it when it runs. */
  restart(): Promise<void>;
  /** Ends it for good and removes its directory. */
  stop(): Promise<void>;
}

interface Server {
  readonly nursery: Nursery;
  readonly account: Account | undefined;
  readonly programs: string;
  readonly data: string;
  readonly socketDir: string;
  readonly logPath: string;
  readonly options: PostgresOptions;
  readonly passwords: ReadonlyMap<string, string>;
  port: number;
  child: Child | undefined;
}

export async function startPostgres(options: PostgresOptions = {}): Promise<Postgres> {
  const programs = findPostgresPrograms(options.version ?? 'embedded');
  const account = unprivilegedAccount();
  const nursery = createNursery('pg', account);
  const users = ['postgres', ...Object.keys(options.users ?? {})];
  const server: Server = {
    nursery,
    account,
    programs,
    data: join(nursery.directory, 'data'),
    socketDir: makeDirectory(join(nursery.directory, 's'), account),
    logPath: join(nursery.directory, 'log'),
    options,
    passwords: new Map(users.map((user) => [user, randomUUID()])),
    port: 0,
    child: undefined,
  };
  for (const password of server.passwords.values()) recordSecret(password);
  try {
    await initialize(server);
    await startOnFreePort(server);
    await createUsersAndDatabases(server);
  } catch (error) {
    await nursery.close();
    throw error;
  }
  return handleOf(server);
}

function handleOf(server: Server): Postgres {
  const { nursery, options } = server;
  const host = options.listenAddresses?.[0] ?? '127.0.0.1';
  const passwordOf = (user: string) => {
    const password = server.passwords.get(user);
    if (password === undefined)
      throw new Error(`Cannot tell the password of "${user}": not one of this PostgreSQL's`);
    return password;
  };
  async function stop(): Promise<void> {
    await shutDown(server);
    await nursery.close();
  }
  return {
    host,
    port: server.port,
    socketDir: server.socketDir,
    superuserUrl: `postgresql://postgres:${passwordOf('postgres')}@/postgres?host=${server.socketDir}&port=${server.port}`,
    directory: nursery.directory,
    passwordOf,
    url(user, database, parameters = {}) {
      const query = new URLSearchParams(parameters).toString();
      return `postgresql://${user}:${passwordOf(user)}@${host}:${server.port}/${database}${query && `?${query}`}`;
    },
    sql: (text, database) => runSql(server, text, database),
    logText: () => readFileSync(server.logPath, 'utf8'),
    pid: () => runningChild(server).pid,
    async replaceCertificate(certificate) {
      writeCertificate(server, certificate);
      await reload(server);
    },
    reload: () => reload(server),
    shutDown: () => shutDown(server),
    async kill9() {
      await endChild(runningChild(server), 'SIGKILL');
      server.child = undefined;
    },
    async restart() {
      await shutDown(server);
      await startAgain(server);
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

async function initialize(server: Server): Promise<void> {
  const passwordFile = join(server.nursery.directory, 'password');
  writeOwned(server, passwordFile, server.passwords.get('postgres') ?? '');
  await runToEnd(server, [
    join(server.programs, 'initdb'),
    ...['-D', server.data, '-U', 'postgres', '-E', 'UTF8', '--locale=C', '--wal-segsize=1'],
    ...['--auth=scram-sha-256', `--pwfile=${passwordFile}`, '--no-sync', '--no-instructions'],
  ]);
  if (server.options.tls !== undefined) writeCertificate(server, server.options.tls.server);
  writeOwned(server, join(server.data, 'pg_hba.conf'), hbaText(server.options));
  // After initdb's own lines: it has found out which kinds of shared memory this machine allows.
  appendFileSync(join(server.data, 'postgresql.conf'), settingsText(server));
}

function settingsText(server: Server): string {
  const { tls, auth, listenAddresses, settings } = server.options;
  const all: Record<string, string | number | boolean> = {
    listen_addresses: (listenAddresses ?? ['127.0.0.1']).join(','),
    unix_socket_directories: server.socketDir,
    password_encryption: auth === 'md5' ? 'md5' : 'scram-sha-256',
    // Nothing here has to survive a power cut; it does survive kill9().
    fsync: false,
    full_page_writes: false,
    log_line_prefix: '%m [%p] %q%u@%d ',
    ...(tls !== undefined && { ssl: true, ssl_cert_file: 'server.crt', ssl_key_file: 'server.key' }),
    ...(tls?.clientAuthority !== undefined && { ssl_ca_file: 'client_ca.crt' }),
    ...settings,
  };
  const lines = Object.entries(all).map(
    ([name, value]) => `${name} = '${String(value).replaceAll("'", "''")}'`,
  );
  return `${lines.join('\n')}\n`;
}

function hbaText({ tls, auth = 'scram-sha-256', hba = [] }: PostgresOptions): string {
  const kind = tls === undefined || tls.cleartextToo === true ? 'host' : 'hostssl';
  const lines = [
    'local all postgres scram-sha-256',
    ...hba,
    ...(auth === 'cert' ? [] : [`local all all ${auth}`, `local replication all ${auth}`]),
    ...[`${kind} all all all ${auth}`, `${kind} replication all all ${auth}`],
  ];
  return `${lines.join('\n')}\n`;
}

function writeCertificate(server: Server, certificate: IssuedCertificate): void {
  writeOwned(server, join(server.data, 'server.crt'), certificate.certificate);
  writeOwned(server, join(server.data, 'server.key'), certificate.key);
  const clientAuthority = server.options.tls?.clientAuthority;
  if (clientAuthority !== undefined)
    writeOwned(server, join(server.data, 'client_ca.crt'), clientAuthority.certificate);
}

/** Another process may take the port between our look and PostgreSQL's bind: then the next one. */
async function startOnFreePort(server: Server): Promise<void> {
  for (let tries = 1; ; tries++) {
    server.port = server.options.port ?? (await freePort());
    try {
      return await start(server);
    } catch (error) {
      const isTaken = String(error).includes('Address already in use');
      if (!isTaken || server.options.port !== undefined || tries === 5) throw error;
    }
  }
}

/** What kill9() has orphaned ends by itself, and until then has the shared memory. */
async function startAgain(server: Server): Promise<void> {
  for (;;) {
    try {
      return await start(server);
    } catch (error) {
      if (!/pre-existing shared memory block .* is still in use/.test(String(error).slice(-1_000)))
        throw error;
    }
  }
}

export async function freePort(): Promise<number> {
  const listener = createServer();
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const { port } = listener.address() as AddressInfo;
  await new Promise((resolve) => listener.close(resolve));
  return port;
}

async function start(server: Server): Promise<void> {
  const descriptor = openSync(server.logPath, 'a');
  const child = server.nursery.spawn(
    [join(server.programs, 'postgres'), '-D', server.data, '-p', String(server.port)],
    {
      account: server.account,
      output: descriptor,
      lastSignal: 'QUIT',
      env: { LC_ALL: 'C', PATH: '/usr/bin:/bin' },
    },
  );
  closeSync(descriptor);
  while (child.exitCode === null && child.signalCode === null) {
    if (isReady(server, child.pid)) {
      server.child = child;
      return;
    }
    await Bun.sleep(5);
  }
  throw new Error(`Cannot start PostgreSQL: ${readFileSync(server.logPath, 'utf8').slice(-2_000)}`);
}

/** The postmaster writes its state on line 8 of postmaster.pid, for pg_ctl and for us. */
function isReady(server: Server, pid: number): boolean {
  try {
    const lines = readFileSync(join(server.data, 'postmaster.pid'), 'utf8').split('\n');
    return Number(lines[0]) === pid && lines[7]?.trim() === 'ready';
  } catch {
    return false;
  }
}

async function shutDown(server: Server): Promise<void> {
  if (server.child === undefined) return;
  await endChild(server.child, 'SIGINT');
  server.child = undefined;
}

/** Waits until the postmaster says that it has read its files, so that the next connection sees them. */
async function reload(server: Server): Promise<void> {
  const loadedAt = () => runSql<{ at: string }>(server, 'SELECT pg_conf_load_time()::text AS at');
  const before = (await loadedAt())[0]?.at;
  runningChild(server).kill('SIGHUP');
  while ((await loadedAt())[0]?.at === before) await Bun.sleep(5);
}

async function createUsersAndDatabases(server: Server): Promise<void> {
  const { users = {}, databases = {} } = server.options;
  for (const [user, attributes] of Object.entries(users)) {
    const password = pg.escapeLiteral(server.passwords.get(user) ?? '');
    await runSql(server, `CREATE ROLE ${pg.escapeIdentifier(user)} LOGIN PASSWORD ${password} ${attributes}`);
  }
  for (const [database, owner] of Object.entries(databases)) {
    await runSql(
      server,
      `CREATE DATABASE ${pg.escapeIdentifier(database)} OWNER ${pg.escapeIdentifier(owner)}`,
    );
  }
}

async function runSql<T extends Row>(server: Server, text: string, database = 'postgres'): Promise<T[]> {
  const client = new pg.Client({
    host: server.socketDir,
    port: server.port,
    user: 'postgres',
    password: server.passwords.get('postgres'),
    database,
  });
  await client.connect();
  try {
    const results: unknown = await client.query(text);
    const last = (Array.isArray(results) ? results.at(-1) : results) as { rows: T[] };
    return last.rows;
  } finally {
    await client.end();
  }
}

function runningChild(server: Server): Child {
  if (server.child === undefined) throw new Error('This PostgreSQL does not run: restart() starts it');
  return server.child;
}

async function runToEnd(server: Server, command: readonly string[]): Promise<void> {
  const descriptor = openSync(server.logPath, 'a');
  const child = server.nursery.spawn(command, {
    account: server.account,
    output: descriptor,
    env: { LC_ALL: 'C', PATH: '/usr/bin:/bin' },
  });
  closeSync(descriptor);
  const code = await child.exited;
  if (code !== 0)
    throw new Error(`${command[0]} ended with ${code}: ${readFileSync(server.logPath, 'utf8')}`);
}

function writeOwned(server: Server, path: string, text: string): void {
  writeFileSync(path, text, { mode: 0o600 });
  if (server.account !== undefined) chownSync(path, server.account.uid, server.account.gid);
}
