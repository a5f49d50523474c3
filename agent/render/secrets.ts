// Whether a file that holds every password holds any.

import type { Settings } from '../config/settings.ts';

export function hasSecret(settings: Settings): boolean {
  const secrets = [
    ...Object.values(settings.databases).map((database) => database.password),
    ...Object.values(settings.users).map((user) => user.secret),
  ];
  return secrets.some((secret) => secret !== undefined);
}
