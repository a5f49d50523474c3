// The agent's listening sockets: opened from the settings or taken over from systemd, changed by a reload without a gap.

import { mkdirSync } from 'node:fs';
import { AgentError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Settings } from '../config/settings.ts';
import type { Libc } from '../native/libc.ts';
import { type Access, listenUnix } from '../native/unix_listener.ts';
import { groupIdOf } from '../native/users.ts';
import type { Connection } from '../net/connection.ts';
import { type Listener, listenFd, listenTcp } from '../net/listen.ts';
import type { InheritedSocket } from './sockets.ts';

/** As systemd's own default; the kernel's somaxconn is above it. Who connects while the agent is busy or restarted waits in it. */
const BACKLOG = 4096;
const DIRECTORY_MODE = 0o755;

export interface OpenListener {
  readonly kind: 'unix' | 'tcp';
  readonly address: string;
  /** What it was made from: the same key needs no new listener. */
  key: string;
  /** Of a UNIX socket of our own making: whether its file is still there. */
  readonly fileState?: () => 'ours' | 'gone' | 'other';
  /** Changes who may connect to a UNIX socket of our own making; gives what undoes it. */
  readonly permit?: (access: Access) => () => void;
  close(): void;
}

type OnConnection = (connection: Connection, transport: 'unix' | 'tcp') => void;

interface Wanted {
  readonly key: string;
  readonly open: () => OpenListener;
  /** What is to be listened at already, and only lets others in; and how to take that back. */
  readonly change?: () => { listener: OpenListener; undo: () => void } | undefined;
}

export class Listeners {
  readonly #libc: Libc;
  readonly #log: Log;
  readonly #onConnection: OnConnection;
  readonly #inherited: readonly InheritedSocket[];
  #open: OpenListener[] = [];
  /** Said once, not at every look. */
  #complained = '';

  constructor(libc: Libc, log: Log, inherited: readonly InheritedSocket[], onConnection: OnConnection) {
    this.#libc = libc;
    this.#log = log;
    this.#inherited = inherited;
    this.#onConnection = onConnection;
  }

  get open(): readonly OpenListener[] {
    return this.#open;
  }

