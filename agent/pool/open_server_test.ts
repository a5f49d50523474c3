// Which host a new server is tried at: in the order that is written, or in turns, and past those that do not answer.

import { describe, expect, test } from 'bun:test';
import type { DatabaseSettings } from '../config/settings.ts';
import { poolFixture } from './pool_fixture.ts';

const DOWN = new Error('connection refused');

function of(
  names: readonly string[],
  loadBalanceHosts: DatabaseSettings['loadBalanceHosts'],
): Partial<DatabaseSettings> {
  return { hosts: names.map((host) => ({ host, port: 5432 })), loadBalanceHosts, poolSize: 20 };
}

describe('openServer() with several hosts', () => {
  test('begins with the first one that is written', async () => {
    const { ask, plane } = await poolFixture(of(['a', 'b'], 'disable'));
    await ask(3);
    expect(plane.network.tried).toEqual(['a:5432', 'a:5432', 'a:5432']);
  });

  test('goes on to the next when one does not answer, and back to the first when it does again', async () => {
    const { ask, plane } = await poolFixture(of(['a', 'b'], 'disable'));
    plane.network.welcome = ({ host }) => (host === 'a' ? DOWN : 'login');
    await ask(1);
    plane.network.welcome = () => 'login';
    await ask(1);
    expect(plane.network.tried).toEqual(['a:5432', 'b:5432', 'a:5432']);
  });

  test('takes them in turns', async () => {
    const { ask, plane } = await poolFixture(of(['a', 'b', 'c'], 'round-robin'));
    for (let i = 0; i < 7; i++) await ask(1);
    expect(plane.network.tried.map((each) => each[0]).join('')).toBe('abcabca');
  });

  test('takes them in turns when several are wanted at once', async () => {
    const { ask, plane } = await poolFixture(of(['a', 'b', 'c'], 'round-robin'));
    const clients = await ask(6);
    const hosts = clients.map(({ server }) => server!.address.host).toSorted();
    expect(hosts.join('')).toBe('aabbcc');
    plane.check();
  });

  test('gives the turn of one that is down to the others alike', async () => {
    const { ask, plane } = await poolFixture(of(['a', 'b', 'c'], 'round-robin'));
    plane.network.welcome = ({ host }) => (host === 'a' ? DOWN : 'login');
    const hosts: string[] = [];
    for (let i = 0; i < 6; i++) hosts.push((await ask(1))[0]!.server!.address.host);
    expect(hosts.join('')).toBe('bcbcbc');
  });

  test('fails with what the last one said when none answers, having asked each once', async () => {
    const { ask, plane, pool } = await poolFixture(of(['a', 'b', 'c'], 'round-robin'));
    plane.network.welcome = ({ host }) => new Error(`${host} is down`);
    await ask(1);
    expect(plane.network.tried).toEqual(['a:5432', 'b:5432', 'c:5432']);
    expect(pool.failure.last?.message).toContain('c is down');
  });
});
