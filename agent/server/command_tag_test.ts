// Command tags that change what is known about a session, and those that only look like them.

import { expect, test } from 'bun:test';
import { encodeCommandComplete } from '../wire/server_messages.ts';
import * as tags from './command_tag.ts';

function meaningOf(tag: string): number {
  const message = Buffer.concat([Buffer.from('xyz'), encodeCommandComplete(tag)]);
  return tags.meaningOfTag(message, 3, message.length);
}

test('meaningOfTag() knows what changes prepared statements, and ends transactions', () => {
  const wanted = {
    ...{
      COMMIT: tags.COMMITTED,
      ROLLBACK: tags.ROLLED_BACK,
      PREPARE: tags.PREPARE,
      DEALLOCATE: tags.DEALLOCATED,
    },
    ...{ 'DEALLOCATE ALL': tags.DEALLOCATED_ALL, 'DISCARD ALL': tags.DISCARDED_ALL },
  };
  for (const [tag, meaning] of Object.entries(wanted)) expect([tag, meaningOf(tag)]).toEqual([tag, meaning]);
});

test('meaningOfTag() passes over all others, of the same length too', () => {
  const others = [
    'SELECT 1',
    'SET',
    'RESET',
    'INSERT 0 1',
    'COPY 10',
    'FETCH 1',
    'LOAD',
    'BEGIN',
    'DISCARD TEMP',
    'CREATE TABLE',
    '',
  ];
  for (const tag of others) expect([tag, meaningOf(tag)]).toEqual([tag, tags.NOTHING]);
});
