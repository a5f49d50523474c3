// Logs in to a server as an application would, asks what `check --connect` reports, and hangs up.

import { Parser } from 'pg-protocol/dist/parser.js';
import { serialize } from 'pg-protocol/dist/serializer.js';
import { ScramKeyCache } from '../auth/scram_client.ts';
import type { Clock } from '../base/clock.ts';
import { AgentError } from '../base/errors.ts';
import { PemFiles } from '../daemon/pem_files.ts';
import type { Connection } from '../net/connection.ts';
import { createNetwork } from '../net/network.ts';
import { dial } from '../server/dial.ts';
import type { ProbeServer } from './check_connect.ts';

/** `reserved_connections` is there from PostgreSQL 16 on. */
const QUESTION = `SELECT current_setting('max_connections'),
  current_setting('superuser_reserved_connections')::int + coalesce(current_setting('reserved_connections', true), '0')::int,
  pg_is_in_recovery()`;

export function serverProbe(clock: Clock, random: (bytes: number) => Uint8Array): ProbeServer {
  const pem = new PemFiles();
  const tools = {
    network: createNetwork(),
    keys: new ScramKeyCache(),
    random,
    readPem: (path: string) => pem.read(path),
    policy: () => ({ protocols: 'secure', ciphers: '', keepIdleMs: undefined }) as const,
  };
  return async (database, host) => {
    const start = clock.now();
    const signal = AbortSignal.timeout(database.connectTimeoutMs);
    const identity = { user: database.user, secret: database.password };
    const { connection, parameters } = await dial({ ...database, hosts: [host] }, identity, tools, signal);
    try {
      const [max = '', reserved = '', standby = ''] = await ask(connection, QUESTION, signal);
      return {
        tlsVersion: connection.tls?.version,
        certificateNotAfter: connection.tls?.peerNotAfter,
        serverVersion: parameters.reported.get('server_version') ?? 'unknown',
        maxConnections: Number(max),
        reservedConnections: Number(reserved),
        isStandby: standby === 't',
        tookMs: Math.round(clock.now() - start),
      };
    } finally {
      connection.write(serialize.end());
      connection.end();
    }
  };
}

/** The one row that the server answers, as texts. */
function ask(connection: Connection, sql: string, signal: AbortSignal): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    const parser = new Parser();
    let row: readonly string[] = [];
    const failed = (reason: string) => reject(new AgentError('server_protocol', { reason }));
    signal.addEventListener('abort', () => reject(new AgentError('server_timeout', { what: 'query' })), {
      once: true,
    });
    connection.handler = {
      onData(chunk) {
        try {
          parser.parse(Buffer.from(chunk), (given) => {
            const message = given as unknown as {
              name: string;
              fields?: readonly string[];
              message?: string;
            };
            if (message.name === 'dataRow') row = message.fields ?? [];
            if (message.name === 'error')
              failed(`it answers a question about its settings with "${message.message}"`);
            if (message.name === 'readyForQuery') resolve(row);
          });
        } catch (error) {
          failed((error as Error).message);
        }
      },
      onDrain() {},
      onClose: ({ error }) =>
        reject(new AgentError('server_closed', { reason: error ?? 'it closed the connection' })),
    };
    connection.write(serialize.query(sql));
  });
}
