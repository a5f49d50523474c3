// Random clients on a few servers against a model of PostgreSQL: each reads what it would have read alone.

import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import * as say from '../tests/harness/client_words.ts';
import {
  type DataPlane,
  databaseOf,
  dataPlane,
  type FakeClient,
  settingsOf,
  userOf,
} from '../tests/harness/data_plane.ts';
import { settle } from '../tests/harness/fake_clock.ts';
import type { FakeServer } from '../tests/harness/fake_network.ts';
import { serverWords } from '../tests/harness/server_words.ts';
import { ToyBackend } from '../tests/harness/toy_backend.ts';

const STATEMENTS = ['rows 1', 'rows 2', 'fail', 'notice'];
const { bind, execute, parse, query, sync } = say;
const use = (name: string): Uint8Array[] => [bind(name), execute()];

/** What belongs together; a client sends any number of these, one behind the other. */
const simple = fc
  .constantFrom(
    'rows 3',
    'fail',
    '',
    'copyout',
    'rows 1; fail; rows 1',
    'notice; rows 2',
    'set x=1',
    'set x=2',
    'show x',
  )
  .map((sql) => [query(sql)]);
const named = fc.constantFrom('s0', 's1', 's2', 's3');
const extended = fc.oneof(
  fc.array(named, { minLength: 1, maxLength: 4 }).map((names) => [...names.flatMap(use), sync]),
  named.map((name) => [say.describe('S', name), ...use(name), say.flush, ...use(name), sync]),
  fc
    .constantFrom('rows 2', 'fail', 'syntax')
    .map((sql) => [parse('', sql), say.describe('S'), ...use(''), sync]),
  fc.constantFrom('rows 2', 'notice').map((sql) => [parse('', sql), sync, ...use(''), sync]),
  fc.constant([bind('nothing'), execute(), sync]),
);
/** Closes and prepares again; never within a transaction, where PostgreSQL may refuse it. */
const again = fc
  .tuple(fc.nat(3), named)
  .map(([n, other]) => [
    ...[...use(other), sync, say.close('S', `s${n}`), sync],
    ...[parse(`s${n}`, STATEMENTS[n]!), ...use(`s${n}`), sync],
  ]);
const copy = fc
  .tuple(fc.boolean(), fc.boolean(), fc.nat(3))
  .map(([fails, isExtended, rows]) => [
    ...(isExtended ? [parse('', 'copyin'), ...use(''), sync] : [query('copyin')]),
    ...Array.from({ length: rows }, () => say.copyData('1\n')),
    ...[fails ? say.copyFail('no') : say.copyDone, ...(isExtended ? [sync] : [])],
  ]);
const transaction = fc
  .tuple(
    fc.array(
      fc.oneof(
        simple.filter(([each]) => !isSet(each!)),
        extended,
      ),
      { maxLength: 4 },
    ),
    fc.boolean(),
  )
  .map(([units, commits]) => [query('begin'), ...units.flat(), query(commits ? 'commit' : 'rollback')]);
const script = fc
  .array(fc.oneof(simple, extended, again, copy, transaction), { maxLength: 6 })
  .map(
    (units) =>
      new Uint8Array(
        Buffer.concat([...STATEMENTS.map((sql, n) => parse(`s${n}`, sql)), sync, ...units.flat()]),
      ),
  );

function isSet(message: Uint8Array): boolean {
  return message[5] === 's'.charCodeAt(0) && message[6] === 'e'.charCodeAt(0);
}

class World {
  readonly plane: DataPlane;
  readonly clients: {
    readonly client: FakeClient;
    script: Uint8Array;
    readonly alone: Uint8Array;
    heard: string[];
  }[] = [];
  readonly backends = new Map<FakeServer, { readonly toy: ToyBackend; coming: Uint8Array }>();

  constructor(plane: DataPlane) {
    this.plane = plane;
  }

  async join(all: Uint8Array): Promise<void> {
    const client = await this.plane.client();
    this.#adopt();
    this.clients.push({ client, script: all, alone: new ToyBackend().take(all), heard: [] });
  }

