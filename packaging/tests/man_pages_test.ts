// The manual pages keep what the tables say, stars and all, and have what is in no table.

import { expect, test } from 'bun:test';
import { pgsidecar1, pgsidecarYml5 } from '../man_pages.ts';

test('pgsidecar(1) says how a password is shown, and which variables and files there are', () => {
  const page = pgsidecar1('0.1.0', '2026-01-01');
  expect(page).toContain('The password shows as *** unless you say \\-\\-show\\-secrets.');
  for (const word of [
    '.SH ENVIRONMENT',
    'PGSIDECAR_CONFIG',
    '/run/pgsidecar/pgsidecar.control',
    '\\-\\-instance NAME',
  ])
    expect(page).toContain(word);
});

test('pgsidecar.yml(5) has no mark of Markdown left', () => {
  expect(pgsidecarYml5('0.1.0', '2026-01-01')).not.toMatch(/\*\*|`/);
});
