// What `systemctl status` shows, with servers and without.

import { expect, test } from 'bun:test';
import { AgentError } from '../base/errors.ts';
import { databaseOf, dataPlane, settingsOf, userOf } from '../tests/harness/data_plane.ts';
import { statusLine } from './status_line.ts';

test('statusLine() names the databases whose last login failed, and that a reload was refused', async () => {
  const { registry } = await dataPlane(settingsOf([databaseOf(), databaseOf({ name: 'jobs' })], [userOf()]));
  const line = (isRefused: boolean) =>
    statusLine('running', { registry, context: { clients: { count: 2 } } }, isRefused);
  const pool = registry.pool('idp', 'idp_app');
  expect(line(false)).toBe('running: 2 clients, serving idp, jobs');
  pool.failure.add(new AgentError('server_unreachable', { reason: 'x' }), 0, 100, 0);
  const replication = { kind: 'logical', parameters: {} } as const;
  registry
    .dedicatedPool('jobs', 'idp_app', replication)
    .failure.add(new AgentError('server_unreachable', { reason: 'x' }), 0, 100, 0);
  expect(line(true)).toBe(
    'running: 2 clients, serving idp, jobs; idp: no server; the last reload was refused',
  );
});
