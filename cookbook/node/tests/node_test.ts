// The guide for Node.js, as it stands on its page, with the repository's own node-postgres.

import { resolve } from 'node:path';
import { missingPrograms } from '../../../agent/tests/harness/needs.ts';
import { describeGuide, urlBefore } from '../../pages/guide.ts';

describeGuide({
  folder: 'node',
  missing: missingPrograms('node'),
  file: '/srv/shop/.env',
  before: (password) => `PORT=3000\nDATABASE_URL='${urlBefore(password)}'\n`,
  env: () => ({ NODE_PATH: resolve(import.meta.dir, '../../../node_modules') }),
  prepare: (host, password) => host.write('/etc/pgsidecar/shop.password', password, 0o640),
});
