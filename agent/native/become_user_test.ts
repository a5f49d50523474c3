// Who the process is after it gave up root, and that it is still who it was where a name is not known.

import { expect, test } from 'bun:test';
import { testNeeding } from '../tests/harness/needs.ts';
import { becomeUser, type Groups } from './become_user.ts';
import { openLibc } from './libc.ts';
import { userIds } from './users.ts';

const libc = openLibc();
const isRoot = process.getuid?.() === 0;

/** In a process of its own, since there is no way back: who it is, and what it can do as that. */
function become(name: string, groups: Groups): unknown {
  const script = `
    import { becomeUser } from ${JSON.stringify(new URL('become_user.ts', import.meta.url).pathname)};
    import { openLibc } from ${JSON.stringify(new URL('libc.ts', import.meta.url).pathname)};
    const reason = becomeUser(openLibc(), ${JSON.stringify(name)}, ${JSON.stringify(groups)});
    const { getuid, geteuid, getgid, getegid, getgroups } = process;
    let canReturn = true;
    try { process.setuid(0); } catch { canReturn = false; }
    console.log(JSON.stringify({
      reason, uid: [getuid(), geteuid()], gid: [getgid(), getegid()],
      groups: getgroups().sort((a, b) => a - b), canReturn,
    }));`;
  const { stdout, stderr } = Bun.spawnSync([process.execPath, '--no-env-file', '-e', script]);
  if (stdout.length === 0) throw new Error(stderr.toString());
  return JSON.parse(stdout.toString());
}

test('becomeUser() says which name is not known, before anything has changed', () => {
  const before = [process.getuid!(), process.getgid!(), process.getgroups!()];
  expect(becomeUser(libc, 'nosuchuser')).toBe('there is no such user');
  expect(becomeUser(libc, '')).toBe('there is no such user');
  // Whoever is that user already asks for nothing.
  const other = isRoot ? 'nobody' : 'root';
  expect(becomeUser(libc, other, { group: 'nosuchgroup' })).toBe('there is no group "nosuchgroup"');
  expect(becomeUser(libc, other, { further: ['root', 'nosuchgroup'] })).toBe(
    'there is no group "nosuchgroup"',
  );
  expect([process.getuid!(), process.getgid!(), process.getgroups!()]).toEqual(before);
});

const asRoot = testNeeding(isRoot ? undefined : 'only root can become somebody else');

asRoot(
  'becomeUser() has the user’s own group and groups where nothing else is said, and no way back',
  async () => {
    const { uid, gid } = userIds(libc, 'nobody')!;
    expect(become('nobody', {})).toEqual({
      uid: [uid, uid],
      gid: [gid, gid],
      groups: [gid],
      canReturn: false,
    });
  },
);

asRoot(
  'becomeUser() takes another group in place of the user’s own, and further ones by name or number',
  async () => {
    const { uid } = userIds(libc, 'nobody')!;
    expect(become('nobody', { group: 'daemon', further: ['bin', '4'] })).toEqual({
      uid: [uid, uid],
      gid: [1, 1],
      groups: [1, 2, 4],
      canReturn: false,
    });
  },
);
