// What somebody who has proved nothing learns of the databases that there are, and how often he makes a server log in, by auth_query.

import { describe, expect, test } from 'bun:test';
import { makeVerifier, printVerifier } from '../auth/scram_verifier.ts';
import { Secret } from '../base/secret.ts';
import type { DatabaseSettings, Settings } from '../config/settings.ts';
import { NAMES_MAX } from '../pool/strange_names.ts';
import { startup } from '../tests/harness/client_words.ts';
import { type DataPlane, databaseOf, dataPlane, settingsOf, userOf } from '../tests/harness/data_plane.ts';
import { settle } from '../tests/harness/fake_clock.ts';
import type { FakeServer } from '../tests/harness/fake_network.ts';
import * as server from '../tests/harness/server_words.ts';
import { scramUpToProof } from './login_fixture.ts';
import { whomToAsk } from './unknown_user.ts';

const AUTH = { user: 'pooler', query: 'SELECT a($1)', database: '' };
const PASSWORD: string = crypto.randomUUID();
const OTHER: string = crypto.randomUUID();
const HOST_B = { host: '10.0.0.2', port: 5432 };
const any = databaseOf({ name: '*', dbname: '', user: '', auth: AUTH });
const pooler = userOf({ name: 'pooler', secret: new Secret(crypto.randomUUID()) });

async function verifierOf(password: string, salt: number): Promise<string> {
  return printVerifier(await makeVerifier(password, new Uint8Array(16).fill(salt), 1));
}

/** By host and database: what a query for ann gives there; undefined where nothing can be asked. The others are not there. */
type Cluster = Readonly<Record<string, string | undefined>>;

class World {
  readonly plane: DataPlane;
  /** Names of databases that somebody logged in to, in order, and as whom. */
  readonly logins: string[] = [];
  /** What the server says of names that are not in the cluster. */
  refusal: readonly [message: string, sqlstate: string] = ['database "%" does not exist', '3D000'];
  readonly #cluster: Cluster;
  readonly #databases = new Map<FakeServer, string>();

  constructor(plane: DataPlane, cluster: Cluster) {
    this.plane = plane;
    this.#cluster = cluster;
    plane.network.welcome = () => 'silent';
  }

  /** Until nobody asks anything any more. */
  async run(): Promise<void> {
    for (let isQuiet = false; !isQuiet; ) {
      await settle();
      isQuiet = true;
      for (const each of this.plane.servers) {
        const bytes = each.heardBytes();
        if (bytes.length > 0) isQuiet = false;
        if (bytes.length > 0) this.#answer(each, Buffer.from(bytes).toString('latin1'));
      }
    }
  }

  #answer(each: FakeServer, text: string): void {
    const known = this.#databases.get(each);
    if (known === undefined) {
      const words = text.slice(8).split('\0');
      const [user, name] = [words[words.indexOf('user') + 1], words[words.indexOf('database') + 1]];
      const database = `${each.address.host}/${name}`;
      const [message, sqlstate] = this.refusal;
      this.logins.push(`${user}@${name}`);
      this.#databases.set(each, database);
      if (database in this.#cluster) each.greets();
      else each.says(server.errorResponse(message.replace('%', name!), 'FATAL', sqlstate));
      return;
    }
    if (!text.includes(AUTH.query)) return;
    const secret = this.#cluster[known];
    if (secret === undefined)
      return each.says(server.errorResponse('there is no function a', 'ERROR', '42883'), server.ready());
    const rows = text.includes('ann\0') || text.includes('\x03ann') ? [server.dataRow('ann', secret)] : [];
    each.says(server.parseComplete, server.bindComplete, ...rows, server.complete('SELECT'), server.ready());
  }

