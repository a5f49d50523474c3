// SET at the console: what is asked of the agent, and what is said where nothing can be.

import { describe, expect, test } from 'bun:test';
import { rowOf, SETTING_NAMES } from '../config/table.ts';
import { query } from '../tests/harness/client_words.ts';
import { consoleFixture, hears } from './console_fixture.ts';
import { consoleNameOf } from './show/config.ts';

const NEEDED = 'ERROR 22023 SET failed: ';

describe('SET', () => {
  test('sets a setting by PgBouncer’s name or ours, in PgBouncer’s words', async () => {
    const { console, controls } = await consoleFixture();
    const client = await console();
    expect(await hears(client, query('SET pool_mode = Session'))).toEqual([
      ...['Complete SET pool_mode=Session', 'Ready I'],
    ]);
    await hears(client, query("SET server_tls_protocols TO 'tlsv1.3'; SET log_level = debug"));
    await hears(client, query('SET default_pool_size = 0x10; SET pool_mode TO DEFAULT'));
    expect(controls.calls).toEqual([
      ...['set pool_mode session', 'set server_tls_protocols tlsv1.3', 'set log_level debug'],
      ...['set default_pool_size 16', 'set pool_mode undefined'],
    ]);
  });

  test('says what is wrong with the value, as a reload would', async () => {
    const { console, controls } = await consoleFixture();
    controls.reloaded = { ok: false, changes: [], problems: ['Cannot use pool_mode "x"'] };
    expect(await hears(await console(), query("SET pool_mode = 'x'"))).toEqual([
      ...[`${NEEDED}Cannot use pool_mode "x"`, 'Ready I'],
    ]);
  });

  test('knows what PgBouncer has and nobody needs, and names the nearest of what there is not', async () => {
    const { console, controls } = await consoleFixture();
    const client = await console();
    const [notice, complete] = await hears(client, query('SET pkt_buf = 2048'));
    expect(notice).toStartWith('NOTICE 00000 pkt_buf means nothing here');
    expect(complete).toBe('Complete SET pkt_buf=2048');
    expect(await hears(client, query('SET pool_mod = session'))).toEqual([
      ...[`${NEEDED}there is no setting "pool_mod"; did you mean "pool_mode"?`, 'Ready I'],
    ]);
    expect(controls.calls).toEqual([]);
  });

  test('leaves to the file what the agent runs, reads, writes or is', async () => {
    const { console, controls } = await consoleFixture();
    const client = await console();
    const named = ['secrets_command', 'sources', 'environment', 'user'];
    const paths = SETTING_NAMES.filter((name) => rowOf(name).type === 'path').map(consoleNameOf);
    expect(paths).toContain('logfile');
    for (const key of [...named, ...paths]) {
      for (const value of ["'/bin/sh -c true'", 'DEFAULT'])
        expect((await hears(client, query(`SET ${key} = ${value}`)))[0]).toBe(
          `${NEEDED}"${key}" is not changed at the console, since it says what the agent runs, reads, writes or is; set it in the file`,
        );
    }
    expect(controls.calls).toEqual([]);
    const rows = await hears(client, query('SHOW CONFIG'));
    const fixed = rows.filter((row) => /,no$/.test(row)).map((row) => /^Row ([^,]+)/.exec(row)![1]!);
    expect(fixed).toEqual([...named, ...paths].sort());
  });

  test('passes over what drivers say of themselves, whoever says it', async () => {
    const { console, controls } = await consoleFixture();
    const client = await console('sta');
    for (const sql of ["SET application_name = 'x'", 'set DateStyle to iso', 'SET extra_float_digits = 3'])
      expect(await hears(client, query(sql))).toEqual([
        'NOTICE 00000 SET ignored',
        'Complete SET',
        'Ready I',
      ]);
    expect(controls.calls).toEqual([]);
  });
});
