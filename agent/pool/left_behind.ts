// What a client that is gone may have left on its server, and what takes it away.

import { LIBRARY, SETTINGS } from '../query/effects.ts';
import type { Server } from '../server/server.ts';
import { resetsFor } from '../state/pins.ts';

/** The SQL that makes it as new, as far as that can be done; from now on nothing is held to be left. */
export function leftBehind(server: Server): readonly string[] {
  const { touched } = server;
  server.touched = 0;
  if ((touched & SETTINGS) !== 0) server.parameters = server.parameters.withUncertain();
  if ((touched & LIBRARY) !== 0) server.retired ??= 'a client has loaded a library into it';
  return resetsFor(touched);
}
