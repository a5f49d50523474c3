// THE table of fuzz targets: every decoder and parser that reads what somebody else wrote.

import type { Target } from './target.ts';
import { AUTH_TARGETS } from './targets/auth.ts';
import { AUTH_QUERY_TARGETS } from './targets/auth_query.ts';
import { CONSOLE_TARGETS } from './targets/console.ts';
import { INI_TARGETS } from './targets/ini_files.ts';
import { LOGIN_TARGETS } from './targets/logins.ts';
import { NOTIFICATION_TARGETS } from './targets/notifications.ts';
import { PLANE_TARGETS } from './targets/plane.ts';
import { QUERY_TARGETS } from './targets/query.ts';
import { TEXT_TARGETS } from './targets/text_files.ts';
import { WIRE_TARGETS } from './targets/wire.ts';
import { YAML_TARGETS } from './targets/yaml_files.ts';

export const TARGETS: readonly Target[] = [
  ...WIRE_TARGETS,
  ...AUTH_TARGETS,
  ...LOGIN_TARGETS,
  ...PLANE_TARGETS,
  ...QUERY_TARGETS,
  ...CONSOLE_TARGETS,
  ...AUTH_QUERY_TARGETS,
  ...NOTIFICATION_TARGETS,
  ...YAML_TARGETS,
  ...TEXT_TARGETS,
  ...INI_TARGETS,
];
