// Files that change on a real file system: every way in which deployments replace them, and what must not be told.
//
// Nothing here asserts a latency: what was measured is printed when the tests have run.

import { afterAll, afterEach, expect, test } from 'bun:test';
import {
  appendFileSync,
  chmodSync,
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import {
  createWatchRoom,
  put,
  replaceAtomically,
  SETTLE_MS,
  SILENCE_MS,
  swapLink,
} from '../harness/watch_room.ts';

const room = createWatchRoom();
const { watching, freshDirectory } = room;
afterEach(() => room.closeWatches());
afterAll(() => room.close());

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
