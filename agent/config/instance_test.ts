// Which files are configurations of instances.

import { expect, test } from 'bun:test';
import { instanceOf } from './instance.ts';

test('instanceOf() knows the instance by its file', () => {
  expect(instanceOf('/etc/pgsidecar/jobs.yml')).toBe('jobs');
  expect(instanceOf('/etc/pgsidecar/a.b-c.yml')).toBe('a.b-c');
});

test('instanceOf() takes no file for one that is none: the main one, one elsewhere, one that a tool stages', () => {
  for (const path of ['pgsidecar.yml', 'sources/x.yml', '.chef-pgsidecar2026-1.yml', 'jobs.yaml', '.yml'])
    expect(instanceOf(`/etc/pgsidecar/${path}`), path).toBeUndefined();
  expect(instanceOf('/srv/jobs.yml')).toBeUndefined();
  expect(instanceOf(undefined)).toBeUndefined();
});
