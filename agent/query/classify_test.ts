// What texts do to their session: exactly, where the text says it; a bit, where it only may be; nothing, where it is certain.

import { expect, test } from 'bun:test';
import { cases, read, said, wordsOf } from '../tests/harness/effects_words.ts';
import { readEffects } from './classify.ts';
import { NOTHING, UNREAD } from './effects.ts';

cases('readEffects() sees nothing left by', [
  ...['', ' ', ';', ' ; ;', '-- x', '/* x */', 'SELECT 1', 'select 1;', '/* a */ SELECT 1 /* b */;'].map(
    (sql) => [sql, '-'] as const,
  ),
  ...[
    'SELECT abalance FROM pgbench_accounts WHERE aid = 12345;',
    '-- name: GetAuthor :one\nSELECT * FROM authors',
    "/*action='set_config',traceparent='00-01-01'*/ SELECT 1",
    "SELECT 1 /*route='/listen;x',traceparent='00'*/",
    'BEGIN; UPDATE t SET a = 1; DELETE FROM t; COMMIT;',
    'START TRANSACTION READ ONLY',
    'COMMIT AND CHAIN',
    'ROLLBACK',
    'ROLLBACK WORK AND NO CHAIN',
    "PREPARE TRANSACTION 'x'",
    "PREPARE TRANSACTION U&'x'",
    'ALTER ROUTINE f() IMMUTABLE',
    'ALTER LARGE OBJECT 1 OWNER TO a',
    'ALTER SYSTEM SET a = 1',
    "COMMIT PREPARED 'x'",
    "ROLLBACK PREPARED 'x'",
    'WITH a AS (DELETE FROM t RETURNING *) SELECT * FROM a',
    'VALUES (1)',
    'TABLE t',
    '(SELECT 1) UNION (SELECT 2)',
    'FETCH ALL FROM c',
    'SHOW search_path',
    'SELECT 1; -- SET x = 1',
    'SELECT 1; /* ; SET x = 1 */ SELECT 2',
    "SELECT '; SET x = 1'",
    'SELECT $$; SET x = 1$$',
    'SELECT "; SET x = 1"',
    "SELECT 'set_config(', nextval FROM set_config",
    'SELECT pg_advisory_xact_lock(1), pg_try_advisory_xact_lock_shared(1)',
    'SELECT my_set_config(1)',
    'SELECT x.into FROM t',
    'SET LOCAL x = 1',
    'SET LOCAL SESSION AUTHORIZATION a',
    'SET LOCAL SESSION CHARACTERISTICS AS TRANSACTION READ ONLY',
    'SET TRANSACTION ISOLATION LEVEL SERIALIZABLE',
    'SET SESSION TRANSACTION READ ONLY',
    'SET CONSTRAINTS ALL DEFERRED',
    'SET transaction_isolation = serializable',
    'RESET TRANSACTION ISOLATION LEVEL',
    "SELECT set_config('x', 'y', true)",
    "SELECT set_config('request.jwt.claims', $1, true), set_config('role', $2 || f(1, 2), true) FROM t",
    'COPY t TO STDOUT',
    'COPY (SELECT 1 FROM t) TO STDOUT',
    'LOCK TABLE t',
    'DECLARE c CURSOR FOR SELECT 1',
    'DECLARE c CURSOR WITHOUT HOLD FOR SELECT 1',
    'CREATE INDEX ON t (a)',
    'CREATE TABLE public.t (temp int)',
    'CREATE UNLOGGED TABLE IF NOT EXISTS public.t (a int)',
    'CREATE ROLE a',
    'CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2)',
    'CREATE FOREIGN DATA WRAPPER w',
    'ALTER TABLE t ADD COLUMN a int',
    'ALTER ROLE r SET search_path = a',
    'EXPLAIN SELECT 1',
    'EXPLAIN (ANALYZE, VERBOSE) SELECT 1',
    'DO $$BEGIN UPDATE t SET a = 1; END$$',
    "DO LANGUAGE plpgsql 'BEGIN RAISE NOTICE ''set_config()''; END'",
  ].map((sql) => [sql, '-'] as const),
]);

cases('readEffects() sees nothing in what PostgreSQL refuses whole', [
  ["SET x = 'a", '-'],
  ['SET x = 1; /* SELECT', '-'],
  ['LISTEN "a', '-'],
  ['SET x = $$a', '-'],
]);

