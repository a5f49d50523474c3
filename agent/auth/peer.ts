// Which roles a system user may be when it comes through the UNIX socket by `peer`: a map, read as a value.

/** From system user (or `*`) to roles (or `*`). */
export interface PeerMap {
  readonly roles: ReadonlyMap<string, ReadonlySet<string>>;
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
  return { roles, unusable };
}

/** What the map says of a system user is all that it may be; of whom it says nothing, the role of the same name. */
export function mayBecome(map: PeerMap, systemUser: string, role: string): boolean {
  const own = map.roles.get(systemUser);
  const everyone = map.roles.get('*');
  if (own === undefined && everyone === undefined) return systemUser === role;
  return [own, everyone].some((roles) => roles !== undefined && (roles.has(role) || roles.has('*')));
}
