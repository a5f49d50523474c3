// One run of an application: its processes on a fresh database, directly or through an agent with a small pool.

import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Secret } from '../../../agent/base/secret.ts';
import type { DatabaseSettings, Settings } from '../../../agent/config/settings.ts';
import { DEFAULTS } from '../../../agent/config/table.ts';
import { databaseUrl } from '../../../agent/render/database_url.ts';
import type { Library } from '../../../agent/render/libraries.ts';
import { type Application, DATABASE, serve, USER } from '../../../agent/tests/harness/application.ts';
import type { CertificateAuthority } from '../../../agent/tests/harness/certificates.ts';
import { createNursery } from '../../../agent/tests/harness/nursery.ts';
import { freePort, type Postgres } from '../../../agent/tests/harness/postgres.ts';
import { countBackends } from './backends.ts';
import { END, type Report, runCompany } from './company.ts';

export const PROCESSES = 8;
export const POOL_SIZE = 3;

export interface RealApplication {
  /** Its folder below cookbook/applications, where its processes run. */
  readonly folder: string;
  /** Why it cannot be run here. */
  readonly missing: string | undefined;
  readonly program: readonly string[];
  /** Beside the name of its folder, where there are several in one. */
  readonly title?: string;
  /** Whose reading of a URL DATABASE_URL is written for, as `pgsidecar url --for` does. */
  readonly urlFor: Library;
  /** What it has in its environment besides. */
  env?(place: Place): Readonly<Record<string, string>>;
  /** Does any of it LISTEN? Then PostgreSQL sees one connection more, which all of them share. */
  readonly listens?: boolean;
  /** Servers of pools that `settings` name beside the ordinary one. */
  readonly otherServers?: number;
  /** Does it come over TCP with TLS? Then the agent listens there too. */
  readonly overTcp?: boolean;
  /** Beyond the size of the pool. */
  readonly settings?: Application['settings'];
  /** Run as superuser in the database before the first process. */
  readonly schema?: string;
  /** What each process does and reports, in this order. */
  readonly checks: readonly string[];
}

/** Where an application finds its database, for those that take no URL; the socket's directory is the host. */
export interface Place {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly isThrough: boolean;
  /** On localhost; there is TLS, with a certificate of the authority in `caFile`. */
  readonly tcpPort: number;
  readonly caFile: string;
}

/** What came of it. */
export interface Run {
  readonly reports: readonly Report[];
  /** Connections that the processes had open at their end. */
  readonly clients: number;
  /** The most that PostgreSQL had of them at one time. */
  readonly backends: number;
}

export async function runDirectly(
  application: RealApplication,
  postgres: Postgres,
  authority: CertificateAuthority,
): Promise<Run> {
  await makeDatabase(application, postgres);
  const { socketDir: host, port } = postgres;
  const at = { host, port, tcpPort: port, authority, isThrough: false };
  return await run(application, postgres, at, (backends) => backends);
}

export async function runThrough(
  application: RealApplication,
  postgres: Postgres,
  authority: CertificateAuthority,
): Promise<Run> {
  await makeDatabase(application, postgres);
  const tcpPort = await freePort();
  const tcp = application.overTcp === true ? listenOverTcp(authority, tcpPort) : undefined;
  const settings = { default_pool_size: POOL_SIZE, ...tcp?.settings, ...application.settings };
  await using agent = await serve({ postgres, authority, settings }, { files: tcp?.files ?? {} });
  try {
    const at = { host: agent.socketDir, port: 5432, tcpPort, authority, isThrough: true };
    return await run(application, postgres, at, async () => {
      const { pools } = (await agent.status()) as { pools: readonly { clients: number }[] };
      return pools.reduce((sum, { clients }) => sum + clients, 0);
    });
  } catch (error) {
    const log = agent.logLines().map((line) => JSON.stringify(line));
    throw new Error(`${error instanceof Error ? error.message : error}\n${log.slice(-20).join('\n')}`);
  }
}

function listenOverTcp(authority: CertificateAuthority, port: number) {
  const own = authority.issueServer();
  return {
    settings: {
      listen_addr: '127.0.0.1',
      listen_port: port,
      client_tls_sslmode: 'require',
      client_tls_cert_file: 'agent.crt',
      client_tls_key_file: 'agent.key',
    },
    files: { 'agent.crt': own.certificate, 'agent.key': own.key },
  };
}

/** A fresh one for each run, so that both find the same. */
async function makeDatabase({ schema }: RealApplication, postgres: Postgres): Promise<void> {
  await postgres.sql(`DROP DATABASE IF EXISTS ${DATABASE} WITH (FORCE)`);
  await postgres.sql(`CREATE DATABASE ${DATABASE} OWNER ${USER}`);
  if (schema !== undefined) await postgres.sql(schema, DATABASE);
}

async function run(
  application: RealApplication,
  postgres: Postgres,
  {
    authority,
    ...at
  }: Pick<Place, 'host' | 'port' | 'tcpPort' | 'isThrough'> & { authority: CertificateAuthority },
  clientsOf: (backends: number) => number | Promise<number>,
): Promise<Run> {
  const nursery = createNursery('application');
  const backends = await countBackends(postgres);
  let clients = 0;
  try {
    const caFile = join(nursery.directory, 'ca.crt');
    writeFileSync(caFile, authority.certificate);
    const place = { ...at, caFile, user: USER, password: postgres.passwordOf(USER), database: DATABASE };
    const reports = await runCompany({
      count: PROCESSES,
      program: application.program,
      cwd: join(resolve(import.meta.dir, '..'), application.folder),
      env: {
        PYTHONPATH: import.meta.dir,
        RUBYLIB: import.meta.dir,
        HOME: nursery.directory,
        TMPDIR: nursery.directory,
        CHECKS: application.checks.join(' '),
        DATABASE_URL: urlOf(place, application.urlFor),
        ...application.env?.(place),
      },
      async onMeeting(name) {
        const count = await backends.count();
        if (name === END) clients = await clientsOf(count);
      },
    });
    return { reports, clients, backends: await backends.end() };
  } finally {
    await backends.end();
    await nursery.close();
  }
}

/** As `pgsidecar url --for` writes it. */
function urlOf({ host, port, user, password, database }: Place, urlFor: Library): string {
  const settings: Settings = {
    ...DEFAULTS,
    unix_socket_dir: host,
    listen_port: port,
    databases: {},
    users: {},
    peers: {},
  };
  const served = { name: database, dbname: database, user, password: new Secret(password), hosts: [] };
  return databaseUrl(settings, { ...served, role: 'writer' } as unknown as DatabaseSettings, {
    library: urlFor,
    fallback: false,
    showSecrets: true,
    systemCaFile: 'system',
  });
}

/** How a trial and what it prints name the application. */
export function nameOf({ folder, title }: RealApplication): string {
  return title === undefined ? folder : `${folder}, ${title}`;
}
