// `npm run package`: the deb and the rpm, for each machine, in dist/. The same commit gives the same bytes.

import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { compile, MACHINES, type Machine, machineOf } from './compile.ts';
import { buildDeb } from './deb.ts';
import { buildRpm } from './rpm.ts';
import { run } from './run.ts';
import { filesOf, RELEASE_VERSION, type Release } from './stage.ts';

const HELP = `npm run package -- [--only deb|rpm] [--machine amd64|arm64]… [--version VERSION]

  Writes dist/pgsidecar_VERSION_MACHINE.deb and dist/pgsidecar-VERSION-1.MACHINE.rpm. Needs debhelper and rpm.
  --machine    default: both; the runtime of another machine than this one is fetched from the npm registry
  --version    another than package.json's: for tests of an upgrade
  SOURCE_DATE_EPOCH says the time of everything inside; without it, the time of the last commit.
`;

const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    machine: { type: 'string', multiple: true, default: Object.keys(MACHINES) },
    version: { type: 'string', default: RELEASE_VERSION },
    help: { type: 'boolean' },
  },
});

if (options.help === true) process.stdout.write(HELP);
else for (const machine of options.machine) packageFor(machine);

function packageFor(name: string): void {
  if (!Object.hasOwn(MACHINES, name)) throw new Error(`${name}: one of ${Object.keys(MACHINES).join(', ')}`);
  const machine = name as Machine;
  const release: Release = { version: options.version, epoch: epoch() };
  const executable = compile(machine);
  const native = compile(machineOf(process.arch));
  const build = { deb: buildDeb, rpm: buildRpm };
  for (const flavour of ['deb', 'rpm'] as const) {
    if (options.only !== undefined && options.only !== flavour) continue;
    console.log(build[flavour](release, machine, filesOf(flavour, release, executable, native)));
  }
}

/** Seconds since 1970. */
function epoch(): number {
  const said = process.env.SOURCE_DATE_EPOCH;
  if (said !== undefined && /^[0-9]+$/.test(said)) return Number(said);
  return Number(run(['git', 'log', '-1', '--format=%ct'], resolve(import.meta.dir, '..')).trim());
}
