// Declares a test for each script: one PgBouncer and pgsidecar, on the same files, and nothing but intended differences.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { describeNeeding } from '../harness/needs.ts';
import { DEBIAN_PGBOUNCER, NEWER_PGBOUNCER, pgbouncerVersion } from '../harness/pgbouncer.ts';
import { differences, explanation } from './comparison.ts';
import type { IntendedDifference } from './intended/words.ts';
import { INTENDED } from './intended.ts';
import { playScript } from './playing.ts';
import { type Pooler, startPooler } from './poolers.ts';
import type { Scene, Script, World } from './scene.ts';
import { SCENES } from './scenes.ts';
import { openWorld } from './world.ts';

type Version = '1.18' | '1.24';

const PROGRAMS = {
  '1.18': { program: DEBIAN_PGBOUNCER, remedy: 'scripts/setup --debian' },
  '1.24': { program: NEWER_PGBOUNCER, remedy: 'scripts/newer_pgbouncer' },
} as const;
/** Some scripts wait for what never comes. */
const TIMEOUT_MS = 120_000;

interface Run {
  world: World;
  /** The titles that were played, and the differences that were met. */
  readonly played: Set<string>;
  readonly met: Set<IntendedDifference>;
}

export function compareAll(version: Version): void {
  const scenes = SCENES.filter(({ since }) => since === undefined || since <= version);
  const intended = INTENDED.filter((each) => each.version === undefined || each.version === version);
  describeNeeding(missing(version))(`PgBouncer ${version} and pgsidecar`, () => {
    const run = { played: new Set(), met: new Set() } as unknown as Run;
    beforeAll(async () => {
      run.world = await openWorld();
    }, TIMEOUT_MS);
    afterAll(() => run.world.postgres.stop());
    for (const scene of scenes) describe(scene.name, () => compareScene(version, scene, intended, run));
    test('every intended difference is still there', () => {
      const all = scenes.flatMap(titlesOf);
      // Whoever runs a few of the scripts meets a few of the differences.
      if (run.played.size < all.length) return;
      const here = intended.filter(({ where = '' }) => all.some((title) => title.startsWith(where)));
      expect(here.filter((each) => !run.met.has(each)).map(({ name }) => name)).toEqual([]);
    });
  });
}

function titlesOf(scene: Scene): string[] {
  return Object.keys(scene.scripts).map((title) => `${scene.name}: ${title}`);
}

function compareScene(
  version: Version,
  scene: Scene,
  intended: readonly IntendedDifference[],
  run: Run,
): void {
  const poolers: Pooler[] = [];
  beforeAll(async () => {
    poolers.push(await startPooler(`pgbouncer ${version}`, scene, run.world));
    poolers.push(await startPooler('pgsidecar', scene, run.world));
  }, TIMEOUT_MS);
  afterAll(async () => {
    for (const pooler of poolers) await pooler.stop();
  });
  for (const [title, script] of Object.entries(scene.scripts)) {
    const here = intended.filter(({ where = '' }) => `${scene.name}: ${title}`.startsWith(where));
    test(title, () => compareScript(`${scene.name}: ${title}`, script, poolers, here, run), TIMEOUT_MS);
  }
}

async function compareScript(
  title: string,
  script: Script,
  [pgbouncer, pgsidecar]: readonly Pooler[],
  intended: readonly IntendedDifference[],
  run: Run,
): Promise<void> {
  run.played.add(title);
  const theirs = await playScript(script, pgbouncer!, run.world);
  const ours = await playScript(script, pgsidecar!, run.world);
  const unexplained = differences(theirs, ours).filter((difference) => {
    const names = explanation(difference, intended);
    for (const each of intended) if (names?.includes(each.name)) run.met.add(each);
    return names === undefined;
  });
  expect({ unexplained, ...(unexplained.length > 0 && { theirs, ours }) }).toEqual({ unexplained: [] });
}

function missing(version: Version): string | undefined {
  const { program, remedy } = PROGRAMS[version];
  if (pgbouncerVersion(program).startsWith(`${version}.`)) return undefined;
  return `PgBouncer ${version} is not here: ${remedy}`;
}
