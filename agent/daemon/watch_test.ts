// The watcher on a clock and a disk of its own: what it tells, when, and how much it looks.

import { expect, test } from 'bun:test';
import { silentLog } from '../base/log.ts';
import { FILES_MAX, type WatchOptions, type WatchWorld, watchFiles } from './watch.ts';
import { createFakeDisk, createLogBook, createManualClock, NO_VERDICT } from './watch_fixture.ts';
import { DIRECTORIES_MAX } from './watched_directories.ts';

const POLL_MS = 5_000;
const SETTLE_MS = 200;
/** What a look waits beyond the settle time, so that it does not come a moment early. */
const SLACK_MS = 2;

async function makeWorld(texts: Readonly<Record<string, string>>, more: Partial<WatchOptions> = {}) {
  const clock = createManualClock();
  const disk = createFakeDisk();
  const log = createLogBook();
  for (const [path, text] of Object.entries(texts)) disk.put(path, text);
  const calls: { readonly atMs: number; readonly files: readonly string[] }[] = [];
  const options = {
    files: Object.keys(texts),
    pollIntervalMs: POLL_MS,
    settleMs: SETTLE_MS,
    log,
    clock,
    ...more,
  };
  const watch = watchFiles(options, (files) => calls.push({ atMs: clock.now(), files }), disk);
  await clock.pass(1_000);
  return { clock, disk, log, calls, watch };
}

test('watchFiles() tells a change one settle time after the last write', async () => {
  const { clock, disk, calls } = await makeWorld({ '/a/f': 'old' });
  disk.write('/a/f', 'new');
  await clock.pass(10 * POLL_MS);
  expect(calls).toEqual([{ atMs: 1_000 + SETTLE_MS + SLACK_MS, files: ['/a/f'] }]);
});

test('watchFiles() tells a burst of writes once, its last state, at most two settle times after it', async () => {
  const { clock, disk, calls } = await makeWorld({ '/a/f': 'old' });
  for (let write = 0; write < 500; write++) {
    disk.write('/a/f', `half ${write}`);
    await clock.pass(1);
  }
  const lastWriteMs = clock.now();
  await clock.pass(POLL_MS);
  expect(calls.map(({ files }) => files)).toEqual([['/a/f']]);
  expect(calls[0]!.atMs).toBeGreaterThanOrEqual(lastWriteMs - 1 + SETTLE_MS);
  expect(calls[0]!.atMs).toBeLessThanOrEqual(lastWriteMs + 2 * (SETTLE_MS + SLACK_MS));
});

test('watchFiles() looks no more than once each settle time, however many events there are', async () => {
  const { clock, disk, calls } = await makeWorld({ '/a/f': 'old' });
  const before = disk.reads;
  for (let touch = 0; touch < 1_000; touch++) {
    disk.write('/a/f', 'old');
    await clock.pass(1);
  }
  expect(disk.reads - before).toBeLessThanOrEqual(1_000 / SETTLE_MS + 1);
  expect(calls).toEqual([]);
});

test('watchFiles() tells a change although the file is touched all the time', async () => {
  const { clock, disk, calls } = await makeWorld({ '/a/f': 'old' });
  for (let touch = 0; touch < 100; touch++) {
    disk.write('/a/f', 'new');
    await clock.pass(10);
  }
  expect(calls).toEqual([{ atMs: 1_000 + SETTLE_MS + SLACK_MS, files: ['/a/f'] }]);
});

test('watchFiles() finds a change of which nothing was heard at the next slow look', async () => {
  const { clock, disk, calls } = await makeWorld({ '/a/f': 'old' });
  disk.put('/a/f', 'new');
  await clock.pass(POLL_MS + SETTLE_MS + SLACK_MS);
  expect(calls.map(({ files }) => files)).toEqual([['/a/f']]);
});

test('watchFiles() tells a file that appears, and one that vanishes', async () => {
  const { clock, disk, calls, watch } = await makeWorld({ '/a/f': 'old' });
  watch.replaceFiles(['/a/f', '/b/g']);
  await clock.pass(100);
  expect([...disk.watches.keys()].sort()).toEqual(['/', '/a']);
  disk.put('/b/g', 'new');
  disk.watches.get('/')!.entry('b');
  await clock.pass(POLL_MS);
  expect(disk.watches.has('/b')).toBe(true);
  disk.put('/a/other', '');
  disk.entries.delete('/a/f');
  disk.watches.get('/a')!.entry('f');
  await clock.pass(POLL_MS);
  expect(calls.map(({ files }) => files)).toEqual([['/b/g'], ['/a/f']]);
});