  /** What a client is told: its challenge, and the end of its login by `password`. */
  async comes(database: string, password = PASSWORD, user = 'ann'): Promise<readonly [string, string]> {
    const client = this.plane.accept();
    client.says(startup({ user, database }));
    await this.run();
    const heard = client.connection.takeSent();
    if (heard[0] !== 'R'.charCodeAt(0)) {
      this.plane.clock.advance(1);
      return [server.serverWords(heard).join(), client.heard().join()];
    }
    const { challenge, proof } = await scramUpToProof(client, new Secret(password));
    client.says(proof);
    await this.run();
    this.plane.clock.advance(1);
    await this.run();
    return [
      challenge,
      client
        .heard()
        .filter((each) => !each.startsWith('Authentication'))
        .at(-1) ?? 'nothing',
    ];
  }
}

async function worldOf(
  databases: readonly DatabaseSettings[],
  cluster: Cluster,
  more: Partial<Settings> = {},
): Promise<World> {
  const plane = await dataPlane(
    settingsOf(databases, [pooler], {
      ...{ auth_type: 'scram-sha-256', client_login_failure_delay: 0, scram_iterations: 1 },
      ...more,
    }),
  );
  return new World(plane, cluster);
}

const ANN = await verifierOf(PASSWORD, 9);
const THERE: Cluster = { '10.0.0.1/there': ANN, '10.0.0.1/postgres': ANN, '10.0.0.1/bare': undefined };
const WRONG = 'FATAL 28P01 password authentication failed for user "ann"';

describe('A stranger who knows the name of a user', () => {
  test('is challenged with one salt, whether * serves a database that is there, is not, or cannot be asked', async () => {
    const world = await worldOf([any], THERE);
    // From the very first question on.
    const [first, told] = await world.comes('made_up', 'wrong');
    for (const database of ['there', 'bare', 'made_up', 'made_up_too', 'there'])
      expect(await world.comes(database, 'wrong')).toEqual([first, told]);
    expect(told).toBe(WRONG);
    // Nor does he learn it with a user who does not exist.
    const [nobody] = await world.comes('made_up', 'wrong', 'nobody');
    for (const database of ['there', 'bare', 'made_up'])
      expect((await world.comes(database, 'wrong', 'nobody'))[0]).toBe(nobody);
    expect(nobody).not.toBe(first);
    expect([...world.plane.registry].map(({ database }) => database.name).sort()).toEqual([
      ...['bare', 'postgres', 'there'],
    ]);
    world.plane.check();
  });

  test('is challenged by what * answered last, or a listed database of the same server, where postgres cannot be asked', async () => {
    const cluster = { ...THERE, '10.0.0.1/postgres': undefined, '10.0.0.1/shop': ANN };
    const alone = await worldOf([any], cluster);
    const [salt] = await alone.comes('there', 'wrong');
    expect((await alone.comes('made_up', 'wrong'))[0]).toBe(salt);
    const shop = databaseOf({ name: 'shop', dbname: 'shop', user: '', auth: { ...AUTH, database: 'shop' } });
    const beside = await worldOf([any, shop], cluster);
    expect((await beside.comes('made_up', 'wrong'))[0]).toBe(salt);
    // Not by one of another server: its users are others.
    const away = { ...shop, hosts: [HOST_B] };
    const apart = await worldOf([any, away], { ...cluster, '10.0.0.2/shop': await verifierOf(OTHER, 5) });
    const mock = (await apart.comes('made_up', 'wrong'))[0];
    expect(apart.logins).toEqual(['pooler@made_up', 'pooler@postgres']);
    expect(mock).not.toBe(salt);
  });

  test('learns nothing while the server is down', async () => {
    const world = await worldOf([any], THERE);
    world.plane.network.welcome = () => new Error('it is down');
    const told = await world.comes('there');
    expect(told[1]).toBe('FATAL 57P03 cannot find out who user "ann" is just now');
    for (const database of ['made_up', 'bare', 'there']) expect(await world.comes(database)).toEqual(told);
  });

  test('is told of names that are not served what he is told of those that are, by the servers of all of them', async () => {
    const [a, b] = [
      databaseOf({ name: 'a', dbname: 'a' }),
      databaseOf({ name: 'b', dbname: 'b', hosts: [HOST_B] }),
    ];
    const asks = (each: DatabaseSettings) => ({ ...each, user: '', auth: { ...AUTH, database: each.name } });
    const plain = databaseOf({ name: 'plain', dbname: 'plain' });
    const cluster = { '10.0.0.1/a': ANN, '10.0.0.2/b': await verifierOf(OTHER, 5) };
    const world = await worldOf([asks(a), asks(b), plain], cluster);
    const [ofA, ofB] = [(await world.comes('a'))[0], (await world.comes('b', OTHER))[0]];
    const salts = new Map<string, string>();
    for (let n = 0; n < 20; n++) salts.set(`made_up_${n}`, (await world.comes(`made_up_${n}`, 'wrong'))[0]);
    expect(new Set(salts.values())).toEqual(new Set([ofA, ofB]));
    // The same one again for the same name.
    for (const [name, salt] of salts) expect((await world.comes(name, 'wrong'))[0]).toBe(salt);
    // One that asks nobody is no exception, and what he proves there is for its own server alone.
    for (const password of [PASSWORD, OTHER]) {
      const [salt, told] = await world.comes('plain', password);
      expect([[ofA, ofB].includes(salt), told]).toEqual([true, WRONG]);
    }
    expect(world.plane.log.fields.map(({ reason }) => reason)).toContain(
      'database "plain" asks no server for users (auth_user)',
    );
    expect(world.logins.filter((each) => each.endsWith('@plain'))).toEqual([]);
    // A key that nobody has decides: at another agent it is another one.
    const { settings, books } = world.plane.context;
    const asker = (mockKey: Uint8Array) =>
      Array.from({ length: 20 }, (_, n) => {
        const book = { ...books.common, options: { ...books.common.options, mockKey } };
        const asked = { user: 'ann', database: `made_up_${n}`, authType: 'md5' } as const;
        return whomToAsk(settings, book, asked)?.auth.database;
      }).join('');
    expect(asker(new Uint8Array(32).fill(1))).not.toBe(asker(new Uint8Array(32).fill(2)));
  });
});

