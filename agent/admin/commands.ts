// THE table of the console's commands besides SHOW and SET: what they are called, and what is done. All of them are for admins.

import type { Controls } from '../base/controls.ts';
import { AgentError } from '../base/errors.ts';
import type { ConsoleTools } from './show/row.ts';

export interface Command {
  /** In lower case; its completion tag is the same in capitals. */
  readonly name: string;
  /** As HELP prints what may follow it. */
  readonly usage: string;
  /** For the reference. */
  readonly doc: string;
  /** How it is done, by what follows it: '' where nothing does. Resolves when it is done. @throws AgentError */
  run(argument: string, tools: ConsoleTools, text: string): Promise<void> | void;
  /** Its client pressed ^C while it waited. */
  undo?(argument: string, tools: ConsoleTools): void;
}

export const COMMANDS: readonly Command[] = [
  {
    name: 'reload',
    usage: '',
    doc: 'Reads the configuration again, and applies all of it or nothing. What is wrong is said in the error.',
    async run(argument, { controls, context }, text) {
      refuseArgument(argument, text);
      context.log.info({}, 'RELOAD command issued');
      const { ok, problems } = await controls.reload('RELOAD at the console');
      if (!ok) throw new AgentError('console_reload', { reason: problems.join('; ') });
    },
  },
  {
    name: 'pause',
    usage: '[<db>]',
    doc: 'No more servers are lent; what runs goes on, and servers are closed as they come free. Answers when none is left, or when another console has said RESUME (PgBouncer leaves it waiting for ever). ^C while it waits takes it back; who goes away leaves it in force.',
    run: (database, { controls }) => controls.pause(database || undefined),
    undo: (database, { controls }) => controls.resume(database || undefined),
  },
  {
    name: 'resume',
    usage: '[<db>]',
    doc: 'Ends PAUSE, KILL or SUSPEND. A database that was paused by its name is resumed by it.',
    run: (database, { controls }) => controls.resume(database || undefined),
  },
  {
    name: 'disable',
    usage: '<db>',
    doc: 'New clients of the database are refused; those that are there go on.',
    run: (database, { controls }) => controls.disable(needed(database)),
  },
  {
    name: 'enable',
    usage: '<db>',
    doc: 'Ends DISABLE.',
    run: (database, { controls }) => controls.enable(needed(database)),
  },
  {
    name: 'reconnect',
    usage: '[<db>]',
    doc: 'Server connections are replaced as they come free. WAIT_CLOSE says when that is done.',
    run: (database, { controls }) => controls.reconnect(database || undefined),
  },
  {
    name: 'kill',
    usage: '[<db>]',
    doc: 'Drops the clients and the servers of the database, or of all, at once, and pauses it until RESUME of its name.',
    run: (database, { controls }) => controls.kill(database || undefined),
  },
  {
    name: 'kill_client',
    usage: '<client_id>',
    doc: 'Drops one client, by its `id` in SHOW CLIENTS, with what its server is doing for it.',
    run: killClient,
  },
  {
    name: 'suspend',
    usage: '',
    doc: 'Nothing is read from anybody any more. Answers when what was written has left, after `suspend_timeout` at the latest. Ends with RESUME, and when the last admin has left the console: nobody could end it then.',
    run(argument, { controls }, text) {
      refuseArgument(argument, text);
      return controls.suspend();
    },
  },
  {
    name: 'shutdown',
    usage: '[WAIT_FOR_SERVERS|WAIT_FOR_CLIENTS]',
    doc: 'Ends the agent: at once, when what runs on servers is done, or when all clients have left.',
    run: shutdown,
  },
  {
    name: 'wait_close',
    usage: '[<db>]',
    doc: 'Answers when every server connection is closed that is to be replaced, by RECONNECT or by changed settings; a client that keeps its server (`pins`) is waited for.',
    run: (database, { controls }) => controls.waitClose(database || undefined),
  },
];

export function commandNamed(name: string): Command | undefined {
  return COMMANDS.find((each) => each.name === name);
}

function refuseArgument(argument: string, text: string): void {
  if (argument !== '') throw new AgentError('console_command', { text });
}

function needed(database: string): string {
  if (database === '') throw new AgentError('console_database_needed');
  return database;
}

function killClient(id: string, { controls, context }: ConsoleTools): void {
  if (!/^[0-9]{1,10}$/.test(id)) throw new AgentError('console_client_id', { id });
  for (const seat of context.clients.consoles)
    if (seat.pid === Number(id)) return seat.fail(new AgentError('client_killed'));
  controls.killClient(Number(id));
}

function shutdown(argument: string, { controls, context }: ConsoleTools, text: string): void {
  const mode = SHUTDOWN_MODES.get(argument.toLowerCase());
  if (mode === undefined) throw new AgentError('console_command', { text });
  context.log.info({}, `${['SHUTDOWN', argument.toUpperCase()].join(' ').trim()} command issued`);
  controls.shutdown(mode);
}

const SHUTDOWN_MODES: ReadonlyMap<string, Parameters<Controls['shutdown']>[0]> = new Map([
  ['', 'now'],
  ['wait_for_servers', 'servers'],
  ['wait_for_clients', 'clients'],
] as const);
