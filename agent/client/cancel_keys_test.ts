// Keys that clients cancel with: random, or with PgBouncer's places for whose client it is and how far a request may go.

import { describe, expect, test } from 'bun:test';
import { newCancelKey, peerOf, withAllPasses, withOnePassLess } from './cancel_keys.ts';
import { Clients } from './clients.ts';
import type { StartupMessage } from './startup.ts';

const MESSAGE: StartupMessage = {
  kind: 'startup',
  major: 3,
  minor: 0,
  parameters: new Map(),
  protocolOptions: [],
};
const NEWER: StartupMessage = { ...MESSAGE, minor: 2 };
const key = (peer_id: number, message = MESSAGE) =>
  newCancelKey(message, new Clients(), { peer_id }, (bytes) => new Uint8Array(bytes).fill(0xa4));

describe('newCancelKey()', () => {
  test('is chance alone where there are no peers, and longer for those who ask for it', () => {
    expect([key(0), key(0, NEWER)].map(({ pid, key: secret }) => [pid, secret.length, secret[3]])).toEqual([
      [0x24a4a4a4, 4, 0xa4],
      [0x24a4a4a4, 32, 0xa4],
    ]);
  });

  test("has the peer's number in the second and third byte, the low one first, and three passes in the last", () => {
    for (const peer of [1, 2, 255, 256, 258, 16_383, 65_535]) {
      const { pid, key: secret } = key(peer);
      expect([(pid >> 16) & 0xff, (pid >> 8) & 0xff]).toEqual([peer & 0xff, peer >> 8]);
      expect([peerOf(pid), pid > 0, [...secret]]).toEqual([peer, true, [0xa4, 0xa4, 0xa4, 0xa7]]);
    }
  });

  test('is as short as PgBouncer has it for newer protocols too, where there are peers', () => {
    expect(key(7, NEWER).key.length).toBe(4);
  });
});

test('withAllPasses() and withOnePassLess() leave the request as it came, in whatever memory', () => {
  const came = Buffer.from([1, 2, 3, 0x05]);
  expect([withAllPasses(came)[3], withOnePassLess(came)?.[3], came[3]]).toEqual([7, 4, 5]);
});

test('withOnePassLess() goes three times, and changes nothing else', () => {
  const seen: number[][] = [];
  let secret = withOnePassLess(key(7).key);
  for (; secret !== undefined; secret = withOnePassLess(secret)) seen.push([...secret]);
  expect(seen).toEqual([
    [0xa4, 0xa4, 0xa4, 0xa6],
    [0xa4, 0xa4, 0xa4, 0xa5],
    [0xa4, 0xa4, 0xa4, 0xa4],
  ]);
  expect(seen.map((each) => [...withAllPasses(new Uint8Array(each))])).toEqual(
    seen.map(() => [...key(7).key]),
  );
  expect(withOnePassLess(new Uint8Array([3, 3, 3]))).toBeUndefined();
});