describe('A server that cannot be asked', () => {
  const down = { host: '10.0.0.9', port: 5432 };
  const asks = (name: string, more: Partial<DatabaseSettings> = {}): DatabaseSettings => ({
    ...databaseOf({ name, dbname: name }),
    ...{ user: '', auth: { ...AUTH, database: name } },
    ...more,
  });

  test('refuses nobody at a database that is not its own, whichever would be asked about the name', async () => {
    const gone = ['gone', 'gone_too'].map((name) => asks(name, { hosts: [down] }));
    const world = await worldOf([...gone, asks('a'), databaseOf({ name: 'plain', dbname: 'plain' })], {
      '10.0.0.1/a': ANN,
    });
    world.plane.network.welcome = ({ host }) => (host === down.host ? new Error('it is down') : 'silent');
    const [salt, told] = await world.comes('a');
    expect(told).toBe('Ready I');
    for (let n = 0; n < 20; n++) {
      const [its, end] = await world.comes(`made_up_${n}`);
      expect(its).toBe(salt);
      expect(end).toStartWith(`FATAL 3D000 no such database: made_up_${n}`);
    }
    expect(await world.comes('plain')).toEqual([salt, WRONG]);
    // Its own are told as ever, and before they prove anything: pg_isready reads that.
    for (const { name } of gone)
      expect((await world.comes(name))[1]).toBe('FATAL 57P03 cannot find out who user "ann" is just now');
    world.plane.check();
  });

  test('is asked once about a name that nobody serves, and at three of its databases where they refuse the question', async () => {
    const bad = ['b1', 'b2', 'b3', 'b4', 'b5'].map((name) => asks(name, { hosts: [HOST_B] }));
    const gone = ['gone', 'gone_too'].map((name) => asks(name, { hosts: [down] }));
    const cluster = Object.fromEntries(bad.map(({ name }) => [`10.0.0.2/${name}`, undefined]));
    const world = await worldOf([...bad, ...gone], cluster);
    world.plane.network.welcome = ({ host }) => (host === down.host ? new Error('it is down') : 'silent');
    expect((await world.comes('made_up'))[1]).toBe('FATAL 57P03 cannot find out who user "ann" is just now');
    const { tried } = world.plane.network;
    expect([tried.length, tried.filter((each) => each.startsWith(down.host)).length]).toEqual([4, 1]);
  });
});

