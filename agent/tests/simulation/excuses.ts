// Why the agent may end a client with an error: each one needs something that happened in the world.

import type { SimClient } from './sim_client.ts';
import type { World } from './world.ts';

/** A fault of a server may show as late as this. */
export const FAULT_ECHO_MS = 30_000;

interface Excuse {
  readonly sqlstate: string;
  readonly text: RegExp;
  /** Did that happen? */
  holds(world: World, client: SimClient): boolean;
}

function hasFault(world: World): boolean {
  return world.hasFault;
}

function hasChanged({ now, changedAt }: World): boolean {
  return now - changedAt < FAULT_ECHO_MS;
}

const EXCUSES: readonly Excuse[] = [
  { sqlstate: '57P01', text: /^terminating connection due to administrator command/, holds: hasFault },
  {
    sqlstate: '08006',
    text: /^(?:server conn crashed\? The connection to the server was lost|the server closed the connection): (?:ECONNRESET|ETIMEDOUT)/,
    holds: hasFault,
  },
  {
    sqlstate: '08006',
    text: /^server conn crashed\? The connection to the server was lost: it closed the connection/,
    holds: hasFault,
  },
  {
    sqlstate: '08006',
    text: /^server conn crashed\? The connection to the server was lost: terminating connection/,
    holds: hasFault,
  },
  { sqlstate: '08001', text: /./, holds: hasFault },
  { sqlstate: '08004', text: /SQLSTATE (?:57P0[13]|53300)/, holds: hasFault },
  { sqlstate: '57P03', text: /\(the server refused our login\)$/, holds: hasFault },
  { sqlstate: '53300', text: /\(the server refused our login\)$/, holds: hasFault },
  {
    sqlstate: '57P01',
    text: /server_fast_close/,
    holds: ({ bounds }) => bounds.closesFast,
  },
  {
    sqlstate: '57P01',
    text: /\((?:KILL|KILL_CLIENT)\)$/,
    holds: ({ now, killedAt }) => now - killedAt < FAULT_ECHO_MS,
  },
  { sqlstate: '57P03', text: /is disabled$/, holds: hasChanged },
  { sqlstate: '57P01', text: /^database removed/, holds: hasChanged },
  { sqlstate: '3D000', text: /./, holds: hasChanged },
  {
    sqlstate: '53300',
    text: /max_client_conn/,
    holds: ({ now, fullAt }) => now - fullAt < 5_000,
  },
  {
    sqlstate: '08006',
    text: /query_wait_timeout/,
    holds: ({ now, bounds }, { spokeAt }) => now - spokeAt >= bounds.queryWaitMsMin,
  },
  {
    sqlstate: '57014',
    text: /longer than query_timeout/,
    holds: ({ now, bounds }, { spokeAt }) => now - spokeAt >= bounds.msOf('query_timeout'),
  },
  {
    sqlstate: '25P04',
    text: /longer than transaction_timeout/,
    holds: ({ bounds }) => bounds.msOf('transaction_timeout') < Number.POSITIVE_INFINITY,
  },
  {
    sqlstate: '25P03',
    text: /longer than idle_transaction_timeout/,
    holds: ({ bounds }) => bounds.msOf('idle_transaction_timeout') < Number.POSITIVE_INFINITY,
  },
  {
    sqlstate: '57P05',
    text: /^client_idle_timeout: /,
    holds: ({ bounds }) => bounds.msOf('client_idle_timeout') < Number.POSITIVE_INFINITY,
  },
];

/** Undefined when there is a reason; otherwise what was missing. */
export function excuseFor(
  world: World,
  client: SimClient,
  sqlstate: string,
  text: string,
): string | undefined {
  const fitting = EXCUSES.filter((each) => each.sqlstate === sqlstate && each.text.test(text));
  if (fitting.length === 0) return 'nobody should hear that';
  return fitting.some((each) => each.holds(world, client)) ? undefined : 'nothing was a reason for it';
}
