// The guide for Laravel, as it stands on its page, with PDO and the DSN of Laravel's connector.

import { describeGuide } from '../../pages/guide.ts';

describeGuide({
  folder: 'laravel',
  missing: missingPdo(),
  file: '/srv/shop/.env',
  before: (password) => `APP_ENV=production
DB_CONNECTION=pgsql
DB_HOST=db.example
DB_PORT=5432
DB_DATABASE=shop
DB_USERNAME=shop
DB_PASSWORD=${password}
DB_SSLMODE=verify-full
DB_SSLROOTCERT=/etc/ssl/certs/our-ca.crt
`,
});

function missingPdo(): string | undefined {
  const isThere =
    Bun.which('php') !== null &&
    Bun.spawnSync(['php', '-r', 'exit(in_array("pgsql", PDO::getAvailableDrivers()) ? 0 : 1);']).exitCode ===
      0;
  return isThere ? undefined : 'php-cli or php-pgsql not installed: scripts/setup --debian';
}
