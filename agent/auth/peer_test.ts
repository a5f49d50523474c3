// The peer map: what it allows, and that nothing in it allows more than was written.

import { expect, test } from 'bun:test';
import { makePeerMap, mayBecome } from './peer.ts';

test('mayBecome() lets a system user be the role of its own name where no map was written', () => {
  const map = makePeerMap([]);
  expect(mayBecome(map, 'deploy', 'deploy')).toBe(true);
  expect(mayBecome(map, 'deploy', 'app')).toBe(false);
});

test('mayBecome() allows what a map says and nothing else, not even the same name', () => {
  const map = makePeerMap(['www-data:app', 'www-data:app_readonly', 'deploy:*', '*:guest']);
  expect(mayBecome(map, 'www-data', 'app')).toBe(true);
  expect(mayBecome(map, 'www-data', 'app_readonly')).toBe(true);
  expect(mayBecome(map, 'www-data', 'www-data')).toBe(false);
  expect(mayBecome(map, 'deploy', 'anything')).toBe(true);
  expect(mayBecome(map, 'somebody', 'guest')).toBe(true);
  expect(mayBecome(map, 'somebody', 'somebody')).toBe(false);
});

test('makePeerMap() names the entries it cannot use, and does not become the empty map by them', () => {
  const map = makePeerMap(['deploy', ':app', 'deploy:', ' ok : app ']);
  expect(map.unusable).toEqual(['deploy', ':app', 'deploy:']);
  expect(mayBecome(map, 'ok', 'app')).toBe(true);
  expect(mayBecome(makePeerMap(['deploy']), 'deploy', 'deploy')).toBe(false);
});

test('makePeerMap() splits at the first colon: a role may have one in its name', () => {
  expect(mayBecome(makePeerMap(['deploy:a:b']), 'deploy', 'a:b')).toBe(true);
});

test('mayBecome() does not take the name of a system user for a star', () => {
  expect(mayBecome(makePeerMap(['deploy:app']), '*', 'app')).toBe(false);
});
