// Every scene that there is.

import type { Scene } from './scene.ts';
import { CONSOLE } from './scenes/console.ts';
import { CONSOLE_VERBS } from './scenes/console_verbs.ts';
import { LIMITS } from './scenes/limits.ts';
import { LOGINS } from './scenes/logins.ts';
import { MORE_LOGINS } from './scenes/more_logins.ts';
import { QUERIES } from './scenes/queries.ts';
import { SESSIONS } from './scenes/sessions.ts';

export const SCENES: readonly Scene[] = [
  ...[...LOGINS, ...MORE_LOGINS, ...LIMITS, ...QUERIES, ...SESSIONS],
  ...[...CONSOLE, ...CONSOLE_VERBS],
];
