// What somebody who may use no database is told, or not that one.

import { expect, test } from 'bun:test';
import type { Settings } from '../config/settings.ts';
import { checkAccess } from './limits.ts';

test('checkAccess() says which databases a user may use, and says so when there is none', () => {
  const users = { clerk: { databases: ['shop', 'jobs'] }, asker: { databases: [] } };
  const settings = { users, databases: { books: {} } } as unknown as Settings;
  expect(() => checkAccess(settings, 'books', 'clerk')).toThrow('user "clerk" may use shop, jobs');
  expect(() => checkAccess(settings, 'books', 'asker')).toThrow('user "asker" may use none');
});
