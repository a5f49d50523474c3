// Fuzz targets of notifications: one message; and a server that listens for all clients and says anything.

import { Listener, listening, listeningPlane } from '../../../pool/notifications_fixture.ts';
import { putNotificationPid, readNotification } from '../../../wire/notification.ts';
import { settle } from '../../harness/fake_clock.ts';
import * as server from '../../harness/server_words.ts';
import { cutUp, inputOf, must, mustBeSame, Pieces, PROTOCOL_ERRORS, type Target } from '../target.ts';

const words = [
  server.notification('a', 'x'),
  server.notification('b', 'y'),
  server.notification('', ''),
  server.emptyQuery,
  server.complete('LISTEN'),
  server.ready(),
  server.ready('E'),
  server.notice('x'),
  server.parameterStatus('client_encoding', 'LATIN1'),
  server.errorResponse('no'),
  server.errorResponse('no', 'FATAL', '57P01'),
  server.dataRow('a'),
  new Uint8Array([0x41, 0, 0, 0, 4]),
  new Uint8Array([255, 255, 255, 255]),
];

const notification: Target = {
  name: 'notification',
  errors: PROTOCOL_ERRORS,
  share: 60,
  words,
  seeds: [server.notification('a', ''), server.notification('tür', 'x'.repeat(100))],
  run(input) {
    if (input.length < 9) return 'short';
    const found = readNotification(input, 0, input.length);
    const copy = input.slice();
    putNotificationPid(copy, ~found.pid);
    mustBeSame(
      readNotification(copy, 0, copy.length),
      { pid: ~found.pid, channel: found.channel },
      'the same but for its process',
    );
    return found.channel === '' ? 'no name' : 'a name';
  },
};

const shared: Target = {
  name: 'notifications',
  errors: [],
  share: 14,
  bytesMax: 1_024,
  words,
  seeds: [
    [server.notification('a', 'x')],
    [server.complete('LISTEN'), server.ready(), server.notification('b', 'y'), server.notification('c', 'z')],
    [server.errorResponse('no', 'ERROR', '42601'), server.ready()],
    [server.errorResponse('end', 'FATAL', '57P01')],
  ].map((each) => Buffer.concat([inputOf(new Uint8Array([3, 20])), ...each])),
  async run(input) {
    const pieces = new Pieces(input);
    const cuts = pieces.piece();
    const stream = pieces.rest();
    const plane = await listeningPlane();
    const { listener, server: hostile } = await listening(plane, 'a');
    const waiting = new Listener(plane);
    waiting.listen('b');
    for (const chunk of cutUp(stream, cuts)) hostile.connection.receive(chunk);
    await settle();
    plane.check();
    const told = listener.told();
    for (const each of told)
      must(/^(a: |missed a$)/.test(each), `told of what it does not listen to: ${each}`);
    hostile.connection.closed('ECONNRESET');
    await settle();
    plane.registry.notifications.removeAll(listener);
    plane.registry.notifications.removeAll(waiting);
    plane.registry.reconnect();
    await settle();
    plane.check();
    return `${Math.min(told.length, 3)} ${waiting.told().length}`;
  },
};

export const NOTIFICATION_TARGETS: readonly Target[] = [notification, shared];
