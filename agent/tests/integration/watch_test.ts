// Files that change on a real file system: every way in which deployments replace them, and what must not be told.
//
// Nothing here asserts a latency: what was measured is printed when the tests have run.

import { afterAll, afterEach, expect, test } from 'bun:test';
import {
  appendFileSync,
  chmodSync,
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { HASHED_BYTES_MAX, readFileState, stateOfBytes } from '../../daemon/file_state.ts';
import { systemClock } from '../../daemon/system_clock.ts';
import { type FilesAsRead, type FileWatch, watchFiles } from '../../daemon/watch.ts';
import { createLogBook } from '../../daemon/watch_fixture.ts';
import { createNursery, makeDirectory } from '../harness/nursery.ts';

const nursery = createNursery('watch');
const latencies: { readonly what: string; readonly ms: number }[] = [];
const open: FileWatch[] = [];

afterEach(async () => {
  for (const watch of open.splice(0)) await watch.close();
});

afterAll(async () => {
  for (const { what, ms } of latencies) console.log(`${ms.toFixed(0).padStart(6)} ms  ${what}`);
  await nursery.close();
});

const SETTLE_MS = 200;
/** So long that a test which needs it fails: what is told here was heard. */
const NEVER_MS = 3_600_000;
/** Only against a test that would hang. */
const SAFETY_MS = 5_000;
/** Long enough for anything that is wrongly told to be told. */
const SILENCE_MS = 3 * SETTLE_MS;

interface Watching {
  readonly watch: FileWatch;
  readonly log: ReturnType<typeof createLogBook>;
  /** Every call so far: the files, and the content of the first one at that moment. */
  readonly calls: { readonly files: readonly string[]; readonly content: string | undefined }[];
  /** Does it, and waits for the call in which the first of the files reads `content`; says how long that took. */
  until(what: string, content: string | undefined, act: () => void | Promise<void>): Promise<void>;
}

async function watching(
  files: readonly string[],
  more: { readonly pollIntervalMs?: number; readonly asRead?: FilesAsRead } = {},
): Promise<Watching> {
  const calls: Watching['calls'] = [];
  const log = createLogBook();
  const wakers = new Set<() => void>();
  const watch = watchFiles(
    { files, pollIntervalMs: NEVER_MS, settleMs: SETTLE_MS, log, ...more },
    (changed) => {
      calls.push({ files: changed, content: textOf(changed[0]!) });
      for (const wake of wakers) wake();
    },
  );
  open.push(watch);
  await watch.ready;
  return {
    watch,
    log,
    calls,
    async until(what, content, act) {
      const from = calls.length;
      await act();
      const startedMs = performance.now();
      const deadline = AbortSignal.timeout(SAFETY_MS);
      while (!calls.slice(from).some((call) => call.content === content)) {
        await new Promise<void>((resolve, reject) => {
          wakers.add(resolve);
          deadline.onabort = () => reject(new Error(`${what}: not told in ${SAFETY_MS} ms`));
          if (deadline.aborted) reject(new Error(`${what}: not told in ${SAFETY_MS} ms`));
        });
        wakers.clear();
      }
      deadline.onabort = null;
      latencies.push({ what, ms: performance.now() - startedMs });
    },
  };
}

function textOf(path: string): string | undefined {
  try {
    // A pipe would have its reader wait.
    return statSync(path).isFile() ? readFileSync(path, 'utf8') : undefined;
  } catch {
    return undefined;
  }
}

function put(path: string, text: string): string {
  makeDirectory(dirname(path));
  writeFileSync(path, text);
  return path;
}

function replaceAtomically(path: string, text: string): void {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

function swapLink(path: string, target: string): void {
  symlinkSync(target, `${path}.new`);
  renameSync(`${path}.new`, path);
}

function freshDirectory(): string {
  return makeDirectory(join(nursery.directory, crypto.randomUUID().slice(0, 8)));
}

test('watchFiles() sees an atomic rename, three times in a row', async () => {
  const file = put(join(freshDirectory(), 'application.yml'), 'swap 0');
  const { until, calls } = await watching([file]);
  for (const swap of [1, 2, 3]) {
    await until(`atomic rename ${swap}`, `swap ${swap}`, () => replaceAtomically(file, `swap ${swap}`));
  }
  expect(calls.map(({ files }) => files)).toEqual([[file], [file], [file]]);
});

test('watchFiles() sees the ..data swap of a Kubernetes ConfigMap, three times in a row', async () => {
  const mount = freshDirectory();
  put(join(mount, '..1', 'application.yml'), 'swap 0');
  symlinkSync('..1', join(mount, '..data'));
  const file = join(mount, 'application.yml');
  symlinkSync('..data/application.yml', file);
  const { until, calls } = await watching([file]);
  for (const swap of [1, 2, 3]) {
    await until(`ConfigMap swap ${swap}`, `swap ${swap}`, () => {
      put(join(mount, `..${swap + 1}`, 'application.yml'), `swap ${swap}`);
      swapLink(join(mount, '..data'), `..${swap + 1}`);
      rmSync(join(mount, `..${swap}`), { recursive: true });
    });
  }
  expect(calls.map(({ files }) => files)).toEqual([[file], [file], [file]]);
});

test('watchFiles() sees the swap of the release that Capistrano links to, three times in a row', async () => {
  const app = freshDirectory();
  put(join(app, 'releases/0/config/application.yml'), 'swap 0');
  symlinkSync('releases/0', join(app, 'current'));
  const file = join(app, 'current/config/application.yml');
  const { until, calls } = await watching([file]);
  for (const swap of [1, 2, 3]) {
    await until(`release swap ${swap}`, `swap ${swap}`, () => {
      put(join(app, `releases/${swap}/config/application.yml`), `swap ${swap}`);
      swapLink(join(app, 'current'), `releases/${swap}`);
    });
  }
  // A release of the same content is no change; a write in it is.
  put(join(app, 'releases/4/config/application.yml'), 'swap 3');
  swapLink(join(app, 'current'), 'releases/4');
  await Bun.sleep(SILENCE_MS);
  expect(calls.map(({ files }) => files)).toEqual([[file], [file], [file]]);
  await until('write in the release linked last', 'written', () => writeFileSync(file, 'written'));
});

test('watchFiles() sees writes in place: a new text, an added line, the same length within one tick', async () => {
  const file = put(join(freshDirectory(), '.env'), 'A=1\n');
  const { until } = await watching([file]);
  await until('write in place', 'A=22\n', () => writeFileSync(file, 'A=22\n'));
  await until('append', 'A=22\nB=1\n', () => appendFileSync(file, 'B=1\n'));
  await until('same length', 'A=33\nB=1\n', () => {
    writeFileSync(file, 'A=22\nB=1\n');
    writeFileSync(file, 'A=33\nB=1\n');
  });
});

test('watchFiles() tells the last state of a file that is truncated, and written 100 ms later', async () => {
  const file = put(join(freshDirectory(), 'application.yml'), 'old');
  const { until, calls } = await watching([file]);
  await until('truncate, 100 ms, write', 'new', async () => {
    truncateSync(file, 0);
    await Bun.sleep(SETTLE_MS / 2);
    writeFileSync(file, 'new');
  });
  expect(calls.at(-1)).toEqual({ files: [file], content: 'new' });
});

test('watchFiles() tells a file that is written for half a second as it is at the end, in one call', async () => {
  const file = put(join(freshDirectory(), 'application.yml'), 'old');
  const { until, calls } = await watching([file]);
  const lines = Array.from({ length: 25 }, (_, index) => `key_${index}: ${index}\n`);
  await until('25 writes in 500 ms', lines.join(''), async () => {
    const fd = openSync(file, 'w');
    for (const line of lines) {
      writeSync(fd, line);
      await Bun.sleep(20);
    }
    closeSync(fd);
  });
  await Bun.sleep(SILENCE_MS);
  expect(calls).toEqual([{ files: [file], content: lines.join('') }]);
});

test('watchFiles() tells files that change together in one call', async () => {
  const app = freshDirectory();
  const files = ['.env', 'config/application.yml', 'config/database.yml'].map((name) =>
    put(join(app, name), 'old'),
  );
  const { until, calls } = await watching(files);
  await until('three files in 60 ms', 'new', async () => {
    for (const file of files) {
      writeFileSync(file, 'new');
      await Bun.sleep(20);
    }
  });
  expect(calls).toEqual([{ files, content: 'new' }]);
});

test('watchFiles() tells a deleted file, and the one that comes in its place', async () => {
  const file = put(join(freshDirectory(), 'application.yml'), 'old');
  const { until, calls } = await watching([file]);
  await until('delete', undefined, () => unlinkSync(file));
  await until('create', 'new', () => writeFileSync(file, 'new'));
  unlinkSync(file);
  writeFileSync(file, 'new');
  await Bun.sleep(SILENCE_MS);
  expect(calls.length).toBe(2);
  await until('delete and create at once', 'newer', () => {
    unlinkSync(file);
    writeFileSync(file, 'newer');
  });
});

test('watchFiles() tells nothing of a chmod, a touch, a read, or the same text once more', async () => {
  const file = put(join(freshDirectory(), 'application.yml'), 'old');
  const { calls, until } = await watching([file]);
  chmodSync(file, 0o600);
  utimesSync(file, 1, 1);
  writeFileSync(file, 'old');
  replaceAtomically(file, 'old');
  chmodSync(dirname(file), 0o750);
  readFileSync(file);
  await Bun.sleep(SILENCE_MS);
  expect(calls).toEqual([]);
  await until('write after all that', 'new', () => writeFileSync(file, 'new'));
});

test('watchFiles() tells a file that a directory replaces, and one that comes back', async () => {
  const file = put(join(freshDirectory(), 'application.yml'), 'old');
  const { until } = await watching([file]);
  await until('replaced by a directory', undefined, () => {
    unlinkSync(file);
    mkdirSync(file);
  });
  await until('and back', 'new', () => {
    rmSync(file, { recursive: true });
    writeFileSync(file, 'new');
  });
});

test('watchFiles() tells a file that a pipe replaces, and does not wait for the writer of the pipe', async () => {
  const file = put(join(freshDirectory(), 'application.yml'), 'old');
  const { until } = await watching([file]);
  await until('replaced by a pipe', undefined, () => {
    unlinkSync(file);
    expect(Bun.spawnSync(['mkfifo', file]).exitCode).toBe(0);
  });
  await until('pipe replaced by a file', 'new', () => replaceAtomically(file, 'new'));
});

test('watchFiles() follows a link that points to nowhere until it is repaired, and another way of repairing it', async () => {
  const app = freshDirectory();
  const file = join(app, 'application.yml');
  symlinkSync('shared/nowhere.yml', file);
  const { until } = await watching([file]);
  await until('target of a broken link appears', 'one', () => {
    put(join(app, 'shared/nowhere.yml'), 'one');
  });
  await until('target vanishes', undefined, () => rmSync(join(app, 'shared'), { recursive: true }));
  await until('link is changed to a file that is there', 'two', () => {
    put(join(app, 'elsewhere.yml'), 'two');
    swapLink(file, 'elsewhere.yml');
  });
  await until('write to where the link leads', 'three', () =>
    writeFileSync(join(app, 'elsewhere.yml'), 'three'),
  );
});

test('watchFiles() waits for a file whose directories are not there either', async () => {
  const app = freshDirectory();
  const file = join(app, 'a/b/c/application.yml');
  const { until } = await watching([file]);
  await until('file and its three directories', 'one', () => void put(file, 'one'));
  await until('all of them removed', undefined, () => rmSync(join(app, 'a'), { recursive: true }));
  await until('and again', 'two', () => void put(file, 'two'));
  await until('and written', 'three', () => writeFileSync(file, 'three'));
});

test('watchFiles() sees the directory itself removed, made again and exchanged', async () => {
  const app = freshDirectory();
  const file = put(join(app, 'config/application.yml'), 'one');
  const { until } = await watching([file]);
  await until('directory made again at once', 'two', () => {
    rmSync(join(app, 'config'), { recursive: true });
    put(file, 'two');
  });
  await until('write in it', 'three', () => writeFileSync(file, 'three'));
  await until('directory exchanged by renaming', 'four', () => {
    put(join(app, 'config.new/application.yml'), 'four');
    renameSync(join(app, 'config'), join(app, 'config.old'));
    renameSync(join(app, 'config.new'), join(app, 'config'));
  });
  await until('write in the one that came', 'five', () => writeFileSync(file, 'five'));
});

test('watchFiles() finds what no event tells: an ancestor that is renamed, at the next slow look', async () => {
  const app = freshDirectory();
  const file = put(join(app, 'a/b/config/application.yml'), 'one');
  put(join(app, 'a2/b/config/application.yml'), 'two');
  const { until } = await watching([file], { pollIntervalMs: 300 });
  await until('ancestor exchanged by renaming (300 ms between looks)', 'two', () => {
    renameSync(join(app, 'a'), join(app, 'a1'));
    renameSync(join(app, 'a2'), join(app, 'a'));
  });
});

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
  latencies.push({
    what: 'of CPU while 2,000 other files were written',
    ms: (used.user + used.system) / 1_000,
  });
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
    const child = nursery.spawn([...command, file], { output: 'pipe' });
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
