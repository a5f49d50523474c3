"""A shop on psycopg 3: its pool, statements that it prepares by itself, pipelines, cursors of both kinds, COPY, locks and notifies()."""

import os

import psycopg
from psycopg.rows import dict_row
from psycopg.types.composite import CompositeInfo, register_composite
from psycopg.types.enum import EnumInfo, register_enum
from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool, ConnectionPool
from worker import COUNT, NUMBER, check, meet, run

URL = os.environ["DATABASE_URL"]

SCHEMA = """
CREATE TYPE size AS ENUM ('small', 'large');
CREATE TYPE parcel AS (weight int, size size);
CREATE TABLE goods (id int PRIMARY KEY, name text UNIQUE NOT NULL, stock int NOT NULL CHECK (stock >= 0));
CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY, worker int NOT NULL, good int REFERENCES goods, count int NOT NULL, about jsonb);
CREATE TABLE jobs (id int PRIMARY KEY, done_by int);
CREATE TABLE counter (value int NOT NULL);
INSERT INTO counter VALUES (0);
INSERT INTO goods SELECT n, 'good ' || n, 1000 FROM generate_series(1, 100) AS n;
INSERT INTO jobs SELECT n FROM generate_series(1, 200) AS n;
"""

pool = None


@check
def a_pool_with_all_defaults():
    global pool
    pool = ConnectionPool(URL, min_size=2, max_size=3, kwargs={"application_name": f"shop {NUMBER}"})
    pool.wait()
    if NUMBER == 0:
        with pool.connection() as connection:
            connection.execute(SCHEMA)
    meet()
    with pool.connection() as connection:
        return connection.execute("SELECT current_setting('application_name'), count(*) FROM goods").fetchone()


@check
def statements_are_prepared_after_five_times():
    """prepare_threshold and prepared_max stay as they are: 5 and 100, so that some are thrown away as well."""
    with pool.connection() as connection:
        totals = []
        for text in range(120):
            for n in range(7 if text < 110 else 2):
                totals.append(connection.execute(f"SELECT %s::int * {text} + {NUMBER}", (n,)).fetchone()[0])
        binary = [connection.execute("SELECT %s::int, %s::timestamptz", (n, "2024-01-01"), binary=True).fetchone()[0] for n in range(8)]
        asked = [connection.execute("SELECT name FROM goods WHERE id = %s", (n,), prepare=True).fetchone()[0] for n in range(1, 4)]
        return [sum(totals), binary, asked]


@check
def a_statement_whose_table_has_changed():
    table = f"changing_{NUMBER}"
    with psycopg.connect(URL, autocommit=True) as connection:
        connection.execute(f"CREATE TABLE {table} (a int)")
        connection.execute(f"INSERT INTO {table} VALUES (1)")
        found = [connection.execute(f"SELECT * FROM {table}").fetchone() for _ in range(6)]
        connection.execute(f"ALTER TABLE {table} ALTER COLUMN a TYPE text")
        try:
            found.append(connection.execute(f"SELECT * FROM {table}").fetchone())
        except psycopg.errors.FeatureNotSupported:
            # "cached plan must not change result type", which is over with the next text.
            found.append(connection.execute(f"SELECT a FROM {table}").fetchone())
        connection.execute(f"DROP TABLE {table}")
    return found


@check
def types_and_rows():
    with pool.connection() as connection:
        register_composite(CompositeInfo.fetch(connection, "parcel"), connection)
        register_enum(EnumInfo.fetch(connection, "size"), connection)
        cursor = connection.cursor(row_factory=dict_row)
        row = cursor.execute("SELECT (7, 'large')::parcel AS parcel, ARRAY[1, NULL] AS list, %s AS about", (Jsonb({"deep": [1]}),)).fetchone()
        size = connection.execute("SELECT %s::size", ("small",)).fetchone()[0]
        return [[row["parcel"].weight, row["parcel"].size.name], row["list"], row["about"], size.name]


@check
def transactions():
    with pool.connection() as connection:
        for n in range(5):
            with connection.transaction():
                connection.execute("INSERT INTO orders (worker, good, count) VALUES (%s, %s, 1)", (NUMBER, n + 1))
                with connection.transaction(force_rollback=n % 2 == 1):
                    connection.execute("UPDATE goods SET stock = stock - 1 WHERE id = %s", (n + 1,))
        codes = []
        for sql in ("SELECT 1/0", "INSERT INTO goods VALUES (1, 'again', 1)", "UPDATE goods SET stock = -1 WHERE id = 50", "SELEC"):
            try:
                with connection.transaction():
                    connection.execute(sql)
            except psycopg.Error as error:
                codes.append([error.sqlstate, error.diag.constraint_name])
    with psycopg.connect(URL) as connection:
        connection.isolation_level = psycopg.IsolationLevel.SERIALIZABLE
        connection.read_only = True
        strict = connection.execute("SELECT current_setting('transaction_isolation'), current_setting('transaction_read_only')").fetchone()
    meet()
    with pool.connection() as connection:
        return [codes, strict, connection.execute("SELECT sum(stock) FROM goods WHERE id <= 5").fetchone()[0]]


