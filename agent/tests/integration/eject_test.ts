// `pgsidecar eject --write` on a real disk and a real server: the application's file leads to the agent, then to PostgreSQL.

import { expect, test } from 'bun:test';
import { chmodSync, chownSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Finished } from '../harness/agent.ts';
import { serve } from '../harness/application.ts';
import { missingPrograms, testNeeding } from '../harness/needs.ts';
import { openShop } from '../harness/shop.ts';

const { authority, postgres } = await openShop();

/** psql as an application would be: nothing but the URL of its file. */
async function addressSeenBy(file: string): Promise<string> {
  const script = `set -a; . "$1"; exec psql -X -A -t -q -d "$DATABASE_URL" -c 'SELECT coalesce(inet_client_addr()::text, $$none$$), current_setting($$application_name$$)'`;
  const child = Bun.spawn(['/bin/sh', '-c', script, 'sh', file], {
    env: { PATH: '/usr/bin:/bin', HOME: '/nowhere', LC_ALL: 'C.UTF-8' },
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return out.trim() || err.trim();
}

testNeeding(missingPrograms('psql'))(
  'eject --write leads an application past a dead agent, with owner, mode and everything else of its file kept',
  async () => {
    const agent = await serve({ postgres, authority });
    const file = join(agent.directory, 'app.env');
    const url = agent.url('app', postgres.passwordOf('app'), 'shop');
    writeFileSync(file, `A='1 2'\nexport DATABASE_URL="${url}&application_name=web"\n# end\n`);
    chmodSync(file, 0o640);
    if (process.getuid?.() === 0) chownSync(file, 65_534, 65_534);
    const before = statSync(file);
    const through = readFileSync(file, 'utf8');
    expect(await addressSeenBy(file)).toContain('|web');

    agent.signal('SIGKILL');
    await agent.exited;
    expect(await addressSeenBy(file)).toContain('Connection refused');
    const { code, stdout, stderr } = await agent.command('eject', '--write', 'app.env');
    expect({ code, stderr: stderr.split('\n')[0] }).toEqual({
      code: 0,
      stderr: 'Restart the application. The agent goes on serving until `pgsidecar drain`.',
    });
    expect(stdout).toContain('app.env:2 DATABASE_URL: ');
    expect(await addressSeenBy(file)).toMatch(/^(127\.0\.0\.1|::1)(\/\d+)?\|web$/);
    const { uid, gid, mode } = statSync(file);
    expect({ uid, gid, mode }).toEqual({ uid: before.uid, gid: before.gid, mode: before.mode });
    expect(readFileSync(file, 'utf8')).toMatch(/^A='1 2'\nexport DATABASE_URL="[^"]*"\n# end\n$/);
    expect(readFileSync(`${file}.through-pgsidecar`, 'utf8')).toBe(through);
    const kept = statSync(`${file}.through-pgsidecar`);
    expect({ uid: kept.uid, gid: kept.gid, mode: kept.mode }).toEqual({ uid, gid, mode });
    await agent.stop();
  },
);

test('eject --write goes through no link, and touches no file when one of several is refused', async () => {
  await using agent = await serve({ postgres, authority });
  const lines = `DATABASE_URL=${agent.url('app', postgres.passwordOf('app'), 'shop')}\n`;
  agent.writeFile('good.env', lines);
  agent.writeFile('bad.env', `OPTIONS={"host": "${agent.socketDir}"}\n`);
  symlinkSync(join(agent.directory, 'good.env'), join(agent.directory, 'link.env'));
  const eject = (...files: string[]): Promise<Finished> =>
    agent.command('eject', ...files.flatMap((file) => ['--write', file]));
  const both = await eject('good.env', 'bad.env');
  expect(both.code).toBe(78);
  expect(both.stderr).toContain("line 1 names the agent's socket in a way that is not understood");
  const link = await eject('link.env');
  expect(link.code).toBe(78);
  expect(link.stderr).toContain('it is a symbolic link; name the file that it leads to');
  expect((await eject('nowhere.env')).stderr).toContain('there is no such file');
  expect(readFileSync(join(agent.directory, 'good.env'), 'utf8')).toBe(lines);
});
