// What ok and test are made of: the checks that look at files, and the groups of tests.

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Glob } from 'bun';
import { readReport, type TestReport } from './test_report.ts';

const BUN = process.execPath;
const BIN = 'node_modules/.bin';

export interface Check {
  readonly name: string;
  readonly command: readonly string[];
  /** What to do when it fails. */
  readonly remedy: string;
}

/** Quick ones first. */
export const CHECKS: readonly Check[] = [
  {
    name: 'format',
    command: [`${BIN}/biome`, 'check', '--error-on-warnings', '--colors=off', '.'],
    remedy: 'npm run format',
  },
  { name: 'types', command: [`${BIN}/tsc`, '-p', '.'], remedy: 'mend the types' },
  { name: 'tidy', command: [BUN, 'scripts/tidy.ts'], remedy: 'see STYLE.md and ARCHITECTURE.md' },
  { name: 'generated files', command: [BUN, 'scripts/generate.ts', '--check'], remedy: 'npm run generate' },
];

export interface TestGroup {
  readonly name: string;
  /** Glob patterns of its test files, and of those that another group has. */
  readonly include: readonly string[];
  readonly exclude?: readonly string[];
  /** Test files at once; real servers take turns. */
  readonly parallel: number;
  readonly timeoutMs: number;
}

export const UNIT: TestGroup = {
  name: 'unit',
  include: ['agent/**/*_test.ts', 'scripts/**/*_test.ts'],
  exclude: [
    'agent/tests/{golden,harness,integration,faults,drivers,conversations,simulation}/**',
    'agent/tests/differential/pgbouncer_*',
    'agent/tests/fuzz/million_*',
  ],
  parallel: 2,
  // For one that hangs: on a machine that is busy with other things the longest ones take half a minute.
  timeoutMs: 60_000,
};
export const GOLDEN: TestGroup = {
  name: 'golden',
  include: ['agent/tests/golden/**/*_test.ts'],
  parallel: 1,
  timeoutMs: 10_000,
};
export const SIMULATION: TestGroup = {
  name: 'simulation',
  include: ['agent/tests/simulation/**/*_test.ts'],
  parallel: 2,
  timeoutMs: 120_000,
};
/** The fuzzer's own tests and its corpus are among the unit tests. */
export const FUZZ: TestGroup = {
  name: 'fuzz',
  include: ['agent/tests/fuzz/million_*_test.ts'],
  parallel: 2,
  timeoutMs: 120_000,
};
export const HARNESS: TestGroup = {
  name: 'harness',
  include: ['agent/tests/harness/**/*_test.ts'],
  parallel: 2,
  timeoutMs: 60_000,
};
export const INTEGRATION: TestGroup = {
  name: 'integration',
  include: ['agent/tests/integration/**/*_test.ts'],
  parallel: 2,
  timeoutMs: 60_000,
};
/**
 * Once more, against what users get; without those in whose tests no process of pgsidecar has a part, and without those
 * that compare with other programs what is the same in both.
 */
export const INTEGRATION_OF_EXECUTABLE: TestGroup = {
  ...INTEGRATION,
  name: 'integration, single executable',
  exclude: [
    'agent/tests/integration/*_oracle_test.ts',
    'agent/tests/integration/{control_socket,notifications,notify,render_race,socket_activation,watch,watch_limits,write_now}_test.ts',
    'agent/tests/integration/session_state/*_test.ts',
  ],
};
export const FAULTS: TestGroup = {
  name: 'faults',
  include: ['agent/tests/faults/**/*_test.ts'],
  parallel: 2,
  timeoutMs: 120_000,
};
export const DRIVERS: TestGroup = {
  name: 'drivers',
  include: ['agent/tests/drivers/**/*_test.ts'],
  parallel: 2,
  timeoutMs: 60_000,
};
export const CONVERSATIONS: TestGroup = {
  name: 'conversations',
  include: ['agent/tests/conversations/**/*_test.ts'],
  parallel: 2,
  timeoutMs: 60_000,
};
/** Against PgBouncer itself; how they are compared is among the unit tests. */
export const DIFFERENTIAL: TestGroup = {
  name: 'differential',
  include: ['agent/tests/differential/pgbouncer_*_test.ts'],
  parallel: 2,
  timeoutMs: 120_000,
};
/** Booted Debians, one at a time: each has PostgreSQL and the agent in it. */
export const PACKAGING: TestGroup = {
  name: 'packaging',
  include: ['packaging/**/*_test.ts'],
  parallel: 1,
  timeoutMs: 300_000,
};
export const CHEF: TestGroup = {
  name: 'chef',
  include: ['cookbook/chef/**/*_test.ts'],
  parallel: 1,
  timeoutMs: 300_000,
};
export const ANSIBLE: TestGroup = {
  name: 'ansible',
  include: ['cookbook/ansible/**/*_test.ts'],
  parallel: 1,
  timeoutMs: 300_000,
};
/** Kubernetes, and the pages of the frameworks. */
export const COOKBOOK: TestGroup = {
  name: 'cookbook',
  include: ['cookbook/**/*_test.ts'],
  exclude: ['cookbook/{chef,ansible,applications}/**'],
  parallel: 1,
  timeoutMs: 300_000,
};
/** Each is 8 processes at a PostgreSQL, and the same again through an agent. */
export const APPLICATIONS: TestGroup = {
  name: 'applications',
  include: ['cookbook/applications/**/*_test.ts'],
  parallel: 1,
  timeoutMs: 300_000,
};

