// Who logs in to a server, and where, is the agent's to say, whatever the parameters are.

import { expect, test } from 'bun:test';
import type { Connection } from '../net/connection.ts';
import { decodeStartup } from '../wire/startup.ts';
import { type LoginOptions, login } from './login.ts';

function packetOf(options: Partial<LoginOptions>): Readonly<Record<string, string>> {
  let sent: Uint8Array | undefined;
  const connection = {
    isClosed: false,
    write: (bytes: Uint8Array) => {
      sent = bytes;
      return true;
    },
  } as unknown as Connection;
  const who = { user: 'app', dbname: 'shop', parameters: {}, ...options } as LoginOptions;
  void login(connection, who, new AbortController().signal);
  const packet = decodeStartup(sent!);
  if (packet.kind !== 'startup') throw new Error(packet.kind);
  return Object.fromEntries(packet.parameters);
}

test('login() names its own role and database, and takes parameters for the rest', () => {
  expect(packetOf({ parameters: { search_path: 'there' } })).toEqual({
    user: 'app',
    database: 'shop',
    search_path: 'there',
  });
});

test('login() lets no parameter say another role, database, replication or options', () => {
  const parameters = {
    user: 'postgres',
    Database: 'vault',
    replication: 'true',
    options: '-c role=postgres',
  };
  expect(packetOf({ parameters })).toEqual({ user: 'app', database: 'shop' });
});

test('login() replicates when it is told to', () => {
  expect(packetOf({ replication: 'physical' }).replication).toBe('true');
  expect(packetOf({ replication: 'logical' }).replication).toBe('database');
});