test('A reload that takes * away while a name of it is asked about ends that login like any that cannot be asked', async () => {
  const world = await worldOf([any, databaseOf()], THERE);
  await world.comes('bare', 'wrong');
  const client = world.plane.accept();
  client.says(startup({ user: 'ann', database: 'bare' }));
  await settle();
  const { context, registry } = world.plane;
  context.settings = settingsOf([databaseOf()], [pooler], context.settings);
  registry.apply(context.settings);
  await world.run();
  world.plane.clock.advance(1);
  expect(client.heard()).toEqual(['FATAL 57P03 cannot find out who user "ann" is just now']);
});

describe('Who has proved who he is', () => {
  test('comes in where the database is there, and is told by the server where it is not', async () => {
    const world = await worldOf([any], THERE);
    expect((await world.comes('there'))[1]).toBe('Ready I');
    expect((await world.comes('made_up'))[1]).toStartWith('FATAL 3D000');
    // In his own name nobody has to.
    expect(world.logins).not.toContain('ann@made_up');
  });

  test('is told that nobody can be asked at a database, and comes in by no other one’s word', async () => {
    const world = await worldOf([any], THERE);
    expect((await world.comes('bare'))[1]).toBe('FATAL 57P03 cannot find out who user "ann" is just now');
    expect(world.logins).not.toContain('ann@bare');
    expect(String(world.plane.log.fields.at(-1)?.reason)).toContain('there is no function a');
  });

  test('gets into a database that was made since a stranger asked for it', async () => {
    const cluster: Record<string, string | undefined> = { ...THERE };
    const world = await worldOf([any], cluster);
    expect((await world.comes('late', 'wrong'))[1]).toBe(WRONG);
    cluster['10.0.0.1/late'] = ANN;
    expect((await world.comes('late'))[1]).toBe('Ready I');
  });

  test('gets no server of a forced user by what another database says of him', async () => {
    const forced = { ...any, user: 'boss', forceUser: true, password: new Secret(crypto.randomUUID()) };
    const world = await worldOf([forced], THERE);
    expect((await world.comes('made_up'))[1]).toBe(
      'FATAL 3D000 database "made_up" does not exist (the server refused our login)',
    );
    expect(world.logins.filter((each) => each.startsWith('boss'))).toEqual([]);
    expect((await world.comes('there'))[1]).toBe('Ready I');
  });

  test('comes in by what his own database says of him, whatever the owner of another one has it say', async () => {
    // A server that asks the agent for no proof: the agent's is the only one.
    const cluster = { ...THERE, '10.0.0.1/postgres': undefined, '10.0.0.1/evil': await verifierOf(OTHER, 5) };
    const world = await worldOf([any], cluster);
    expect((await world.comes('evil', OTHER))[1]).toBe('Ready I');
    await crowd(world);
    expect((await world.comes('there', OTHER))[1]).toBe(WRONG);
    expect(world.logins).not.toContain('ann@there');
    expect(world.plane.log.fields.map(({ reason }) => reason)).toContain(
      'database "there" has another secret of user "ann"',
    );
  });

  test('is not let in where a reload takes the question away while his own database is asked', async () => {
    const world = await worldOf([any], THERE);
    await crowd(world);
    const client = world.plane.accept();
    client.says(startup({ user: 'ann', database: 'there' }));
    await world.run();
    const { proof } = await scramUpToProof(client, new Secret(PASSWORD));
    client.says(proof);
    await settle();
    const { context, registry } = world.plane;
    context.settings = settingsOf([{ ...any, auth: undefined }], [pooler], context.settings);
    registry.apply(context.settings);
    await world.run();
    world.plane.clock.advance(1);
    expect(client.heard().at(-1)).toBe(WRONG);
  });
});

