// What asks the running agent, by its control socket.

import type { Command } from '../command.ts';
import { DENIED, DONE, UNREACHABLE, WRONG_LINE } from './exits.ts';

export const STATUS: Command = {
  name: 'status',
  summary: 'Show what the running agent is doing',
  about: ['Pools, clients, servers, the last reload and the warnings of the running agent.'],
  arguments: [],
  flags: [
    { name: 'json', summary: 'Print the snapshot as the agent gave it' },
    { name: 'watch', summary: 'Print it every second until Ctrl-C' },
  ],
  configured: 'control socket',
  exits: [DONE, WRONG_LINE, UNREACHABLE, DENIED],
  examples: [
    { line: 'pgsidecar status --watch', does: 'Stay and look' },
    { line: 'pgsidecar status --json | jq .pools', does: 'For a program' },
  ],
  load: async () => (await import('../status.ts')).status,
};

export const RELOAD: Command = {
  name: 'reload',
  summary: 'Make the running agent read its configuration again',
  about: [
    'Applies whole or not at all, and says what changed or why it was refused. The agent does the same by itself when one of its files changes, and on SIGHUP.',
  ],
  arguments: [],
  flags: [{ name: 'json', summary: 'Print the answer as the agent gave it' }],
  configured: 'control socket',
  exits: [
    { code: 0, means: 'applied, or nothing had changed' },
    WRONG_LINE,
    UNREACHABLE,
    DENIED,
    { code: 78, means: 'refused: the agent goes on with what it had' },
  ],
  examples: [{ line: 'pgsidecar reload', does: 'After an edit' }],
  load: async () => (await import('../reload.ts')).reload,
};

export const WAIT: Command = {
  name: 'wait',
  summary: 'Wait until the running agent can serve',
  about: [
    'Asks the agent until it answers that a new client would get a server, of one database at least; an agent that is not there yet is waited for. To know that, the agent logs in once to each writer that no client has asked for yet.',
  ],
  arguments: [],
  flags: [
    {
      name: 'timeout',
      value: 'TIME',
      summary: 'How long at most, such as 30s or 2min; 30s when not given',
    },
  ],
  configured: 'control socket',
  exits: [
    { code: 0, means: 'it is ready' },
    WRONG_LINE,
    { code: 69, means: 'an agent with another configuration file answers' },
    { code: 75, means: 'the time was up' },
    DENIED,
  ],
  examples: [
    { line: 'pgsidecar wait --timeout 1min && bin/rails server', does: 'Before the application starts' },
  ],
  load: async () => (await import('../wait.ts')).wait,
};

export const DRAIN: Command = {
  name: 'drain',
  summary: 'Stop the running agent once its clients are done',
  about: [
    'New clients are refused, those that are connected finish what they do, then the agent ends. What has not finished when the time is up is closed.',
    'Where systemd has the socket, as in the packages, the next client makes it start the agent again: `systemctl stop pgsidecar.socket pgsidecar.service` ends both.',
  ],
  arguments: [],
  flags: [
    {
      name: 'timeout',
      value: 'TIME',
      summary: 'How long clients have; the setting drain_timeout when not given',
    },
  ],
  configured: 'control socket',
  exits: [
    { code: 0, means: 'every client finished, and the agent has ended' },
    WRONG_LINE,
    UNREACHABLE,
    { code: 75, means: 'the time was up, and clients were closed' },
    DENIED,
  ],
  examples: [{ line: 'pgsidecar drain --timeout 20s', does: 'Before the machine goes' }],
  load: async () => (await import('../drain.ts')).drain,
};
