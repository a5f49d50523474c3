// What every guide promises, in order: the application comes through the agent, goes on without it, and goes back by one command.

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { createCertificateAuthority } from '../../agent/tests/harness/certificates.ts';
import { describeNeeding } from '../../agent/tests/harness/needs.ts';
import { type Postgres, startPostgres } from '../../agent/tests/harness/postgres.ts';
import { type Host, openHost, whyNoHost } from './host.ts';
import { type Page, readPage } from './page.ts';

export interface Guide {
  readonly folder: string;
  /** Why it cannot be run here. */
  readonly missing?: string | undefined;
  /** The application's file that `eject` writes back. */
  readonly file: string;
  /** That file before anybody thought of an agent. */
  before(password: string): string;
  /** What the application's process has in its environment besides. */
  env?(password: string): Readonly<Record<string, string>>;
  /** More that a host with such an application has. */
  prepare?(host: Host, password: string): void;
}

export interface Stage {
  readonly host: Host;
  readonly page: Page;
  readonly postgres: Postgres;
  readonly env: Readonly<Record<string, string>>;
}

/** What an application says that asks `SELECT current_user, current_setting('application_name')`. */
const THROUGH = /^shop .*unix/;
const DIRECT = /^shop(?! .*unix)/;

/** `more` declares what one page promises beyond the others; the agent runs, and the application points at it. */
export function describeGuide(guide: Guide, more: (stage: Stage) => void = () => {}): void {
  describeNeeding(guide.missing ?? whyNoHost())(`cookbook/${guide.folder}`, () => {
    const stage = {} as { -readonly [Key in keyof Stage]: Stage[Key] };
    beforeAll(() => prepare(guide, stage), 60_000);
    const run = (name: string) => stage.host.run(stage.page.step(name), stage.env);
    test('the application as it was comes to the server', async () => {
      expect(await run('ask')).toMatch(DIRECT);
    });
    test('where the step that points at the agent cannot be done, the file of the application stays as it is', async () => {
      const { host, page, env } = stage;
      const point = page.step('point');
      const before = host.read(guide.file);
      const asks = point.includes('pgsidecar url');
      // Whoever may not read the configuration fares as where there is none.
      const ended = await host.run(point, { ...env, PGSIDECAR_CONFIG: '/srv/none.yml' }).then(
        () => 'well',
        () => 'badly',
      );
      expect(ended).toBe(asks ? 'badly' : 'well');
      if (asks) expect(host.read(guide.file)).toBe(before);
      else host.write(guide.file, before, 0o640);
    });
    test('the steps of the page bring it through the agent', async () => {
      await stage.host.startAgent(stage.env);
      await run('point');
      expect(await run('ask')).toMatch(THROUGH);
      expect(stage.host.read('/run/agent.log')).not.toContain('"level":50');
    });
    more(stage);
    test('it goes to the server by itself while no agent answers, and through the agent again', async () => {
      await stage.host.killAgent();
      expect(await run('ask')).toMatch(DIRECT);
      await stage.host.startAgent(stage.env);
      expect(await run('ask')).toMatch(THROUGH);
    });
    test('one command leads it back, and leaves the way through the agent beside it', async () => {
      const through = stage.host.read(guide.file);
      await run('back');
      expect(stage.host.read(guide.file)).not.toContain('/run/pgsidecar');
      expect(stage.host.read(`${guide.file}.through-pgsidecar`)).toBe(through);
      expect(await run('ask')).toMatch(DIRECT);
    });
    afterAll(async () => {
      await stage.host?.close();
      await stage.postgres?.stop();
    }, 30_000);
  });
}

async function prepare(guide: Guide, stage: { -readonly [Key in keyof Stage]: Stage[Key] }): Promise<void> {
  const authority = createCertificateAuthority();
  stage.page = readPage(guide.folder);
  stage.postgres = await startPostgres({
    tls: { server: authority.issueServer({ hosts: ['db.example'] }) },
    users: { shop: '' },
    databases: { shop: 'shop' },
  });
  const password = stage.postgres.passwordOf('shop');
  stage.host = await openHost(stage.postgres, authority);
  stage.env = guide.env?.(password) ?? {};
  for (const [path, text] of stage.page.files) stage.host.write(path, text);
  stage.host.write(guide.file, guide.before(password), 0o640);
  guide.prepare?.(stage.host, password);
}

/** `DATABASE_URL` as everybody has it. */
export function urlBefore(password: string, scheme = 'postgresql'): string {
  return `${scheme}://shop:${password}@db.example/shop?sslmode=verify-full&sslrootcert=/etc/ssl/certs/our-ca.crt`;
}

/** For `missing`: whether Debian's Python has the modules. */
export function missingModules(...modules: readonly string[]): string | undefined {
  const tried = Bun.spawnSync(['/usr/bin/python3', '-c', `import ${modules.join(', ')}`], {
    stderr: 'ignore',
  });
  return tried.exitCode === 0
    ? undefined
    : `Debian's Python has not all of ${modules.join(', ')}: scripts/setup --debian`;
}
