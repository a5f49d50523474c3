// The booted Debian itself: systemd is process 1, nothing is reached outside, and what is written there is gone with it.

import { expect, setDefaultTimeout } from 'bun:test';
import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { testNeeding } from '../../agent/tests/harness/needs.ts';
import { openDebian, whyNoDebian } from './debian.ts';

setDefaultTimeout(600_000);

const test = testNeeding(whyNoDebian());

test('a booted Debian has its own systemd, its own network, and leaves nothing behind', async () => {
  const debian = await openDebian();
  expect(await debian.must('cat /proc/1/comm')).toBe('systemd\n');
  expect(await debian.must('. /etc/os-release; echo $VERSION_CODENAME')).toBe('bookworm\n');
  expect(await debian.must('ls /sys/class/net')).toBe('lo\n');
  debian.write('/srv/hello', 'hello', 0o600);
  expect(await debian.must(['stat', '-c', '%a %s', '/srv/hello'])).toBe('600 5\n');
  expect((await debian.run('exit 3')).code).toBe(3);
  expect((await debian.run('systemctl is-system-running')).stdout).toMatch(/^(running|degraded)\n$/);
  await debian.close();
  expect(existsSync(debian.root)).toBe(false);
  const groups = Bun.spawnSync(['find', '/sys/fs/cgroup', '-name', `*${basename(debian.root)}*`]);
  expect(groups.stdout.toString()).toBe('');
});

test('two at a time have nothing in common: not even the control groups of services of one name', async () => {
  await using one = await openDebian();
  await using other = await openDebian();
  for (const debian of [one, other]) await debian.must('systemd-run --quiet --unit same sleep infinity');
  // A process of the other one would show as 0.
  const pids = await one.must('cat /sys/fs/cgroup/*/system.slice/same.service/cgroup.procs');
  const pid = await one.must('systemctl show --value --property MainPID same.service');
  expect(new Set(pids.trim().split('\n'))).toEqual(new Set([pid.trim()]));
  await one.must('systemctl stop same.service');
  expect(await other.must('systemctl is-active same.service')).toBe('active\n');
});
