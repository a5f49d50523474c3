// The Dockerfile, done step by step without an engine, and what comes of it: run as a container would, beside a real PostgreSQL.

import { afterAll, expect, test as plainTest } from 'bun:test';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { Glob } from 'bun';
import { pgsidecarYml } from '../../../agent/tests/harness/application.ts';
import { missingPrograms, testNeeding } from '../../../agent/tests/harness/needs.ts';
import { createNursery } from '../../../agent/tests/harness/nursery.ts';
import { ask } from '../../../agent/tests/harness/psql.ts';
import { openShop } from '../../../agent/tests/harness/shop.ts';
import { type Container, runContainer } from './container.ts';
import { lastOf, readDockerfile } from './dockerfile.ts';
import { type Build, buildImage } from './image.ts';

const ROOT = resolve(import.meta.dir, '../../..');
const text = readFileSync(join(ROOT, 'packaging/container/Dockerfile'), 'utf8');
const stages = readDockerfile(text);
const last = stages.at(-1)!;

const test = testNeeding(whatIsMissing());
const nursery = createNursery('image');
const { authority, postgres } = await openShop();
let build: Build;
let container: Container;
afterAll(() => nursery.close(), 20_000);

function whatIsMissing(): string | undefined {
  if (process.getuid?.() !== 0) return 'root is needed to mount and to change the root';
  if (!readFileSync('/etc/os-release', 'utf8').includes('ID=debian'))
    return 'this machine is no Debian, which stands in for the base image';
  const tried = Bun.spawnSync(['unshare', '--mount', '--pid', '--fork', '/bin/true']);
  if (tried.exitCode !== 0) return `no namespaces here: ${tried.stderr.toString().trim()}`;
  return missingPrograms('psql', 'nsenter', 'setpriv');
}

/** Only what .dockerignore lets through, as the engine would be sent it; the executable is built for it. */
function makeContext(): string {
  const context = join(nursery.directory, 'context');
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    scripts: { build: string };
  };
  const words = scripts.build
    .replace('bun ', `${process.execPath} `)
    .replace('dist/pgsidecar', `${context}/dist/pgsidecar`);
  mkdirSync(join(context, 'dist'), { recursive: true });
  const built = Bun.spawnSync(words.split(' '), { cwd: ROOT, stdout: 'pipe', stderr: 'pipe' });
  if (built.exitCode !== 0) throw new Error(built.stderr.toString());
  for (const path of letThrough().filter((each) => !each.startsWith('dist/'))) {
    mkdirSync(join(context, path, '..'), { recursive: true });
    copyFileSync(join(ROOT, path), join(context, path));
    chmodSync(join(context, path), statSync(join(ROOT, path)).mode & 0o777);
  }
  return context;
}

function letThrough(): readonly string[] {
  const lines = readFileSync(join(ROOT, 'packaging/container/Dockerfile.dockerignore'), 'utf8').split('\n');
  return lines.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
}

const buildOnce = async () => {
  build ??= await buildImage(stages, makeContext(), nursery);
};
/** A folder for /etc/pgsidecar, with the settings of an ordinary application. */
function configure(): string {
  const directory = join(nursery.directory, 'configuration');
  mkdirSync(directory);
  const databases = {
    shop: { host: 'localhost', port: postgres.port, user: 'app', password_file: 'password' },
  };
  const files = {
    'pgsidecar.yml': pgsidecarYml({ databases, unix_socket_mode: '0666' }),
    'ca.crt': authority.certificate,
    password: postgres.passwordOf('app'),
  };
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(directory, name), content);
    chmodSync(join(directory, name), 0o444);
  }
  chmodSync(directory, 0o755);
  return directory;
}

plainTest(
  'every file that the Dockerfile copies is let through by .dockerignore, and nothing else is',
  () => {
    const copied = stages.flatMap(({ instructions }) =>
      instructions
        .filter(({ name, flags }) => name === 'COPY' && flags.from === undefined)
        .flatMap(({ words }) => words.slice(0, -1)),
    );
    expect(copied.toSorted()).toEqual(letThrough().toSorted());
  },
);

