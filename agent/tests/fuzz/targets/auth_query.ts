// Fuzz target of auth_query: a server that answers the question with anything lets nobody in but whom it names.

import type { AuthAnswer } from '../../../pool/auth_queries.ts';
import { type DataPlane, databaseOf, dataPlane, settingsOf, userOf } from '../../harness/data_plane.ts';
import { settle } from '../../harness/fake_clock.ts';
import * as server from '../../harness/server_words.ts';
import { cutUp, inputOf, must, mustBeSame, Pieces, type Target } from '../target.ts';

const AUTH = { user: 'pooler', query: 'SELECT a($1)', database: 'idp' };
const PATIENCE_MS = 20_000;

function answer(...rows: readonly (readonly (string | null)[])[]): Uint8Array {
  const all = rows.map((row) => server.dataRow(...row));
  const [begin, end] = [
    [server.parseComplete, server.bindComplete],
    [server.complete('SELECT'), server.ready()],
  ];
  return Buffer.concat([...begin, ...all, ...end]);
}

function asked(plane: DataPlane): { outcome: AuthAnswer | Error | undefined } {
  const asked: { outcome: AuthAnswer | Error | undefined } = { outcome: undefined };
  const tell = (outcome: AuthAnswer | Error): void => {
    asked.outcome = outcome;
  };
  plane.registry.authQueries.find(AUTH, 'ann').then(tell, tell);
  return asked;
}

const authQuery: Target = {
  name: 'auth_query',
  errors: [],
  share: 14,
  bytesMax: 1_024,
  words: [
    server.parseComplete,
    server.bindComplete,
    server.noData,
    server.portalSuspended,
    server.emptyQuery,
    ...[['ann', 'x'], ['ann', null], [null, 'x'], ['ann'], ['bob', 'x']].map((row) => server.dataRow(...row)),
    server.rowDescription('a', 'b'),
    server.notice('x'),
    server.notification('a', 'b'),
    server.parameterStatus('search_path', 'evil'),
    server.errorResponse('no'),
    server.errorResponse('no', 'FATAL', '57P01'),
    server.complete('BEGIN'),
    server.ready(),
    server.ready('T'),
    server.ready('E'),
    server.copyIn(),
    server.copyOut(),
    new Uint8Array([255, 255, 255, 255]),
  ],
  seeds: [
    answer(['ann', 'x']),
    answer(),
    answer(['ann', 'x'], ['ann', 'y']),
    answer(['ann', null]),
    answer(['bob', 'x']),
    Buffer.concat([server.errorResponse('no'), server.ready()]),
    Buffer.concat([server.notice('x'), answer(['ann', 'x'])]),
  ].map((bytes) => Buffer.concat([inputOf(new Uint8Array([7, 40])), bytes])),
  async run(input) {
    const pieces = new Pieces(input);
    const cuts = pieces.piece();
    const stream = pieces.rest();
    const pooler = userOf({ name: 'pooler' });
    const more = { auth_query_pool_size: 1 };
    const plane = await dataPlane(settingsOf([databaseOf({ auth: AUTH })], [userOf(), pooler], more));
    const first = asked(plane);
    await settle();
    const hostile = plane.network.server;
    for (const chunk of cutUp(stream, cuts)) hostile.connection.receive(chunk);
    await settle();
    plane.clock.advance(PATIENCE_MS);
    await settle();
    plane.check();
    const { outcome } = first;
    must(outcome !== undefined, 'the question is neither answered nor given up');
    if ('secret' in outcome) {
      must(outcome.secret.open() !== '', 'an empty secret');
      must(Buffer.from(stream).includes('ann'), 'a secret, and nobody was named');
    }
    hostile.connection.closed('ECONNRESET');
    await settle();
    plane.clock.advance(PATIENCE_MS);
    const next = asked(plane);
    await settle();
    plane.network.server.says(answer(['ann', 'right']));
    await settle();
    mustBeSame(
      next.outcome !== undefined && 'secret' in next.outcome ? next.outcome.secret.open() : next.outcome,
      'right',
      'what the next one is told',
    );
    plane.check();
    must(plane.pendingTimers === 0, 'a timer is left over');
    return outcome instanceof Error ? outcome.message.replace(/\d+/g, '') : Object.keys(outcome).join();
  },
};

export const AUTH_QUERY_TARGETS: readonly Target[] = [authQuery];
