"""A shop on asyncpg: its pool with the reset between borrowers, its statement cache, types, COPY, cursors, locks and LISTEN."""

import asyncio
import csv
import datetime
import io
import json
import os

import asyncpg
from worker import COUNT, NUMBER, check, meeting, run

SCHEMA = """
CREATE TYPE size AS ENUM ('small', 'large');
CREATE TYPE parcel AS (weight int, sizes size[]);
CREATE TABLE goods (id int PRIMARY KEY, name text UNIQUE NOT NULL, size size NOT NULL DEFAULT 'small', tags text[], about jsonb);
CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY, worker int NOT NULL, day date NOT NULL, price numeric(10, 2) NOT NULL);
CREATE TABLE counter (value int NOT NULL);
INSERT INTO counter VALUES (0);
INSERT INTO goods SELECT n, 'good ' || n FROM generate_series(1, 100) AS n;
"""

pool = None


async def prepare(connection):
    """What asyncpg's documentation shows for JSON; it asks the server what jsonb is."""
    await connection.set_type_codec("jsonb", encoder=json.dumps, decoder=json.loads, schema="pg_catalog")


async def connect():
    connection = await asyncpg.connect(os.environ["DATABASE_URL"])
    await prepare(connection)
    return connection


@check
async def a_pool_with_all_defaults():
    global pool
    pool = await asyncpg.create_pool(
        os.environ["DATABASE_URL"], min_size=2, max_size=3, init=prepare, server_settings={"application_name": f"shop {NUMBER}"}
    )
    if NUMBER == 0:
        await pool.execute(SCHEMA)
    await meeting()
    return await pool.fetchval("SELECT current_setting('application_name') || ', ' || count(*) FROM goods")


@check
async def types_are_introspected():
    async with pool.acquire() as connection:
        parcel = await connection.fetchrow("SELECT (7, '{small,large}')::parcel AS parcel, ARRAY['large']::size[] AS sizes")
        about = {"worker": NUMBER, "deep": [1, None]}
        await connection.execute(
            "UPDATE goods SET about = $2, size = $3, tags = $4 WHERE id = $1", NUMBER + 1, about, "large", ["a", None]
        )
        good = await connection.fetchrow("SELECT about, size, tags FROM goods WHERE id = $1", NUMBER + 1)
        span = await connection.fetchval("SELECT int4range(1, $1)", NUMBER + 2)
        types = [kind.name for kind in (await connection.prepare("SELECT $1::size, $2::parcel")).get_parameters()]
    return [list(parcel["parcel"]), parcel["sizes"], dict(good), [span.lower, span.upper], types]


@check
async def the_statement_cache():
    """More texts than the cache holds would be too many; the same ones again and again, from both connections at once."""

    async def work(offset):
        total = 0
        for n in range(offset, 60 + offset):
            total += await pool.fetchval(f"SELECT $1::int * {n % 20} + {NUMBER}", n)
        return total

    totals = await asyncio.gather(*(work(offset) for offset in range(3)))
    async with pool.acquire() as connection:
        statement = await connection.prepare("SELECT name FROM goods WHERE id = $1")
        names = [await statement.fetchval(n) for n in range(1, 6)]
        columns = [attribute.type.name for attribute in statement.get_attributes()]
    return [totals, names, columns]


