// The first line of the HBA file that fits a login, which decides; no line is a refusal.

import type { ErrorCode } from '../base/errors.ts';
import type { DatabasePattern, HbaConnection, HbaRule } from './hba.ts';
import { fitsName, NAME_CHARS_MAX } from './name_pattern.ts';
import { isWithin, type NetworkAddress, parseAddress } from './network_address.ts';

export interface HbaAsked {
  readonly transport: 'tls' | 'unix' | 'tcp';
  /** The client's address, without its port; `[local]` on the UNIX socket, as PostgreSQL prints it. */
  readonly host: string;
  readonly user: string;
  readonly database: string;
  /** It wants the whole cluster's WAL, and no database: lines for databases do not fit it, those for replication do. */
  readonly isReplication?: boolean;
}

export type HbaDecision =
  | { readonly kind: 'rule'; readonly rule: HbaRule }
  | {
      readonly kind: 'refused';
      readonly reply: Extract<ErrorCode, 'hba_no_entry' | 'hba_rejected'>;
      readonly details: Readonly<Record<string, string>>;
      /** For the log. */
      readonly reason: string;
    };

export function decideByHba(rules: readonly HbaRule[], asked: HbaAsked): HbaDecision {
  const { host, user, database, transport } = asked;
  const details = {
    host,
    user,
    database,
    encryption: transport === 'tls' ? 'SSL encryption' : 'no encryption',
  };
  const address = transport === 'unix' ? undefined : parseAddress(host);
  const rule = rules.find((each) => fits(each, asked, address));
  if (rule === undefined) {
    return { kind: 'refused', reply: 'hba_no_entry', details, reason: 'no line of auth_hba_file fits' };
  }
  if (rule.method !== 'reject') return { kind: 'rule', rule };
  return {
    kind: 'refused',
    reply: 'hba_rejected',
    details,
    reason: `line ${rule.origin.line} of auth_hba_file rejects`,
  };
}

/** `10.0.0.7:5432`, `::1:5432` → the address alone. @param peer as Connection has it. */
export function hostOfPeer(peer: string): string {
  if (!peer.includes(':')) return peer === 'unix' ? '[local]' : peer;
  return peer.slice(0, peer.lastIndexOf(':')).replace(/^\[|\]$|%.*$/g, '');
}

function fits(rule: HbaRule, asked: HbaAsked, address: NetworkAddress | undefined): boolean {
  if (asked.user.length > NAME_CHARS_MAX || asked.database.length > NAME_CHARS_MAX) return false;
  if (!CONNECTIONS[rule.connection](asked.transport)) return false;
  if (asked.transport !== 'unix') {
    // Whoever comes from nowhere that can be read is let in by no line: a reject of his network could not be heeded.
    if (address === undefined) return false;
    if (rule.range !== undefined && !isWithin(address, rule.range)) return false;
  }
  return (
    rule.databases.some((each) => fitsDatabase(each, asked)) &&
    rule.users.some((each) => fitsName(each, asked.user))
  );
}

const CONNECTIONS: Readonly<Record<HbaConnection, (transport: HbaAsked['transport']) => boolean>> = {
  local: (transport) => transport === 'unix',
  host: (transport) => transport !== 'unix',
  hostssl: (transport) => transport === 'tls',
  hostnossl: (transport) => transport === 'tcp',
  // Nobody comes to the agent by GSS encryption.
  hostgssenc: () => false,
  hostnogssenc: (transport) => transport !== 'unix',
};

/** As PostgreSQL's check_db(). */
function fitsDatabase(
  pattern: DatabasePattern,
  { database, user, isReplication = false }: HbaAsked,
): boolean {
  if (isReplication || pattern.kind === 'replication') return isReplication && pattern.kind === 'replication';
  switch (pattern.kind) {
    case 'sameuser':
      return database === user;
    default:
      return fitsName(pattern, database);
  }
}
