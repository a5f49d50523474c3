// The names and contents by which a source is recognised.

import { expect, test } from 'bun:test';
import { type ApplicationFormat, formatOf } from './format.ts';

test('formatOf() goes by the name where the name says it', () => {
  const names: [string, ApplicationFormat][] = [
    ['.env', '.env'],
    ['/srv/app/.env.production', '.env'],
    ['app.env', '.env'],
    ['config/application.yml', 'application.yml'],
    ['config/application.yml.default', 'application.yml'],
    ['config/database.yml', 'database.yml'],
    ['database.yaml', 'database.yml'],
  ];
  for (const [name, format] of names) expect(formatOf(name, ''), name).toBe(format);
});

test('formatOf() looks inside where the name says nothing', () => {
  expect(formatOf('settings.yml', 'production:\n  adapter: postgresql\n  database: app\n')).toBe(
    'database.yml',
  );
  expect(formatOf('settings.yml', 'database_host: db.example\n')).toBe('application.yml');
  expect(formatOf('secrets', 'export DATABASE_URL=postgres://db.example/app\n')).toBe('.env');
  expect(formatOf('settings.yml', undefined)).toBe('application.yml');
});
