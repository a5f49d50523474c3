// The booted Debian itself: systemd is process 1, nothing is reached outside, and nothing outlives the test, however that ends.

import { expect, setDefaultTimeout } from 'bun:test';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { testNeeding } from '../../agent/tests/harness/needs.ts';
import { EACH_RELEASE, openDebian, whyNoDebian } from './debian.ts';

setDefaultTimeout(600_000);

const test = testNeeding(whyNoDebian());

/** CAP_SYS_MODULE, CAP_SYS_RAWIO, CAP_SYS_TIME and CAP_SYSLOG: what no namespace keeps apart. */
const OF_THE_MACHINE = [16n, 17n, 25n, 34n].reduce((mask, bit) => mask | (1n << bit), 0n);

for (const [release, name] of EACH_RELEASE) {
  test(`a booted ${name} has its own systemd, its own network, no power over the machine, and leaves nothing behind`, async () => {
    const debian = await openDebian(release);
    expect(await debian.must('cat /proc/1/comm')).toBe('systemd\n');
    expect(await debian.must('. /etc/os-release; echo $VERSION_CODENAME')).toBe(`${release}\n`);
    expect(await debian.must('ls /sys/class/net')).toBe('lo\n');
    expect(await debian.must('hostname')).toBe('box\n');
    debian.write('/srv/hello', 'hello', 0o600);
    expect(await debian.must(['stat', '-c', '%a %s', '/srv/hello'])).toBe('600 5\n');
    expect((await debian.run('exit 3')).code).toBe(3);
    expect(await debian.must('systemctl list-units --failed --plain --no-legend')).toBe('');
    expect(await debian.must('systemctl is-system-running')).toBe('running\n');
    for (const process of ['1', 'self']) {
      const status = await debian.must(`cat /proc/${process}/status`);
      expect(BigInt(`0x${/^CapBnd:\t(\w+)$/m.exec(status)![1]}`) & OF_THE_MACHINE).toBe(0n);
    }
    await debian.close();
    expect(remainsOf(debian.root)).toEqual(nothing);
  });
}

test('two at a time have nothing in common: not even the control groups of services of one name', async () => {
  await using one = await openDebian();
  await using other = await openDebian();
  for (const debian of [one, other]) await debian.must('systemd-run --quiet --unit same sleep infinity');
  // A process of the other one would show as 0.
  const pids = await one.must('cat /sys/fs/cgroup/*/system.slice/same.service/cgroup.procs');
  const pid = await one.property('MainPID', 'same.service');
  expect(new Set(pids.trim().split('\n'))).toEqual(new Set([pid]));
  await one.must('systemctl stop same.service');
  expect(await other.must('systemctl is-active same.service')).toBe('active\n');
});

test('a Debian whose test was killed is gone, with its processes, mounts and files', async () => {
  const { root, leader, kill } = await borrow();
  expect(commandOf(leader)).toBe('systemd\n');
  kill();
  while (existsSync(`${root}.lent`)) await Bun.sleep(50);
  expect(commandOf(leader)).toBeUndefined();
  expect(remainsOf(root)).toEqual(nothing);
});

test('one whose keeper was killed too dies with it, and the next Debian takes away the rest, but none that lives', async () => {
  await using alive = await openDebian();
  const { root, leader, kill } = await borrow();
  process.kill(keeperOf(root), 'SIGKILL');
  kill();
  while (commandOf(leader) !== undefined) await Bun.sleep(50);
  expect(remainsOf(root).mounts).toHaveLength(2);
  await using _next = await openDebian();
  expect(remainsOf(root)).toEqual(nothing);
  expect(await alive.must('systemctl is-system-running')).toBe('running\n');
});

const nothing = { mounts: [], files: [], groups: [] };

/** What there is of it on this machine. */
function remainsOf(root: string): Readonly<Record<'mounts' | 'files' | 'groups', readonly string[]>> {
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n');
  const files = readdirSync(dirname(root));
  const groups = Bun.spawnSync(['find', '/sys/fs/cgroup', '-name', `*${basename(root)}*`]);
  return {
    mounts: mounts.filter((line) => line.split(' ')[1]?.startsWith(root)),
    files: files.filter((name) => name.startsWith(basename(root))),
    groups: groups.stdout
      .toString()
      .split('\n')
      .filter((path) => path !== ''),
  };
}

/** A Debian of another process. */
async function borrow(): Promise<{ root: string; leader: number; kill: () => void }> {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, 'borrower.ts')], { stdout: 'pipe' });
  const { value } = await child.stdout.getReader().read();
  const root = new TextDecoder().decode(value).trim();
  const leader = Number(readFileSync(`${root}.pid`, 'utf8').split(' ')[0]);
  return { root, leader, kill: () => child.kill('SIGKILL') };
}

/** Undefined for a process that is not there, or dead and not yet buried. */
function commandOf(pid: number): string | undefined {
  try {
    if (/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))) return undefined;
    return readFileSync(`/proc/${pid}/comm`, 'utf8');
  } catch {
    return undefined;
  }
}

/** The process that lends it. */
function keeperOf(root: string): number {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const found = pids.find((pid) => {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      return words.includes('lend') && words.includes(root);
    } catch {
      return false;
    }
  });
  if (found === undefined) throw new Error(`nobody lends ${root}`);
  return Number(found);
}
