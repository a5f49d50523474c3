// What goes wrong in a simulated world, and what its operator does: chosen at random, mended after a while.

import { chooseVerb } from './operator.ts';
import { retuned } from './settings_model.ts';
import type { World } from './world.ts';

/** One thing, or nothing. */
export function chooseTrouble(world: World, poolSize: number): void {
  const { random, postgres } = world;
  const logged = world.clients.filter((client) => client.isLoggedIn);
  const client = logged.length === 0 ? undefined : random.pick(logged);
  const sessions = [...postgres.sessions];
  const session = sessions.length === 0 ? undefined : random.pick(sessions);
  switch (random.below(40)) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4:
    case 5:
    case 6:
    case 7:
      return client?.cancel();
    case 8:
      return client?.leave('goodbye');
    case 9:
      return client?.leave('vanish');
    case 10:
      return client?.leave('cut');
    case 11:
      return client?.leave('reset');
    case 12:
      return client?.leave(random.chance(0.5) ? 'freeze' : 'forget');
    case 13:
      world.trace(() => `PostgreSQL ends the connection of pid ${session?.pid}`);
      postgres.fault();
      return session?.terminate();
    case 14:
      world.trace(() => `the connection of pid ${session?.pid} breaks`);
      postgres.fault();
      return session?.break('ECONNRESET');
    case 15:
      return random.chance(0.5) ? freeze(world, session?.pid) : vanish(world, session?.pid);
    case 16:
      return crash(world);
    case 17:
    case 18:
      return chooseVerb(world);
    case 19:
    case 20:
      return retune(world, poolSize);
    case 21:
      return remove(world);
  }
}

function crash(world: World): void {
  const { random, postgres } = world;
  world.trace(() => 'PostgreSQL crashes');
  postgres.crash();
  world.after(random.below(2_000), () => {
    if (world.isClosing) return;
    postgres.fault();
    postgres.state = 'starting';
  });
  world.after(2_000 + random.below(2_000), () => {
    world.trace(() => 'PostgreSQL is up again');
    postgres.fault();
    postgres.state = 'up';
  });
}

function freeze(world: World, pid: number | undefined): void {
  const session = [...world.postgres.sessions].find((each) => each.pid === pid);
  if (session === undefined) return;
  world.trace(() => `the way to pid ${pid} falls silent`);
  session.connection.isFrozen = true;
  world.postgres.fault();
  world.after(world.random.between(1_000, 15_000), () => {
    world.postgres.fault();
    session.break('ETIMEDOUT');
  });
}

/** Its machine is gone, and a new one knows nothing of the connection: it says so when something comes. */
function vanish(world: World, pid: number | undefined): void {
  const session = [...world.postgres.sessions].find((each) => each.pid === pid);
  if (session === undefined) return;
  world.trace(() => `the machine of pid ${pid} is gone, and nobody is told`);
  world.postgres.fault();
  session.vanish();
  world.after(world.random.between(1_000, 15_000), () => {
    world.postgres.fault();
    session.connection.reset('ETIMEDOUT');
  });
}

/** A reload: of the pool's size alone, or of much at once. */
function retune(world: World, poolSize: number): void {
  const { random, settings } = world;
  if (random.chance(0.5)) return world.apply(retuned(settings, random, poolSize));
  const size = random.between(1, poolSize + 1);
  const databases = Object.entries(settings.databases).map(([name, each]) => [
    name,
    { ...each, poolSize: size },
  ]);
  world.apply({ ...settings, databases: Object.fromEntries(databases) });
}

/** A database goes, and comes back. */
function remove(world: World): void {
  const { settings } = world;
  const { shop } = settings.databases;
  if (shop === undefined) return;
  const { shop: _gone, ...others } = settings.databases;
  world.trace(() => 'the database shop is removed');
  world.apply({ ...settings, databases: others });
  world.after(world.random.below(2_000), () => {
    if (world.settings.databases.shop !== undefined) return;
    world.trace(() => 'the database shop is back');
    world.apply({ ...world.settings, databases: { ...world.settings.databases, shop } });
  });
}
