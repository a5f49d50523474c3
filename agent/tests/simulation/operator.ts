// What the operator of a simulated world says at the console, and what must hold behind each verb.

import { AgentError } from '../../base/errors.ts';
import type { World } from './world.ts';

/** One verb. What cannot be done now is not done. */
export function chooseVerb(world: World): void {
  const { random, verbs, registry } = world;
  const name = random.chance(0.5) && registry.serves('shop') ? 'shop' : undefined;
  switch (random.below(8)) {
    case 0:
      return kill(world, name);
    case 1:
      return killOne(world);
    case 2:
      return disable(world);
    case 3:
      return suspend(world);
    case 4:
      world.trace(() => 'RECONNECT');
      verbs.reconnect(name);
      return waitClose(world, name);
    default:
      return pause(world, name);
  }
}

function attempt(step: () => void): boolean {
  try {
    step();
    return true;
  } catch (error) {
    if (error instanceof AgentError) return false;
    throw error;
  }
}

function pause(world: World, name: string | undefined): void {
  world.trace(() => `PAUSE ${name ?? ''}`);
  // RESUME ends it too, and another PAUSE may have come before this one hears of that.
  let isResumed = false;
  world.verbs.pause(name).then(
    () => {
      world.trace(() => `PAUSE ${name ?? ''} is done`);
      if (!isResumed && world.registry.holds.pauses(name)) world.emptied.add(name);
    },
    () => {},
  );
  world.after(world.random.below(7_000), () => {
    isResumed = true;
    resume(world, name);
  });
}

function resume(world: World, name: string | undefined): void {
  world.trace(() => `RESUME ${name ?? ''}`);
  world.emptied.delete(name);
  attempt(() => world.verbs.resume(name));
}

function kill(world: World, name: string | undefined): void {
  const { registry, context, bounds, now } = world;
  world.trace(() => `KILL ${name ?? ''}`);
  bounds.kills = true;
  world.killedAt = now;
  if (!attempt(() => world.verbs.kill(name))) return;
  const isOf = (database: string): boolean => name === undefined || database === name;
  for (const { pool } of context.clients)
    if (isOf(pool.database.name)) world.violation('KILL has left a client');
  for (const { database, connected, waiting } of registry)
    if (isOf(database.name) && connected + waiting > 0) world.violation('KILL has left a server');
  world.after(world.random.below(3_000), () => resume(world, name));
}

function killOne(world: World): void {
  const [session] = world.context.clients;
  if (session === undefined) return;
  world.trace(() => `KILL_CLIENT ${session.pid}`);
  world.bounds.kills = true;
  world.killedAt = world.now;
  world.verbs.killClient(session.pid);
}

function disable(world: World): void {
  if (!attempt(() => world.verbs.disable('shop'))) return;
  world.trace(() => 'DISABLE shop');
  world.changedAt = world.now;
  world.after(world.random.below(2_000), () => {
    world.trace(() => 'ENABLE shop');
    world.changedAt = world.now;
    attempt(() => world.verbs.enable('shop'));
  });
}

function suspend(world: World): void {
  if (world.verbs.mode !== 'running') return;
  world.trace(() => 'SUSPEND');
  world.verbs.suspend().catch(() => {});
  world.after(world.random.below(2_000), () => {
    if (world.verbs.mode === 'suspended') resume(world, undefined);
  });
}

function waitClose(world: World, name: string | undefined): void {
  const old = [...world.registry]
    .filter(({ database }) => name === undefined || database.name === name)
    .flatMap(({ allServers }) => allServers);
  world.verbs.waitClose(name).then(
    () => {
      if (old.some(({ list }) => list !== undefined)) world.report('WAIT_CLOSE was answered too early');
    },
    () => {},
  );
}
