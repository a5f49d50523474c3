// The UNIX socket itself: permissions, stale files, live ones, who is at the other end, and what Bun makes of it.

import { afterAll, expect, test } from 'bun:test';
import {
  existsSync,
  lstatSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { AgentError } from '../../base/errors.ts';
import { type Libc, openLibc } from '../../native/libc.ts';
import { peerCredentials } from '../../native/peer_credentials.ts';
import { unixAddress } from '../../native/socket_address.ts';
import { AF_UNIX, LOCK_EX, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_STREAM } from '../../native/socket_constants.ts';
import { listenUnix, type UnixListener, type UnixListenerOptions } from '../../native/unix_listener.ts';
import { createNursery, makeDirectory } from '../harness/nursery.ts';

const nursery = createNursery('listener');
afterAll(() => nursery.close());

const libc = openLibc();
const UNIX_MODE = 0o140000;

function freshPath(): string {
  return join(makeDirectory(join(nursery.directory, crypto.randomUUID().slice(0, 8))), '.s.PGSQL.5432');
}

function listen(path: string, more: Partial<UnixListenerOptions> = {}): UnixListener {
  return listenUnix(libc, { path, mode: 0o660, gid: undefined, backlog: 16, ...more });
}

/** What net does with a listener; Bun's types know neither `fd` there nor on a socket. */
function serve(
  listener: UnixListener,
  onOpen: (fd: number) => void = () => {},
): { stop(force: boolean): void } {
  const handlers = { open: (socket: unknown) => onOpen((socket as { fd: number }).fd), data() {} };
  return Bun.listen({ fd: listener.fd, socket: handlers } as unknown as Bun.UnixSocketOptions<undefined>);
}

function failureOf(path: string): AgentError {
  try {
    libc.close(listen(path).fd);
  } catch (error) {
    if (error instanceof AgentError) return error;
  }
  throw new Error('expected an AgentError');
}

test('listenUnix() makes a socket of the wanted mode and group, and leaves nothing else behind', () => {
  const path = freshPath();
  // Only root can give a file to a group that it is not in.
  const gid = process.getuid!() === 0 ? 65_534 : process.getgid!();
  const listener = listen(path, { mode: 0o620, gid });
  const file = lstatSync(path);
  expect(file.mode).toBe(UNIX_MODE | 0o620);
  expect(file.gid).toBe(gid);
  expect(readdirSync(join(path, '..'))).toEqual(['.s.PGSQL.5432']);
  libc.close(listener.fd);
});

/** Looks and connects as fast as it can until told to stop: which permissions did what have, and was anybody refused? */
const WATCHER = `
import json, os, socket, stat, sys
path, enough, done = sys.argv[1:]
access, others, refused, looks = set(), set(), set(), 0
print('looking', flush=True)
while not os.path.exists(done):
    looks += 1
    try:
        file = os.lstat(path)
        access.add(oct(stat.S_IMODE(file.st_mode)) + ' of ' + str(file.st_gid))
    except FileNotFoundError: pass
    for entry in os.scandir(os.path.dirname(path)):
        if entry.name == os.path.basename(path): continue
        try: others.add(oct(stat.S_IMODE(entry.stat(follow_symlinks=False).st_mode)))
        except FileNotFoundError: pass
    with socket.socket(socket.AF_UNIX) as client:
        try: client.connect(path)
        except OSError as error: refused.add(type(error).__name__)
    if looks == 100: open(enough, 'w').close()
print(json.dumps({'access': sorted(access), 'others': sorted(others), 'refused': sorted(refused)}))
`;

interface Seen {
  readonly access: readonly string[];
  readonly others: readonly string[];
  readonly refused: readonly string[];
}

/** What somebody sees who looks at the path all the while that the work is done again and again. */
async function watch(path: string, work: () => void): Promise<Seen> {
  const [enough, done] = [crypto.randomUUID(), crypto.randomUUID()].map((name) =>
    join(nursery.directory, name),
  );
  const watcher = nursery.spawn(['python3', '-c', WATCHER, path, enough!, done!], {
    output: 'pipe',
    env: { PATH: process.env.PATH ?? '/usr/bin:/bin' },
  });
  const output = (watcher.stdout as ReadableStream<Uint8Array>).getReader();
  await output.read();
  const umask = process.umask(0);
  while (!existsSync(enough!)) work();
  process.umask(umask);
  writeFileSync(done!, '');
  return JSON.parse(Buffer.from((await output.read()).value!).toString()) as Seen;
}

/** Where a client is told that it has connected to. */
function peerNameAt(path: string): string {
  const look =
    'import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); print(s.getpeername())';
  const { stdout } = Bun.spawnSync(['python3', '-c', look, path], {
    env: { PATH: process.env.PATH ?? '/usr/bin:/bin' },
  });
  return stdout.toString().trim();
}

test('listenUnix() replaces a stale socket, and never with wider permissions than asked for', async () => {
  const path = freshPath();
  libc.close(listen(path).fd);
  const { gid } = lstatSync(path);
  const saw = await watch(path, () => libc.close(listen(path).fd));
  expect(saw.access).toContain(`0o660 of ${gid}`);
  for (const access of saw.access) expect([`0o600 of ${gid}`, `0o660 of ${gid}`]).toContain(access);
  // The lock: no other name is made beside it.
  for (const mode of saw.others) expect(mode).toBe('0o600');
  const last = listen(path);
  expect(failureOf(path).code).toBe('socket_in_use');
  libc.close(last.fd);
});

test('permit() changes mode and group of a live socket, and nobody is refused or let in for a moment', async () => {
  const path = freshPath();
  const listener = listen(path, { mode: 0o620, backlog: 4096 });
  const server = serve(listener);
  listener.applyBacklog();
  const { ino, gid } = lstatSync(path);
  // Only root can give a file to a group that it is not in.
  const other = process.getuid!() === 0 ? 65_534 : gid;
  const saw = await watch(path, () => listener.permit({ mode: 0o602, gid: other })());
  expect(saw.refused).toEqual([]);
  // Between the two stands what both may: nobody but the owner.
  const may = [`0o620 of ${gid}`, `0o602 of ${other}`, `0o600 of ${gid}`, `0o600 of ${other}`];
  for (const access of saw.access) expect(may).toContain(access);
  const now = lstatSync(path);
  expect([now.mode, now.gid, now.ino]).toEqual([UNIX_MODE | 0o620, gid, ino]);
  const undo = listener.permit({ mode: 0o602, gid: other });
  expect([lstatSync(path).mode, lstatSync(path).gid]).toEqual([UNIX_MODE | 0o602, other]);
  // Without a group it has the one that it was made with.
  listener.permit({ mode: 0o602, gid: undefined });
  expect(lstatSync(path).gid).toBe(gid);
  // What was undone is what it had before; another's file is left alone.
  rmSync(path);
  writeFileSync(path, '', { mode: 0o644 });
  undo();
  expect(lstatSync(path).mode & 0o777).toBe(0o644);
  server.stop(true);
});

test('listenUnix() tells clients its own name: a fresh socket, one in a stale one’s place, and with other permissions', () => {
  const path = freshPath();
  const first = listen(path);
  expect(peerNameAt(path)).toBe(path);
  libc.close(first.fd);
  const second = listen(path);
  expect(peerNameAt(path)).toBe(path);
  second.permit({ mode: 0o600, gid: undefined });
  expect(peerNameAt(path)).toBe(path);
  libc.close(second.fd);
});

test('listenUnix() leaves alone what came in place of a stale socket while it looked, and what came before its own', () => {
  const path = freshPath();
  libc.close(listen(path).fd);
  const intrude = () => Bun.listen({ unix: path, socket: { data() {} } });
  let theirs: { stop(force: boolean): void } | undefined;
  const options = { path, mode: 0o660, gid: undefined, backlog: 16 };
  const connect = (fd: number) => {
    renameSync(path, `${path}.stale`);
    theirs = intrude();
    const stale = unixAddress(`${path}.stale`);
    return libc.connect(fd, stale, stale.length);
  };
  expect(() => listenUnix({ ...libc, connect } as unknown as Libc, options)).toThrow(
    'another process does already',
  );
  expect(peerNameAt(path)).toBe(path);
  theirs!.stop(true);
  rmSync(path, { force: true });
  const bind = (fd: number, address: Uint8Array, length: number) => {
    theirs = intrude();
    return libc.bind(fd, address, length);
  };
  expect(() => listenUnix({ ...libc, bind } as unknown as Libc, options)).toThrow(
    'another process does already',
  );
  expect(peerNameAt(path)).toBe(path);
  theirs!.stop(true);
});

test('listenUnix() never replaces a live socket, and names it', async () => {
  const path = freshPath();
  const listener = listen(path);
  const before = lstatSync(path).ino;
  const failure = failureOf(path);
  expect(failure.code).toBe('socket_in_use');
  expect(failure.message).toContain(`Cannot listen on ${path}: another process does already`);
  expect(lstatSync(path).ino).toBe(before);
  expect(readdirSync(join(path, '..'))).toEqual(['.s.PGSQL.5432']);
  libc.close(listener.fd);
});

test('listenUnix() takes a socket whose queue is full for live', () => {
  const path = freshPath();
  const listener = listen(path, { backlog: 0 });
  // Nobody accepts: the first question fills the queue, the next ones are told to try again.
  for (let attempt = 0; attempt < 4; attempt++) expect(failureOf(path).code).toBe('socket_in_use');
  libc.close(listener.fd);
});

test('listenUnix() leaves alone what is no socket of ours', () => {
  const path = freshPath();
  writeFileSync(path, 'somebody put this here');
  expect(failureOf(path).message).toContain('it is not a socket');
  expect(lstatSync(path).isFile()).toBe(true);
});

test('listenUnix() says which path it cannot use, and why', () => {
  const long = join(nursery.directory, 'x'.repeat(120), '.s.PGSQL.5432');
  expect(failureOf(long).message).toContain('longer than the 107 bytes');
  const nowhere = join(nursery.directory, 'nowhere', '.s.PGSQL.5432');
  expect(failureOf(nowhere).message).toContain(`Cannot listen on ${nowhere}: ENOENT`);
});

test('listenUnix() waits for nobody who is about to listen at the same path', () => {
  const path = freshPath();
  const name = `${path}.pgsidecar.lock`;
  const other = openSync(name, 'w', 0o600);
  expect(libc.flock(other, LOCK_EX)).toBe(0);
  expect(failureOf(path).message).toContain(`${name} is locked by an agent that starts at this moment`);
  libc.close(other);
  libc.close(listen(path).fd);
  expect(readdirSync(join(path, '..'))).toEqual(['.s.PGSQL.5432']);
});

test('listenUnix() is not kept away by somebody who locks the directory, which whoever may read it can', () => {
  const path = freshPath();
  const stranger = openSync(join(path, '..'), 'r');
  expect(libc.flock(stranger, LOCK_EX)).toBe(0);
  libc.close(listen(path).fd);
  libc.close(stranger);
});

test('listenUnix() locks a file that only its owner may open, and follows no link to another', () => {
  const path = freshPath();
  const name = `${path}.pgsidecar.lock`;
  const target = join(path, '..', 'target');
  symlinkSync(target, name);
  expect(failureOf(path).message).toContain('ELOOP');
  expect(existsSync(target)).toBe(false);
  rmSync(name);
  const umask = process.umask(0);
  const seen: number[] = [];
  const flock = (fd: number, how: number): number => {
    seen.push(lstatSync(name).mode & 0o777);
    return libc.flock(fd, how);
  };
  const { fd } = listenUnix({ ...libc, flock } as Libc, { path, mode: 0o660, gid: undefined, backlog: 16 });
  process.umask(umask);
  expect(seen).toEqual([0o600]);
  libc.close(fd);
});

test('fileState() tells a socket that was removed, and one that another has taken the place of', () => {
  const path = freshPath();
  const listener = listen(path);
  expect(listener.fileState()).toBe('ours');
  rmSync(path);
  expect(listener.fileState()).toBe('gone');
  const other = listen(path);
  expect([listener.fileState(), other.fileState()]).toEqual(['other', 'ours']);
  for (const each of [listener, other]) libc.close(each.fd);
});

test('Bun.listen({fd}) serves it; the kernel says who connects; Bun closes it and leaves the file', async () => {
  const path = freshPath();
  const listener = listen(path);
  const { promise, resolve } = Promise.withResolvers<unknown>();
  const server = serve(listener, (fd) => resolve(peerCredentials(libc, fd)));
  listener.applyBacklog();
  const client = await Bun.connect({ unix: path, socket: { data() {} } });
  expect(await promise).toEqual({ pid: process.pid, uid: process.getuid!(), gid: process.getgid!() });
  expect(failureOf(path).code).toBe('socket_in_use');
  client.end();
  server.stop(true);
  expect(libc.close(listener.fd)).toBe(-1);
  expect(existsSync(path)).toBe(true);
  listener.unlink();
  expect(existsSync(path)).toBe(false);
});

test('applyBacklog() undoes the backlog that Bun.listen() sets', () => {
  const path = freshPath();
  const listener = listen(path, { backlog: 3 });
  const server = serve(listener);
  listener.applyBacklog();
  // Nothing is accepted before this test gives way, so the queue takes one more than the backlog, as Linux counts.
  const address = unixAddress(path);
  const clients: number[] = [];
  for (;;) {
    const fd = libc.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    clients.push(fd);
    if (libc.connect(fd, address, address.length) !== 0) break;
  }
  expect(clients.length - 1).toBe(4);
  for (const fd of clients) libc.close(fd);
  server.stop(true);
});

test('unlink() leaves the socket of whoever has taken the place over, whatever its inode', () => {
  const path = freshPath();
  const ours = listen(path);
  libc.close(ours.fd);
  // Each replaces the one before; without care the file system would soon give one of them our number.
  for (let time = 0; time < 20; time++) {
    const theirs = listen(path);
    libc.close(theirs.fd);
    if (time < 19) theirs.unlink();
  }
  ours.unlink();
  expect(existsSync(path)).toBe(true);
  ours.unlink();
  expect(existsSync(path)).toBe(true);
});