@check
def pipelines():
    outcome = []
    with psycopg.connect(URL, autocommit=True) as connection:
        with connection.pipeline():
            cursors = [connection.execute("SELECT %s::int + 1", (n,)) for n in range(200)]
            outcome.append(sum(cursor.fetchone()[0] for cursor in cursors))
        try:
            with connection.pipeline() as pipeline:
                connection.execute("SELECT 1")
                connection.execute("SELECT 1/0")
                late = connection.execute("SELECT 2")
                pipeline.sync()
                outcome.append(late.fetchone())
        except psycopg.Error as error:
            outcome.append(type(error).__name__)
        with connection.pipeline(), connection.transaction():
            connection.execute("INSERT INTO orders (worker, good, count) VALUES (%s, 60, 1)", (NUMBER,))
            connection.execute("INSERT INTO orders (worker, good, count) VALUES (%s, 61, 1)", (NUMBER,))
        cursor = connection.cursor()
        cursor.executemany(
            "INSERT INTO orders (worker, good, count) VALUES (%s, %s, 2) RETURNING good", [(NUMBER, n) for n in range(70, 90)], returning=True
        )
        returned = [cursor.fetchone()[0]]
        while cursor.nextset():
            returned.append(cursor.fetchone()[0])
        count = connection.execute("SELECT count(*) FROM orders WHERE worker = %s AND good >= 60", (NUMBER,)).fetchone()[0]
    return [outcome, returned, count]


@check
def cursors_of_the_server():
    with pool.connection() as connection:
        with connection.cursor("of_everybody") as cursor:
            cursor.itersize = 100
            total = sum(row[0] for row in cursor.execute("SELECT generate_series(1, %s::int)", (1000 + NUMBER,)))
        with connection.cursor("scrolled", scrollable=True) as cursor:
            cursor.execute("SELECT generate_series(1, 50)")
            cursor.scroll(10)
            some = cursor.fetchmany(2)
            cursor.scroll(0, mode="absolute")
            some += cursor.fetchmany(1)
    return [total, some]


@check
def cursors_with_hold():
    with pool.connection() as connection:
        with connection.cursor("held", withhold=True) as cursor:
            cursor.execute("SELECT n + %s FROM generate_series(1, 300) AS n", (NUMBER,))
            first = cursor.fetchmany(10)
            connection.commit()
            connection.execute("SELECT 1")
            connection.commit()
            rest = cursor.fetchall()
    return [first[0], len(first), rest[-1], len(rest)]


