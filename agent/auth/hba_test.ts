// pg_hba.conf line by line: what PostgreSQL 16 reads, what only it can do, and what nobody can read.

import { describe, expect, test } from 'bun:test';
import { parseHbaFile } from './hba.ts';
import { parseIdentFile } from './ident.ts';

const { maps } = parseIdentFile('staff root app', 'ident.conf');

function problemsOf(text: string): string[] {
  const { problems } = parseHbaFile(text, 'hba.conf', maps);
  return problems.map(({ sentence }) => sentence);
}

describe('parseHbaFile()', () => {
  test('reads every kind of line', () => {
    const { rules, problems } = parseHbaFile(
      [
        '# TYPE  DATABASE        USER            ADDRESS                 METHOD',
        'local   all             all                                     peer map=staff',
        'local   replication     all                                     trust',
        'host    sameuser,shop   "all","+x"      10.0.0.0/8              scram-sha-256',
        'host    "sameuser"      /^app\\d$       192.168.0.1 255.255.255.0 md5',
        'hostssl "/^a,b$"        all             ::1/128                 cert map=staff clientcert=verify-full',
        'hostssl all             all             all                     password clientcert=verify-ca clientname=CN',
        'hostnossl all           all             0.0.0.0/0               reject',
        'local   all             all                                     ident',
      ].join('\n'),
      'hba.conf',
      maps,
    );
    expect(problems).toEqual([]);
    expect(
      rules.map(({ connection, method, map, clientcert }) => [connection, method, map, clientcert]),
    ).toEqual([
      ['local', 'peer', 'staff', undefined],
      ['local', 'trust', undefined, undefined],
      ['host', 'scram-sha-256', undefined, undefined],
      ['host', 'md5', undefined, undefined],
      ['hostssl', 'cert', 'staff', 'verify-full'],
      ['hostssl', 'plain', undefined, 'verify-ca'],
      ['hostnossl', 'reject', undefined, undefined],
      ['local', 'peer', undefined, undefined],
    ]);
    expect(rules[2]).toMatchObject({
      origin: { place: 'hba.conf', line: 4 },
      databases: [{ kind: 'sameuser' }, { kind: 'name', name: 'shop' }],
      users: [
        { kind: 'name', name: 'all' },
        { kind: 'name', name: '+x' },
      ],
      range: { address: { family: 4, bits: 0x0a000000n }, mask: 0xff000000n },
    });
    expect(rules[3]).toMatchObject({
      databases: [{ kind: 'name', name: 'sameuser' }],
      users: [{ kind: 'expression', expression: /^app\d$/su }],
      range: { mask: 0xffffff00n },
    });
    expect(rules[4]?.databases).toEqual([{ kind: 'expression', expression: /^a,b$/su }]);
    expect(rules[5]?.range).toBeUndefined();
  });

  const wrong: Readonly<Record<string, string>> = {
    'hots all all all trust': 'connection type "hots"',
    'local,host all all trust': 'connection type "local,host"',
    local: 'database ""',
    'local all': 'user ""',
    'local all all': 'method ""',
    'local samerole all trust': 'database "samerole"',
    'local samegroup all trust': 'database "samegroup"',
    'local all +staff reject': 'user "+staff"',
    'local all a,+staff reject': 'user "+staff"',
    'local @dbs all trust': 'name "@dbs"',
    'local all all trust @options': 'name "@options"',
    'include other.conf': 'directive "include other.conf"',
    'include_dir conf.d': 'directive "include_dir conf.d"',
    'include_if_exists x': 'directive "include_if_exists x"',
    'local /( all trust': 'database "/("',
    'local all "/[[:alpha:]]" trust': 'user "/[[:alpha:]]"',
    'local all "/\\mapp" trust': 'user "/\\mapp"',
    'local "a all trust': 'line "local a all trust"',
    'host all all trust': 'address "trust"',
    'host all all samehost trust': 'address "samehost"',
    'host all all samenet trust': 'address "samenet"',
    'host all all db.example.com trust': 'address "db.example.com"',
    'host all all .example.com reject': 'address ".example.com"',
    'host all all 10.0.0.1 trust': 'mask "trust"|address "10.0.0.1 trust"',
    'host all all 10.0.0.1/33 trust': 'address "10.0.0.1/33"',
    'host all all 10.0.0.1/ trust': 'address "10.0.0.1/"',
    'host all all 10.0.0/8 trust': 'address "10.0.0/8"',
    'host all all 10.0.0.1/8/8 trust': 'address "10.0.0.1/8/8"',
    'host all all ::1/129 trust': 'address "::1/129"',
    'host all all ::ffff:10.0.0.0/104 reject': 'address "::ffff:10.0.0.0/104"',
    'host all all 10.0.0.1 ffff:: trust': 'address "10.0.0.1 ffff::"',
    'host all all 10.0.0.1,10.0.0.2 trust': 'address "10.0.0.1,10.0.0.2"',
    'local all all ldap': 'method "ldap"',
    'local all all scram-sha-265': 'method "scram-sha-265".*did you mean scram-sha-256',
    'local all all toString': 'method "toString"',
    'local all all md5,trust': 'method "md5,trust"',
    'host all all all peer': 'method "peer"',
    'host all all all ident': 'method "ident"',
    'host all all all cert': 'method "cert"',
    'local all all cert': 'method "cert"',
    'hostnossl all all all password': 'method "password"',
    'local all all peer map': 'option "map"',
    'local all all peer map=nobody': 'option "map=nobody".*staff',
    'local all all peer map=toString': 'option "map=toString"',
    'local all all md5 map=staff': 'option "map=staff"',
    'host all all all md5 clientcert=verify-ca': 'option "clientcert=verify-ca"',
    'hostssl all all all md5 clientcert=1': 'option "clientcert=1"',
    'hostssl all all all cert clientcert=verify-ca': 'option "clientcert=verify-ca"',
    'hostssl all all all cert clientname=DN': 'option "clientname=DN"',
    'host all all all md5 clientname=CN': 'option "clientname=CN"',
    'local all all md5 ldapserver=x': 'option "ldapserver=x"',
  };
  for (const [line, expected] of Object.entries(wrong)) {
    test(`refuses ${line}, and names what is wrong`, () => {
      const { rules, problems } = parseHbaFile(`local all all trust\n${line}\n`, 'hba.conf', maps);
      expect(problems).not.toEqual([]);
      expect(rules.length).toBe(1);
      for (const { sentence, severity } of problems) {
        expect(severity).toBe('error');
        expect(sentence).toMatch(/^Cannot use the .* at hba\.conf:2: expected ./);
      }
      expect(problems[0]!.sentence).toMatch(
        new RegExp(expected.replace(/[()[\]\\/+.]/g, (it) => (it === '.' ? it : `\\${it}`))),
      );
    });
  }

  test('tells every mistake at once, and each of one line', () => {
    expect(problemsOf('local all +a nonsense\nhost all all nowhere md5\n\nhots')).toEqual([
      'Cannot use the user "+a" at hba.conf:1: expected names or all: pgsidecar knows no memberships',
      expect.stringContaining(
        'Cannot use the method "nonsense" at hba.conf:1: expected one of trust, reject',
      ),
      expect.stringContaining('Cannot use the address "nowhere" at hba.conf:2: expected'),
      expect.stringContaining('Cannot use the connection type "hots" at hba.conf:4: expected local'),
    ]);
  });

  test('refuses a file without a line, as PostgreSQL does', () => {
    expect(problemsOf('# nothing\n\n')).toEqual([
      'Cannot use the file "hba.conf" at hba.conf: expected at least one line: without any, nobody comes in',
    ]);
  });

  test('never throws, and has as many rules as lines that nobody complains about', () => {
    const pieces = [
      'local',
      'host',
      'all',
      '"',
      ',',
      ' ',
      '\t',
      '\\\n',
      '\n',
      '#',
      '@',
      '+',
      '/',
      '(',
      '::1',
      '10.0.0.0/8',
    ];
    pieces.push('trust', 'reject', 'map=', 'clientcert=verify-ca', '\0', 'ä', '__proto__', '=', '\r');
    let state = 7;
    const next = () => {
      state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
      return state;
    };
    for (let round = 0; round < 5_000; round++) {
      const text = Array.from({ length: next() % 24 }, () => pieces[next() % pieces.length]).join(
        next() % 2 === 0 ? ' ' : '',
      );
      const { rules, problems } = parseHbaFile(text, 'hba.conf', maps);
      const lines = rules.map(({ origin }) => origin.line);
      expect(problems.some(({ origin }) => lines.includes(origin?.line))).toBe(false);
    }
  });
});
