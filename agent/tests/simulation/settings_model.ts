// The settings of a simulated world, and how its network behaves: chosen at random.

import { printVerifier } from '../../auth/scram_verifier.ts';
import { Secret } from '../../base/secret.ts';
import type { PoolMode, Settings } from '../../config/settings.ts';
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
    ...{ poolMode, poolSize, queryWaitTimeoutMs: QUERY_WAIT_MS, connectTimeoutMs: 2_000 },
    serverLifetimeMs: random.pick([2_000, 60_000, 3_600_000]),
    minPoolSize: random.pick([0, 0, 1]),
    maxDbConnections: random.pick([0, 0, 3]),
    reservePoolSize: random.pick([0, 0, 1]),
    user: 'app',
    password: hasVerifier ? undefined : secret,
    dbname: 'shop',
  };
  const two = random.chance(0.3);
  return settingsOf(
    [databaseOf({ ...database, name: 'shop' }), ...(two ? [databaseOf({ ...database, name: 'jobs' })] : [])],
    [userOf({ name: 'app', secret, maxUserConnections: random.pick([0, 0, 4]) })],
    {
      auth_type: proof === undefined ? 'trust' : 'scram-sha-256',
      max_client_conn: random.pick([100, 100, 5]),
      max_prepared_statements: random.pick([1, 2, 3, 200]),
      client_write_buffer: random.pick([256, 4_096, 262_144]),
      server_write_buffer: random.pick([256, 4_096, 262_144]),
      server_idle_timeout: random.pick([1_000, 20_000, 600_000]),
      server_login_retry: 1_000,
      reserve_pool_timeout: 300,
      server_check_query: random.pick(['', '<empty>']),
      server_check_delay: random.pick([0, 100, 2_000]),
      server_check_timeout: 500,
      server_fast_close: random.chance(0.3),
      server_reset_query_always: random.chance(0.2),
      log_disconnections: false,
      log_connections: false,
    },
  );
}
