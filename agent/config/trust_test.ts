// Whose files count, and whose commands root runs.

import { expect, test } from 'bun:test';
import { type LoadResult, load } from './load.ts';
import type { FileOwner } from './source.ts';
import { whyNotRun, whyUntrusted } from './trust.ts';

const ALICE = { uid: 1000, gid: 1000 };
const ROOT = { uid: 0, gid: 0 };

test('whyUntrusted() trusts root and the caller, as long as nobody else can write', () => {
  const file = (uid: number, gid: number, mode: number): FileOwner => ({ uid, gid, mode });
  for (const owner of [
    undefined,
    file(0, 0, 0o644),
    file(1000, 1000, 0o664),
    file(0, 50, 0o640),
    file(0, 0, 0o664),
  ])
    expect(whyUntrusted(owner, ALICE)).toBeUndefined();
  expect(whyUntrusted(file(1001, 1000, 0o600), ALICE)).toBe('it belongs to user 1001');
  expect(whyUntrusted(file(1000, 1000, 0o666), ALICE)).toBe('others may write it (mode 0666)');
  expect(whyUntrusted(file(1000, 50, 0o664), ALICE)).toBe('others may write it (mode 0664)');
  expect(whyUntrusted(file(1000, 1000, 0o600), ROOT)).toBe('it belongs to user 1000');
  expect(whyUntrusted(file(0, 1000, 0o660), ROOT)).toBe('others may write it (mode 0660)');
});

test('whyNotRun() is of root alone', () => {
  const hers = { ...ALICE, mode: 0o600 };
  expect(whyNotRun(hers, ALICE)).toBeUndefined();
  expect(whyNotRun({ ...ROOT, mode: 0o644 }, ROOT)).toBeUndefined();
  expect(whyNotRun(hers, ROOT)).toContain('it belongs to user 1000; give the file to root');
});

interface World {
  readonly result: LoadResult;
  readonly ran: readonly string[];
}

/** One file, found in the working directory unless it is named. */
async function loadAs(
  caller: typeof ALICE,
  owner: FileOwner,
  text: string,
  configFile?: string,
): Promise<World> {
  const ran: string[] = [];
  const result = await load(
    { configFile },
    {
      cwd: '/srv/shop',
      env: {},
      read: (path) => (path === 'pgsidecar.yml' ? text : undefined),
      ownerOf: (path) => (path === 'pgsidecar.yml' ? owner : undefined),
      caller,
      run: async (command) => {
        ran.push(command);
        return 'x';
      },
    },
  );
  return { result, ran };
}

const COMMAND = 'databases: {shop: {host: db.example, user: shop, password_command: /bin/secret}}\n';

test('load() takes no pgsidecar.yml that it finds and that another may have written, and runs nothing of it', async () => {
  for (const caller of [ALICE, ROOT]) {
    const { result, ran } = await loadAs(caller, { uid: 1001, gid: 1001, mode: 0o644 }, COMMAND);
    expect(result.settings).toBeUndefined();
    expect(result.problems[0]?.sentence).toBe(
      'Cannot take pgsidecar.yml, which was found in /srv/shop: it belongs to user 1001; look at it, and name it by --config when you mean it',
    );
    expect(result.explanation['databases.shop.host']).toBeUndefined();
    expect(ran).toEqual([]);
  }
  const own = await loadAs(ALICE, { ...ALICE, mode: 0o644 }, COMMAND);
  expect([own.result.problems, own.ran]).toEqual([[], ['/bin/secret']]);
});

test('load() as root runs no command of a file of others, though it is named', async () => {
  const hers = { ...ALICE, mode: 0o600 };
  const named = await loadAs(ROOT, hers, COMMAND, 'pgsidecar.yml');
  expect(named.result.problems[0]?.sentence).toMatch(
    /^Cannot read the password of .*: Cannot run password_command: root runs nothing that stands in a file of others, and of this one: it belongs to user 1000/,
  );
  const byId = `secrets_command: /bin/fetch\n${COMMAND.replace('password_command: /bin/secret', 'secret_id: shop')}`;
  const fetched = await loadAs(ROOT, hers, byId, 'pgsidecar.yml');
  expect(fetched.result.problems[0]?.sentence).toContain('Cannot run secrets_command: root runs nothing');
  expect([...named.ran, ...fetched.ran]).toEqual([]);
  const rootsOwn = await loadAs(ROOT, { ...ROOT, mode: 0o644 }, byId);
  expect([rootsOwn.result.problems, rootsOwn.ran]).toEqual([[], ['/bin/fetch']]);
  const plain = await loadAs(
    ROOT,
    hers,
    COMMAND.replace('password_command: /bin/secret', 'password: x'),
    'pgsidecar.yml',
  );
  expect(plain.result.problems).toEqual([]);
});

test('load() hands no id to secrets_command that it could take for an option', async () => {
  const text = `secrets_command: /bin/fetch\n${COMMAND.replace('password_command: /bin/secret', 'secret_id: --upload=/etc/shadow')}`;
  const { result, ran } = await loadAs(ALICE, { ...ALICE, mode: 0o600 }, text);
  expect(result.problems[0]?.sentence).toContain('the id "--upload=/etc/shadow" begins with a dash');
  expect(ran).toEqual([]);
});
