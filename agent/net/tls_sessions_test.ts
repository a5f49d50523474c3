// Which session is given out, to whom, and until when.

import { expect, test } from 'bun:test';
import { SESSION_AGE_MS_MAX, TlsSessions } from './tls_sessions.ts';

const NOW = 1_000_000;
const LATER = NOW + 10 * SESSION_AGE_MS_MAX;
const of = (n: number): Uint8Array => new Uint8Array([n]);

test('TlsSessions gives each session once, the newest first, and keeps no more than a few', () => {
  const sessions = new TlsSessions();
  const context = {};
  for (let n = 1; n <= 10; n++) sessions.keep(context, 'a', of(n), NOW, LATER);
  const given = Array.from({ length: 9 }, () => sessions.take(context, 'a', NOW)?.[0]);
  expect(given).toEqual([10, 9, 8, 7, 6, 5, 4, 3, undefined]);
});

test('TlsSessions gives none to another context or target, and none that was forgotten', () => {
  const sessions = new TlsSessions();
  const [context, other] = [{}, {}];
  sessions.keep(context, 'a', of(1), NOW, LATER);
  expect(sessions.take(other, 'a', NOW)).toBeUndefined();
  expect(sessions.take(context, 'b', NOW)).toBeUndefined();
  sessions.forget(context, 'a');
  expect(sessions.take(context, 'a', NOW)).toBeUndefined();
});

test('TlsSessions gives none that is an hour old, or outlives the certificate that it stands for', () => {
  const sessions = new TlsSessions();
  const context = {};
  sessions.keep(context, 'a', of(1), NOW, LATER);
  expect(sessions.take(context, 'a', NOW + SESSION_AGE_MS_MAX)).toBeUndefined();
  sessions.keep(context, 'a', of(2), NOW, NOW + 5);
  sessions.keep(context, 'a', of(3), NOW, NOW + 3);
  expect(sessions.take(context, 'a', NOW + 4)).toEqual(of(2));
  sessions.keep(context, 'a', of(4), NOW, undefined);
  expect(sessions.take(context, 'a', NOW)).toBeUndefined();
});

test('TlsSessions forgets the oldest of very many targets', () => {
  const sessions = new TlsSessions();
  const context = {};
  for (let n = 0; n <= 256; n++) sessions.keep(context, `host ${n}`, of(1), NOW, LATER);
  expect([sessions.take(context, 'host 0', NOW), sessions.take(context, 'host 1', NOW)]).toEqual([
    undefined,
    of(1),
  ]);
});