@check
async def settings_last_until_the_connection_is_given_back():
    names = ["statement_timeout", "work_mem", "search_path", "TimeZone", "DateStyle", "enable_seqscan", "shop.worker"]

    async def settings(connection):
        # A setting of one's own that was reset is '' where it was set, and NULL in a session that never had it.
        return [await connection.fetchval("SELECT coalesce(current_setting($1, true), '')", name) for name in names]

    async with pool.acquire() as connection:
        await connection.execute(f"SET statement_timeout = {10_000 + NUMBER}; SET work_mem = '{1024 + NUMBER} kB'")
        await connection.execute(f"SET search_path = shop_{NUMBER}, public")
        await connection.execute("SET TIME ZONE 'Asia/Kathmandu'")
        await connection.execute("SET DateStyle TO 'SQL, DMY'" if NUMBER % 2 else "SET DateStyle TO 'German'")
        await connection.execute("SELECT set_config('enable_seqscan', 'off', false), set_config('shop.worker', $1, false)", str(NUMBER))
        seen = [await settings(connection) for _ in range(10)]
        async with connection.transaction():
            await connection.execute("SET LOCAL work_mem = '99 MB'; SET statement_timeout = 1234")
            inside = await settings(connection)
            await connection.execute("SAVEPOINT a; SET enable_seqscan = on; ROLLBACK TO a")
        after = await settings(connection)
        try:
            async with connection.transaction():
                await connection.execute("SET statement_timeout = 4321; SET search_path = nowhere")
                raise KeyError("changed my mind")
        except KeyError:
            undone = await settings(connection)
    async with pool.acquire() as connection:
        reset = [name for name, value in zip(names, await settings(connection)) if value and str(NUMBER) in value and "shop" in value]
        values = await settings(connection)
    return {"same": all(each == seen[0] for each in seen), "seen": seen[0], "inside": inside, "after": after, "undone": undone, "reset": [reset, values]}


@check
async def transactions_and_errors():
    codes = []
    async with pool.acquire() as connection:
        for sql in ("SELECT 1/0", "INSERT INTO goods VALUES (1, 'good 1')", "SELECT nothing", "SELEC"):
            try:
                async with connection.transaction():
                    await connection.execute(sql)
            except asyncpg.PostgresError as error:
                codes.append([type(error).__name__, error.sqlstate])
        async with connection.transaction(isolation="serializable", readonly=True, deferrable=True):
            inside = await connection.fetchval("SELECT current_setting('transaction_isolation') || current_setting('transaction_read_only')")
        async with connection.transaction():
            for n in range(5):
                try:
                    async with connection.transaction():
                        await connection.execute(
                            "INSERT INTO orders (worker, day, price) VALUES ($1, $2, $3)", NUMBER, datetime.date(2024, 1, n + 1), n
                        )
                        if n % 2:
                            raise KeyError(n)
                except KeyError:
                    pass
        await connection.executemany(
            "INSERT INTO orders (worker, day, price) VALUES ($1, $2, $3)",
            [(NUMBER, datetime.date(2024, 2, 1), n) for n in range(20)],
        )
        count = await connection.fetchval("SELECT count(*) FROM orders WHERE worker = $1", NUMBER)
    return [codes, inside, count]


@check
async def cursors():
    async with pool.acquire() as connection:
        async with connection.transaction():
            total = 0
            async for row in connection.cursor("SELECT n FROM generate_series(1, $1::int) AS n", 1000 + NUMBER, prefetch=50):
                total += row["n"]
                if row["n"] % 100 == 0:
                    total += await connection.fetchval("SELECT 1")
            cursor = await connection.cursor("SELECT n FROM generate_series(1, 100) AS n")
            await cursor.forward(40)
            some = [row["n"] for row in await cursor.fetch(3)]
    return [total, some]


@check
async def copy_in_and_out():
    table = f"copied_{NUMBER}"
    async with pool.acquire() as connection:
        await connection.execute(f"CREATE TABLE {table} (id int, name text, at timestamptz, tags text[])")
        at = datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc)
        said = await connection.copy_records_to_table(table, records=[(n, f"äöü\t{n}", at, ["a", None]) for n in range(5000)])
        out = io.BytesIO()
        await connection.copy_from_query(f"SELECT id, name FROM {table} WHERE id < $1 ORDER BY id", 1000, output=out, format="csv")
        rows = list(csv.reader(io.StringIO(out.getvalue().decode())))
        back = await connection.copy_to_table(table, source=io.BytesIO(out.getvalue()), columns=["id", "name"], format="csv")
        try:
            await connection.copy_to_table(table, source=io.BytesIO(b"x,y\n"), columns=["id", "name"], format="csv")
        except asyncpg.PostgresError as error:
            code = error.sqlstate
        count = await connection.fetchval(f"SELECT count(*) FROM {table}")
        await connection.execute(f"DROP TABLE {table}")
    return [said, len(rows), rows[7], back, code, count]


