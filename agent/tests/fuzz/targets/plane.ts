// Fuzz targets of the whole data plane on a fake network: hostile clients, hostile servers, and the rewriting of statements.

import type { PoolMode } from '../../../config/settings.ts';
import * as client from '../../harness/client_words.ts';
import { type DataPlane, databaseOf, dataPlane, settingsOf, userOf } from '../../harness/data_plane.ts';
import { settle } from '../../harness/fake_clock.ts';
import type { FakeServer } from '../../harness/fake_network.ts';
import * as server from '../../harness/server_words.ts';
import { ToyBackend } from '../../harness/toy_backend.ts';
import { cutUp, inputOf, must, Pieces, type Target } from '../target.ts';
import { SERVER_STREAM } from './wire.ts';

const MODES = ['transaction', 'session', 'statement'] as const;
const PATIENCE_MS = 4_000_000;
/** The toy would really write them. */
const MANY_ROWS = /rows \d{3}/;

/** Nothing that went wrong was a mistake of the agent's own, and what must hold for every pool does. */
function check(plane: DataPlane): void {
  for (const [index, line] of plane.log.lines.entries()) {
    const { stack } = plane.log.fields[index]!;
    must(stack === undefined, `${line}: ${stack}`);
    must(!line.startsWith('error'), line);
  }
  plane.check();
}

/** Everybody leaves: then nothing of them may be left. */
async function end(plane: DataPlane, clients: readonly { connection: { closed(): void } }[]): Promise<void> {
  for (const { connection } of clients) connection.closed();
  await settle();
  plane.clock.advance(PATIENCE_MS);
  await settle();
  check(plane);
  const { clients: known, statements } = plane.context;
  must(
    known.count === 0 && known.logins === 0,
    `${known.count} clients and ${known.logins} logins are left over`,
  );
  must(statements.size === 0, `${statements.size} statements are left over`);
  for (const pool of plane.registry) {
    must(
      pool.waiters.length === 0 && pool.activeServers.length === 0,
      'somebody still waits, or has a server',
    );
  }
}

const CLIENT_WORDS = [
  ...['Q', 'P', 'B', 'E', 'D', 'C', 'S', 'H', 'd', 'c', 'f', 'F', 'X', 'p'].map((letter) =>
    client.message(letter),
  ),
  ...['rows 1', 'fail', 'syntax', 'begin', 'commit', 'rollback', 'copyin', 'set a=b'].map(client.query),
  ...['s1', 's2', '', 'pgsidecar_1'].flatMap((name) => [
    client.parse(name, 'rows 1'),
    client.parse(name, 'fail'),
    client.bind(name),
    client.describe('S', name),
    client.close('S', name),
  ]),
  client.execute(),
  client.sync,
  client.copyData('x'),
  client.copyDone,
  client.copyFail('x'),
  new Uint8Array([0, 0, 0, 4]),
  new Uint8Array([127, 255, 255, 255]),
];

const LOGIN_SEEDS = [
  client.startup({ user: 'idp_app', database: 'idp', options: '-c geqo=off', application_name: 'x' }),
  client.startup({ user: 'nobody', database: 'nowhere', replication: 'true' }),
  client.sslRequest,
  client.gssencRequest,
  client.cancelRequest(7, new Uint8Array(32)),
];