  /** One thing happens: a client sends some bytes, or some bytes of a server arrive. False: there was nothing. */
  step(who: number, bytes: number): boolean {
    this.#adopt();
    const senders = this.clients.filter((each) => each.script.length > 0 && !each.client.connection.isPaused);
    const comers = [...this.backends.entries()].filter(([, { coming }]) => coming.length > 0);
    const count = senders.length + comers.length;
    if (count === 0) return false;
    const chosen = who % count;
    if (chosen < senders.length) {
      const sender = senders[chosen]!;
      const chunk = sender.script.subarray(0, bytes);
      sender.script = sender.script.subarray(chunk.length);
      sender.client.connection.receive(chunk);
    } else {
      const [server, backend] = comers[chosen - senders.length]!;
      const chunk = backend.coming.subarray(0, bytes);
      // Before it is received, because more may come of that.
      backend.coming = backend.coming.subarray(chunk.length);
      server.connection.receive(chunk);
    }
    return true;
  }

  /** Every server that was dialed answers from now on. */
  #adopt(): void {
    for (const server of this.plane.network.servers) {
      if (server.cancels !== undefined) server.connection.closed();
      if (this.backends.has(server) || server.startup === undefined) continue;
      const toy = new ToyBackend();
      const backend = { toy, coming: toy.take(server.heardBytes()) };
      this.backends.set(server, backend);
      server.connection.onWritten = (bytes) => {
        backend.coming = new Uint8Array(Buffer.concat([backend.coming, backend.toy.take(bytes)]));
      };
    }
  }
}

async function world(size: number, statementsMax: number): Promise<World> {
  const more = {
    max_prepared_statements: statementsMax,
    track_extra_parameters: ['x'],
    log_disconnections: false,
  };
  return new World(await dataPlane(settingsOf([databaseOf({ poolSize: size })], [userOf()], more)));
}

describe('Session, on servers that others use too', () => {
  test('hears what it would hear alone, whatever the others do and wherever the bytes are cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(script, { minLength: 1, maxLength: 3 }),
        fc.constantFrom(1, 2),
        fc.constantFrom(1, 3, 50),
        fc.array(fc.tuple(fc.nat(7), fc.integer({ min: 1, max: 60 })), { minLength: 1, maxLength: 40 }),
        async (scripts, size, statementsMax, turns) => {
          const all = await world(size, statementsMax);
          for (const each of scripts) await all.join(each);
          for (let turn = 0; ; turn++) {
            const [who, bytes] = turns[turn % turns.length]!;
            if (!all.step(who + turn, bytes)) {
              // A server may be on its way.
              await settle();
              if (!all.step(who, bytes)) break;
            }
          }
          for (const { client, alone } of all.clients) expect(client.heard()).toEqual(serverWords(alone));
          for (const { toy } of all.backends.values()) {
            expect(toy.surprises.filter((each) => each.endsWith('twice'))).toEqual([]);
            expect(toy.status).toBe('I');
          }
          expect([all.plane.pool().idle, all.plane.pool().waiting]).toEqual([all.plane.servers.length, 0]);
          all.plane.check();
        },
      ),
      { numRuns: 250 },
    );
  });

  test('leaves nothing behind, whenever it goes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(script, { minLength: 2, maxLength: 3 }),
        fc.array(fc.tuple(fc.nat(7), fc.integer({ min: 1, max: 60 }), fc.nat(12)), {
          minLength: 1,
          maxLength: 40,
        }),
        async (scripts, turns) => {
          const all = await world(1, 3);
          for (const each of scripts) await all.join(each);
          const [survivor, ...others] = all.clients;
          for (let turn = 0; turn < 400; turn++) {
            const [who, bytes, leaver] = turns[turn % turns.length]!;
            const leaving = others[leaver];
            if (leaving !== undefined && turn % 3 === 0) {
              leaving.script = new Uint8Array(0);
              if (turn % 2 === 0) leaving.client.connection.closed();
              else leaving.client.says(say.terminate);
            }
            if (all.step(who, bytes)) continue;
            await settle();
            if (!all.step(who, bytes)) break;
          }
          for (const { client } of others) client.connection.closed();
          // A cancel request that is answered lets a server go, which lets somebody go on.
          for (let turn = 0, quiet = 0; turn < 2_000 && quiet < 4; turn++) {
            if (all.step(turn, 50)) continue;
            await settle();
            quiet = all.step(turn, 50) ? 0 : quiet + 1;
          }
          expect(survivor!.client.heard()).toEqual(serverWords(survivor!.alone));
          survivor!.client.connection.closed();
          expect([all.plane.context.clients.count, all.plane.context.statements.size]).toEqual([0, 0]);
          const open = all.plane.servers.filter((server) => server.cancels === undefined);
          for (const server of open) expect(all.backends.get(server)!.toy.status).toBe('I');
          const { idle, connected } = all.plane.pool();
          expect(idle).toBe(connected);
          all.plane.check();
        },
      ),
      { numRuns: 100 },
    );
  });
});
