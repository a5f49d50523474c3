// The manifests are what Kubernetes' schemas ask for, and say what the guide beside them says of them.

import { expect, test } from 'bun:test';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Glob } from 'bun';
import { parseAllDocuments } from 'yaml';
import { testNeeding } from '../../../agent/tests/harness/needs.ts';
import { build, containersOf, FOLDER, type Manifest, problemsOf } from './manifests.ts';

const FOLDERS = ['sidecar/base', 'sidecar/overlays/development', 'sidecar/overlays/production', 'daemonset'];
const built: Readonly<Record<string, readonly Manifest[]>> = Object.fromEntries(
  FOLDERS.map((folder) => [folder, build(join(FOLDER, folder))]),
);
const everything = Object.values(built).flat();

test('problemsOf() finds what Kubernetes would not take, and what it would pass over', async () => {
  const pod = (container: object, more = {}) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'x' },
    spec: { containers: [container], ...more },
  });
  expect(await problemsOf(pod({ name: 'a', image: 'b' }))).toEqual([]);
  expect(await problemsOf(pod({ name: 'a', imag: 'b' }))).toEqual(['unknown field spec.containers.0.imag']);
  expect(
    await problemsOf(pod({ name: 'a', startupProbe: { exec: { command: ['x'] }, periodSecond: 1 } })),
  ).toEqual(['unknown field spec.containers.0.startupProbe.periodSecond']);
  expect((await problemsOf(pod({ image: 'b' }))).join()).toContain('required {"missingProperty":"name"}');
  expect((await problemsOf(pod({ name: 'a' }, { terminationGracePeriodSeconds: 'soon' }))).join()).toContain(
    'type {"type":"integer"}',
  );
  expect(await problemsOf({ apiVersion: 'apps/v1', kind: 'Pod', metadata: {} })).toEqual([
    'apps/v1 has no Pod',
  ]);
});

for (const folder of FOLDERS) {
  test(`${folder}: every manifest is valid by the schema of its kind, and has no field that Kubernetes does not know`, async () => {
    expect(built[folder]!.length).toBeGreaterThan(1);
    for (const manifest of built[folder]!) expect(await problemsOf(manifest), manifest.kind).toEqual([]);
  });
}

test('every file of the folder is part of a kustomization', () => {
  const files = [...new Glob('{sidecar,daemonset}/**/*').scanSync(FOLDER)].filter(
    (path) => !path.endsWith('kustomization.yaml'),
  );
  const texts = [...new Glob('{sidecar,daemonset}/**/kustomization.yaml').scanSync(FOLDER)];
  const named = texts.flatMap((path) => {
    const text = readFileSync(join(FOLDER, path), 'utf8');
    return [...text.matchAll(/(?:- |path: )([\w./]+\.ya?ml)$/gm)].map(([, name]) => join(path, '..', name!));
  });
  expect(files.sort()).toEqual(named.sort());
  for (const name of named) expect(existsSync(join(FOLDER, name)), name).toBe(true);
});

const kustomize = Bun.which('kustomize') !== null ? ['kustomize', 'build'] : ['kubectl', 'kustomize'];
const missing = Bun.which(kustomize[0]!) === null ? 'neither kustomize nor kubectl is installed' : undefined;
testNeeding(missing)('build() gives what kustomize itself gives', async () => {
  for (const folder of FOLDERS) {
    const { stdout, stderr, exitCode } = Bun.spawnSync([...kustomize, join(FOLDER, folder)], {
      stdout: 'pipe',
      stderr: 'pipe',
    });
    expect({ exitCode, stderr: stderr.toString() }).toEqual({ exitCode: 0, stderr: '' });
    const theirs = parseAllDocuments(stdout.toString()).map((each) => each.toJS() as Manifest);
    const byName = (one: Manifest, other: Manifest) => nameOf(one).localeCompare(nameOf(other));
    expect(theirs.toSorted(byName), folder).toEqual(built[folder]!.toSorted(byName));
  }
});

function nameOf({ kind, metadata }: Manifest): string {
  return `${kind}/${metadata.name}`;
}

test('every workload ends in time: what it waits for fits into the grace period of its pod', () => {
  const workloads = everything.filter(({ spec }) => spec?.template !== undefined);
  expect(workloads.length).toBe(FOLDERS.length);
  for (const workload of workloads) {
    const { spec } = workload.template ?? workload.spec.template;
    const sleeps = containersOf(workload).map((each) => each.lifecycle?.preStop?.sleep?.seconds ?? 0);
    const [configuration] = everything.filter(
      ({ kind, metadata }) => kind === 'ConfigMap' && metadata.namespace === workload.metadata.namespace,
    );
    const drain = Number(/^drain_timeout: (\d+)s\b/m.exec(configuration.data['pgsidecar.yml'])![1]);
    expect(Math.max(...sleeps) + drain, nameOf(workload)).toBeLessThan(spec.terminationGracePeriodSeconds);
  }
});

test('every container of the agent is what the restricted Pod Security Standard asks for, on a read-only root', () => {
  const workloads = everything.filter(({ spec }) => spec?.template !== undefined);
  const agents = workloads.flatMap(containersOf).filter(({ name }) => name === 'pgsidecar');
  expect(agents.length).toBe(FOLDERS.length);
  for (const { securityContext } of agents) {
    expect(securityContext).toMatchObject({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
  }
  for (const { spec } of workloads) {
    expect(spec.template.spec.securityContext).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    });
  }
});

test('the sidecar is a native one, the application waits for it, and no configuration is mounted by subPath', () => {
  for (const folder of FOLDERS.filter((each) => each.startsWith('sidecar/'))) {
    const deployment = built[folder]!.find(({ kind }) => kind === 'Deployment');
    const [agent] = deployment.spec.template.spec.initContainers;
    expect(agent).toMatchObject({ name: 'pgsidecar', restartPolicy: 'Always', startupProbe: { exec: {} } });
    // The kubelet runs it while the application still works, long before the agent's turn to end comes.
    expect(agent.lifecycle?.preStop).toBeUndefined();
    expect(JSON.stringify(deployment)).not.toContain('subPath');
  }
});
