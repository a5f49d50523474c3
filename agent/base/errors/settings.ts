// THE error table, the rows of settings: what cannot be used, and where it stands.

import type { ErrorRow } from './row.ts';

export const SETTINGS_ERRORS = {
  setting_invalid: {
    sqlstate: 'F0000',
    exit: 78,
    sentence: 'Cannot use {setting} "{value}" at {origin}: expected {expected}',
  },
  setting_unknown: {
    sqlstate: 'F0000',
    exit: 78,
    sentence: 'Unknown setting "{setting}" at {origin}: {advice}',
  },
  setting_contradiction: {
    sqlstate: 'F0000',
    exit: 78,
    sentence: 'Cannot use {setting} "{value}" at {origin}: {contradiction}',
  },
  setting_weak: {
    sqlstate: 'F0000',
    exit: 78,
    sentence: '{setting} is "{value}" at {origin}: {danger}',
  },
  setting_ignored: { sqlstate: 'F0000', exit: 78, sentence: '{ignored}' },
  config_emptied: {
    sqlstate: 'F0000',
    exit: 78,
    sentence:
      'Cannot take {path} as it is now: {state}, and the settings in force came from it; put them back, or write {} into it if the defaults are meant',
  },
  config_untrusted: {
    sqlstate: 'F0000',
    exit: 78,
    sentence:
      'Cannot take {path}, which was found in {directory}: {reason}; look at it, and name it by --config when you mean it',
  },
  config_open: {
    sqlstate: 'F0000',
    exit: 78,
    sentence:
      '{path} has a password in it, and everybody on the machine may read it (mode {mode}): take it from others, and let the agent read it by a group (pgsidecar-config with the packages)',
  },
  config_missing: { sqlstate: 'F0000', exit: 78, sentence: 'Cannot find {path}: {advice}' },
  config_unreadable: { sqlstate: 'F0000', exit: 78, sentence: 'Cannot read {origin}: {reason}' },
  config_empty: { sqlstate: 'F0000', exit: 78, sentence: 'There is no database to serve: {advice}' },
  source_conflict: {
    sqlstate: 'F0000',
    exit: 78,
    sentence: 'Database "{database}" at {origin} is left out: {reason}',
  },
  database_unusable: {
    sqlstate: 'F0000',
    exit: 78,
    sentence: 'Cannot serve database "{database}" at {origin}: {reason}',
  },
  database_password_missing: {
    sqlstate: 'F0000',
    exit: 78,
    sentence:
      'Database "{database}" at {origin} has no password: its server must let "{user}" in without one',
  },
  user_unusable: {
    sqlstate: 'F0000',
    exit: 78,
    sentence: 'Cannot let in user "{user}" at {origin}: {reason}',
  },
  password_next_unused: {
    sqlstate: 'F0000',
    exit: 78,
    sentence:
      '{called} of user "{user}" at {origin} is never shown to a server: database "{database}" has a password of its own, and logs in with that; {advice}',
  },
  secret_unreadable: {
    sqlstate: 'F0000',
    exit: 78,
    sentence: 'Cannot read the password of {owner} at {origin}: {reason}',
  },
  command_failed: { sqlstate: 'F0000', exit: 78, sentence: 'Cannot run {command}: {reason}' },
} as const satisfies Record<string, ErrorRow>;
