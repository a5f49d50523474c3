// Plays one script in front of one pooler, and gives what its clients said and heard.

import type { Pooler } from './poolers.ts';
import type { Script, World } from './scene.ts';
import { Stage } from './stage.ts';

export async function playScript(script: Script, pooler: Pooler, world: World): Promise<readonly string[]> {
  const stage = new Stage(pooler, world);
  try {
    await script(stage);
    await stage.finish();
    return stage.trace;
  } finally {
    stage.close();
  }
}
