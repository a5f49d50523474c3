// What a client that replicates asks for in its startup packet, and which database stands for the whole cluster.

import { AgentError } from '../base/errors.ts';
import type { ReplicationSettings, Settings } from '../config/settings.ts';
import type { StartupMessage } from './startup.ts';

/** A boolean may be cut short, as far as it stays clear which it is (PostgreSQL's parse_bool_with_len). */
const TRUE = ['t', 'tr', 'tru', 'true', 'y', 'ye', 'yes', 'on', '1'];
const FALSE = ['f', 'fa', 'fal', 'fals', 'false', 'n', 'no', 'of', 'off', '0'];

/** What pg_basebackup, pg_receivewal and walreceivers say for a database, whatever they are told (libpq, streamutil.c). */
const NO_DATABASE = 'replication';

/**
 * Undefined when it does not replicate. As PostgreSQL reads it (ProcessStartupPacket): `database`, or a boolean.
 *
 * @throws AgentError replication_invalid
 */
export function replicationOf(message: StartupMessage | undefined): ReplicationSettings['kind'] | undefined {
  const value = message?.parameters.get('replication');
  if (value === undefined) return undefined;
  if (value === 'database') return 'logical';
  const word = value.toLowerCase();
  if (TRUE.includes(word)) return 'physical';
  if (FALSE.includes(word)) return undefined;
  throw new AgentError('replication_invalid', { value });
}

/**
 * The name by which a client that asks for `name` is served. One that wants the whole cluster's WAL names no database:
 * where none is called `replication`, it is any one of the writer, as long as there is one writer only.
 */
export function replicatedName(
  name: string,
  kind: ReplicationSettings['kind'] | undefined,
  { databases }: Settings,
): string {
  if (kind !== 'physical' || name !== NO_DATABASE || Object.hasOwn(databases, name)) return name;
  const writers = Object.values(databases).filter((each) => each.role === 'writer');
  const servers = new Set(writers.map((each) => JSON.stringify(each.hosts)));
  return servers.size === 1 ? writers[0]!.name : name;
}
