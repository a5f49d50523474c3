// The guide for Rails, as it stands on its page, with Active Record; and that DATABASE_URL of `eject` wins over database.yml.

import { expect, test } from 'bun:test';
import { describeGuide } from '../../pages/guide.ts';

describeGuide(
  {
    folder: 'rails',
    missing: missingActiveRecord(),
    file: '/srv/shop/config/database.yml',
    before: () => `production:
  adapter: postgresql
  database: shop
  username: shop
  password: <%= ENV["SHOP_DATABASE_PASSWORD"] %>
  host: db.example
  port: 5432
  sslmode: verify-full
  sslrootcert: /etc/ssl/certs/our-ca.crt
`,
    env: (password) => ({ SHOP_DATABASE_PASSWORD: password, RAILS_ENV: 'production' }),
  },
  (stage) => {
    test('migrations go past the agent by the URL that eject prints, whatever database.yml says', async () => {
      const line = `export DATABASE_URL=$(pgsidecar eject --for rails --show-secrets)\n${stage.page.step('ask')}`;
      expect(await stage.host.run(line, stage.env)).toMatch(/^shop(?! .*unix)/);
    });
  },
);

function missingActiveRecord(): string | undefined {
  const isThere =
    Bun.which('ruby') !== null &&
    Bun.spawnSync(['ruby', '-W0', '-e', "require 'logger'; require 'active_record'; require 'pg'"])
      .exitCode === 0;
  return isThere ? undefined : 'ruby-activerecord or ruby-pg not installed: scripts/setup --debian';
}
