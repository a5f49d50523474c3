// Which line of the HBA file decides: where somebody comes from, whom he says he is, what he asks for.

import { describe, expect, test } from 'bun:test';
import { parseHbaFile } from './hba.ts';
import { decideByHba, type HbaAsked, hostOfPeer } from './hba_match.ts';

function decide(text: string, more: Partial<HbaAsked> = {}): string {
  const { rules, problems } = parseHbaFile(text, 'hba.conf', {});
  expect(problems).toEqual([]);
  const asked = { transport: 'tcp', host: '10.1.2.3', user: 'app', database: 'shop', ...more } as const;
  const decision = decideByHba(rules, asked);
  return decision.kind === 'rule' ? `line ${decision.rule.origin.line}` : decision.reply;
}

const LOCAL = { transport: 'unix', host: '[local]' } as const;
const TLS = { transport: 'tls' } as const;

describe('decideByHba()', () => {
  test('goes by the first line that fits, whatever stands below', () => {
    expect(decide('host all clerk all trust\nhost all app all md5\nhost all all all trust')).toBe('line 2');
    expect(decide('host all app 10.0.0.0/8 reject\nhost all all all trust')).toBe('hba_rejected');
    expect(decide('host all all all trust\nhost all app all reject')).toBe('line 1');
  });

  test('refuses whom no line fits', () => {
    expect(decide('local all all trust')).toBe('hba_no_entry');
    expect(decide('host all all all trust', LOCAL)).toBe('hba_no_entry');
    expect(decide('host replication all all trust', { database: 'replication' })).toBe('hba_no_entry');
  });

  test('lets in to replicate by lines for replication, and by no others', () => {
    const physical = { database: 'shop', isReplication: true };
    expect(decide('host all all all trust\nhost shop all all trust', physical)).toBe('hba_no_entry');
    expect(decide('host all all all trust\nhost replication all all trust', physical)).toBe('line 2');
    expect(decide('host replication all all trust', { database: 'shop' })).toBe('hba_no_entry');
    expect(decide('host "replication" all all trust', { database: 'replication' })).toBe('line 1');
    expect(decide('host "replication" all all trust', physical)).toBe('hba_no_entry');
  });

  test('tells host from hostssl, hostnossl and local', () => {
    const kinds = ['local', 'host', 'hostssl', 'hostnossl', 'hostgssenc', 'hostnogssenc'];
    const lines = (more: Partial<HbaAsked>) =>
      kinds.filter(
        (kind) => decide(`${kind} all all ${kind === 'local' ? '' : 'all'} trust`, more) === 'line 1',
      );
    expect(lines(LOCAL)).toEqual(['local']);
    expect(lines(TLS)).toEqual(['host', 'hostssl', 'hostnogssenc']);
    expect(lines({})).toEqual(['host', 'hostnossl', 'hostnogssenc']);
  });

  test('compares addresses by their networks', () => {
    expect(decide('host all all 10.0.0.0/8 trust')).toBe('line 1');
    expect(decide('host all all 10.1.2.0 255.255.255.0 trust')).toBe('line 1');
    expect(decide('host all all 10.1.3.0/24 trust')).toBe('hba_no_entry');
    expect(decide('host all all 0.0.0.0/0 trust', { host: '::1' })).toBe('hba_no_entry');
    expect(decide('host all all ::/0 trust', { host: '2001:db8::7' })).toBe('line 1');
    // A dual-stack listener shows IPv4 in IPv6's clothes, and a reject must know it all the same.
    expect(
      decide('host all all 10.0.0.0/8 reject\nhost all all all trust', { host: '::ffff:10.9.9.9' }),
    ).toBe('hba_rejected');
  });

  test('lets nobody in whose address nobody can read', () => {
    expect(decide('host all all all trust', { host: 'nowhere' })).toBe('hba_no_entry');
    expect(decide('host all all all trust', { host: '' })).toBe('hba_no_entry');
  });

  test('knows all, sameuser, lists and expressions', () => {
    expect(decide('host sameuser all all trust')).toBe('hba_no_entry');
    expect(decide('host sameuser all all trust', { database: 'app' })).toBe('line 1');
    expect(decide('host a,shop,b clerk,app all trust')).toBe('line 1');
    expect(decide('host "/^sh" "/p$" all trust')).toBe('line 1');
    expect(decide('host /^op all all trust')).toBe('hba_no_entry');
    expect(decide('host "all" all all trust')).toBe('hba_no_entry');
    expect(decide('host Shop all all trust')).toBe('hba_no_entry');
  });

  test('lets no name in that is longer than any name is', () => {
    const long = 'a'.repeat(256);
    expect(decide('host all all all trust', { user: long })).toBe('hba_no_entry');
    expect(decide('host all all all trust', { database: long })).toBe('hba_no_entry');
  });

  test('says what PostgreSQL says', () => {
    const asked = { transport: 'tls', host: '10.1.2.3', user: 'app', database: 'shop' } as const;
    expect(decideByHba([], asked)).toMatchObject({
      details: { host: '10.1.2.3', user: 'app', database: 'shop', encryption: 'SSL encryption' },
    });
    expect(decideByHba([], { ...asked, ...LOCAL })).toMatchObject({
      details: { host: '[local]', encryption: 'no encryption' },
    });
  });
});

test('hostOfPeer() takes the port away', () => {
  const peers = [
    'unix',
    '10.0.0.7:5432',
    '::1:5432',
    '2001:db8::1:80',
    'fe80::1%eth0:5432',
    '[::1]:5432',
    '10.0.0.7',
  ];
  expect(peers.map(hostOfPeer)).toEqual([
    ...['[local]', '10.0.0.7', '::1', '2001:db8::1', 'fe80::1', '::1', '10.0.0.7'],
  ]);
});
