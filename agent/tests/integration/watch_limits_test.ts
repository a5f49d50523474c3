// What the watcher costs, what it trusts, whom it tells while files are replaced, and what it leaves behind.

import { afterAll, afterEach, expect, test } from 'bun:test';
import {
  chmodSync,
  closeSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { HASHED_BYTES_MAX, readFileState, stateOfBytes } from '../../daemon/file_state.ts';
import { systemClock } from '../../daemon/system_clock.ts';
import { createWatchRoom, NEVER_MS, put, SETTLE_MS, SILENCE_MS, textOf } from '../harness/watch_room.ts';

const room = createWatchRoom();
const { watching, freshDirectory } = room;
afterEach(() => room.closeWatches());
afterAll(() => room.close());

test('watchFiles() keeps its head in a directory where a thousand other files are written', async () => {
  const directory = freshDirectory();
  const file = put(join(directory, 'application.yml'), 'old');
  for (let index = 0; index < 1_000; index++) put(join(directory, `other_${index}`), 'x');
  const crowded = put(join(freshDirectory(), 'application.yml'), 'old');
  for (let index = 0; index < 400; index++) put(join(dirname(crowded), `other_${index}`), 'x');
  const { until, calls, log } = await watching([file, crowded]);
  const before = process.cpuUsage();
  for (let round = 0; round < 20; round++) {
    for (let index = round * 50; index < round * 50 + 50; index++) {
      writeFileSync(join(directory, `other_${index}`), 'y');
      writeFileSync(join(dirname(crowded), `other_${index % 400}`), 'y');
    }
    await Bun.sleep(50);
  }
  const used = process.cpuUsage(before);
  room.note('of CPU while 2,000 other files were written', (used.user + used.system) / 1_000);
  expect(calls).toEqual([]);
  expect(log.lines.map(({ fields }) => fields)).toEqual([
    { directory, reason: 'more than 1000 entries' },
    { directory: dirname(crowded), reason: 'others write too much there' },
  ]);
  await until('write in the directory of 1,000', 'new', () => writeFileSync(file, 'new'));
  await until('write in the directory of 400', 'new', () => writeFileSync(crowded, 'new'));
});

test('watchFiles() compares a file over the limit by size and time, and never reads it', async () => {
  const file = put(join(freshDirectory(), 'application.yml'), '');
  const fd = openSync(file, 'w');
  ftruncateSync(fd, HASHED_BYTES_MAX + 1);
  closeSync(fd);
  const large = await readFileState(file, undefined, systemClock.wall());
  expect(large?.state).toStartWith(`large:${HASHED_BYTES_MAX + 1}:`);
  truncateSync(file, HASHED_BYTES_MAX);
  const whole = await readFileState(file, undefined, systemClock.wall());
  expect(whole?.state).toBe(stateOfBytes(readFileSync(file)));
  truncateSync(file, HASHED_BYTES_MAX + 1);
  const { calls } = await watching([file], { pollIntervalMs: 100 });
  chmodSync(file, 0o600);
  await Bun.sleep(SILENCE_MS);
  expect(calls).toEqual([]);
  utimesSync(file, 1, 1);
  await Bun.sleep(SILENCE_MS);
  expect(calls.map(({ files }) => files)).toEqual([[file]]);
});

test('readFileState() trusts the metadata of a file that has lain still, and of no other', async () => {
  const file = put(join(freshDirectory(), 'application.yml'), 'old');
  const young = await readFileState(file, undefined, systemClock.wall());
  expect(young).toEqual({ state: stateOfBytes(Buffer.from('old'))!, stamp: undefined });
  const later = systemClock.wall() + 10_000;
  const old = await readFileState(file, undefined, later);
  expect(old?.stamp).toBeDefined();
  expect(await readFileState(file, old, later)).toBe(old!);
  writeFileSync(file, 'new');
  expect((await readFileState(file, old, later))?.state).toBe(stateOfBytes(Buffer.from('new'))!);
  expect(await readFileState(join(file, 'below'), undefined, later)).toMatchObject({ state: 'missing' });
  expect(stateOfBytes(undefined)).toBe('missing');
});

test('watchFiles() tells what changed between the reading of the caller and the first look', async () => {
  const file = put(join(freshDirectory(), 'application.yml'), 'old');
  const asRead = new Map([[file, stateOfBytes(readFileSync(file))!]]);
  writeFileSync(file, 'new');
  const { until, calls } = await watching([file], { asRead });
  await until('change before the first look', 'new', () => {});
  expect(calls.length).toBe(1);
});

test('replaceFiles() while events are on their way: the file that stays is told, the one that goes is not', async () => {
  const app = freshDirectory();
  const [stays, goes, comes] = ['a/stays', 'b/goes', 'c/comes'].map((name) => put(join(app, name), 'old'));
  const { until, calls, watch } = await watching([stays!, goes!]);
  await until('change on its way while files are replaced', 'new', async () => {
    writeFileSync(stays!, 'new');
    writeFileSync(goes!, 'new');
    await Bun.sleep(SETTLE_MS / 2);
    watch.replaceFiles([stays!, comes!]);
  });
  await until('file that was added', 'newer', () => writeFileSync(comes!, 'newer'));
  writeFileSync(goes!, 'newest');
  await Bun.sleep(SILENCE_MS);
  expect(calls.map(({ files }) => files)).toEqual([[stays!], [comes!]]);
});

test('a directory whose name has a backslash is looked at, although chokidar cannot watch it', async () => {
  const file = put(join(freshDirectory(), 'back\\slash', 'application.yml'), 'old');
  const { until } = await watching([file]);
  await until('write below a backslash', 'new', () => writeFileSync(file, 'new'));
});

test('close() leaves no inotify watch and no open file', async () => {
  const app = freshDirectory();
  const files = Array.from({ length: 20 }, (_, index) => put(join(app, `${index}/application.yml`), 'old'));
  // The first use opens the descriptors that Bun keeps for the process.
  await (await watching(files)).watch.close();
  const before = descriptors();
  const { watch } = await watching(files);
  expect(inotifyWatches()).toBe(20);
  writeFileSync(files[0]!, 'new');
  await watch.close();
  expect(inotifyWatches()).toBe(0);
  expect(descriptors()).toEqual(before);
});

test('close() lets the process end, and the watcher works in a compiled executable', async () => {
  const directory = freshDirectory();
  const entry = put(
    join(directory, 'entry.ts'),
    `import { watchFiles } from ${JSON.stringify(join(import.meta.dir, '../../daemon/watch.ts'))};
     const quiet = { debug() {}, info() {}, warn() {}, error() {} };
     const watch = watchFiles({ files: [process.argv.at(-1)!], pollIntervalMs: ${NEVER_MS}, settleMs: 50, log: quiet }, (files) => {
       console.log('changed', ...files);
       void watch.close();
     });
     await watch.ready;
     console.log('ready');`,
  );
  const executable = join(directory, 'entry');
  const build = Bun.spawnSync([process.execPath, 'build', '--compile', entry, '--outfile', executable]);
  expect({ exit: build.exitCode, error: build.exitCode === 0 ? '' : build.stderr.toString() }).toEqual({
    exit: 0,
    error: '',
  });
  for (const command of [[process.execPath, entry], [executable]]) {
    const file = put(join(freshDirectory(), 'application.yml'), 'old');
    const child = room.nursery.spawn([...command, file], { output: 'pipe' });
    const reader = (child.stdout as ReadableStream<Uint8Array>).getReader();
    expect(Buffer.from((await reader.read()).value!).toString()).toBe('ready\n');
    writeFileSync(file, 'new');
    expect(Buffer.from((await reader.read()).value!).toString()).toBe(`changed ${file}\n`);
    expect(await child.exited).toBe(0);
  }
}, 60_000);

function descriptors(): readonly string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)];
    } catch {
      // The descriptor with which the directory itself was listed.
      return [];
    }
  });
}

function inotifyWatches(): number {
  let count = 0;
  for (const fd of readdirSync('/proc/self/fdinfo')) {
    count += (textOf(`/proc/self/fdinfo/${fd}`) ?? '').match(/^inotify /gm)?.length ?? 0;
  }
  return count;
}
