// File descriptors: shared out so that servers can be reached when clients take all that they can get.

import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { databaseOf, settingsOf, userOf } from '../tests/harness/data_plane.ts';
import { shareDescriptors } from './descriptors.ts';

const users = ['anna', 'bert', 'carl'].map((name) => userOf({ name }));

test('shareDescriptors() keeps those of all pools free, and some to say no with', () => {
  const settings = settingsOf([databaseOf({ poolSize: 20 })], users, { max_client_conn: 500 });
  const bounds = shareDescriptors(1024, settings);
  expect(bounds).toEqual({ limit: 1024, roomBelow: 932, refuseFrom: 948, dialBelow: 1008, wanted: 616 });
  expect(bounds.dialBelow - bounds.refuseFrom).toBe(3 * 20);
});

test('shareDescriptors() counts a pool for each user who may have one, up to max_db_connections', () => {
  const wanted = (...databases: Parameters<typeof databaseOf>[0][]) =>
    shareDescriptors(10_000, settingsOf(databases.map(databaseOf), users, { max_client_conn: 1 })).wanted;
  const nobody = wanted();
  expect(wanted({ poolSize: 5 }) - nobody).toBe(15);
  expect(wanted({ poolSize: 5, maxDbConnections: 8 }) - nobody).toBe(8);
  expect(wanted({ poolSize: 5, forceUser: true }) - nobody).toBe(5);
  expect(wanted({ poolSize: 5 }, { name: 'other', poolSize: 7 }) - nobody).toBe(36);
});

test('shareDescriptors() leaves clients half of what there is, however many servers there may be', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 64, max: 1_000_000 }),
      fc.integer({ min: 1, max: 10_000 }),
      (limit, poolSize) => {
        const bounds = shareDescriptors(limit, settingsOf([databaseOf({ poolSize })], users));
        const order = [bounds.roomBelow, bounds.refuseFrom, bounds.dialBelow, bounds.limit];
        expect(order).toEqual(order.toSorted((a, b) => a - b));
        expect(bounds.refuseFrom).toBeGreaterThanOrEqual((limit - 16) / 2);
        expect(bounds.limit - bounds.dialBelow).toBe(16);
      },
    ),
  );
});
