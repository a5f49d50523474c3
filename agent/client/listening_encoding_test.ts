// Names of channels and notifications, between the encoding of the connection that listens and that of the client.

import { expect, test } from 'bun:test';
import { notification } from '../tests/harness/server_words.ts';
import { channelIn, listenedIn, notificationFor, spokenIn } from './listening_encoding.ts';

const latin = spoken('LATIN1');
const utf8 = spoken('UTF8');

function spoken(client: string, server = 'UTF8') {
  return spokenIn(
    new Map([
      ['client_encoding', client],
      ['server_encoding', server],
    ]),
  );
}

/** As the bytes are, each a character. */
function words(message: Uint8Array): string {
  return Buffer.from(message.subarray(9)).toString('latin1');
}

test('a client of LATIN1 is listened for in UTF8, and hears in what it has set when it is told', () => {
  expect([listenedIn(latin), listenedIn(utf8), listenedIn(spoken('EUC_JP'))]).toEqual([
    'UTF8',
    'UTF8',
    'EUC_JP',
  ]);
  const message = notification('c1', 'für 5 €');
  const told = notificationFor(message, 'UTF8', latin);
  expect(words(told)).toBe('c1\0f\xfcr 5 ?\0');
  expect(Buffer.from(told).readInt32BE(1)).toBe(told.length - 1);
  // It is the others' too.
  expect(words(message)).toContain('f\xc3\xbcr');
  expect(notificationFor(message, 'UTF8', utf8)).toBe(message);
  const plain = notification('c1', 'plain');
  expect(notificationFor(plain, 'UTF8', latin)).toBe(plain);
});

test('a channel is what the client has written in its own encoding, and cut as PostgreSQL cuts it', () => {
  expect(channelIn('ü', 'UTF8', utf8)).toBe('ü');
  expect(channelIn('ü', 'UTF8', latin)).toBe('\xc3\xbc');
  expect(channelIn('c1', 'UTF8', latin)).toBe('c1');
  expect(channelIn('ü'.repeat(30), 'UTF8', latin)).toBe(`${'\xc3\xbc'.repeat(15)}\xc3`);
});

test('where the server translates nothing, and in encodings that are not known here, bytes stay as they are', () => {
  const raw = spoken('LATIN1', 'SQL_ASCII');
  const message = notification('ü', 'ü');
  expect(listenedIn(raw)).toBe('LATIN1');
  expect(channelIn('ü', 'UTF8', raw)).toBe('ü');
  expect(notificationFor(message, 'UTF8', raw)).toBe(message);
  expect(notificationFor(message, 'EUC_JP', latin)).toBe(message);
});