/** From the first byte on; whole or cut up, over TCP or the socket. */
const login: Target = {
  name: 'login',
  errors: [],
  share: 10,
  bytesMax: 2_048,
  words: [
    ...LOGIN_SEEDS,
    'user\0',
    'options\0',
    'database\0',
    '\0',
    client.message('p', 'x\0'),
    client.query('rows 1'),
  ],
  seeds: LOGIN_SEEDS.flatMap((seed) => [
    Buffer.concat([inputOf(0, new Uint8Array()), seed]),
    Buffer.concat([inputOf(1, new Uint8Array([30])), seed, LOGIN_SEEDS[0]!, client.query('rows 1')]),
  ]),
  async run(input) {
    const pieces = new Pieces(input);
    const transport = pieces.choice(2) === 0 ? 'unix' : 'tcp';
    const cuts = pieces.piece();
    const plane = await dataPlane();
    const one = plane.accept(transport);
    for (const chunk of cutUp(pieces.rest(), cuts).slice(0, 40)) {
      one.connection.receive(chunk);
      if (chunk.length > 8) await settle();
    }
    await settle();
    check(plane);
    const { count } = plane.context.clients;
    const said = Buffer.from(one.connection.takeSent())
      .toString('latin1')
      .replace(/[^A-Za-z ]+/g, ' ')
      .slice(0, 120);
    await end(plane, [one]);
    return `${count} ${said}`;
  },
};

/** Lets the servers answer as PostgreSQL would, until nobody has anything to say. */
function answer(plane: DataPlane, backends: Map<FakeServer, ToyBackend>, mode: PoolMode): void {
  for (let isBusy = true, turn = 0; isBusy && turn < 100; turn++) {
    isBusy = false;
    for (const each of plane.servers) {
      const backend = backends.get(each) ?? new ToyBackend();
      backends.set(each, backend);
      const heard = each.heardBytes();
      if (heard.length === 0) continue;
      isBusy = true;
      const said = backend.take(heard);
      const twice = backend.surprises.find((surprise) => /^"pgsidecar_\d+" is there twice/.test(surprise));
      // In session mode names are the client's own, and it may say what it likes.
      must(twice === undefined || mode === 'session', `a statement was put on a server again: ${twice}`);
      if (said.length > 0) each.says(said);
    }
  }
}

/** Two clients on one server, each with a stream of its own: what one says is never the other's trouble. */
const session: Target = {
  name: 'session',
  errors: [],
  share: 14,
  bytesMax: 2_048,
  words: CLIENT_WORDS,
  seeds: [0, 1, 2].flatMap((mode) =>
    [
      [client.parse('s1', 'rows 1'), client.bind('s1'), client.execute(), client.sync],
      [client.query('begin'), client.parse('s1', 'fail'), client.bind('s1'), client.execute(), client.sync],
      [client.query('copyin'), client.copyData('x'), client.copyDone, client.query('rows 2')],
      [
        client.parse('', 'rows 1'),
        client.describe('S'),
        client.bind(''),
        client.execute(),
        client.flush,
        client.sync,
      ],
      [
        client.parse('s1', 'rows 1'),
        client.close('S', 's1'),
        client.parse('s1', 'rows 2'),
        client.sync,
        client.terminate,
      ],
      [client.functionCall(), client.query('set a=b; rows 1'), client.query('fail')],
    ].map((messages) => Buffer.concat([inputOf(mode, mode % 2, new Uint8Array([mode * 9])), ...messages])),
  ),
  async run(input) {
    const pieces = new Pieces(input);
    const [mode, few] = [MODES[pieces.choice(3)]!, pieces.choice(2)];
    const cuts = pieces.piece();
    const stream = pieces.rest();
    if (MANY_ROWS.test(Buffer.from(stream).toString('latin1'))) return 'not tried';
    const plane = await dataPlane(
      settingsOf([databaseOf({ poolSize: 2, poolMode: mode })], [userOf()], {
        max_prepared_statements: few === 1 ? 1 : 200,
      }),
    );
    const [one, other] = [await plane.client(), await plane.client()];
    const backends = new Map<FakeServer, ToyBackend>();
    for (const chunk of cutUp(stream, cuts)) {
      one.connection.receive(chunk);
      answer(plane, backends, mode);
    }
    await settle();
    answer(plane, backends, mode);
    check(plane);
    const said = summary(one.connection.takeSent());
    // Whatever the first one did, the second has a server (two are there), and its own answer.
    other.says(client.query('rows 1'));
    await settle();
    answer(plane, backends, mode);
    await settle();
    answer(plane, backends, mode);
    const heard = other.heard();
    must(
      heard.join() === 'RowDescription,Row 0,Complete SELECT 1,Ready I',
      `the neighbour heard ${heard.join()}`,
    );
    one.connection.closed();
    await settle();
    answer(plane, backends, mode);
    await end(plane, [one, other]);
    return said;
  },
};

