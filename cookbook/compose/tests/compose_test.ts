// compose.yaml names what is there, and what it mounts is usable: the agent's settings, the scripts, the other programs' files.

import { expect, test } from 'bun:test';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Glob } from 'bun';
import { parse } from 'yaml';
import { runPgsidecar } from '../../../agent/tests/harness/agent.ts';
import { createCertificateAuthority } from '../../../agent/tests/harness/certificates.ts';
import { missingPrograms, testNeeding } from '../../../agent/tests/harness/needs.ts';
import { recordSecret } from '../../../agent/tests/harness/record.ts';
import { lastOf, readDockerfile } from '../../../packaging/container/tests/dockerfile.ts';
import { compose, FOLDER } from './cluster.ts';

const services = Object.entries(compose.services);
const mounts = services.flatMap(([, { volumes = [] }]) => volumes.map((each) => each.split(':')));

testNeeding(missingPrograms('docker-compose'))('compose itself takes the file, by its schema', async () => {
  const { exitCode, stderr } = Bun.spawnSync(
    ['docker-compose', '-f', join(FOLDER, 'compose.yaml'), 'config', '--quiet'],
    {
      stdout: 'pipe',
      stderr: 'pipe',
    },
  );
  expect({ exitCode, stderr: stderr.toString() }).toEqual({ exitCode: 0, stderr: '' });
});

test('nobody but the agent may write where its sockets are', () => {
  const others = services.filter(([name]) => name !== 'pgsidecar');
  const given = others.flatMap(([, { volumes = [] }]) =>
    volumes.filter((each) => each.startsWith('socket:')),
  );
  expect(given).toEqual(['socket:/run/pgsidecar:ro']);
});

test('every file, volume and secret that compose.yaml names is there, and each service has an image', () => {
  for (const [from = ''] of mounts) {
    if (from.startsWith('./')) expect(existsSync(join(FOLDER, from)), from).toBe(true);
    else expect(Object.keys(compose.volumes)).toContain(from);
  }
  for (const [name, { secrets = [], build, image }] of services) {
    for (const secret of secrets) expect(Object.keys(compose.secrets), name).toContain(secret);
    expect(
      [build, image].filter((each) => each !== undefined),
      name,
    ).toHaveLength(1);
    const { context, dockerfile } =
      typeof build === 'object' ? build : { context: build ?? '', dockerfile: 'Dockerfile' };
    if (build !== undefined) expect(existsSync(join(FOLDER, context, dockerfile)), name).toBe(true);
  }
});

test('prepare makes up a password for each secret, for its owner to find, and leaves those that are there', () => {
  const copy = mkdtempSync(join(tmpdir(), 'pgsidecar-compose-'));
  try {
    cpSync(join(FOLDER, 'prepare'), join(copy, 'prepare'));
    const prepare = () => Bun.spawnSync([join(copy, 'prepare')], { stdout: 'pipe', stderr: 'pipe' }).exitCode;
    const read = () =>
      Object.values(compose.secrets).map(({ file }) => readFileSync(join(copy, file), 'utf8'));
    expect(prepare()).toBe(0);
    const secrets = read();
    for (const secret of secrets) recordSecret(secret);
    expect(new Set(secrets).size).toBe(Object.keys(compose.secrets).length);
    for (const secret of secrets) expect(secret).toMatch(/^[0-9a-f]{48}$/);
    expect(statSync(join(copy, 'secrets')).mode & 0o777).toBe(0o700);
    expect(prepare()).toBe(0);
    expect(read()).toEqual(secrets);
    expect(readFileSync(join(FOLDER, '.gitignore'), 'utf8').split('\n')).toContain('secrets/');
  } finally {
    rmSync(copy, { recursive: true });
  }
});

test('pgsidecar.yml of the cluster passes check', async () => {
  const secret = crypto.randomUUID();
  recordSecret(secret);
  const written = readFileSync(join(FOLDER, 'pgsidecar.yml'), 'utf8');
  expect(written).toContain('/certificates/ca.crt');
  expect(written).toContain('/run/secrets/shop');
  const files = {
    'pgsidecar.yml': written
      .replaceAll('/certificates/', 'certificates/')
      .replaceAll('/run/secrets/', 'secrets/'),
    'certificates/ca.crt': createCertificateAuthority().certificate,
    'secrets/shop': secret,
  };
  const { code, stdout, stderr } = await runPgsidecar(['check'], { files });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toEndWith('ok: 0 errors, 0 warnings\n');
});

test("the cluster's Dockerfile copies what is there, and each command of a service is a program that it puts there", () => {
  const [stage] = readDockerfile(readFileSync(join(FOLDER, 'cluster/Dockerfile'), 'utf8'));
  const copied = lastOf(stage!, 'COPY').words.slice(0, -1);
  for (const name of copied) expect(statSync(join(FOLDER, 'cluster', name)).mode & 0o111, name).toBe(0o111);
  const own = services
    .flatMap(([, { command = [] }]) => command.slice(0, 1))
    .filter((each) => each.startsWith('/'));
  expect(own.length).toBeGreaterThan(2);
  for (const path of own) expect(copied, path).toContain(path.replace('/usr/local/bin/', ''));
  expect(lastOf(stage!, 'USER').words).toEqual(['postgres']);
});

test('what Prometheus and Grafana read can be read, and asks the services that are here', () => {
  const prometheus = parse(readFileSync(join(FOLDER, 'prometheus/prometheus.yml'), 'utf8'));
  const targets = prometheus.scrape_configs.flatMap((each: { static_configs: { targets: string[] }[] }) =>
    each.static_configs.flatMap((one) => one.targets),
  ) as string[];
  expect(targets.length).toBeGreaterThan(2);
  for (const target of targets) expect(Object.keys(compose.services)).toContain(target.split(':')[0]!);
  const { datasources } = parse(
    readFileSync(join(FOLDER, 'grafana/provisioning/datasources/prometheus.yml'), 'utf8'),
  );
  for (const file of new Glob('*.json').scanSync(join(FOLDER, 'grafana/dashboards'))) {
    const { panels } = JSON.parse(readFileSync(join(FOLDER, 'grafana/dashboards', file), 'utf8'));
    expect(panels.length).toBeGreaterThan(0);
    for (const panel of panels) expect(panel.datasource.uid).toBe(datasources[0].uid);
  }
});