cases('readEffects() follows names', [
  ['SAVEPOINT a', 'savepoint a'],
  ['SAVEPOINT "A""b"', 'savepoint A"b'],
  ['RELEASE a', 'release a'],
  ['RELEASE SAVEPOINT A', 'release a'],
  ['RELEASE savepoint', 'release savepoint'],
  ['ROLLBACK TO a', 'rollback_to a'],
  ['ROLLBACK WORK TO SAVEPOINT a', 'rollback_to a'],
  ['ROLLBACK TRANSACTION TO a', 'rollback_to a'],
  ['LISTEN a', 'listen a'],
  ['LISTEN "É"', 'listen É'],
  ['UNLISTEN a', 'unlisten a'],
  ['UNLISTEN *', 'unlisten *'],
  ['PREPARE p AS SELECT 1', 'prepare p@8-9:'],
  [' /* é */ PREPARE "p"(int, text) AS SELECT nextval($1)', 'prepare p@18-21:advances'],
  ["PREPARE p AS SELECT set_config('a', 'b', false)", 'prepare p@8-9:settings change a'],
  ['PREPARE transaction AS SELECT 1', 'prepare transaction@8-19:'],
  ['EXECUTE p', 'execute p@8-9'],
  ['EXECUTE p(nextval($1), 2)', 'advances execute p@8-9'],
  ['EXPLAIN EXECUTE p', 'execute p@16-17'],
  ['EXPLAIN (ANALYZE, BUFFERS) EXECUTE p(1)', 'execute p@35-36'],
  ['CREATE TABLE public.t AS EXECUTE p(1)', 'execute p@33-34'],
  ['CREATE TEMP TABLE t AS EXECUTE p', 'temporary demands execute p@31-32'],
  ['DEALLOCATE p', 'deallocate p@11-12'],
  ['DEALLOCATE PREPARE "P"', 'deallocate P@19-22'],
  ['DEALLOCATE prepare', 'deallocate prepare@11-18'],
  ['DEALLOCATE ALL', 'deallocate_all'],
  ['DEALLOCATE PREPARE ALL', 'deallocate_all'],
  ['DEALLOCATE "all"', 'deallocate all@11-16'],
  [`SAVEPOINT ${'x'.repeat(70)}`, `savepoint ${'x'.repeat(63)}`],
  ['DISCARD ALL', 'locks temporary cursors discard all'],
  ['DISCARD PLANS', 'discard plans'],
  ['DISCARD SEQUENCES', 'discard sequences'],
  ['DISCARD TEMPORARY', 'temporary discard temp'],
]);

cases('readEffects() says what may be left by', [
  ['SELECT pg_advisory_lock(1)', 'locks demands'],
  ['SELECT PG_CATALOG . pg_try_advisory_lock_shared (1)', 'locks demands'],
  ['SELECT "pg_advisory_unlock_all"()', 'locks'],
  ['SELECT 1 WHERE pg_try_advisory_lock(1, 2)', 'locks demands'],
  ['SELECT U&"pg\\005fadvisory_lock"(1)', 'unknown'],
  ['CREATE TEMP TABLE t (a int)', 'temporary demands'],
  ['CREATE OR REPLACE TEMPORARY VIEW public.v AS SELECT 1', 'temporary demands'],
  ['CREATE TABLE pg_temp.t (a int)', 'temporary demands'],
  ['CREATE FUNCTION "pg_temp".f() RETURNS int LANGUAGE sql RETURN 1', 'temporary demands'],
  ['CREATE TABLE IF NOT EXISTS shop.pg_temp_3.t (a int)', 'temporary demands'],
  ['CREATE TABLE t (a int)', 'temporary'],
  ['CREATE VIEW v AS SELECT 1', 'temporary'],
  ['SELECT 1 AS a INTO TEMP t', 'temporary demands'],
  ['SELECT 1 AS a INTO t', 'temporary'],
  ['SELECT 1into temp t', 'temporary demands'],
  ['SELECT $a$ x$a$into temp t', 'temporary demands'],
  ['WITH a AS (SELECT 1) SELECT * INTO pg_temp.t FROM a', 'temporary demands'],
  ['DROP TABLE t', 'temporary'],
  ['DECLARE c CURSOR WITH HOLD FOR SELECT 1', 'cursors demands'],
  ['DECLARE c BINARY INSENSITIVE NO SCROLL CURSOR WITH HOLD FOR SELECT 1', 'cursors demands'],
  ['CLOSE ALL', 'cursors'],
  ["LOAD 'x'", 'library demands whole'],
  ["SELECT dblink_connect('a', 'b')", 'library demands whole'],
  ["SELECT dblink_connect('a', 'b'), 1/0", 'library demands'],
  ['SELECT dblink_connect(n) FROM t', 'library demands'],
  ['SELECT dblink_connect(f(1))', 'library demands'],
  ['CREATE TEMP TABLE t (a int) ON COMMIT DROP', 'temporary'],
  ['CREATE TEMP TABLE t ON COMMIT DROP AS SELECT 1', 'temporary'],
  ['CREATE TEMP TABLE t (a int) ON COMMIT DELETE ROWS', 'temporary demands'],
  ['SELECT 1 INTO temp FROM t', 'temporary'],
  ['SELECT 1 INTO temp', 'temporary'],
  ['SELECT 1 INTO LOCAL TEMPORARY TABLE t', 'temporary demands'],
  ["NOTIFY a, 'b'", 'notifies'],
  ["SELECT pg_notify('a', 'b')", 'notifies'],
  ["SELECT currval('s'), lastval()", 'reads_sequence'],
  ['CREATE EXTENSION x', 'unknown'],
  ['ALTER EXTENSION x UPDATE', 'unknown'],
  ['CALL p()', 'unknown'],
  ['SOMETHING new', 'unknown'],
  ['CREATE SOMETHING new', 'unknown'],
  ['ALTER SOMETHING new', 'unknown'],
  ["SELECT query_to_xml('SELECT 1', true, true, '')", 'unknown'],
  ['EXECUTE U&"p"', 'unknown'],
]);

