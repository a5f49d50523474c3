// Calls the command line, and nothing else.

import { runCli } from './cli/dispatch.ts';
import { processHost } from './cli/process_host.ts';

process.exit(await runCli(process.argv.slice(2), processHost()));
