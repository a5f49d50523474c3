// What a scene is: one configuration as PgBouncer reads it, and the scripts that are played in front of it.

import type { CertificateAuthority, IssuedCertificate } from '../harness/certificates.ts';
import type { Postgres } from '../harness/postgres.ts';
import type { Stage } from './stage.ts';

/** The parts of the world that a configuration names. */
export interface World {
  readonly postgres: Postgres;
  readonly authority: CertificateAuthority;
  /** Of the pooler. */
  readonly certificate: IssuedCertificate;
  /** As PostgreSQL stores them, by role: `SCRAM-SHA-256$…` or `md5…`. */
  readonly stored: ReadonlyMap<string, string>;
  /** Nothing listens there. */
  readonly deadPort: number;
}

/** Of the pooler that is about to start. */
export interface Listening {
  readonly port: number;
}

export type Script = (stage: Stage) => Promise<void>;

export interface Scene {
  /** Begins the titles of its tests. */
  readonly name: string;
  /** Of [pgbouncer], over those that every scene has. */
  readonly ini?: Readonly<Record<string, string | number>>;
  /** Lines of [databases]; default is `shop`. */
  readonly databases?: (world: World) => readonly string[];
  /** Lines of [users]. */
  readonly users?: readonly string[];
  /** User and secret; default is everybody with his password. */
  readonly userlist?: (world: World) => Readonly<Record<string, string>>;
  /** More files, beside the ini. */
  readonly files?: (world: World) => Readonly<Record<string, string>>;
  /** PgBouncer has it since: with an older one the scene is left out. */
  readonly since?: '1.24';
  readonly scripts: Readonly<Record<string, Script>>;
}

/** Roles of the PostgreSQL behind both, all of them with a password. */
export const ROLES: Readonly<Record<string, string>> = {
  app: '',
  other: '',
  pooler: 'SUPERUSER',
  expired: "VALID UNTIL '2001-01-01'",
  hashed: '',
};
export const DATABASES: Readonly<Record<string, string>> = { shop: 'app', yard: 'app' };
/** They have no role at the server: they are for the console. */
export const OPERATORS = ['admin', 'stats'];

const COMMON: Readonly<Record<string, string | number>> = {
  listen_addr: '127.0.0.1',
  unix_socket_dir: 's',
  auth_type: 'trust',
  auth_file: 'userlist.txt',
  pool_mode: 'transaction',
  default_pool_size: 2,
  max_client_conn: 50,
  server_tls_sslmode: 'disable',
  admin_users: 'admin',
  stats_users: 'stats',
};

/** The same text for both, but for the port. */
export function iniOf(scene: Scene, world: World, { port }: Listening): string {
  const databases = scene.databases?.(world) ?? [at(world, 'shop'), at(world, 'yard')];
  const settings = { ...COMMON, listen_port: port, ...scene.ini };
  return [
    '[databases]',
    ...databases,
    ...(scene.users === undefined ? [] : ['[users]', ...scene.users]),
    '[pgbouncer]',
    ...Object.entries(settings).map(([name, value]) => `${name} = ${value}`),
    '',
  ].join('\n');
}

/** A line of [databases] for the PostgreSQL of this world. */
export function at({ postgres }: World, name: string, more = ''): string {
  return `${name} = host=127.0.0.1 port=${postgres.port} ${more}`.trimEnd();
}

export function filesOf(scene: Scene, world: World): Record<string, string> {
  const everybody = [...Object.keys(ROLES), ...OPERATORS];
  const list =
    scene.userlist?.(world) ?? Object.fromEntries(everybody.map((name) => [name, passwordOf(world, name)]));
  const lines = Object.entries(list).map(([name, secret]) => `"${name}" "${secret}"\n`);
  return { 'userlist.txt': lines.join(''), ...scene.files?.(world) };
}

/** Operators have one too, made for this world; whoever has none says a wrong one. */
export function passwordOf({ postgres, stored }: World, name: string): string {
  if (OPERATORS.includes(name)) return stored.get(name)!;
  return Object.hasOwn(ROLES, name) ? postgres.passwordOf(name) : 'wrong';
}
