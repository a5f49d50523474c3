// Shows what a client sees, at each of the poolers that are here: `bun agent/tests/differential/look.ts [words of titles]`.

import { hasNewerPgbouncer } from '../harness/pgbouncer.ts';
import { playScript } from './playing.ts';
import { type PoolerName, startPooler } from './poolers.ts';
import { SCENES } from './scenes.ts';
import { openWorld } from './world.ts';

const words = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const poolers: PoolerName[] = ['pgbouncer 1.18'];
if (hasNewerPgbouncer()) poolers.push('pgbouncer 1.24');
if (!process.argv.includes('--without-us')) poolers.push('pgsidecar');

const world = await openWorld();
try {
  for (const scene of SCENES) {
    const titles = Object.keys(scene.scripts).filter((title) =>
      words.every((word) => `${scene.name}: ${title}`.includes(word)),
    );
    if (titles.length === 0) continue;
    const traces = new Map<string, Map<string, PoolerName[]>>();
    for (const name of poolers) {
      if (scene.since !== undefined && name === 'pgbouncer 1.18') continue;
      const pooler = await startPooler(name, scene, world);
      for (const title of titles) {
        const trace = (await playScript(scene.scripts[title]!, pooler, world)).join('\n');
        const known = traces.get(title) ?? new Map<string, PoolerName[]>();
        known.set(trace, [...(known.get(trace) ?? []), name]);
        traces.set(title, known);
      }
      if (process.argv.includes('--log')) console.log(pooler.logText());
      await pooler.stop();
    }
    for (const [title, byTrace] of traces) {
      console.log(`\n=== ${scene.name}: ${title}`);
      for (const [trace, names] of byTrace) console.log(`--- ${names.join(', ')}\n${trace}`);
    }
  }
} finally {
  await world.postgres.stop();
}
