// Fuzz targets of the console: the words that somebody types, and what a client may send to it.

import { Console } from '../../../admin/console.ts';
import { readCommands } from '../../../admin/words.ts';
import type { Controls } from '../../../base/controls.ts';
import * as client from '../../harness/client_words.ts';
import { split } from '../../harness/client_words.ts';
import { databaseOf, dataPlane, settingsOf, userOf } from '../../harness/data_plane.ts';
import { settle } from '../../harness/fake_clock.ts';
import { FakeConnection } from '../../harness/fake_connection.ts';
import { must, mustBeSame, type Target, textOf } from '../target.ts';

const WORDS = [
  ...[
    'SHOW ',
    'SET ',
    ' = ',
    ' TO ',
    'DEFAULT',
    'PAUSE ',
    'KILL_CLIENT ',
    ';',
    '"',
    "'",
    '--',
    '/*',
    '*/',
    '\n',
    '""',
  ],
  ...['POOLS', 'CLIENTS', 'CONFIG', 'pool_mode', "'a''b'", '\0'],
];

const words: Target = {
  name: 'console_words',
  errors: [],
  share: 8,
  words: WORDS,
  seeds: ['SHOW POOLS; SHOW STATE', "SET pool_mode = 'session'", '/* a /* b */ */ PAUSE "x y" -- c'],
  run(input) {
    const text = textOf(input);
    const commands = readCommands(text);
    for (const command of commands) {
      must(text.includes(command.text), 'a command stands in the text');
      must(command.text.length > 0, 'a command has words');
    }
    // What was read of a command is read of it alone.
    for (const command of commands) mustBeSame(readCommands(command.text), [command], command.text);
    return commands.map(({ kind }) => kind).join(' ');
  },
};

const stream: Target = {
  name: 'console_stream',
  errors: [],
  share: 2,
  bytesMax: 1_024,
  words: WORDS,
  seeds: [
    client.join(client.query('SHOW POOLS'), client.query('RELOAD')),
    client.join(
      client.parse('a', 'SHOW LISTS'),
      client.describe('S', 'a'),
      client.bind('a', 'p'),
      client.describe('P', 'p'),
      client.execute('p', 3),
      client.execute('p'),
      client.close('S', 'a'),
      client.sync,
    ),
  ],
  /** Whatever comes, what is answered are whole messages, and nothing of ours is thrown. */
  async run(input) {
    const plane = await dataPlane(settingsOf([databaseOf()], [userOf()], { admin_users: ['idp_app'] }));
    const { context } = plane;
    const connection = new FakeConnection();
    new Console(
      { connection, user: 'idp_app', isOwner: false, pid: 1, key: new Uint8Array(4), applicationName: '' },
      {
        ...{ context, controls: QUIET, localEnd: () => ['', 0] },
        snapshot: () => ({ state: 'running', memoryBytes: 1 }) as never,
      },
    );
    connection.takeSent();
    connection.receive(input);
    await settle();
    must(context.internalErrors.total === 0, 'no internal error');
    const types = split(connection.takeSent()).map(({ type }) => type);
    must(connection.isEnded === (context.clients.consoles.size === 0), 'who has left is not there any more');
    return types.join('').slice(0, 20);
  },
};

const nothing = (): void => {};
const never = (): Promise<void> => Promise.resolve();
const fine = () => Promise.resolve({ ok: true, changes: [], problems: [] });
const QUIET: Controls = {
  ...{ reload: fine, set: fine, pause: never, suspend: never, waitClose: never, drain: never },
  ...{ resume: nothing, disable: nothing, enable: nothing, reconnect: nothing },
  ...{ kill: nothing, killClient: nothing, shutdown: nothing, stop: nothing },
};

export const CONSOLE_TARGETS: readonly Target[] = [words, stream];
