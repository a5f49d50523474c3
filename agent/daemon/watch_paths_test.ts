// Which directories are watched: plain paths, Kubernetes' and Capistrano's links, loops, and what is not there.

import { expect, test } from 'bun:test';
import { type PathEntry, watchPaths } from './watch_paths.ts';

/** A text is a link's target, `true` a file; directories are there when something is in them. */
function directoriesFor(tree: Readonly<Record<string, string | true>>, ...files: readonly string[]) {
  const looks: string[] = [];
  function entryAt(path: string): Promise<PathEntry> {
    looks.push(path);
    const there = tree[path];
    if (there === true) return Promise.resolve({ kind: 'other' });
    if (there !== undefined) return Promise.resolve({ kind: 'link', target: there });
    const prefix = path === '/' ? '/' : `${path}/`;
    const isDirectory = Object.keys(tree).some((other) => other.startsWith(prefix));
    return Promise.resolve(isDirectory ? { kind: 'directory', identity: path } : { kind: 'missing' });
  }
  return watchPaths(files, entryAt).then((wanted) => ({
    looks,
    wanted: Object.fromEntries([...wanted].map(([directory, { names }]) => [directory, [...names]])),
  }));
}

test('watchPaths() names the directory of a plain file, and no other', async () => {
  const { wanted } = await directoriesFor(
    { '/app/config/application.yml': true },
    '/app/config/application.yml',
  );
  expect(wanted).toEqual({ '/app/config': ['application.yml'] });
});

test('watchPaths() names both ends of a link, and each link between', async () => {
  const tree = { '/etc/a.yml': '/srv/b.yml', '/srv/b.yml': '../home/c.yml', '/home/c.yml': true } as const;
  const { wanted } = await directoriesFor(tree, '/etc/a.yml');
  expect(wanted).toEqual({ '/etc': ['a.yml'], '/srv': ['b.yml'], '/home': ['c.yml'] });
});

test('watchPaths() sees both links of a Kubernetes ConfigMap', async () => {
  const tree = {
    '/config/application.yml': '..data/application.yml',
    '/config/..data': '..2026_01',
    '/config/..2026_01/application.yml': true,
  } as const;
  const { wanted } = await directoriesFor(tree, '/config/application.yml');
  expect(wanted).toEqual({
    '/config': ['application.yml', '..data'],
    '/config/..2026_01': ['application.yml'],
  });
});

test('watchPaths() sees the link of an ancestor, and the release behind it', async () => {
  const tree = {
    '/app/current': 'releases/7',
    '/app/releases/7/config/database.yml': '/app/shared/database.yml',
    '/app/shared/database.yml': true,
  } as const;
  const { wanted } = await directoriesFor(tree, '/app/current/config/database.yml');
  expect(wanted).toEqual({
    '/app': ['current'],
    '/app/releases/7/config': ['database.yml'],
    '/app/shared': ['database.yml'],
  });
});

test('watchPaths() goes up from where a link leads, not from where it lies', async () => {
  const tree = { '/a/link': '/x/y/z', '/x/y/z/other': true, '/x/y/f': true, '/a/f': true } as const;
  const { wanted } = await directoriesFor(tree, '/a/./link//../f');
  expect(wanted).toEqual({ '/a': ['link'], '/x/y': ['f'] });
});

test('watchPaths() waits in the last directory that there is', async () => {
  const { wanted } = await directoriesFor(
    { '/app/other': true },
    '/app/config/deep/application.yml',
    '/none/x',
  );
  expect(wanted).toEqual({ '/app': ['config'], '/': ['none'] });
});

test('watchPaths() waits where a broken link leads, and at the link', async () => {
  const { wanted } = await directoriesFor(
    { '/app/a.yml': '../shared/a.yml', '/shared/x': true },
    '/app/a.yml',
  );
  expect(wanted).toEqual({ '/app': ['a.yml'], '/shared': ['a.yml'] });
});

test('watchPaths() waits at a file that stands where a directory should', async () => {
  const { wanted } = await directoriesFor({ '/app/config': true }, '/app/config/application.yml');
  expect(wanted).toEqual({ '/app': ['config'] });
});

test('watchPaths() takes a directory in the place of the file for what it is', async () => {
  const { wanted } = await directoriesFor({ '/app/a.yml/inside': true }, '/app/a.yml');
  expect(wanted).toEqual({ '/app': ['a.yml'] });
});

test('watchPaths() leaves a loop of links as the kernel does', async () => {
  const { wanted, looks } = await directoriesFor({ '/a/b': '/c/d', '/c/d': '../a/b' }, '/a/b');
  expect(wanted).toEqual({ '/a': ['b'], '/c': ['d'] });
  expect(looks.length).toBeLessThan(10);
  // Each link doubles what lies ahead; the walk ends all the same.
  const growing = await directoriesFor({ '/a': 'a/a' }, '/a');
  expect(growing.wanted).toEqual({ '/': ['a'] });
});

test('watchPaths() names a directory once for all its files, and asks for each entry once', async () => {
  const tree = { '/app/.env': true, '/app/.env.local': true, '/app/config/database.yml': true } as const;
  const files = ['/app/.env', '/app/.env.local', '/app/.env.production', '/app/config/database.yml'];
  const { wanted, looks } = await directoriesFor(tree, ...files);
  expect(wanted).toEqual({
    '/app': ['.env', '.env.local', '.env.production'],
    '/app/config': ['database.yml'],
  });
  expect(new Set(looks).size).toBe(looks.length);
});
