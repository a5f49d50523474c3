// The shop on libpq's pipelines, built by Debian's gcc, directly and through the agent.

import { afterAll, beforeAll } from 'bun:test';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { missingPrograms } from '../../../../agent/tests/harness/needs.ts';
import { createNursery } from '../../../../agent/tests/harness/nursery.ts';
import { describeApplication } from '../../trial/trial.ts';

const HEADERS = '/usr/include/postgresql';
const missing =
  missingPrograms('gcc') ??
  (existsSync(`${HEADERS}/libpq-fe.h`) ? undefined : 'libpq-dev is not installed (scripts/setup --debian)');
const nursery = createNursery('libpq');
const shop = join(nursery.directory, 'shop');

beforeAll(() => {
  if (missing !== undefined) return;
  const words = ['gcc', '-Wall', '-Wextra', '-Werror', '-O1', `-I${HEADERS}`, '-o', shop];
  const sources = ['worker.c', 'shop.c'].map((file) => resolve(import.meta.dir, '..', file));
  const { exitCode, stderr } = Bun.spawnSync([...words, ...sources, '-lpq']);
  if (exitCode !== 0) throw new Error(`gcc ended with ${exitCode}: ${stderr}`);
});
afterAll(() => nursery.close());

describeApplication({
  folder: 'libpq',
  missing,
  program: [shop],
  urlFor: 'libpq',
  listens: true,
  checks: [
    'tables',
    'migrations',
    'a_pipeline',
    'statements',
    'statements_of_sql',
    'errors_in_a_pipeline',
    'flush_requests',
    'transactions',
    'settings',
    'locks_of_the_session',
    'rows_one_by_one',
    'copy',
    'cancel',
    'notifications',
    'what_is_left',
  ],
});
