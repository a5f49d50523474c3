// Which roles a system user may be when it comes through the UNIX socket by `peer`: a map, read as a value.

/** From system user (or `*`) to roles (or `*`). */
export interface PeerMap {
  readonly roles: ReadonlyMap<string, ReadonlySet<string>>;
  /** No entry was written at all: then the same name is enough. */
  readonly empty: boolean;
  /** Entries that are not `system_user:role`, as they were written. */
  readonly unusable: readonly string[];
}

/** Each entry is `system_user:role`; either side may be `*`. A system user's name has no colon, a role's may. */
export function makePeerMap(entries: readonly string[]): PeerMap {
  const roles = new Map<string, Set<string>>();
  const unusable: string[] = [];
  for (const entry of entries) {
    const colon = entry.indexOf(':');
    const systemUser = entry.slice(0, colon).trim();
    const role = entry.slice(colon + 1).trim();
    if (colon < 0 || systemUser === '' || role === '') {
      unusable.push(entry);
      continue;
    }
    const known = roles.get(systemUser) ?? new Set<string>();
    roles.set(systemUser, known.add(role));
  }
  return { roles, empty: entries.length === 0, unusable };
}

/** An empty map lets a system user be the role of its own name; any other allows what it says and nothing else, as PostgreSQL's does. */
export function mayBecome(map: PeerMap, systemUser: string, role: string): boolean {
  if (map.empty) return systemUser === role;
  const entries = [map.roles.get(systemUser), map.roles.get('*')];
  return entries.some((roles) => roles !== undefined && (roles.has(role) || roles.has('*')));
}