cases('readEffects() says that a sequence may be advanced by', [
  ['INSERT INTO t VALUES (1)', 'advancing'],
  ['/* x */ insert into t select 1', 'advancing'],
  ['SELECT 1; INSERT INTO t VALUES (1)', 'advancing'],
  ['WITH a AS (INSERT INTO t VALUES (1)) SELECT 1', 'advancing'],
  ['MERGE INTO t USING s ON true WHEN MATCHED THEN DELETE', 'advancing'],
  ['COPY t FROM STDIN', 'advancing'],
  ['COPY (INSERT INTO t VALUES (1) RETURNING 1) TO STDOUT', 'advancing'],
  ["SELECT nextval('s')", 'advancing'],
  ['INSERT INTO t VALUES (currval($1))', 'advances reads_sequence'],
]);

cases('readEffects() looks into DO', [
  ["DO $$BEGIN PERFORM set_config('a', 'b', false); END$$", 'settings unnamed'],
  ['DO $$BEGIN SET a = 1; END$$', 'settings unnamed'],
  ['DO $x$BEGIN IF true THEN RESET a; END IF; END$x$ LANGUAGE plpgsql', 'settings unnamed'],
  ["DO 'BEGIN CREATE TEMP TABLE t (a text DEFAULT ''x''); END'", 'temporary'],
  ["DO E'BEGIN\\nPERFORM pg_advisory_lock(1); END'", 'locks demands'],
  ['DO $$BEGIN LISTEN a; END$$', 'listens'],
  ['DO $$BEGIN PREPARE a AS SELECT 1; END$$', 'statements'],
  ["DO $$BEGIN PERFORM nextval('s'); END$$", 'advancing'],
  ["DO $$BEGIN EXECUTE 'x'; END$$", 'unknown'],
  ['DO $$BEGIN PERFORM f(); END$$', 'unknown'],
  ['DO $$x$$ LANGUAGE plpython3u', 'unknown'],
  ["DO $$BEGIN x := 'a END$$", 'unknown'],
]);

cases('readEffects() tells the statements of a text apart', [
  ['SET a = 1; SELECT 1; RESET b', 'set a=1 | - | reset b'],
  [';;SET a = 1;;SELECT 1;', 'set a=1 | -'],
  ["SELECT ';'; SET a = ';'", '- | set a=;'],
  ['CREATE RULE r AS ON INSERT TO t DO (NOTIFY a; NOTIFY b); SET a = 1', '- | set a=1'],
  [
    'CREATE OR REPLACE FUNCTION public.f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2 AS end; SELECT (SELECT 1); END; SET a = 1',
    '- | set a=1',
  ],
  ['CREATE PROCEDURE public.p() BEGIN ATOMIC END; SET a = 1', '- | set a=1'],
  ["CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'begin atomic'; SET a = 1", '- | set a=1'],
  ['SELECT begin atomic FROM t; SET a = 1', '- | set a=1'],
  ['BEGIN; SET a = 1; COMMIT; PREPARE p AS SELECT 1', '- | set a=1 | - | prepare p@34-35:'],
  ["SELECT set_config('a', 'b', false); LISTEN c", 'config a=b | listen c'],
]);

test('readEffects() reads backslashes as the session does', () => {
  expect(said("SELECT 'a\\'; SET x = 1; --'", true)).toBe('- | set x=1');
  expect(said("SELECT 'a\\'; SET x = 1; --'", false)).toBe('-');
  expect(said("SET x = 'a\\'b'", false)).toBe("set x=a'b");
});

test('readEffects() does not read what may have backslashes inside of letters', () => {
  expect(read("SET x = 'é'", true, false)).toBe(UNREAD);
  expect(read("SELECT 'é'", true, false)).toBe(NOTHING);
  expect(read("SET x = 'e'", true, false).statements.length).toBe(1);
});

test('readEffects() keeps names apart that are no UTF-8, and follows no value and no channel that is none', () => {
  const readBytes = (sql: string): string => {
    const bytes = Buffer.from(sql, 'latin1');
    return readEffects(bytes, 0, bytes.length, true, true).statements.map(wordsOf).join();
  };
  expect(readBytes('PREPARE \xe9 AS SELECT 1')).toBe('prepare \xe9@8-9:');
  expect(readBytes('LISTEN \xe9')).toBe('listens');
  expect(readBytes("SET x = '\xe9'")).toBe('settings change x');
});
