// What auth_query needs besides itself: a role that can log in by itself, and a database that is served.

import { secretKind } from '../auth/secret_kind.ts';
import { type Problem, problem } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import { ANY_DATABASE } from './any_database.ts';
import { settingAt } from './complaints.ts';
import type { ConfigWords } from './config_words.ts';
import type { ChosenSettings } from './merge.ts';
import type { ResolvedDatabase } from './resolve_database.ts';
import type { UserSettings } from './settings.ts';
import { unsafe } from './unsafe.ts';

export function authContradictions(
  { settings, chosen }: ResolvedDatabase,
  users: Readonly<Record<string, UserSettings>>,
  served: readonly string[],
  general: ChosenSettings,
  words: ConfigWords,
): Problem[] {
  const { auth } = settings;
  if (auth === undefined) return [];
  const problems: Problem[] = [];
  const complain = (setting: 'auth_user' | 'auth_dbname', value: string, contradiction: string) => {
    problems.push(unsafe(general, setting, { ...chosen[setting]!, value }, contradiction));
  };
  const asker = Object.hasOwn(users, auth.user) ? users[auth.user] : undefined;
  if (asker === undefined) {
    const advice = words.writeAsker(auth.user, String(general.auth_file.value));
    complain('auth_user', auth.user, `it is not among the users; ${advice}`);
  } else if (asker.secret === undefined) {
    const details = { database: auth.database, user: auth.user };
    problems.push(problem('warning', 'database_password_missing', details, chosen.auth_user!.origin));
  } else if (secretKind(asker.secret) === 'scram') {
    const reason = 'its secret is a SCRAM verifier, with which nobody logs in by himself; write its password';
    complain('auth_user', auth.user, reason);
  }
  // With `*` every name is served; of an empty one it will be the database that is asked for.
  if (!served.includes(auth.database) && !served.includes(ANY_DATABASE)) {
    const meant = nearest(auth.database, served);
    const advice = meant === undefined ? `it serves ${served.join(', ')}` : `did you mean "${meant}"?`;
    complain('auth_dbname', auth.database, `pgsidecar serves no such database; ${advice}`);
  }
  return problems;
}

/** A query that somebody wrote and that nobody asks: users whom only the server has would be missed without a word. */
export function unreadAuthQuery(settings: ChosenSettings, databases: readonly ResolvedDatabase[]): Problem[] {
  if (databases.some((each) => each.settings.auth !== undefined)) return [];
  const own = databases.map(({ chosen }) => chosen.auth_query);
  const written = [settings.auth_query, ...own].filter(
    (each) => each !== undefined && each.origin.place !== 'default',
  );
  return [...new Set(written)].map((each) => {
    const { value, origin } = each!;
    const danger = 'nobody asks it, for auth_user is not set; write auth_user, or take it away';
    const details = { setting: settingAt('auth_query', origin), value: String(value), danger };
    return problem('warning', 'setting_weak', details, origin);
  });
}
