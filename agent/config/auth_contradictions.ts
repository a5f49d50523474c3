// What auth_query needs besides itself: a role that can log in by itself, and a database that is served.

import { secretKind } from '../auth/secret_kind.ts';
import { type Problem, problem } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import type { ChosenSettings } from './merge.ts';
import type { ResolvedDatabase } from './resolve_database.ts';
import type { UserSettings } from './settings.ts';
import { unsafe } from './unsafe.ts';

export function authContradictions(
  { settings, chosen }: ResolvedDatabase,
  users: Readonly<Record<string, UserSettings>>,
  served: readonly string[],
  general: ChosenSettings,
): Problem[] {
  const { auth } = settings;
  if (auth === undefined) return [];
  const problems: Problem[] = [];
  const complain = (setting: 'auth_user' | 'auth_dbname', value: string, contradiction: string) => {
    problems.push(unsafe(general, setting, { ...chosen[setting]!, value }, contradiction));
  };
  const asker = Object.hasOwn(users, auth.user) ? users[auth.user] : undefined;
  if (asker === undefined) {
    complain('auth_user', auth.user, 'it is not among the users; write it under `users:` with its password');
  } else if (asker.secret === undefined) {
    const details = { database: auth.database, user: auth.user };
    problems.push(problem('warning', 'database_password_missing', details, chosen.auth_user!.origin));
  } else if (secretKind(asker.secret) === 'scram') {
    const reason = 'its secret is a SCRAM verifier, with which nobody logs in by himself; write its password';
    complain('auth_user', auth.user, reason);
  }
  if (!served.includes(auth.database)) {
    const meant = nearest(auth.database, served);
    const advice = meant === undefined ? `it serves ${served.join(', ')}` : `did you mean "${meant}"?`;
    complain('auth_dbname', auth.database, `pgsidecar serves no such database; ${advice}`);
  }
  return problems;
}
