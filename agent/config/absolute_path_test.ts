// Paths in files belong to the application, paths in flags to the shell.

import { expect, test } from 'bun:test';
import { absolutePath } from './absolute_path.ts';

test('absolutePath() takes a path in a file from the folder of the application', () => {
  expect(absolutePath('ca.pem', { place: '/srv/app/.env', line: 1 }, '/')).toBe('/srv/app/ca.pem');
  expect(absolutePath('config/ca.pem', { place: 'config/database.yml', line: 9 }, '/srv/app')).toBe(
    '/srv/app/config/ca.pem',
  );
  expect(absolutePath('../ca.pem', { place: '/etc/pgsidecar/pgsidecar.yml', line: 2 }, '/')).toBe(
    '/etc/ca.pem',
  );
});

test('absolutePath() takes a path in a flag from where the agent was started, and leaves an absolute one', () => {
  expect(absolutePath('run', { place: 'flag', key: '--unix-socket-dir' }, '/srv/app')).toBe('/srv/app/run');
  expect(absolutePath('/run//x/../pgsidecar', { place: 'default' }, '/srv/app')).toBe('/run/pgsidecar');
});
