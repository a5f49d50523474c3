// The log cannot be written: the agent waits for nobody, loses lines, counts them, and says so when it can again.

import { afterAll, expect, setDefaultTimeout, test } from 'bun:test';
import { closeSync, constants, openSync, readFileSync, readSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import type { Agent } from '../harness/agent.ts';
import { pgsidecarProgram } from '../harness/agent.ts';
import { type Application, serve } from '../harness/application.ts';
import { missingPrograms, testNeeding } from '../harness/needs.ts';
import { createNursery } from '../harness/nursery.ts';
import { openShop } from '../harness/shop.ts';

setDefaultTimeout(60_000);

const nursery = createNursery('log');

const { authority, postgres } = await openShop();
afterAll(() => nursery.close());

function application(settings: Application['settings'] = {}): Application {
  // A SCRAM proof for each of some thousand logins would be most of what this test takes.
  return { postgres, authority, settings: { auth_type: 'trust', log_format: 'json', ...settings } };
}

interface LogStatus {
  readonly linesLost: number;
  readonly failure?: string;
}

async function logStatus(agent: Agent): Promise<LogStatus> {
  return (await agent.status()).log as LogStatus;
}

/** Two lines each. */
async function logIn(agent: Agent, times: number): Promise<void> {
  for (let done = 0; done < times; done += 20) {
    await Promise.all(
      Array.from({ length: 20 }, async () => {
        const client = new pg.Client(agent.url('app', '', 'shop'));
        await client.connect();
        expect((await client.query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }]);
        await client.end();
      }),
    );
  }
}

/** Until the agent says that lines are lost; every login is served. */
async function logInUntilLinesAreLost(agent: Agent): Promise<LogStatus> {
  for (;;) {
    await logIn(agent, 400);
    const status = await logStatus(agent);
    if (status.linesLost > 0) return status;
  }
}

interface Line {
  readonly msg: string;
  readonly lines?: number;
  readonly reason?: string;
}

/** Whatever is no whole line of JSON fails here. */
function linesOf(text: string): Line[] {
  const lines = text.split('\n');
  expect(lines.pop()).toBe('');
  return lines.map((line) => JSON.parse(line) as Line);
}

function isBack({ msg }: Line): boolean {
  return msg === 'lines of the log were lost';
}

test('a pipe that nobody reads holds up nobody; who reads again gets whole lines, and how many are missing', async () => {
  const path = join(nursery.directory, 'pipe');
  expect(Bun.spawnSync(['mkfifo', path]).exitCode).toBe(0);
  const pipe = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  await using agent = await serve(application(), { logFd: pipe });
  const { failure } = await logInUntilLinesAreLost(agent);
  expect(failure).toBe('nobody reads standard error');
  expect((await agent.command('status')).stdout).toContain('lines lost, cannot be written: nobody reads');
  let text = '';
  const buffer = Buffer.alloc(65_536);
  while (!text.includes('lines of the log were lost"}\n')) {
    try {
      text += buffer.subarray(0, readSync(pipe, buffer)).toString();
    } catch (error) {
      expect((error as NodeJS.ErrnoException).code).toBe('EAGAIN');
      await Bun.sleep(20);
    }
  }
  const lines = linesOf(text);
  const { linesLost, failure: now } = await logStatus(agent);
  expect(lines.find(isBack)).toMatchObject({ lines: linesLost, reason: 'nobody reads standard error' });
  expect(now).toBeUndefined();
  expect(lines[0]!.msg).not.toBe('');
  closeSync(pipe);
});

test('a reader that ends costs lines, and nothing else', async () => {
  const path = join(nursery.directory, 'cut');
  expect(Bun.spawnSync(['mkfifo', path]).exitCode).toBe(0);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = openSync(path, constants.O_WRONLY);
  await using agent = await serve(application(), { logFd: writer });
  closeSync(writer);
  closeSync(reader);
  await logIn(agent, 20);
  expect((await logStatus(agent)).failure).toBe('EPIPE');
});

/** Mounts are for root, and for whoever may make a user namespace. */
const unshare = process.getuid?.() === 0 ? ['unshare', '-m'] : ['unshare', '-Urm'];
function missingMounts(): string | undefined {
  const missing = missingPrograms('unshare', 'mount');
  if (missing !== undefined) return missing;
  const probe = Bun.spawnSync([...unshare, 'mount', '-t', 'tmpfs', 'none', nursery.directory], {
    stderr: 'pipe',
  });
  return probe.exitCode === 0 ? undefined : `no mounts here: ${probe.stderr.toString().trim()}`;
}

testNeeding(missingMounts())(
  'a disk that is full loses lines, counts them, and turns nobody away; with room again the log goes on and says how many',
  async () => {
    // The disk is a small one in a mount namespace of the agent's own; its log is reached through /proc.
    const disk = join(nursery.directory, 'disk');
    const script = join(nursery.directory, 'pgsidecar');
    const program = pgsidecarProgram()
      .map((word) => `'${word}'`)
      .join(' ');
    const mounted = `mkdir -p '${disk}' && mount -t tmpfs -o size=4m none '${disk}'`;
    const inside = `${mounted} && exec ${program} "$@" 2>>'${disk}/log'`;
    writeFileSync(
      script,
      `#!/bin/sh\nif [ "$1" != run ]; then exec ${program} "$@"; fi\nexec ${unshare.join(' ')} sh -c '${inside.replaceAll("'", `'\\''`)}' sh "$@"\n`,
      { mode: 0o755 },
    );
    const nowhere = openSync('/dev/null', 'w');
    await using agent = await serve(application(), { executable: script, logFd: nowhere });
    closeSync(nowhere);
    const there = `/proc/${agent.pid}/root${disk}`;
    const ballast = join(there, 'ballast');
    expect(() => writeFileSync(ballast, Buffer.alloc(4 * 1024 * 1024))).toThrow('ENOSPC');
    const { failure } = await logInUntilLinesAreLost(agent);
    expect(failure).toBe('ENOSPC');
    // With the ballast gone there is room for all that was kept.
    unlinkSync(ballast);
    const read = (): string => readFileSync(join(there, 'log'), 'utf8');
    while (!read().includes('lines of the log were lost"}\n')) await Bun.sleep(20);
    const { linesLost, failure: now } = await logStatus(agent);
    expect(now).toBeUndefined();
    const back = linesOf(read()).find(isBack);
    expect(back).toMatchObject({ lines: linesLost, reason: 'ENOSPC' });
    await logIn(agent, 20);
  },
);