/** All of them, quick ones first; UNIT, GOLDEN, SIMULATION and FUZZ need no server. */
export const GROUPS: readonly TestGroup[] = [
  UNIT,
  GOLDEN,
  SIMULATION,
  FUZZ,
  HARNESS,
  INTEGRATION,
  FAULTS,
  DRIVERS,
  CONVERSATIONS,
  DIFFERENTIAL,
  PACKAGING,
  CHEF,
  ANSIBLE,
  COOKBOOK,
  APPLICATIONS,
];

/** Test files that no group has: they would never run, and nobody would miss them. */
export function forgottenTestFiles(): string[] {
  const known = new Set(GROUPS.flatMap(testFiles));
  const all = ['agent', 'scripts', 'packaging', 'cookbook'].flatMap((folder) => [
    ...new Glob(`${folder}/**/*{_test,.test,_spec,.spec}.{ts,js,mjs}`).scanSync('.'),
  ]);
  return all.filter((file) => !known.has(file));
}

/** Runs a check without its chatter; its output when it failed, undefined when all is well. */
export function failureOf({ command }: Check): string | undefined {
  const { exitCode, stdout, stderr } = Bun.spawnSync([...command], { stdout: 'pipe', stderr: 'pipe' });
  return exitCode === 0 ? undefined : `${stdout}${stderr}`.trim();
}

/** A runner that has not ended by then hangs: the longest take four minutes, and three times that on a busy machine. */
const GROUP_TIMEOUT_MS = 15 * 60_000;

/** Runs a group in processes of its own; failures are printed as they come. */
export async function runGroup(
  group: TestGroup,
  env: Readonly<Record<string, string>> = {},
): Promise<TestReport> {
  const files = testFiles(group);
  if (files.length === 0) {
    return {
      passed: 0,
      failed: 1,
      skipped: [],
      problems: [`${group.name}: no test files in ${group.include.join(', ')}`],
    };
  }
  const directory = mkdtempSync(join(tmpdir(), 'pgsidecar-test-'));
  const outfile = join(directory, 'report.xml');
  try {
    const runner = Bun.spawn(
      [
        ...[BUN, 'test', '--only-failures', `--parallel=${group.parallel}`, `--timeout=${group.timeoutMs}`],
        ...['--reporter=junit', `--reporter-outfile=${outfile}`, ...files.map((file) => `./${file}`)],
      ],
      {
        stdio: ['ignore', 'inherit', 'inherit'],
        env: { ...process.env, ...env },
        timeout: GROUP_TIMEOUT_MS,
        killSignal: 'SIGKILL',
      },
    );
    await runner.exited;
    return readReport(
      existsSync(outfile) ? readFileSync(outfile, 'utf8') : undefined,
      files,
      runner.exitCode,
    );
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

export function testFiles({ include, exclude = [] }: TestGroup): string[] {
  const excluded = exclude.map((pattern) => new Glob(pattern));
  return include
    .flatMap((pattern) => [...new Glob(pattern).scanSync('.')])
    .filter((file) => !excluded.some((glob) => glob.match(file)))
    .sort();
}

/** `1.2 s`. */
export function seconds(sinceMs: number): string {
  return `${((performance.now() - sinceMs) / 1_000).toFixed(1)} s`;
}
