// THE table of rooms: who may import whom, and which files are edges; ARCHITECTURE.md draws the same picture.

import { dirname, posix } from 'node:path';

export interface Room {
  /** A room imports from every room of a lower row. */
  readonly row: number;
  /** Rooms of its own row (or of the lowest) that it may import besides. */
  readonly arrows?: readonly string[];
  /**
   * Its files that may touch sockets, files, timers, randomness, the process or FFI: `all`, or the names without `.ts`.
   * A test beside an edge is an edge.
   */
  readonly edges?: 'all' | readonly string[];
}

export const ROOMS: Readonly<Record<string, Room>> = {
  main: { row: 5, arrows: ['cli'], edges: 'all' },
  cli: {
    row: 5,
    arrows: ['daemon'],
    edges: ['background', 'control_client', 'process_host', 'service_room', 'source_io'],
  },
  daemon: {
    row: 5,
    edges: [
      ...[
        'control_socket',
        'denied',
        'directory_watcher',
        'file_state',
        'listeners',
        'log_format',
        'log_places',
      ],
      ...['logger', 'notify'],
      ...['machine', 'pem_files', 'pidfile', 'signals', 'sockets', 'source_io', 'system_clock'],
    ],
  },
  admin: { row: 4, arrows: ['observe'] },
  observe: { row: 4, edges: ['http'] },
  client: { row: 3, arrows: ['pool', 'server'] },
  pool: { row: 3, arrows: ['server'] },
  server: { row: 3 },
  render: { row: 2, edges: ['directory', 'write'] },
  topology: { row: 2, edges: ['sources'] },
  net: { row: 2, edges: 'all' },
  // A list of users holds verifiers, and only auth knows what one is.
  config: { row: 1, arrows: ['auth'] },
  query: { row: 1 },
  // What a text does to a session is said in the words of those who read it.
  state: { row: 1, arrows: ['query'] },
  auth: { row: 1 },
  wire: { row: 1 },
  native: { row: 0, arrows: ['base'], edges: 'all' },
  base: { row: 0 },
};

/** Outside the rooms: they may import any of them, and none of them may import these. */
const OUTSIDE: readonly string[] = ['tests', 'scripts'];

export interface Import {
  readonly specifier: string;
  readonly line: number;
  readonly typeOnly: boolean;
}

/** `agent/pool/decide.ts` is in `pool`; `agent/main.ts` is `main`; undefined is no room at all. */
export function roomOf(path: string): string | undefined {
  const [top, second] = path.split('/');
  if (top === 'scripts') return 'scripts';
  if (top !== 'agent' || second === undefined) return undefined;
  return second === 'main.ts' || second === 'main_test.ts' ? 'main' : second;
}

export function isEdge(path: string): boolean {
  const room = roomOf(path);
  if (room === undefined || OUTSIDE.includes(room)) return true;
  const edges = ROOMS[room]?.edges ?? [];
  if (edges === 'all') return true;
  const [, , third = ''] = path.split('/');
  return edges.includes(third.replace(/(_test)?\.ts$/, ''));
}

/** The rooms that `room` may import, its own first, in the order of the table. */
export function allowedRooms(room: string): string[] {
  const own = ROOMS[room];
  if (own === undefined) return [];
  const names = Object.keys(ROOMS).filter((name) => {
    const row = ROOMS[name]?.row ?? 0;
    return name !== room && (row < own.row || own.arrows?.includes(name) === true);
  });
  return [room, ...names];
}

/** What is wrong with an import, as a sentence that names the allowed rooms; undefined when nothing is. */
export function complaintAboutImport(path: string, { specifier }: Import): string | undefined {
  const room = roomOf(path);
  if (room === undefined || OUTSIDE.includes(room) || !specifier.startsWith('.')) return undefined;
  if (ROOMS[room] === undefined) {
    return `"${room}" is no room of ours: the rooms are ${Object.keys(ROOMS).join(', ')}`;
  }
  const target = posix.normalize(posix.join(dirname(path), specifier));
  const targetRoom = roomOf(target);
  // templates/ is text that render/ carries along, package.json says the version.
  if (targetRoom === undefined) return undefined;
  if (OUTSIDE.includes(targetRoom)) {
    if (/_(?:test|fixture)\.ts$/.test(path) && targetRoom === 'tests') return undefined;
    return `${room} may not import ${target}: what only tests and scripts need stays out of the agent`;
  }
  const allowed = allowedRooms(room);
  if (allowed.includes(targetRoom)) return undefined;
  return `${room} may not import ${targetRoom} (${target}): it may import ${allowed.join(', ')}`;
}
