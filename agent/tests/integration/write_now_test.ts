// Writing to what nobody reads, as standard error may be: a pipe, a socket like the journal's, a full device, a file.

import { afterAll, expect, test } from 'bun:test';
import { closeSync, constants, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { openLibc } from '../../native/libc.ts';
import { unixAddress } from '../../native/socket_address.ts';
import { AF_UNIX, SOCK_CLOEXEC, SOCK_STREAM } from '../../native/socket_constants.ts';
import { writeNow } from '../../native/write_now.ts';
import { createNursery } from '../harness/nursery.ts';

const nursery = createNursery('write');
afterAll(() => nursery.close());

const libc = openLibc();
const LINE = Buffer.from(`${'x'.repeat(10_000)}\n`);

function fifo(): { readonly reader: number; readonly writer: number } {
  const path = join(nursery.directory, crypto.randomUUID());
  expect(Bun.spawnSync(['mkfifo', path]).exitCode).toBe(0);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  // Blocking, as the one that a supervisor hands to its children.
  return { reader, writer: openSync(path, constants.O_WRONLY) };
}

/** Writes until nothing more is taken; how many bytes were. */
function fill(write: (bytes: Uint8Array) => number): number {
  for (let bytes = 0; ; ) {
    const taken = write(LINE);
    bytes += taken;
    if (taken === 0) return bytes;
  }
}

test('writeNow() takes from a full pipe that nobody reads what it takes, and does not wait; then what there is room for', () => {
  const { reader, writer } = fifo();
  const write = writeNow(libc, writer);
  const bytes = fill(write);
  expect(bytes).toBeGreaterThan(LINE.length);
  const read = Buffer.alloc(bytes);
  let at = 0;
  while (at < bytes) at += readSync(reader, read, at, bytes - at, null);
  // Whole lines but for the last, each byte of them in its place.
  expect(read.toString()).toBe(
    LINE.toString()
      .repeat(Math.ceil(bytes / LINE.length))
      .slice(0, bytes),
  );
  expect(write(LINE)).toBe(LINE.length);
  for (const fd of [reader, writer]) closeSync(fd);
});

test('writeNow() leaves the descriptor blocking, for whoever else has it', () => {
  const { reader, writer } = fifo();
  fill(writeNow(libc, writer));
  const flags = readFileSync(`/proc/self/fdinfo/${writer}`, 'utf8').match(/^flags:\s+(\d+)$/m)?.[1];
  expect(Number.parseInt(flags!, 8) & constants.O_NONBLOCK).toBe(0);
  for (const fd of [reader, writer]) closeSync(fd);
});

test('writeNow() says EPIPE where the reader of a pipe has gone', () => {
  const { reader, writer } = fifo();
  const write = writeNow(libc, writer);
  closeSync(reader);
  expect(() => write(LINE)).toThrow(expect.objectContaining({ code: 'EPIPE' }));
  closeSync(writer);
});

test('writeNow() fills a stream socket that nobody reads, and does not wait; and says when the other end has gone', () => {
  const path = join(nursery.directory, 'socket');
  const listener = libc.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const address = unixAddress(path);
  expect(libc.bind(listener, address, address.length)).toBe(0);
  expect(libc.listen(listener, 1)).toBe(0);
  const fd = libc.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  expect(libc.connect(fd, address, address.length)).toBe(0);
  const write = writeNow(libc, fd);
  expect(fill(write)).toBeGreaterThan(LINE.length);
  libc.close(listener);
  expect(() => write(LINE)).toThrow(
    expect.objectContaining({ code: expect.stringMatching(/^(EPIPE|ECONNRESET)$/) }),
  );
  libc.close(fd);
});

test('writeNow() says ENOSPC where a device is full, and writes the whole of a line into a file', () => {
  const full = openSync('/dev/full', 'w');
  expect(() => writeNow(libc, full)(LINE)).toThrow(expect.objectContaining({ code: 'ENOSPC' }));
  closeSync(full);
  const path = join(nursery.directory, 'file');
  const file = openSync(path, 'w');
  expect(writeNow(libc, file)(LINE)).toBe(LINE.length);
  expect(readFileSync(path, 'utf8')).toBe(LINE.toString());
  closeSync(file);
});
