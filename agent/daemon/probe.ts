// Logs in to a server as the agent would, asks what it is, and hangs up: for `pgsidecar check --connect`.

import { ScramKeyCache } from '../auth/scram_client.ts';
import type { DatabaseSettings, HostSettings, Settings } from '../config/settings.ts';
import { createNetwork } from '../net/network.ts';
import { identityOf } from '../pool/pool_identity.ts';
import { ask } from '../server/ask.ts';
import { dial } from '../server/dial.ts';
import { type Machine, thisMachine } from './machine.ts';
import { PemFiles } from './pem_files.ts';
import { dialPolicy } from './plane.ts';

/** What a server tells whoever logs in. */
export interface ServerProbe {
  /** `TLSv1.3`; undefined in cleartext, a UNIX socket included. */
  readonly tlsVersion: string | undefined;
  /** When the server's certificate ends, in milliseconds since 1970. */
  readonly certificateNotAfter: number | undefined;
  /** `18.1`, `15.20 (Debian 15.20-0+deb12u1)`. */
  readonly serverVersion: string;
  readonly maxConnections: number;
  /** Of those, kept for superusers and for pg_use_reserved_connections: not for us. */
  readonly reservedConnections: number;
  readonly isStandby: boolean;
  readonly tookMs: number;
}

/** reserved_connections came with PostgreSQL 16; where it is unknown it is none. */
const QUESTION = `SELECT pg_catalog.current_setting('max_connections'),
  pg_catalog.current_setting('superuser_reserved_connections')::int
    + coalesce(nullif(pg_catalog.current_setting('reserved_connections', true), ''), '0')::int,
  pg_catalog.pg_is_in_recovery()`;

/** Rejects with AgentError. */
export async function probeServer(
  database: DatabaseSettings,
  host: HostSettings,
  settings: Settings,
  { clock, random }: Pick<Machine, 'clock' | 'random'> = thisMachine(),
): Promise<ServerProbe> {
  const files = new PemFiles();
  const tools = {
    network: createNetwork(),
    keys: new ScramKeyCache(),
    random,
    readPem: (path: string): string => files.read(path),
    policy: () => dialPolicy(settings),
  };
  const late = new AbortController();
  const timer = clock.after(database.connectTimeoutMs, () => late.abort());
  const began = clock.now();
  try {
    const identity = identityOf(database, database.user, settings);
    const dialed = await dial({ ...database, hosts: [host] }, identity, tools, late.signal);
    const { tls } = dialed.connection;
    const tookMs = clock.now() - began;
    const [max, reserved, standby] = await ask(dialed.connection, QUESTION, late.signal);
    return {
      tlsVersion: tls?.version,
      certificateNotAfter: tls?.peerNotAfter,
      serverVersion: dialed.parameters.reported.get('server_version') ?? 'unknown',
      maxConnections: Number(max),
      reservedConnections: Number(reserved),
      isStandby: standby === 't',
      tookMs,
    };
  } finally {
    timer.clear();
  }
}
