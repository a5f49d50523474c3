// A .env and a list of URLs: the names of the variables, quoting, and what may be shown.

import { expect, test } from 'bun:test';
import { databaseFixture, nastySecret, settingsFixture } from './render_fixture.ts';
import { mainDatabase, renderEnv, renderUrls } from './urls.ts';

const password = nastySecret();
const replica = databaseFixture({ name: 'idp-read.replica', role: 'replica', password });
const writer = databaseFixture({ password });

test('renderEnv() has DATABASE_URL for the writer, and the name in front for the others', () => {
  const [file] = renderEnv(settingsFixture([replica, writer]), 'libpq');
  const names = [...file!.text.matchAll(/^(\w+)=/gm)].map((match) => match[1]);
  expect(names).toEqual(['IDP_READ_REPLICA_DATABASE_URL', 'DATABASE_URL']);
  expect(file).toMatchObject({ name: '.env', secret: true });
});

test('renderEnv() quotes for a shell only what a shell would take apart', () => {
  const [plain] = renderEnv(settingsFixture([databaseFixture()]), 'libpq');
  expect(plain!.text).toContain('\nDATABASE_URL=postgresql://idp_app@/idp?host=/run/pgsidecar\n');
  expect(plain!.secret).toBe(false);
  const [quoted] = renderEnv(settingsFixture([databaseFixture()], [], { listen_port: 6432 }), 'libpq');
  expect(quoted!.text).toContain(
    "\nDATABASE_URL='postgresql://idp_app@/idp?host=/run/pgsidecar&port=6432'\n",
  );
});

test('renderEnv() refuses two databases with one variable', () => {
  const twins = [writer, databaseFixture({ name: 'a-b' }), databaseFixture({ name: 'a.b' })];
  expect(() => renderEnv(settingsFixture(twins), 'libpq')).toThrow(
    'Cannot write the URL of a.b to .env: another database has the variable A_B_DATABASE_URL',
  );
});

test('the masks show no password, and no line that they do not know', () => {
  const settings = settingsFixture([writer, replica]);
  for (const [file] of [
    renderEnv(settings, 'libpq'),
    renderUrls(settings, 'rails'),
    renderUrls(settings, 'node'),
  ]) {
    const shown = file!.text.split('\n').map((line) => (line === '' ? '' : file!.mask(line)));
    expect(shown).not.toContain(undefined);
    expect(file!.text).toContain(password.open().slice(0, 36));
    expect(shown.join('\n')).not.toContain(password.open().slice(0, 36));
    for (const foreign of [
      'SECRET=abc',
      '# abc',
      'DATABASE_URL=abc',
      'X_DATABASE_URL=postgresql://a:abc',
      'abc',
    ]) {
      expect(file!.mask(foreign) ?? '', foreign).not.toContain('abc');
    }
  }
});

test('mainDatabase() is the first writer, or the first of all', () => {
  expect(mainDatabase(settingsFixture([replica, writer]))).toBe(writer);
  expect(mainDatabase(settingsFixture([replica]))).toBe(replica);
});
