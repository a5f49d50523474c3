// LISTEN, UNLISTEN and NOTIFY in one write and in one transaction: a client through the agent is told what PostgreSQL tells.

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { listen } from './rows/listen.ts';
import { runAgain } from './run.ts';
import { Saying, type Step } from './words.ts';
import { startWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld('embedded');
}, 60_000);
afterAll(() => world.stop());

/** In one write, each a transaction of its own. */
function queries(...texts: readonly string[]): Saying {
  const saying = new Saying();
  for (const text of texts) saying.query(text);
  return saying;
}

/** In one transaction. */
function pipeline(...texts: readonly string[]): Saying {
  const saying = new Saying();
  for (const text of texts) saying.parse('', text).bind('').execute();
  return saying.sync();
}

/** Each by client 0, one behind the answer to the other. */
const SCRIPTS: Readonly<Record<string, readonly Saying[]>> = {
  'LISTEN behind DISCARD ALL': [
    queries('LISTEN c1'),
    queries('DISCARD ALL', 'LISTEN c2'),
    queries('NOTIFY c2'),
  ],
  'LISTEN behind a NOTIFY that is on its way': [
    queries('LISTEN c1'),
    queries('NOTIFY c1', 'LISTEN c2', "SELECT pg_notify('c2', 'one')"),
  ],
  'UNLISTEN and LISTEN of the same channel in one transaction': [
    queries('LISTEN c1'),
    pipeline('UNLISTEN c1', 'LISTEN c1', 'NOTIFY c1'),
    queries('NOTIFY c1'),
  ],
  'LISTEN behind UNLISTEN of the same channel': [
    queries('LISTEN c1'),
    queries('UNLISTEN c1', 'LISTEN c1', 'NOTIFY c1'),
  ],
  'NOTIFY before LISTEN in one transaction, which it hears as its own': [pipeline('NOTIFY c1', 'LISTEN c1')],
  'NOTIFY before LISTEN in the transaction before, which it does not hear': [
    queries("DO $$ BEGIN PERFORM pg_notify('c1', 'done'); END $$", 'LISTEN c1', 'SELECT 1'),
    queries('SELECT 1'),
  ],
  'NOTIFY before UNLISTEN in one transaction, which it does not hear': [
    queries('LISTEN c1'),
    pipeline('NOTIFY c1', 'UNLISTEN *'),
    queries('SELECT 1'),
  ],
  'NOTIFY before UNLISTEN in the transaction before, which it hears': [
    queries('LISTEN c1'),
    queries('NOTIFY c1', 'UNLISTEN c2', 'DISCARD ALL'),
  ],
  'LISTEN behind one that an error has kept from being run': [
    pipeline('LISTEN', 'LISTEN c1'),
    queries('LISTEN c2', 'LISTEN c2', 'UNLISTEN c1'),
  ],
  'a name that is cut, each time that it is parsed': [0, 1, 2].map((n) =>
    new Saying()
      .parse(`p${n}`, `LISTEN long_${'x'.repeat(70)}`)
      .bind(`p${n}`)
      .execute()
      .sync(),
  ),
  'the same LISTEN behind one that an error has kept from being run': [
    pipeline('SELECT nosuch', 'LISTEN c1'),
    queries('UNLISTEN c2'),
    queries('LISTEN c1'),
    queries('NOTIFY c1'),
  ],
  'an error behind LISTEN, with its place': [
    queries(
      "LISTEN c1; LISTEN 'c1'",
      'LISTEN "ü"; listen c2; SELECT nosuch',
      "LISTEN c1; SELECT 'ü' || nosuch",
    ),
    pipeline("LISTEN c1; LISTEN 'c1'"),
  ],
};

for (const [title, script] of Object.entries(SCRIPTS)) {
  test(title, async () => {
    const steps: Step[] = script.map((saying) => saying.step(0));
    // Others listen too: then the channels are on already.
    const others = [queries('LISTEN c1', 'LISTEN c2', 'LISTEN "ü"').step(1)];
    for (const first of [[], others]) {
      const { difference } = await runAgain(world, listen, { seed: 1, steps: 1 }, [...first, ...steps]);
      expect(difference).toBeUndefined();
    }
  }, 60_000);
}
