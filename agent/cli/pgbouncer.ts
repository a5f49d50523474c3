// `pgsidecar pgbouncer FILE.ini`: PgBouncer's command line, files, defaults and log lines.

import type { LoadInput } from '../config/load.ts';
import { runAgent } from '../daemon/run.ts';
import { type Call, flagIsSet, type Host } from './command.ts';
import { printProblems } from './loading.ts';
import { paint } from './paint.ts';

const REBOOT =
  '-R took the sockets over from a running PgBouncer; here systemd keeps them (pgsidecar.socket), and a restart refuses nobody: started as without it';

export async function pgbouncer(call: Call, host: Host): Promise<number> {
  const { background } = host;
  const isDaemon = flagIsSet(call, 'daemon');
  if (isDaemon && !background.isOn) return await background.start(host.words);
  if (flagIsSet(call, 'reboot')) host.err(`${paint(host.errColours, 'yellow', 'warning:')} ${REBOOT}\n`);
  // Both are settings as well, and stronger than what the file says of them.
  const user = call.settings.get('user');
  const verbose = call.settings.get('verbose');
  const flags = {
    ...(user === undefined ? {} : { user }),
    ...(verbose === undefined ? {} : { verbose: [String(verbose.length)] }),
  };
  const input: LoadInput = { configFile: call.arguments[0], defaults: 'pgbouncer', flags };
  return await runAgent(input, host.io, (problems) => printProblems(problems, host), {
    isQuiet: isDaemon || flagIsSet(call, 'quiet'),
    needsPidfile: isDaemon,
    // PgBouncer has none: its files say where it listens, and that may be no folder of its own.
    mayLackControl: true,
    refusesRoot: true,
    ...(isDaemon ? { onReady: () => background.ready() } : {}),
    onFailure: (error) => {
      if (isDaemon) host.err(`${paint(host.errColours, 'red', 'error:')} ${error.message}\n`);
    },
  });
}