/** As many names as are asked about are taken. */
async function crowd(world: World): Promise<void> {
  for (let n = 0; n < NAMES_MAX; n++) await world.comes(`crowd_${n}`, 'wrong');
  const before = world.logins.length;
  await world.comes('one_more', 'wrong');
  expect(world.logins.slice(before)).not.toContain('pooler@one_more');
}

describe('Names that a stranger makes up', () => {
  test('keep nobody out of a database that nobody has used, where all are one forced user', async () => {
    const forced = { ...any, user: 'boss', forceUser: true, password: new Secret(crypto.randomUUID()) };
    const world = await worldOf([forced], THERE);
    await crowd(world);
    expect((await world.comes('there'))[1]).toBe('Ready I');
  });

  test('keep nobody out where postgres cannot be asked and no database has answered yet', async () => {
    const world = await worldOf([any], { ...THERE, '10.0.0.1/postgres': undefined });
    for (let n = 0; n < 2 * NAMES_MAX; n++) await world.comes(`crowd_${n}`, 'wrong');
    expect((await world.comes('there'))[1]).toBe('Ready I');
  });

  test('keep nobody out by a database whose owner has it know nobody', async () => {
    const world = await worldOf([any], { ...THERE, '10.0.0.1/evil': '' });
    expect((await world.comes('evil'))[1]).toBe(WRONG);
    await crowd(world);
    expect((await world.comes('there'))[1]).toBe('Ready I');
  });

  test('cost no more logins where they come all at once', async () => {
    const world = await worldOf([any], THERE, { client_login_concurrency_per_source: 0 });
    for (let n = 0; n < 3 * NAMES_MAX; n++)
      world.plane.accept().says(startup({ user: 'ann', database: `made_up_${n}` }));
    await world.run();
    expect(world.logins.filter((each) => each.includes('made_up')).length).toBe(NAMES_MAX);
    expect((await world.comes('there'))[1]).toBe('Ready I');
  });

  test('cost no more logins where the server says that nobody may log in, and not that they are not there', async () => {
    const world = await worldOf([any], THERE);
    world.refusal = ['no pg_hba.conf entry for database "%"', '28000'];
    await crowd(world);
    expect((await world.comes('there'))[1]).toBe('Ready I');
  });

  test('cost the server a login each, once within server_login_retry, and no more than a hundred of them', async () => {
    const cluster: Record<string, string | undefined> = { ...THERE };
    const world = await worldOf([any], cluster, { server_login_retry: 5_000 });
    await world.comes('there');
    const before = world.logins.length;
    for (let n = 0; n < 10; n++) await world.comes('made_up', 'wrong');
    expect(world.logins.slice(before)).toEqual(['pooler@made_up', 'pooler@postgres']);
    for (let n = 0; n < 3 * NAMES_MAX; n++) await world.comes(`made_up_${n}`, 'wrong');
    const after = before + NAMES_MAX + 1;
    expect(world.logins.length).toBe(after);
    // Whoever is somebody comes in all the same, also where nobody was before.
    expect((await world.comes('there'))[1]).toBe('Ready I');
    cluster['10.0.0.1/cold'] = ANN;
    expect((await world.comes('cold'))[1]).toBe('Ready I');
    // Who has proved who he is may have it asked.
    expect(world.logins.slice(after)).toEqual(['pooler@cold', 'ann@cold']);
    world.plane.clock.advance(5_000);
    const later = world.logins.length;
    await world.comes('made_up', 'wrong');
    expect(world.logins.slice(later)).toEqual(['pooler@made_up']);
    world.plane.check();
  });
});
