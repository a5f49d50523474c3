// Paths in files belong to the application, paths in flags to the shell.

import { expect, test } from 'bun:test';
import { absolutePath, isLostCredential } from './absolute_path.ts';

const at = (cwd: string, env: Record<string, string> = {}) => ({ cwd, env });

test('absolutePath() takes a path in a file from the folder of the application', () => {
  expect(absolutePath('ca.pem', { place: '/srv/app/.env', line: 1 }, at('/'))).toBe('/srv/app/ca.pem');
  expect(absolutePath('config/ca.pem', { place: 'config/database.yml', line: 9 }, at('/srv/app'))).toBe(
    '/srv/app/config/ca.pem',
  );
  expect(absolutePath('../ca.pem', { place: '/etc/pgsidecar/pgsidecar.yml', line: 2 }, at('/'))).toBe(
    '/etc/ca.pem',
  );
});

test('absolutePath() takes a path in a flag from where the agent was started, and leaves an absolute one', () => {
  expect(absolutePath('run', { place: 'flag', key: '--unix-socket-dir' }, at('/srv/app'))).toBe(
    '/srv/app/run',
  );
  expect(absolutePath('/run//x/../pgsidecar', { place: 'default' }, at('/srv/app'))).toBe('/run/pgsidecar');
});

test("absolutePath() takes a credential from systemd's folder of them, and leaves it as it is written where there is none", () => {
  const file = { place: '/etc/pgsidecar/pgsidecar.yml', line: 2 };
  const written = `$\{CREDENTIALS_DIRECTORY}/idp`;
  const env = { CREDENTIALS_DIRECTORY: '/run/credentials/pgsidecar.service' };
  expect(absolutePath(written, file, at('/', env))).toBe('/run/credentials/pgsidecar.service/idp');
  for (const none of [{}, { CREDENTIALS_DIRECTORY: '' }]) {
    const lost = absolutePath(written, file, at('/', none));
    expect(lost).toBe(`/${written}`);
    expect(isLostCredential(lost)).toBe(true);
  }
  expect(isLostCredential('/run/credentials/pgsidecar.service/idp')).toBe(false);
});
