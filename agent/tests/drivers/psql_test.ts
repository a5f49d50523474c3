// psql through the socket: meta-commands, \copy, scripts that stop or go on at errors, notices, settings of its environment.

import { expect, setDefaultTimeout, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { reachableRoot } from '../harness/nursery.ts';
import { ask, psql } from '../harness/psql.ts';
import { onEachPostgres } from './stage.ts';

setDefaultTimeout(30_000);

const SCHEMA = `
  CREATE SCHEMA stock AUTHORIZATION app;
  CREATE TABLE item (id int PRIMARY KEY, name text NOT NULL, price numeric(8, 2));
  ALTER TABLE item OWNER TO app;
  INSERT INTO item VALUES (1, 'nail', 0.02), (2, 'hammer', 12.50);
  CREATE TABLE stock.item AS SELECT 'other schema' AS name;
  ALTER TABLE stock.item OWNER TO app;
  CREATE FUNCTION total() RETURNS numeric LANGUAGE sql AS 'SELECT sum(price) FROM public.item';
`;

onEachPostgres('psql', { needs: ['psql'], schema: SCHEMA }, (stage) => {
  function inTemporary<T>(body: (directory: string) => Promise<T>): Promise<T> {
    const directory = mkdtempSync(join(reachableRoot(), 'pgsidecar-psql-'));
    return body(directory).finally(() => rmSync(directory, { recursive: true }));
  }

  test('describes tables, indexes, schemas, functions and roles', async () => {
    const commands = ['\\dt', '\\di', '\\d item', '\\dn', '\\df total', '\\du', '\\conninfo', '\\sf total'];
    const { code, stdout, stderr } = await psql(
      stage.login,
      commands.flatMap((each) => ['-c', each]),
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('public|item|table|app');
    expect(stdout).toContain('name|text||not null|');
    expect(stdout).toContain('public|item_pkey|index|app|item');
    expect(stdout).toContain('stock|app');
    expect(stdout).toContain('public|total|numeric||func');
    expect(stdout).toMatch(/^app\|/m);
    expect(stdout).toContain(
      `You are connected to database "shop" as user "app" via socket in "${stage.agent.socketDir}"`,
    );
    expect(stdout).toContain('CREATE OR REPLACE FUNCTION public.total()');
  });

  test('\\gset, \\gdesc, \\gexec, \\crosstabview and \\if work on what queries gave', async () => {
    const script = `
      SELECT count(*) AS items, max(name) AS last FROM item \\gset
      \\echo :items :last
      SELECT id, price FROM item \\gdesc
      SELECT format('SELECT %s * 2', id) FROM item ORDER BY id \\gexec
      SELECT id, name, price FROM item ORDER BY id \\crosstabview
      SELECT true AS yes \\gset
      \\if :yes
        \\echo taken
      \\else
        \\echo not taken
      \\endif
    `;
    const { stdout, stderr } = await psql(stage.login, ['-f', '-'], { stdin: script });
    expect(stderr).toBe('');
    expect(stdout).toBe('2 nail\nid|integer\nprice|numeric(8,2)\n2\n4\n1|0.02|\n2||12.50\ntaken\n');
  });

  test('\\c comes back through the same socket', async () => {
    const script = 'SELECT 1;\n\\c\nSELECT current_user;\n\\c shop app\nSELECT current_database();\n';
    const { code, stdout, stderr } = await psql(stage.login, ['-f', '-'], { stdin: script });
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '1\napp\nshop\n', stderr: '' });
  });

  test('\\copy takes 20,000 rows out of a file and brings them back byte for byte', async () => {
    await inTemporary(async (directory) => {
      const rows = Array.from(
        { length: 20_000 },
        (_, i) => `${i},"row ""${i}"" of a file, äöü ${'x'.repeat(i % 97)}"\n`,
      );
      const text = rows.join('');
      writeFileSync(join(directory, 'in.csv'), text);
      const commands = [
        'CREATE TABLE copied (id int, name text)',
        "\\copy copied from 'in.csv' csv",
        "\\copy (SELECT * FROM copied ORDER BY id) to 'out.csv' with (format csv, force_quote (name))",
        'SELECT count(*), sum(id) FROM copied',
        'DROP TABLE copied',
      ];
      const { code, stdout, stderr } = await psql(
        stage.login,
        commands.flatMap((each) => ['-c', each]),
        { cwd: directory },
      );
      expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '20000|199990000\n', stderr: '' });
      expect(readFileSync(join(directory, 'out.csv'), 'utf8') === text).toBe(true);
    });
  });

  test('COPY FROM STDIN and TO STDOUT within a script, and a COPY that fails midway', async () => {
    const script = [
      'CREATE TABLE copied (id int, name text);',
      'COPY copied FROM STDIN;\n1\tone\n2\ttwo\n\\.',
      'COPY copied FROM STDIN;\n3\tthree\nnot a number\tfour\n5\tfive\n\\.',
      'SELECT id, name FROM copied ORDER BY id;',
      'COPY copied TO STDOUT;',
      'DROP TABLE copied;',
    ];
    const { code, stdout, stderr } = await psql(stage.login, ['-f', '-'], {
      stdin: `${script.join('\n')}\n`,
    });
    expect(code).toBe(0);
    expect(stderr).toContain('ERROR:  22P02: invalid input syntax for type integer: "not a number"');
    expect(stderr).toContain('CONTEXT:  COPY copied, line 2, column id: "not a number"');
    expect(stdout).toBe('1|one\n2|two\n1\tone\n2\ttwo\n');
  });

  test('several statements in one -c are one transaction, and each result is printed', async () => {
    const good = await psql(stage.login, ['-c', 'SELECT 1; SELECT 2; SELECT 3']);
    expect(good).toEqual({ code: 0, stdout: '1\n2\n3\n', stderr: '' });
    const bad = await psql(stage.login, ['-c', "INSERT INTO item VALUES (7, 'saw'); SELECT 1/0; SELECT 2"]);
    expect(bad.code).toBe(1);
    expect(bad.stderr).toMatch(/^ERROR: {2}22012: division by zero$/m);
    expect(await ask(stage.login, 'SELECT count(*) FROM item WHERE id = 7')).toBe('0');
    const halves = await psql(stage.login, [
      '-c',
      "BEGIN; INSERT INTO item VALUES (8, 'axe'); COMMIT; SELECT 1/0",
    ]);
    expect(halves.code).toBe(1);
    expect(await ask(stage.login, 'DELETE FROM item WHERE id = 8 RETURNING name')).toBe('axe');
  });

  test('ON_ERROR_STOP ends a script with 3; without it the script goes on; -1 takes everything back', async () => {
    const script =
      "INSERT INTO item VALUES (9, 'file');\nSELECT no_such_column;\nDELETE FROM item WHERE id = 9 RETURNING name;\n";
    const stops = await psql(stage.login, ['-v', 'ON_ERROR_STOP=1', '-f', '-'], { stdin: script });
    expect(stops.code).toBe(3);
    expect(stops.stdout).toBe('');
    expect(stops.stderr).toContain(
      'ERROR:  42703: column "no_such_column" does not exist\nLINE 1: SELECT no_such_column;\n               ^',
    );
    const goesOn = await psql(stage.login, ['-f', '-'], { stdin: script.split('\n').slice(1).join('\n') });
    expect(goesOn).toMatchObject({ code: 0, stdout: 'file\n' });
    const takenBack = await psql(stage.login, ['-1', '-v', 'ON_ERROR_STOP=1', '-f', '-'], { stdin: script });
    expect(takenBack.code).toBe(3);
    expect(await ask(stage.login, 'SELECT count(*) FROM item WHERE id = 9')).toBe('0');
  });

  test('ON_ERROR_ROLLBACK goes on in a transaction by savepoints, FETCH_COUNT reads by a cursor', async () => {
    const script = `
      \\set ON_ERROR_ROLLBACK on
      BEGIN;
      INSERT INTO item VALUES (10, 'pliers');
      SELECT 1/0;
      INSERT INTO item VALUES (11, 'tongs');
      COMMIT;
      DELETE FROM item WHERE id >= 10 RETURNING id;
      \\set FETCH_COUNT 100
      SELECT count(*) FROM (SELECT 1) AS one;
      SELECT * FROM generate_series(1, 1000);
    `;
    const { stdout } = await psql(stage.login, ['-f', '-'], { stdin: script });
    const numbers = stdout.trimEnd().split('\n').map(Number);
    expect(numbers.slice(0, 3)).toEqual([10, 11, 1]);
    expect(numbers.slice(3)).toEqual(Array.from({ length: 1000 }, (_, i) => i + 1));
  });

  test('notices and warnings arrive in their place, and only those that were asked for', async () => {
    const raise =
      "DO $$ BEGIN RAISE NOTICE 'first'; RAISE WARNING 'second' USING HINT = 'look up'; RAISE INFO 'third'; END $$";
    const all = await psql(stage.login, ['-c', raise]);
    expect(all.code).toBe(0);
    expect(all.stderr.match(/^(NOTICE|WARNING|INFO|HINT):.*$/gm)).toEqual([
      'NOTICE:  00000: first',
      'WARNING:  01000: second',
      'HINT:  look up',
      'INFO:  00000: third',
    ]);
    const fewer = await psql(stage.login, ['-c', 'SET client_min_messages = error', '-c', raise]);
    expect(fewer.stderr).toContain('third');
    expect(fewer.stderr).not.toContain('first');
  });

  test('its environment decides: PGOPTIONS, PGTZ, PGDATESTYLE, PGCLIENTENCODING, PGAPPNAME', async () => {
    const env = {
      PGOPTIONS: '-c search_path=stock -c statement_timeout=12345 -c IntervalStyle=iso_8601',
      PGTZ: 'Asia/Tokyo',
      PGDATESTYLE: 'SQL,DMY',
      PGCLIENTENCODING: 'LATIN1',
      PGAPPNAME: 'till 7',
    };
    const settings = [
      'search_path',
      'statement_timeout',
      'IntervalStyle',
      'TimeZone',
      'DateStyle',
      'client_encoding',
      'application_name',
    ];
    const sql = `SELECT ${settings.map((name) => `current_setting('${name}')`).join(', ')}, (SELECT name FROM item)`;
    const login = { ...stage.login, env };
    expect(await ask(login, sql)).toBe(
      'stock|12345ms|iso_8601|Asia/Tokyo|SQL, DMY|LATIN1|till 7|other schema',
    );
    // The letter's two bytes are two letters to whoever says that it writes LATIN1.
    expect(await ask(login, "SELECT length('ä')")).toBe('2');
    // The next client, on the same servers, has what it would have without any of this.
    const plain = sql.replace(', (SELECT name FROM item)', '');
    const { host, port } = stage.postgres;
    const direct = await ask({ ...stage.login, host, port, env: { PGSSLMODE: 'require' } }, plain);
    expect(await ask(stage.login, plain)).toBe(direct);
    expect(await ask(stage.login, "SELECT length('ä')")).toBe('1');
  });

  test('a row of 20 MB and a query of 8 MB pass whole', async () => {
    const { stdout } = await psql(stage.login, ['-c', "SELECT repeat('0123456789', 2000000)"]);
    expect(stdout.length).toBe(20_000_001);
    expect(Bun.hash(stdout)).toBe(Bun.hash(`${'0123456789'.repeat(2_000_000)}\n`));
    const script = `SELECT length('${'x'.repeat(8_000_000)}');\n`;
    expect((await psql(stage.login, ['-f', '-'], { stdin: script })).stdout).toBe('8000000\n');
  });
});
