// Which of the application's formats a file is in: by its name, and by its content where the name does not say.

import { basename } from 'node:path/posix';

export type ApplicationFormat = 'application.yml' | 'database.yml' | '.env';

/** A key of database.yml beneath the name of an environment, or beneath that of one of its databases. */
const DATABASE_YML = /^\s+(adapter|database|url|replica|migrations_paths)\s*:/m;

export function formatOf(path: string, text: string | undefined): ApplicationFormat {
  const name = basename(path);
  if (/(^|\.)env(\.|$)/.test(name)) return '.env';
  if (/^application\b.*\.ya?ml/.test(name)) return 'application.yml';
  if (/^database\b.*\.ya?ml/.test(name)) return 'database.yml';
  if (!/\.ya?ml(\.|$)/.test(name) && /^\s*(export\s+)?\w+=/m.test(text ?? '')) return '.env';
  return DATABASE_YML.test(text ?? '') ? 'database.yml' : 'application.yml';
}
