// By which proof somebody comes in: auth_type, the line of the HBA file, and what his certificate has to say.

import { describe, expect, test } from 'bun:test';
import { parseHbaFile } from '../auth/hba.ts';
import { parseIdentFile } from '../auth/ident.ts';
import type { Settings } from '../config/settings.ts';
import { databaseOf, settingsOf, userOf } from '../tests/harness/data_plane.ts';
import { type Asked, expiryOf, type WayIn, wayIn } from './way_in.ts';

const ASKED: Asked = {
  transport: 'tls',
  host: '10.0.0.7',
  user: 'app',
  database: 'shop',
  subject: undefined,
};

function ways(settings: Partial<Settings>, asked: Partial<Asked>): WayIn {
  return wayIn(settingsOf([databaseOf()], [userOf()], settings), { ...ASKED, ...asked });
}

function byHba(text: string, asked: Partial<Asked>, more: Partial<Settings> = {}): WayIn {
  const { maps } = parseIdentFile('staff root app', 'ident.conf');
  const { rules, problems } = parseHbaFile(text, 'hba.conf', maps);
  expect(problems).toEqual([]);
  return ways({ auth_type: 'hba', hba: { rules, maps, texts: [] }, ...more }, asked);
}

describe('wayIn()', () => {
  test('is auth_type, where that is no hba', () => {
    for (const auth_type of ['scram-sha-256', 'md5', 'plain', 'peer', 'cert', 'trust'] as const)
      expect(ways({ auth_type }, {})).toEqual({ kind: 'prove', authType: auth_type, map: undefined });
  });

  test('is the method of the line that fits, with its map', () => {
    const text = 'local all all peer map=staff\nhost all all all password';
    expect(byHba(text, { transport: 'unix' })).toMatchObject({ authType: 'peer', map: [{}] });
    expect(byHba(text, {})).toEqual({ kind: 'prove', authType: 'plain', map: undefined });
  });

  test('is a refusal where a line rejects, where none fits, and where there are none at all', () => {
    expect(byHba('host all all all reject', {})).toMatchObject({ kind: 'refused', reply: 'hba_rejected' });
    expect(byHba('local all all trust', {})).toMatchObject({ kind: 'refused', reply: 'hba_no_entry' });
    expect(ways({ auth_type: 'hba' }, {})).toMatchObject({ kind: 'refused', reply: 'hba_no_entry' });
  });

  test('holds the common name against the user where verify-full or clientcert says so', () => {
    const refused = { kind: 'refused', reply: 'certificate_refused' };
    const line = 'hostssl all all all md5 clientcert=verify-full';
    expect(byHba(line, { subject: 'CN=app' })).toMatchObject({ authType: 'md5' });
    expect(byHba(line, { subject: 'CN=clerk' })).toMatchObject(refused);
    expect(byHba(line, {})).toMatchObject({ ...refused, reason: 'its certificate is for nobody' });
    const anyName = 'hostssl all all all md5 clientcert=verify-ca';
    expect(byHba(anyName, { subject: 'CN=clerk' })).toMatchObject({ authType: 'md5' });
    expect(byHba(anyName, {})).toMatchObject(refused);
    const full = { client_tls_sslmode: 'verify-full' } as const;
    expect(byHba(anyName, { subject: 'CN=clerk' }, full)).toMatchObject(refused);
    expect(ways({ auth_type: 'md5', ...full }, { subject: 'CN=clerk' })).toMatchObject(refused);
    expect(ways({ auth_type: 'md5', ...full }, { subject: undefined, transport: 'unix' })).toMatchObject({
      kind: 'prove',
    });
  });

  test('leaves the name to cert, which may have a map for it', () => {
    const full = { client_tls_sslmode: 'verify-full' } as const;
    expect(byHba('hostssl all all all cert map=staff', { subject: 'CN=root' }, full)).toMatchObject({
      authType: 'cert',
    });
  });
});

describe('expiryOf()', () => {
  const at = Date.parse('2027-01-31T12:00:00Z');
  const settings = settingsOf([databaseOf()], [userOf({ validUntil: '2027-01-31T12:00:00.000Z' })]);

  test('refuses a password from the moment on, and nobody else’s', () => {
    expect(expiryOf(settings, 'idp_app', 'scram-sha-256', at - 1)).toBeUndefined();
    for (const authType of ['scram-sha-256', 'md5', 'plain'] as const)
      expect(expiryOf(settings, 'idp_app', authType, at)).toBe(
        'its password was valid until 2027-01-31T12:00:00.000Z',
      );
    for (const name of ['other', 'constructor', '__proto__'])
      expect(expiryOf(settings, name, 'scram-sha-256', at)).toBeUndefined();
    expect(expiryOf(settingsOf([databaseOf()]), 'idp_app', 'md5', at)).toBeUndefined();
  });

  test('does not look at who proves something else than a password', () => {
    for (const authType of ['peer', 'cert', 'trust'] as const)
      expect(expiryOf(settings, 'idp_app', authType, at)).toBeUndefined();
  });
});