  /**
   * Makes the listeners what the settings say: new ones are opened first, and only when all of them are there are the
   * old ones closed. Gives a function that does the closing, or one that takes everything back.
   *
   * @throws AgentError socket_in_use, socket_unusable; then nothing has changed.
   */
  prepare(settings: Settings): { commit: () => void; rollback: () => void } {
    const wanted = this.#wanted(settings);
    const opened: OpenListener[] = [];
    const next: OpenListener[] = [];
    const undos: (() => void)[] = [];
    const rollback = () => {
      for (const listener of opened) listener.close();
      for (const undo of undos) undo();
    };
    try {
      for (const { key, open, change } of wanted) {
        const there = this.#open.find((listener) => listener.key === key);
        const changed = there === undefined ? change?.() : undefined;
        if (changed !== undefined) undos.push(changed.undo);
        const listener = there ?? changed?.listener ?? open();
        if (!this.#open.includes(listener)) opened.push(listener);
        next.push(listener);
      }
    } catch (error) {
      rollback();
      throw error;
    }
    return {
      commit: () => {
        const gone = this.#open.filter((listener) => !next.includes(listener));
        this.#open = next;
        for (const listener of gone) listener.close();
        for (const listener of opened) this.#log.info({ address: listener.address }, 'listening');
        for (const listener of gone) this.#log.info({ address: listener.address }, 'listening no more');
      },
      rollback,
    };
  }

  /** A socket file that somebody has removed, by mistake or by a cleaner of directories, is made again. */
  mend(settings: Settings): void {
    for (const lost of this.#open) {
      const state = lost.fileState?.() ?? 'ours';
      if (state === 'ours') continue;
      if (state === 'other') this.#complainOnce(lost.address, 'somebody has put something else in its place');
      else this.#makeAgain(lost, settings);
    }
  }

  #makeAgain(lost: OpenListener, settings: Settings): void {
    const wanted = this.#wanted(settings).find(({ key }) => key === lost.key);
    if (wanted === undefined) return;
    try {
      const { open } = wanted;
      const again = open();
      this.#open = this.#open.map((each) => (each === lost ? again : each));
      lost.close();
      this.#complained = '';
      this.#log.warn(
        { address: again.address },
        'the socket file was removed by somebody: it is there again',
      );
    } catch (error) {
      if (!(error instanceof AgentError)) throw error;
      this.#complainOnce(lost.address, error.message);
    }
  }

  #complainOnce(address: string, reason: string): void {
    if (this.#complained === `${address} ${reason}`) return;
    this.#complained = `${address} ${reason}`;
    this.#log.error({ address, reason }, 'new clients do not reach the agent: its socket file is gone');
  }

  close(): void {
    for (const listener of this.#open) listener.close();
    this.#open = [];
  }

  #wanted(settings: Settings): readonly Wanted[] {
    if (this.#inherited.length > 0) return this.#inherited.map((socket) => this.#takeOver(socket));
    const wanted: Wanted[] = [];
    if (settings.unix_socket_dir !== '') wanted.push(this.#unix(settings));
    for (const address of settings.listen_addr) {
      wanted.push({
        key: `tcp ${address}:${settings.listen_port}`,
        open: () => this.#tcp(address, settings),
      });
    }
    return wanted;
  }

  #takeOver(socket: InheritedSocket): Wanted {
    const { address } = socket;
    const name = address.kind === 'unix' ? address.path : `${address.host}:${address.port}`;
    return {
      key: `fd ${socket.fd}`,
      open: () => {
        const listener = listenFd(socket.fd, name, address.kind, this.#on(address.kind));
        // Bun has called listen() with a backlog of its own, 511. On a socket that listens already it cannot fail.
        this.#libc.listen(socket.fd, BACKLOG);
        return this.#wrap(listener, address.kind, `fd ${socket.fd}`, () => {});
      },
    };
  }

  #unix(settings: Settings): Wanted {
    const {
      unix_socket_dir: directory,
      unix_socket_mode: mode,
      unix_socket_group: group,
      listen_port: port,
    } = settings;
    const path = `${directory}/.s.PGSQL.${port}`;
    const key = `unix ${path} ${mode} ${group}`;
    return {
      key,
      open: () => {
        this.#makeDirectory(directory);
        const options = { path, mode, gid: this.#gid(group, path), backlog: BACKLOG };
        const socket = listenUnix(this.#libc, options);
        const listener = listenFd(socket.fd, path, 'unix', this.#on('unix'));
        socket.applyBacklog();
        const wrapped = this.#wrap(listener, 'unix', key, () => socket.unlink());
        const { fileState, permit } = socket;
        return { ...wrapped, fileState, permit };
      },
      // Whoever connects meanwhile finds it: a socket of another mode or group is the same one.
      change: () => {
        const listener = this.#open.find(({ kind, address }) => kind === 'unix' && address === path);
        if (listener?.permit === undefined || listener.fileState?.() !== 'ours') return undefined;
        const before = listener.key;
        const undo = listener.permit({ mode, gid: this.#gid(group, path) });
        listener.key = key;
        return {
          listener,
          undo: () => {
            undo();
            listener.key = before;
          },
        };
      },
    };
  }

  #tcp(host: string, { listen_port: port, so_reuseport }: Settings): OpenListener {
    try {
      const listener = listenTcp(host, port, this.#on('tcp'), so_reuseport);
      return this.#wrap(listener, 'tcp', `tcp ${host}:${port}`, () => {});
    } catch (error) {
      throw cannotListen(host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`, error);
    }
  }

  #wrap(listener: Listener, kind: 'unix' | 'tcp', key: string, after: () => void): OpenListener {
    return {
      kind,
      key,
      address: listener.address,
      close: () => {
        listener.stop();
        after();
      },
    };
  }

  #on(transport: 'unix' | 'tcp'): (connection: Connection) => void {
    return (connection) => this.#onConnection(connection, transport);
  }

  #makeDirectory(directory: string): void {
    try {
      mkdirSync(directory, { recursive: true, mode: DIRECTORY_MODE });
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const isFile = code === 'EEXIST' || code === 'ENOTDIR';
      const reason = isFile
        ? 'a file is there, or above it, and no directory; change unix_socket_dir'
        : message;
      throw new AgentError('socket_unusable', { path: directory, reason });
    }
  }

  #gid(group: string, path: string): number | undefined {
    if (group === '') return undefined;
    const gid = groupIdOf(this.#libc, group);
    if (gid !== undefined) return gid;
    throw new AgentError('socket_unusable', {
      path,
      reason: `there is no group "${group}" (unix_socket_group)`,
    });
  }
}

/** Bun's sentence is the same whatever went wrong; its code is what tells. */
function cannotListen(path: string, error: unknown): AgentError {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE') return new AgentError('socket_in_use', { path });
  const reasons: Readonly<Record<string, string>> = {
    EADDRNOTAVAIL: 'this machine has no such address; change listen_addr',
    EACCES: "the agent's user may not take a port as low as this one; change listen_port",
  };
  return new AgentError('socket_unusable', { path, reason: reasons[code ?? ''] ?? message });
}
