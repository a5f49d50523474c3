// The one line that systemd shows of the agent: what it does, for how many, and which database has no server.

import type { PoolRegistry } from '../pool/registry.ts';

interface Counted {
  readonly registry: PoolRegistry;
  readonly context: { readonly clients: { readonly count: number } };
}

export function statusLine(state: string, { registry, context }: Counted, isRefused: boolean): string {
  const without = new Set<string>();
  for (const pool of registry)
    if (pool.failing && pool.connected === 0 && !pool.removed && !pool.isIncidental)
      without.add(pool.database.name);
  const noServer = [...without].map((name) => `; ${name}: no server`).join('');
  const refused = isRefused ? '; the last reload was refused' : '';
  const databases = Object.keys(registry.settings.databases).join(', ');
  return `${state}: ${context.clients.count} clients, serving ${databases}${noServer}${refused}`;
}