test('watchFiles() follows a link to where it leads now, and away from where it led', async () => {
  const { clock, disk, calls, watch } = await makeWorld({
    '/app/releases/1/f': 'one',
    '/app/releases/2/f': 'two',
  });
  disk.entries.set('/app/current', { link: 'releases/1' });
  // The fake reads no links; the text stands for what would be read through it.
  disk.put('/app/current/f', 'one');
  watch.replaceFiles(['/app/current/f']);
  await clock.pass(100);
  expect([...disk.watches.keys()].sort()).toEqual(['/app', '/app/releases/1']);
  disk.entries.set('/app/current', { link: 'releases/2' });
  disk.put('/app/current/f', 'two');
  disk.watches.get('/app')!.entry('current');
  await clock.pass(POLL_MS);
  expect([...disk.watches.keys()].sort()).toEqual(['/app', '/app/releases/2']);
  expect(calls.map(({ files }) => files)).toEqual([['/app/current/f']]);
});

test('watchFiles() walks again when links change before their directories are watched', async () => {
  const disk = createFakeDisk();
  disk.put('/app/releases/1/f', 'one');
  disk.put('/app/releases/2/f', 'two');
  disk.entries.set('/app/current', { link: 'releases/1' });
  const { openDirectory } = disk;
  const world: WatchWorld = {
    ...disk,
    openDirectory(directory, ...given) {
      if (directory === '/app') disk.entries.set('/app/current', { link: 'releases/2' });
      return openDirectory(directory, ...given);
    },
  };
  const clock = createManualClock();
  const options = {
    files: ['/app/current/f'],
    pollIntervalMs: POLL_MS,
    settleMs: SETTLE_MS,
    log: silentLog,
    clock,
  };
  watchFiles(options, () => {}, world);
  await clock.pass(1);
  expect([...disk.watches.keys()].sort()).toEqual(['/app', '/app/releases/2']);
});

test('watchFiles() believes content after an event, and metadata at a slow look', async () => {
  const { clock, disk, calls } = await makeWorld({ '/a/f': 'old' });
  disk.stampsAreFrozen = true;
  disk.put('/a/f', 'new');
  await clock.pass(2 * POLL_MS);
  expect(calls).toEqual([]);
  disk.write('/a/f', 'new');
  await clock.pass(1_000);
  expect(calls.map(({ files }) => files)).toEqual([['/a/f']]);
});

test('watchFiles() opens the watch anew of a directory that is another one at the next look', async () => {
  const { clock, disk } = await makeWorld({ '/a/f': 'old' });
  const first = disk.watches.get('/a');
  await clock.pass(2 * POLL_MS);
  expect(disk.watches.get('/a')).toBe(first!);
  disk.births.set('/a', 1);
  await clock.pass(POLL_MS);
  expect(disk.watches.get('/a')).toBeDefined();
  expect(disk.watches.get('/a')).not.toBe(first);
});

test('watchFiles() opens the watch of a directory anew after its removal was heard', async () => {
  const { clock, disk, calls } = await makeWorld({ '/a/f': 'old' });
  const first = disk.watches.get('/a')!;
  first.lost();
  disk.put('/a/f', 'new');
  await clock.pass(POLL_MS - 1_100);
  expect(disk.watches.get('/a')).not.toBe(first);
  expect(calls.map(({ files }) => files)).toEqual([['/a/f']]);
});

test('watchFiles() tells what differs from what the caller has read', async () => {
  const asRead = new Map([
    ['/a/f', 'text old'],
    ['/a/g', 'text same'],
    ['/a/h', 'missing'],
  ]);
  const { calls } = await makeWorld({ '/a/f': 'new', '/a/g': 'same', '/a/h': 'here' }, { asRead });
  expect(calls.map(({ files }) => files)).toEqual([['/a/f', '/a/h']]);
});

