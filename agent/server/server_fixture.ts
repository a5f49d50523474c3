// A Server on a connection without a socket, and a tenant that writes down what it is told.

import { Parameters } from '../state/parameters.ts';
import { databaseOf } from '../tests/harness/data_plane.ts';
import { FakeConnection } from '../tests/harness/fake_connection.ts';
import { serverWords } from '../tests/harness/server_words.ts';
import { concat } from '../wire/bytes.ts';
import { decodeTexts } from '../wire/server_messages.ts';
import { Server } from './server.ts';
import type { ServerError, Tenant } from './tenant.ts';

export const MESSAGE_HELD_MAX = 65_536;

export class RecordingTenant implements Tenant {
  /** As a client of a session pool, unless a test says otherwise. */
  keepsServer = true;
  replies: Uint8Array[] = [];
  readies = 0;
  drains = 0;
  readonly rows: (string | undefined)[] = [];
  readonly errors: string[] = [];
  readonly closed: string[] = [];
  wantsParameter: (name: string) => boolean = () => false;
  readonly onInjectedRow?: (server: Server, body: Uint8Array) => void;

  constructor(wantsRows = false) {
    if (wantsRows) this.onInjectedRow = (_server, body) => void this.rows.push(decodeTexts(body)[0]);
  }

  onReply(_server: Server, bytes: Uint8Array): void {
    this.replies.push(bytes);
  }
  onReady(_server: Server): void {
    this.readies++;
  }
  onParameter(name: string): boolean {
    return this.wantsParameter(name);
  }
  onInjectedError(_server: Server, error: ServerError): void {
    this.errors.push(`${error.sqlstate} ${error.message}`);
  }
  onServerDrain(): void {
    this.drains++;
  }
  onServerClose(_server: Server, reason: string): void {
    this.closed.push(reason);
  }

  /** What came since the last look. */
  words(): string[] {
    const all = concat(this.replies);
    this.replies = [];
    return serverWords(all);
  }
}

export function serverFixture(tenant = new RecordingTenant()): {
  readonly connection: FakeConnection;
  readonly server: Server;
  readonly tenant: RecordingTenant;
} {
  const connection = new FakeConnection();
  const server = new Server(
    {
      connection,
      database: databaseOf(),
      address: { host: '10.0.0.1', port: 5432 },
      parameters: new Parameters(new Map()),
      pid: 7,
      key: new Uint8Array(4),
      now: 0,
      expiresAt: Number.POSITIVE_INFINITY,
      messageHeldMax: MESSAGE_HELD_MAX,
      counts: { serverParses: 0 },
    },
    tenant,
  );
  return { connection, server, tenant };
}
