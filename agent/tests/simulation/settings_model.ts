// The settings of a simulated world, and how its network behaves: chosen at random.

import { printVerifier } from '../../auth/scram_verifier.ts';
import { Secret } from '../../base/secret.ts';
import type { DatabaseSettings, PoolMode, Settings, UserSettings } from '../../config/settings.ts';
import { databaseOf, settingsOf, userOf } from '../harness/data_plane.ts';
import type { Proof } from './proofs.ts';
import type { Random } from './random.ts';
import type { Link } from './sim_connection.ts';

export const QUERY_WAIT_MS = 5_000;

export function linkOf(random: Random, isSlow: boolean): Link {
  return {
    delayMsMax: random.pick([0, 1, 5]),
    cuts: random.pick(isSlow ? [0, 0.1] : [0, 0.1, 0.5]),
    joins: random.pick([0, 0.3, 0.9]),
    window: isSlow ? random.between(64, 600) : 65_536,
    readBytes: isSlow ? random.between(100, 2_000) : 65_536,
    readPauseMs: isSlow ? random.between(1, 15) : 0,
  };
}

export function settingsFor(random: Random, poolSize: number, proof: Proof | undefined): Settings {
  // Of the verifier alone the agent logs in with what its clients prove.
  const hasVerifier = proof !== undefined && random.chance(0.4);
  const secret = hasVerifier ? new Secret(printVerifier(proof.verifier)) : proof?.secret;
  const poolMode = random.pick<PoolMode>([
    'transaction',
    'transaction',
    'transaction',
    'session',
    'statement',
  ]);
  const database = {
    ...{ poolMode, poolSize, connectTimeoutMs: 2_000 },
    ...tunedDatabase(random),
    user: 'app',
    password: hasVerifier ? undefined : secret,
    dbname: 'shop',
  };
  const two = random.chance(0.3);
  const user = userOf({ name: 'app', secret, ...tunedUser(random, poolSize) });
  return settingsOf(
    [databaseOf({ ...database, name: 'shop' }), ...(two ? [databaseOf({ ...database, name: 'jobs' })] : [])],
    [user],
    {
      auth_type: proof === undefined ? 'trust' : 'scram-sha-256',
      max_prepared_statements: random.chance(0.1) ? 0 : statementsMax(random),
      client_write_buffer: random.pick([256, 4_096, 262_144]),
      server_write_buffer: random.pick([256, 4_096, 262_144]),
      server_login_retry: 1_000,
      server_check_timeout: 500,
      log_disconnections: false,
      log_connections: false,
      ...tuned(random),
    },
  );
}

/** What a reload brings while clients wait, work and rest. Names stay in use where they are, and out of it where not. */
export function retuned(settings: Settings, random: Random, poolSize: number): Settings {
  const { max_prepared_statements: before, users } = settings;
  const database = { poolSize: random.between(1, poolSize + 1), ...tunedDatabase(random) };
  const databases = Object.entries(settings.databases).map(([name, each]) => [
    name,
    { ...each, ...database },
  ]);
  return {
    ...settings,
    ...tuned(random),
    max_prepared_statements: before === 0 ? 0 : statementsMax(random),
    databases: Object.fromEntries(databases),
    users: { app: { ...users.app!, ...tunedUser(random, poolSize) } },
  };
}

function statementsMax(random: Random): number {
  return random.pick([1, 2, 3, 200]);
}

function tuned(random: Random): Partial<Settings> {
  const isHurried = random.chance(0.25);
  const rarely = (ms: number): number => (isHurried && random.chance(0.5) ? ms : 0);
  return {
    max_client_conn: random.pick([100, 100, 5]),
    prepared_statements_memory: random.pick([64 * 1024 * 1024, 64 * 1024 * 1024, 4_000]),
    server_idle_timeout: random.pick([1_000, 20_000, 600_000]),
    reserve_pool_timeout: random.pick([0, 300, 300]),
    server_check_query: random.pick(['', '<empty>']),
    server_check_delay: random.pick([0, 100, 2_000]),
    server_fast_close: random.chance(0.3),
    server_reset_query_always: random.chance(0.2),
    query_timeout: rarely(1_000),
    transaction_timeout: rarely(1_500),
    idle_transaction_timeout: rarely(250),
    client_idle_timeout: rarely(300),
    query_wait_notify: random.pick([0, 0, 500]),
  };
}

function tunedDatabase(random: Random): Partial<DatabaseSettings> {
  return {
    queryWaitTimeoutMs: random.pick([QUERY_WAIT_MS, QUERY_WAIT_MS, 1_500]),
    serverLifetimeMs: random.pick([2_000, 60_000, 3_600_000]),
    minPoolSize: random.pick([0, 0, 1]),
    maxDbConnections: random.pick([0, 0, 3]),
    reservePoolSize: random.pick([0, 0, 1]),
  };
}

function tunedUser(random: Random, poolSize: number): Partial<UserSettings> {
  return {
    maxUserConnections: random.pick([0, 0, 4]),
    poolSize: random.pick([undefined, undefined, undefined, random.between(1, poolSize + 1)]),
    reservePoolSize: random.pick([undefined, undefined, undefined, 2]),
    queryTimeoutMs: random.chance(0.05) ? 800 : undefined,
  };
}
