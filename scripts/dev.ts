// `npm run dev`: a throwaway PostgreSQL and the agent, which starts again whenever one of its files is saved.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pgsidecarProgram } from '../agent/tests/harness/agent.ts';
import { createNursery, makeDirectory } from '../agent/tests/harness/nursery.ts';
import * as stage from './stage/stage.ts';

const STANDARD_ERROR = 2;

const set = await stage.setStage();
const nursery = createNursery('dev');
const socketDir = makeDirectory(join(nursery.directory, 's'));
for (const [name, text] of Object.entries(set.files)) {
  writeFileSync(join(nursery.directory, name), text, { mode: 0o600 });
}
const password = set.postgres.passwordOf(stage.APPLICATION_USER);
console.log(`PostgreSQL   ${set.postgres.superuserUrl}`);
console.log(`application  ${nursery.directory}/application.yml`);
console.log(
  `psql         PGPASSWORD=${password} psql -h ${socketDir} -U ${stage.APPLICATION_USER} ${stage.APPLICATION_DATABASE}`,
);
console.log(
  `status       PGSIDECAR_UNIX_SOCKET_DIR=${socketDir} node_modules/.bin/bun --no-env-file agent/main.ts status --watch\n`,
);

const [bun = process.execPath, ...program] = pgsidecarProgram('');
const agent = nursery.spawn(
  [bun, '--watch', '--no-clear-screen', ...program, 'run', ...stage.AGENT_ARGS, ...process.argv.slice(2)],
  {
    output: STANDARD_ERROR,
    env: {
      PATH: process.env.PATH ?? '/usr/bin:/bin',
      HOME: nursery.directory,
      PGSIDECAR_UNIX_SOCKET_DIR: socketDir,
    },
  },
);
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));
// Ctrl-C ends this process; the nurseries end the rest.
setInterval(() => {}, 60_000);
await agent.exited;
process.exit(1);