@check
def settings_last_as_long_as_the_connection():
    names = ["statement_timeout", "work_mem", "search_path", "TimeZone", "DateStyle", "enable_seqscan", "shop.worker", "role"]

    def settings(connection):
        # A setting of one's own that was reset is '' where it was set, and NULL in a session that never had it.
        row = connection.execute("SELECT " + ", ".join(f"coalesce(current_setting('{name}', true), '')" for name in names)).fetchone()
        connection.rollback()
        return row

    with psycopg.connect(URL, options=f"-c lock_timeout={5000 + NUMBER}") as connection:
        connection.execute("SET statement_timeout = 10000; SET work_mem = '%d kB'" % (1024 * (NUMBER + 1)))
        connection.execute(f"SET search_path TO shop_{NUMBER}, public")
        connection.execute("SET TIME ZONE 'Asia/Kathmandu'")
        connection.execute("SET DateStyle TO 'SQL, DMY'")
        connection.execute("SELECT set_config('shop.worker', %s, false), set_config('enable_seqscan', 'off', false)", (str(NUMBER),))
        connection.commit()
        seen = [settings(connection) for _ in range(20)]
        connection.execute("SET LOCAL work_mem = '99 MB'; SET statement_timeout = 1234; SAVEPOINT a; SET enable_seqscan = on; ROLLBACK TO a")
        inside = connection.execute("SELECT current_setting('work_mem'), current_setting('enable_seqscan')").fetchone()
        connection.rollback()
        undone = settings(connection)
        connection.execute("RESET work_mem; RESET shop.worker; SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        connection.commit()
        reset = settings(connection)
        level = connection.execute("SELECT current_setting('transaction_isolation'), current_setting('lock_timeout')").fetchone()
    return {"same": all(each == seen[0] for each in seen), "seen": seen[0], "inside": inside, "undone": undone == seen[0], "reset": reset, "level": level}


@check
def statements_prepared_in_sql():
    with pool.connection() as connection:
        connection.execute(f"PREPARE price (int) AS SELECT $1 * {NUMBER + 1}")
        connection.commit()
        prices = []
        for n in range(10):
            prices.append(connection.execute(f"EXECUTE price({n})").fetchone()[0])
            connection.commit()
        connection.execute("DEALLOCATE price")
        connection.commit()
        try:
            connection.execute("EXECUTE price(1)")
        except psycopg.Error as error:
            connection.rollback()
            return [prices, error.sqlstate]


@check
def copy_in_and_out():
    with pool.connection() as connection:
        cursor = connection.cursor()
        cursor.execute(f"CREATE TABLE copied_{NUMBER} (id int, name text)")
        with cursor.copy(f"COPY copied_{NUMBER} FROM STDIN") as copy:
            for n in range(5000):
                copy.write_row((n, f"äöü\t{n}"))
        connection.commit()
        with cursor.copy(f"COPY (SELECT * FROM copied_{NUMBER} ORDER BY id) TO STDOUT (FORMAT binary)") as copy:
            copy.set_types(["int4", "text"])
            rows = list(copy.rows())
        try:
            with cursor.copy(f"COPY copied_{NUMBER} FROM STDIN") as copy:
                copy.write("x\ty\n")
        except psycopg.Error as error:
            code = error.sqlstate
        connection.rollback()
        count = cursor.execute(f"SELECT count(*) FROM copied_{NUMBER}").fetchone()[0]
        cursor.execute(f"DROP TABLE copied_{NUMBER}")
    return [len(rows), rows[7], code, count]


@check
def advisory_locks_of_a_session():
    """A counter that only the lock protects: read, think, write, each in a transaction of its own."""
    with psycopg.connect(URL, autocommit=True) as connection:
        for _ in range(5):
            connection.execute("SELECT pg_advisory_lock(4711)")
            value = connection.execute("SELECT value FROM counter").fetchone()[0]
            connection.execute("UPDATE counter SET value = %s", (value + 1,))
            if connection.execute("SELECT pg_advisory_unlock(4711)").fetchone() != (True,):
                return "the lock was lost"
        meet()
        return connection.execute("SELECT value FROM counter").fetchone()[0]


@check
def jobs_for_all_workers():
    """A queue by SKIP LOCKED: each job is done once."""
    done = 0
    with pool.connection() as connection:
        while True:
            row = connection.execute("SELECT id FROM jobs WHERE done_by IS NULL ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED").fetchone()
            if row is None:
                break
            connection.execute("UPDATE jobs SET done_by = %s WHERE id = %s AND done_by IS NULL", (NUMBER, row[0]))
            connection.commit()
            done += 1
        connection.rollback()
        connection.execute("INSERT INTO orders (worker, good, count) VALUES (%s, 99, %s)", (NUMBER, done))
        connection.commit()
        meet()
        return connection.execute("SELECT sum(count) FROM orders WHERE good = 99").fetchone()[0]


@check
def temporary_tables():
    with pool.connection() as connection:
        connection.execute("CREATE TEMP TABLE basket (good int, count int)")
        with connection.cursor().copy("COPY basket FROM STDIN") as copy:
            for n in range(1, 11):
                copy.write_row((n, NUMBER + 1))
        connection.commit()
        sums = []
        for _ in range(10):
            sums.append(connection.execute("SELECT sum(count) FROM basket JOIN goods ON id = good").fetchone()[0])
            connection.commit()
        connection.execute("DROP TABLE basket")
        connection.commit()
        return [sums, connection.execute("SELECT to_regclass('pg_temp.basket')").fetchone()]


@check
def notifications():
    """Until "the end" of everybody has come: notifies() has no timeout in this version."""
    with psycopg.connect(URL, autocommit=True) as listener:
        listener.execute("LISTEN orders")
        meet()
        with pool.connection() as connection:
            connection.execute(f"NOTIFY orders, 'first of {NUMBER}'")
            connection.execute("SELECT pg_notify('orders', %s)", (f"second of {NUMBER}",))
            connection.commit()
            connection.execute("NOTIFY orders, 'never'")
            connection.rollback()
            connection.execute("NOTIFY orders, 'the end'")
            connection.execute("NOTIFY orders, 'the end'")
        heard = []
        for notify in listener.notifies():
            heard.append(notify.payload)
            if heard.count("the end") == COUNT:
                break
        meet()
        listener.execute("UNLISTEN *")
        meet()
        with pool.connection() as connection:
            connection.execute("NOTIFY orders, 'late'")
        meet()
        late = []
        listener.add_notify_handler(late.append)
        listener.execute("SELECT 1")
    return [sorted(heard), len(late)]


@check
async def asynchronous():
    async with AsyncConnectionPool(URL, min_size=1, max_size=2) as other:
        total = 0
        for n in range(20):
            async with other.connection() as connection:
                total += (await (await connection.execute("SELECT %s::int + %s::int", (n, NUMBER))).fetchone())[0]
    return total


@check
def a_query_that_is_cancelled():
    with psycopg.connect(URL) as connection:
        connection.execute("SET statement_timeout = '200 ms'")
        try:
            connection.execute("SELECT pg_sleep(60)")
        except psycopg.errors.QueryCanceled as error:
            connection.rollback()
            return [error.sqlstate, connection.execute("SELECT %s::int", (NUMBER,)).fetchone()[0]]


@check
def a_connection_that_is_lost():
    """The pool finds out, and brings another one."""
    told = None
    try:
        with pool.connection() as connection:
            connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    except psycopg.OperationalError:
        told = connection.broken
    meet()
    pool.check()
    with pool.connection() as connection:
        return [told, connection.execute("SELECT %s", (f"still here {NUMBER}",)).fetchone()]


run()