/** The letters of what was said, which ends at the edge of a message. */
function summary(bytes: Uint8Array): string {
  return client
    .split(bytes)
    .map(({ type }) => type)
    .join('')
    .replace(/(.)\1+/g, '$1+')
    .slice(0, 40);
}

const SERVER_WORDS = [
  ...[
    '1',
    '2',
    '3',
    'n',
    's',
    'I',
    'c',
    'Z',
    'C',
    'T',
    'D',
    'E',
    'N',
    'S',
    'A',
    'G',
    'H',
    'W',
    'V',
    't',
    'R',
    'K',
    'v',
  ].map((letter) => client.message(letter)),
  server.ready('I'),
  server.ready('T'),
  server.ready('E'),
  server.complete('SELECT 1'),
  server.errorResponse('no'),
  server.errorResponse('bye', 'FATAL', '57P01'),
  client.message('E', 'Mno\0\0'),
  client.message('E', '\0'),
  server.parameterStatus('TimeZone', 'x'),
  server.copyIn(),
  server.dataRow('1'),
  new Uint8Array([0, 0, 0, 4]),
  new Uint8Array([127, 255, 255, 255]),
];

/** A server that answers with anything: its client may lose it, and gets whole messages; the next one has a new server. */
const hostileServer: Target = {
  name: 'hostile_server',
  errors: [],
  share: 14,
  bytesMax: 2_048,
  words: SERVER_WORDS,
  seeds: [
    [server.rowDescription('x'), server.dataRow('1'), server.complete('SELECT 1'), server.ready()],
    [
      server.parseComplete,
      server.bindComplete,
      server.dataRow('1'),
      server.complete('SELECT 1'),
      server.ready(),
    ],
    [server.errorResponse('no'), server.ready('E'), server.ready()],
    [SERVER_STREAM],
  ].flatMap((messages) =>
    [0, 1, 2].map((what) => Buffer.concat([inputOf(what, new Uint8Array([what * 7])), ...messages])),
  ),
  async run(input) {
    const pieces = new Pieces(input);
    const what = pieces.choice(3);
    const cuts = pieces.piece();
    const plane = await dataPlane(settingsOf([databaseOf({ poolSize: 1 })]));
    const [one, other] = [await plane.client(), await plane.client()];
    const hostile = plane.network.server;
    // 0: at rest in the pool. 1: a simple query. 2: the extended protocol.
    if (what === 1) one.says(client.query('rows 1'));
    if (what === 2) one.says(client.parse('s1', 'rows 1'), client.bind('s1'), client.execute(), client.sync);
    await settle();
    for (const chunk of cutUp(pieces.rest(), cuts)) hostile.connection.receive(chunk);
    await settle();
    check(plane);
    const isGone = hostile.connection.isClosed;
    // A row that is announced and does not come is no end: then the server is lost.
    hostile.connection.closed('ECONNRESET');
    one.connection.closed();
    await settle();
    const said = one.connection.takeSent();
    plane.clock.advance(20_000);
    await settle();
    other.says(client.query('rows 1'));
    await settle();
    answer(plane, new Map(), 'transaction');
    await settle();
    const heard = other.connection.isClosed ? [] : other.heard();
    must(other.connection.isEnded || heard.at(-1) === 'Ready I', `the neighbour heard ${heard.join()}`);
    await end(plane, [one, other]);
    return `${what} ${isGone} ${Buffer.from(said)
      .toString('latin1')
      .replace(/[^A-Z]+/g, '')
      .slice(0, 40)}`;
  },
};

export const PLANE_TARGETS: readonly Target[] = [login, session, hostileServer];