test('replaceFiles() keeps a pending change of a file that stays, and drops that of one that goes', async () => {
  const { clock, disk, calls, watch } = await makeWorld({ '/a/f': 'old', '/b/g': 'old', '/c/h': 'old' });
  disk.write('/a/f', 'new');
  disk.write('/b/g', 'new');
  await clock.pass(SETTLE_MS / 2);
  watch.replaceFiles(['/a/f', '/c/h']);
  await clock.pass(POLL_MS);
  disk.put('/b/g', 'newer');
  await clock.pass(POLL_MS);
  expect(calls.map(({ files }) => files)).toEqual([['/a/f']]);
  expect(calls[0]!.atMs).toBe(1_000 + SETTLE_MS + SLACK_MS);
  expect([...disk.watches.keys()].sort()).toEqual(['/a', '/c']);
});

test('replaceFiles() during a look makes that look count for nothing', async () => {
  const { clock, disk, calls, watch } = await makeWorld({ '/a/f': 'old', '/b/g': 'old' });
  const { readFileState } = disk;
  // The files are exchanged while the first of them is being read.
  disk.readFileState = (path, before, wallMs) => {
    disk.readFileState = readFileState;
    watch.replaceFiles(['/b/g'], new Map([['/b/g', 'text old']]));
    return readFileState(path, before, wallMs);
  };
  disk.write('/b/g', 'new');
  await clock.pass(POLL_MS);
  expect(calls.map(({ files }) => files)).toEqual([['/b/g']]);
});

test('replaceFiles() during a look leaves nothing of what that look saw', async () => {
  const { clock, disk, calls, watch } = await makeWorld({ '/a/f': 'old', '/b/g': 'old' });
  disk.write('/a/f', 'new');
  await clock.pass(SETTLE_MS / 2);
  const { readFileState } = disk;
  disk.readFileState = (path, before, wallMs) => {
    disk.readFileState = readFileState;
    watch.replaceFiles(['/b/g']);
    return readFileState(path, before, wallMs);
  };
  await clock.pass(2 * POLL_MS);
  // Back among the files, it is as new as any other: what is there now is known.
  disk.put('/a/f', 'newer');
  watch.replaceFiles(['/a/f']);
  await clock.pass(2 * POLL_MS);
  expect(calls).toEqual([]);
});

test('replaceTimes() counts from the next look', async () => {
  const { clock, disk, calls, watch } = await makeWorld({ '/a/f': 'old' });
  watch.replaceTimes({ pollIntervalMs: 1_000, settleMs: 50 });
  await clock.pass(10);
  disk.put('/a/f', 'new');
  await clock.pass(1_050 + SLACK_MS);
  expect(calls.length).toBe(1);
});

test('watchFiles() looks twice a second while a directory cannot be watched, and tries again after a minute', async () => {
  const { clock, disk, calls, log, watch } = await makeWorld({});
  disk.put('/a/f', 'old');
  disk.refusals.set('/a', 'ENOSPC');
  watch.replaceFiles(['/a/f']);
  await clock.pass(1_000);
  disk.put('/a/f', 'new');
  const changedMs = clock.now();
  await clock.pass(1_000);
  expect(calls.length).toBe(1);
  expect(calls[0]!.atMs - changedMs).toBeLessThanOrEqual(500 + SETTLE_MS + SLACK_MS);
  disk.refusals.clear();
  await clock.pass(60_000);
  expect(disk.watches.has('/a')).toBe(true);
  expect(log.lines.map(({ level, fields }) => ({ level, fields }))).toEqual([
    { level: 'info', fields: { directory: '/a', reason: 'ENOSPC' } },
  ]);
  const { reads } = disk;
  await clock.pass(2 * POLL_MS);
  expect(disk.reads - reads).toBe(2);
});

test('watchFiles() pays no heed to strangers, and stops listening where they are many', async () => {
  const { clock, disk, calls, log } = await makeWorld({ '/a/f': 'old' });
  const { reads } = disk;
  for (let stranger = 0; stranger < 20; stranger++) disk.watches.get('/a')!.entry(`n${stranger}`);
  await clock.pass(1_000);
  expect(disk.reads).toBe(reads);
  expect(disk.watches.has('/a')).toBe(true);
  for (let stranger = 0; stranger < 30; stranger++) disk.watches.get('/a')?.entry(`n${stranger}`);
  await clock.pass(10);
  expect(disk.watches.has('/a')).toBe(false);
  disk.put('/a/f', 'new');
  await clock.pass(1_000);
  expect(calls.length).toBe(1);
  // Back to listening after the rest, and no second line for the same reason.
  await clock.pass(60_000);
  for (let stranger = 0; stranger < 30; stranger++) disk.watches.get('/a')?.entry(`n${stranger}`);
  await clock.pass(60_000 + POLL_MS);
  expect(disk.watches.has('/a')).toBe(true);
  expect(log.lines.length).toBe(1);
});