plainTest(
  'the image runs as a user in numbers who is not root, and each of its commands needs no shell',
  () => {
    expect(lastOf(last, 'USER').words).toEqual(['65532:65532']);
    for (const name of ['ENTRYPOINT', 'CMD', 'HEALTHCHECK'])
      expect(lastOf(last, name).isExec, name).toBe(true);
    expect(lastOf(last, 'HEALTHCHECK').words.slice(0, 2)).toEqual(['/usr/bin/pgsidecar', 'wait']);
    expect(last.base).toBe('scratch');
  },
);

test('each step of the Dockerfile can be done, without a network', async () => {
  await buildOnce();
  const steps = stages.flatMap(({ instructions }) => instructions.map(({ name }) => name));
  expect([...build.log.matchAll(/^STEP (\w+)/gm)].map(([, name]) => name!)).toEqual(steps);
}, 60_000);

test('the image holds the executable, its libraries, the CAs, names and licences; no shell, and nothing setuid', async () => {
  await buildOnce();
  const files = [...new Glob('**/*').scanSync({ cwd: build.root, dot: true, onlyFiles: true })];
  const others = files.filter((path) => !/^(lib|lib64|usr\/share\/doc)\//.test(path)).sort();
  expect(others).toEqual([
    'etc/group',
    'etc/nsswitch.conf',
    'etc/passwd',
    'etc/ssl/certs/ca-certificates.crt',
    'usr/bin/pgsidecar',
  ]);
  expect(files.filter((path) => path.startsWith('usr/share/doc/')).sort()).toEqual([
    'usr/share/doc/ca-certificates/copyright',
    'usr/share/doc/libc6/copyright',
    'usr/share/doc/pgsidecar/copyright',
  ]);
  const libraries = files.filter((path) => /^lib(64)?\//.test(path)).map((path) => path.split('/').at(-1)!);
  expect(libraries).toContain('libc.so.6');
  expect(libraries.every((name) => /\.so(\.\d+)*$/.test(name))).toBe(true);
  for (const path of files) expect(statSync(join(build.root, path)).mode & 0o6022, path).toBe(0);
  expect(statSync(join(build.root, 'run/pgsidecar'))).toMatchObject({ uid: 65_532, gid: 65_532 });
});

test('the ENTRYPOINT serves as the user of the image, PID 1, without capabilities, on a root that is read-only', async () => {
  await buildOnce();
  container = await runContainer(last, build.root, nursery, { configuration: configure() });
  // An engine calls the container healthy from the first check on that ends with 0.
  expect(await container.checkHealth()).toBe(0);
  const login = { host: container.socketDir, password: postgres.passwordOf('app') };
  expect(await ask(login, 'SELECT current_user')).toBe('app');
  const status = readFileSync(`/proc/${container.pid}/status`, 'utf8');
  expect(status).toMatch(/^Uid:\t65532\t65532\t65532\t65532$/m);
  expect(status).toMatch(/^Gid:\t65532\t65532\t65532\t65532$/m);
  expect(status).toMatch(/^Groups:\t\s*$/m);
  expect(status).toMatch(/^CapEff:\t0+$/m);
  expect(status).toMatch(/^NoNewPrivs:\t1$/m);
  expect(status).toMatch(/^NSpid:\t\d+\t1$/m);
  expect(readFileSync(`/proc/${container.pid}/mounts`, 'utf8').split('\n')[0]).toMatch(/ \/ \S+ ro,/);
  const [first = ''] = container.output().split('\n');
  expect(first).toContain('took /etc/pgsidecar/pgsidecar.yml');
}, 60_000);

test('the HEALTHCHECK fails while no client would get a server, and passes again when one would', async () => {
  await postgres.shutDown();
  const login = { host: container.socketDir, password: postgres.passwordOf('app') };
  const waiting = ask(login, 'SELECT 1').catch((error: Error) => error.message);
  while ((await container.checkHealth()) === 0);
  expect(await container.checkHealth()).toBe(75);
  await postgres.restart();
  // The client that came meanwhile has waited for the server, which says that it does: only its answer is looked at.
  expect(await waiting).not.toContain('FATAL');
  while ((await container.checkHealth()) !== 0);
  expect(await ask(login, 'SELECT 1')).toBe('1');
}, 60_000);

test('the signal of STOPSIGNAL ends PID 1 cleanly, and its socket is gone', async () => {
  expect(lastOf(last, 'STOPSIGNAL').words).toEqual(['SIGTERM']);
  process.kill(container.pid, 'SIGTERM');
  expect(await container.child.exited).toBe(0);
  expect(readdirSync(container.socketDir)).toEqual([]);
});
