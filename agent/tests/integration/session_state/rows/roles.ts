// SET ROLE and SET SESSION AUTHORIZATION: who one is, what one may do, and settings that only a superuser may touch.

import type { Random } from '../../../simulation/random.ts';
import type { Row } from '../row.ts';

const ROLES = ['r1', 'r2', '"R 3"', 'R1', "'r1'", 'app'];

export const roles: Row = {
  name: 'roles',
  servers: 1,
  isShared: false,
  hears: false,
  isSuperuser: true,
  setup: [
    'CREATE TABLE public.of_r1 (word text); ALTER TABLE public.of_r1 OWNER TO r1',
    "INSERT INTO public.of_r1 VALUES ('only for r1')",
  ],
  statement: role,
  look,
};

export function role(random: Random): string {
  const name = random.pick(ROLES);
  const kind = random.next();
  if (kind < 0.35) return `SET ${random.pick(['', '', 'SESSION ', 'LOCAL '])}ROLE ${name}`;
  if (kind < 0.45) return random.pick(['RESET ROLE', 'SET ROLE NONE', 'SET ROLE nosuch', "SET role TO 'r2'"]);
  if (kind < 0.6) return `SET ${random.pick(['', '', 'LOCAL '])}SESSION AUTHORIZATION ${name}`;
  if (kind < 0.7)
    return random.pick([
      'RESET SESSION AUTHORIZATION',
      'SET SESSION AUTHORIZATION DEFAULT',
      "SET session_authorization TO 'r1'",
      'SET SESSION AUTHORIZATION nosuch',
      "SELECT set_config('role', 'r1', false)",
      "SELECT set_config('role', 'none', false)",
    ]);
  if (kind < 0.75) return random.pick(['DISCARD ALL', 'RESET ALL']);
  // Who was a superuser has set it; who is none now can not change it, and still has it.
  if (kind < 0.9)
    return random.pick([
      'SET log_min_messages TO fatal',
      'RESET log_min_messages',
      "SET log_statement TO 'ddl'",
      'SET deadlock_timeout TO 2000',
      "SET lc_messages TO 'C'",
      "SET work_mem TO '6MB'",
      "SET session_replication_role TO 'replica'",
      'RESET session_replication_role',
    ]);
  return look(random);
}

function look(random: Random): string {
  return random.pick([
    "SELECT current_user, session_user, current_setting('role')",
    "SELECT current_user, session_user, current_setting('role')",
    'SHOW session_authorization',
    'SHOW is_superuser',
    'SHOW log_min_messages',
    "SELECT name, setting FROM pg_settings WHERE name IN ('deadlock_timeout', 'log_statement', 'work_mem') ORDER BY 1",
    'SELECT word FROM public.of_r1',
    'SHOW session_replication_role',
  ]);
}