test('watchFiles() watches no more directories than it may, and looks at the rest', async () => {
  const texts = Object.fromEntries(
    Array.from({ length: DIRECTORIES_MAX + 1 }, (_, index) => [`/d${index}/f`, 'old']),
  );
  const { clock, disk, calls } = await makeWorld(texts);
  expect(disk.watches.size).toBe(DIRECTORIES_MAX);
  disk.put(`/d${DIRECTORIES_MAX}/f`, 'new');
  await clock.pass(1_000);
  expect(calls.map(({ files }) => files)).toEqual([[`/d${DIRECTORIES_MAX}/f`]]);
});

test('watchFiles() watches no more files than it may, and says so', async () => {
  const files = Array.from({ length: FILES_MAX + 1 }, (_, index) => `/a/f${index}`);
  const { log, disk } = await makeWorld({}, { files });
  expect(log.lines.map(({ level, fields }) => ({ level, fields }))).toEqual([
    { level: 'warn', fields: { files: FILES_MAX + 1, watched: FILES_MAX } },
  ]);
  expect(disk.reads).toBeLessThanOrEqual(2 * FILES_MAX);
});

test('watchFiles() takes a file of which nothing can be learnt for unchanged', async () => {
  const { clock, disk, calls } = await makeWorld({ '/a/f': 'old' });
  disk.write('/a/f', NO_VERDICT);
  await clock.pass(2 * POLL_MS);
  disk.write('/a/f', 'old');
  await clock.pass(2 * POLL_MS);
  expect(calls).toEqual([]);
});

test('watchFiles() goes on after a caller that throws', async () => {
  const clock = createManualClock();
  const disk = createFakeDisk();
  const log = createLogBook();
  disk.put('/a/f', 'old');
  let calls = 0;
  const options = { files: ['/a/f'], pollIntervalMs: POLL_MS, settleMs: SETTLE_MS, log, clock };
  watchFiles(
    options,
    () => {
      calls++;
      throw new Error('no');
    },
    disk,
  );
  for (const text of ['old', 'new', 'newer']) {
    disk.write('/a/f', text);
    await clock.pass(POLL_MS);
  }
  expect(calls).toBe(2);
  expect(log.lines.map(({ level }) => level)).toEqual(['error', 'error']);
});

test('watchFiles() refuses a relative path', () => {
  const options = {
    files: ['application.yml'],
    pollIntervalMs: POLL_MS,
    settleMs: SETTLE_MS,
    log: silentLog,
  };
  expect(() => watchFiles(options, () => {}, createFakeDisk())).toThrow(
    'absolute paths, not application.yml',
  );
});

test('close() leaves no timer and no watch, and nothing is told afterwards', async () => {
  const { clock, disk, calls, watch } = await makeWorld({ '/a/f': 'old' });
  disk.write('/a/f', 'new');
  await clock.pass(SETTLE_MS / 2);
  await watch.close();
  await watch.close();
  expect(clock.timers).toBe(0);
  expect(disk.watches.size).toBe(0);
  await clock.pass(POLL_MS);
  watch.replaceFiles(['/a/f']);
  expect(clock.timers).toBe(0);
  expect(calls).toEqual([]);
});

test('close() in the middle of the first look ends it', async () => {
  const clock = createManualClock();
  const disk = createFakeDisk();
  disk.put('/a/f', 'old');
  let closing: Promise<void> | undefined;
  const world: WatchWorld = {
    ...disk,
    openDirectory(...given) {
      closing = watch.close();
      return disk.openDirectory(...given);
    },
  };
  const options = { files: ['/a/f'], pollIntervalMs: POLL_MS, settleMs: SETTLE_MS, log: silentLog, clock };
  const watch = watchFiles(options, () => {}, world);
  await clock.pass(1);
  expect(closing).toBeDefined();
  await closing;
  await watch.ready;
  expect(clock.timers).toBe(0);
  expect(disk.watches.size).toBe(0);
});