@check
async def advisory_locks_of_a_session():
    """A counter that only the lock protects: read, think, write, each in a transaction of its own."""
    for _ in range(5):
        async with pool.acquire() as connection:
            await connection.execute("SELECT pg_advisory_lock(4711)")
            value = await connection.fetchval("SELECT value FROM counter")
            await asyncio.sleep(0)
            await connection.execute("UPDATE counter SET value = $1", value + 1)
            held = await connection.fetchval("SELECT pg_advisory_unlock(4711)")
            if not held:
                return "the lock was lost"
    await meeting()
    return await pool.fetchval("SELECT value FROM counter")


HELD_LOCKS = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = $1 AND pid = pg_backend_pid()"


@check
async def locks_that_were_forgotten_end_with_the_reset():
    key = 9000 + NUMBER
    async with pool.acquire() as connection:
        taken = await connection.fetchval("SELECT pg_try_advisory_lock($1)", key)
        held = await connection.fetchval(HELD_LOCKS, key)
    other = await connect()
    # Whoever holds a lock keeps a server: nobody may need two of them at a time, where there are fewer of them than processes.
    free = await other.fetchval("SELECT pg_try_advisory_lock($1)", key)
    await other.close()
    return [taken, held, free]


@check
async def temporary_tables():
    async with pool.acquire() as connection:
        await connection.execute("CREATE TEMP TABLE basket (good int PRIMARY KEY, count int) ON COMMIT PRESERVE ROWS")
        await connection.copy_records_to_table("basket", records=[(n, NUMBER + 1) for n in range(1, 11)])
        sums = [await connection.fetchval("SELECT sum(count) FROM basket JOIN goods ON goods.id = good") for _ in range(10)]
        await connection.execute("DROP TABLE basket")
        gone = await connection.fetchval("SELECT to_regclass('pg_temp.basket')")
    return [sums, gone]


@check
async def listeners():
    heard = asyncio.Queue()
    connection = await connect()
    await connection.add_listener("orders", lambda _, pid, channel, payload: heard.put_nowait([channel, payload, pid > 0]))
    await meeting()
    async with pool.acquire() as other:
        async with other.transaction():
            await other.execute(f"NOTIFY orders, 'first of {NUMBER}'")
            await other.execute("SELECT pg_notify('orders', $1)", f"second of {NUMBER}")
        try:
            async with other.transaction():
                await other.execute("NOTIFY orders, 'never'")
                raise KeyError
        except KeyError:
            pass
    all_of_them = sorted([await heard.get() for _ in range(2 * COUNT)])
    await meeting()
    await connection.remove_listener("orders", list(connection._listeners["orders"])[0].cb)
    await meeting()
    await pool.execute("NOTIFY orders, 'late'")
    await meeting()
    await connection.fetchval("SELECT 1")
    await connection.close()
    return [all_of_them, heard.qsize()]


@check
async def a_query_that_takes_too_long():
    async with pool.acquire() as connection:
        try:
            await connection.fetch("SELECT pg_sleep(60)", timeout=0.1)
        except asyncio.TimeoutError:
            return ["timeout", await connection.fetchval("SELECT $1::int", NUMBER)]


@check
async def a_connection_that_is_lost():
    connection = await connect()
    try:
        await connection.fetchval("SELECT pg_terminate_backend(pg_backend_pid())")
    except (asyncpg.PostgresError, asyncpg.InterfaceError, ConnectionError) as error:
        told = getattr(error, "sqlstate", None)
    await meeting()
    return [told, connection.is_closed(), await pool.fetchval("SELECT $1::text", f"still here {NUMBER}")]


run()
