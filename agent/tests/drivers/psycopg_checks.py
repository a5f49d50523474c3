"""psycopg 3 through the socket: extended protocol, statements that it prepares by itself, pipelines, COPY, async."""

import asyncio
import threading
import time

import psycopg
from checks import PATH, ZONES, at_once, check, run
from psycopg.types.json import Jsonb

CLIENTS = 8


def connect(**more):
    return psycopg.connect(**{**PATH, **more})


@check
def parameters():
    values = (7, "it's \\ \"quoted\"", None, True, b"\x00\x01\xfe\xff", [1, None, 3], Jsonb({"deep": [1]}), 0.1)
    sql = "SELECT %s::int, %s::text, %s::text, %s::bool, %s::bytea, %s::int[], %s::jsonb, %s::float8"
    found = []
    with connect() as connection:
        for binary in (False, True):
            row = list(connection.execute(sql, values, binary=binary).fetchone())
            row[4] = list(row[4])
            found.append(row)
    return found


@check
def prepared_statements_of_many_clients():
    """prepare_threshold=0: each statement is prepared at its first use, under a name that every client uses as well."""

    def work(who):
        with connect(prepare_threshold=0, autocommit=True) as connection:
            for round in range(60):
                assert connection.execute("SELECT %s::int + 1", (round,)).fetchone() == (round + 1,)
                own = connection.execute(f"SELECT %s::int * {who + 1}, 'client {who}'", (round,)).fetchone()
                assert own == (round * (who + 1), f"client {who}"), own
        return who

    return at_once(CLIENTS, work)


@check
def a_prepared_statement_wanders():
    """Others take away the server that it was on, one after the other."""
    others = [connect(), connect(), connect()]
    seen = set()
    with connect(prepare_threshold=0, autocommit=True) as connection:
        for other in others:
            while True:
                known = len(seen)
                number, pid = connection.execute("SELECT %s::int + 1, pg_backend_pid()", (known,)).fetchone()
                assert number == known + 1
                seen.add(pid)
                if other.execute("SELECT pg_backend_pid()").fetchone()[0] == pid:
                    break
                # The server that was used last is lent first, unless one has just come back from an earlier check.
                other.rollback()
    for other in others:
        other.close()
    return len(seen)


@check
def transactions_of_many_clients():
    with connect() as connection:
        connection.execute("CREATE TABLE booked (who int, round int)")

    def work(who):
        with connect(autocommit=True) as connection:
            for round in range(20):
                try:
                    with connection.transaction():
                        connection.execute("INSERT INTO booked VALUES (%s, %s)", (who, round))
                        before = connection.execute("SELECT pg_backend_pid()").fetchone()[0]
                        try:
                            with connection.transaction():
                                connection.execute("INSERT INTO booked VALUES (%s, %s)", (who, -1))
                                connection.execute("SELECT 1 / %s", (0,))
                        except psycopg.errors.DivisionByZero:
                            pass
                        assert connection.execute("SELECT pg_backend_pid()").fetchone()[0] == before
                        if round % 4 == 0:
                            raise psycopg.Rollback()
                except psycopg.Rollback:
                    pass

    at_once(CLIENTS, work)
    with connect() as connection:
        rows = connection.execute("SELECT who, count(*), min(round) FROM booked GROUP BY who ORDER BY who").fetchall()
        connection.execute("DROP TABLE booked")
    return [list(row) for row in rows]


@check
def errors_and_recovery():
    codes = []
    with connect(prepare_threshold=0) as connection:
        for statement, values in [
            ("SELEC 1", ()),
            ("SELECT * FROM no_such_table WHERE id = %s", (1,)),
            ("SELECT %s::int", ("x",)),
            ("SELECT 1 / (n - 500) FROM generate_series(1, 1000) AS n WHERE %s = 1", (1,)),
        ]:
            for _ in range(2):
                try:
                    connection.execute(statement, values)
                except psycopg.Error as error:
                    codes.append(error.sqlstate)
                try:
                    connection.execute("SELECT 1")
                except psycopg.Error as error:
                    codes.append(error.sqlstate)
                connection.rollback()
                assert connection.execute("SELECT %s::int", (5,)).fetchone() == (5,)
                connection.rollback()
    return codes


@check
def pipelines():
    """Results in order; an error aborts its pipeline up to the next sync, and nothing else."""
    with connect(autocommit=True, prepare_threshold=0) as connection:
        with connection.pipeline():
            cursors = [connection.execute("SELECT %s::int * 2", (n,)) for n in range(200)]
            numbers = [cursor.fetchone()[0] for cursor in cursors]
        # When the driver tells of the error depends on when it arrives: at the latest at the end of its pipeline.
        outcome = None
        try:
            with connection.pipeline():
                connection.execute("SELECT 1 / %s", (0,))
                connection.execute("SELECT 3")
        except psycopg.errors.DivisionByZero as error:
            outcome = error.sqlstate
        with connection.pipeline():
            again = connection.execute("SELECT 4").fetchone()[0]
        with connection.pipeline(), connection.transaction():
            connection.execute("CREATE TEMP TABLE t (n int) ON COMMIT DROP")
            with connection.cursor() as cursor:
                cursor.executemany("INSERT INTO t VALUES (%s)", [(n,) for n in range(500)])
            total = connection.execute("SELECT count(*), sum(n) FROM t").fetchone()
        plain = connection.execute("SELECT 5").fetchone()[0]
    return {
        "numbers": numbers == [n * 2 for n in range(200)],
        "outcome": outcome,
        "again": again,
        "total": list(total),
        "plain": plain,
    }


@check
def pipelines_of_many_clients():
    def work(who):
        good = 0
        with connect(autocommit=True) as connection:
            for _ in range(10):
                with connection.pipeline():
                    cursors = [connection.execute("SELECT %s::int, %s::int", (who, n)) for n in range(30)]
                    good += sum(cursor.fetchone() == (who, n) for n, cursor in enumerate(cursors))
        return good

    return at_once(CLIENTS, work)


@check
def cursors():
    def work(who):
        with connect() as connection:
            with connection.cursor("reader") as named:
                named.itersize = 100
                named.execute("SELECT n FROM generate_series(1, 1000) AS n WHERE n %% %s = 0", (who + 1,))
                total = sum(n for (n,) in named)
            with connection.cursor("scrolling", scrollable=True) as scrolling:
                scrolling.execute("SELECT n FROM generate_series(1, 100) AS n")
                scrolling.scroll(50)
                middle = scrolling.fetchone()[0]
            streamed = sum(n for (n,) in connection.cursor().stream("SELECT generate_series(1, 1000)"))
        return [total, middle, streamed]

    return at_once(CLIENTS, work)


@check
def copy_in_and_out():
    with connect() as connection:
        connection.execute("CREATE TABLE copied (id int, text text)")
        connection.commit()
        rows = [(n, f"row {n} äöü") for n in range(30_000)]
        cursor = connection.cursor()
        with cursor.copy("COPY copied FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        connection.commit()
        with cursor.copy("COPY (SELECT * FROM copied ORDER BY id) TO STDOUT") as copy:
            copy.set_types(["int4", "text"])
            same = list(copy.rows()) == rows
        with cursor.copy("COPY (SELECT * FROM copied ORDER BY id) TO STDOUT (FORMAT binary)") as copy:
            copy.set_types(["int4", "text"])
            same_binary = list(copy.rows()) == rows
        connection.commit()
        codes = []
        try:
            with cursor.copy("COPY copied FROM STDIN") as copy:
                copy.write("1\tone\nx\ttwo\n")
        except psycopg.Error as error:
            codes.append(error.sqlstate)
        connection.rollback()
        try:
            with cursor.copy("COPY copied FROM STDIN") as copy:
                copy.write_row((1, "one"))
                raise KeyError("changed my mind")
        except psycopg.errors.QueryCanceled as error:
            codes.append(error.sqlstate)
        connection.rollback()
        count = cursor.execute("SELECT count(*) FROM copied").fetchone()[0]
        connection.execute("DROP TABLE copied")
    return {"same": same, "same_binary": same_binary, "codes": codes, "count": count}


@check
def large_results():
    with connect() as connection:
        rows = connection.execute("SELECT n, repeat('x', 100) FROM generate_series(1, 200000) AS n").fetchall()
        good = all(n == i + 1 and len(text) == 100 for i, (n, text) in enumerate(rows))
        big = "y" * 10_000_000
        return {"rows": len(rows), "good": good, "same": connection.execute("SELECT %s", (big,)).fetchone()[0] == big}


@check
def cancel():
    victim, idle, other = connect(), connect(), connect()
    outcome = {}

    def sleep():
        try:
            victim.execute("SELECT pg_sleep(60)")
        except psycopg.Error as error:
            outcome["code"] = error.sqlstate

    def work():
        outcome["other"] = other.execute("SELECT pg_advisory_xact_lock(4711), 42").fetchone()[1]

    idle.execute("SELECT 1")
    idle.commit()
    watcher = connect()
    watcher.execute("SELECT pg_advisory_xact_lock(4711)")
    threads = [threading.Thread(target=sleep), threading.Thread(target=work)]
    for thread in threads:
        thread.start()
    # The other one waits for this lock until the victim is dead, however long that takes.
    sql = (
        "SELECT count(*), pg_stat_clear_snapshot() FROM pg_stat_activity"
        " WHERE state = 'active' AND query IN ('SELECT pg_sleep(60)', 'SELECT pg_advisory_xact_lock(4711), 42')"
    )
    while watcher.execute(sql).fetchone()[0] != 2:
        time.sleep(0.01)
    idle.cancel()
    victim.cancel()
    threads[0].join()
    watcher.close()
    threads[1].join()
    victim.rollback()
    outcome["after"] = victim.execute("SELECT 1").fetchone()[0]
    for connection in (victim, idle, other):
        connection.close()
    return outcome


@check
def notices():
    heard = []
    with connect() as connection:
        connection.add_notice_handler(lambda diagnostic: heard.append([diagnostic.severity, diagnostic.message_primary]))
        connection.execute("DO $$ BEGIN RAISE NOTICE 'one'; RAISE WARNING 'two'; END $$")
    return heard


@check
def settings_follow_the_client():
    def work(who):
        seen = set()
        zone = ZONES[who % len(ZONES)]
        with connect(application_name=f"worker {who}", options=f"-c search_path=path_{who}", autocommit=True) as connection:
            connection.execute(f"SET TimeZone = '{zone}'")
            connection.execute("SET DateStyle = 'SQL, DMY'" if who % 2 else "SET DateStyle = 'ISO, YMD'")
            connection.execute("SET client_encoding = 'LATIN1'" if who % 3 == 0 else "SET client_encoding = 'UTF8'")
            for _ in range(30):
                row = connection.execute(
                    "SELECT current_setting('application_name'), current_setting('search_path'), current_setting('TimeZone'),"
                    " current_setting('DateStyle'), current_setting('client_encoding'), length('ä')"
                ).fetchone()
                seen.add(row)
            told = [str(connection.info.timezone), connection.info.encoding]
        return [sorted(seen), told == [zone, "iso8859-1" if who % 3 == 0 else "utf-8"]]

    return at_once(CLIENTS, work)


@check
def asynchronous():
    async def work(who):
        connection = await psycopg.AsyncConnection.connect(**PATH, autocommit=True)
        total = 0
        async with connection:
            for n in range(30):
                cursor = await connection.execute("SELECT %s::int + %s::int", (who, n))
                total += (await cursor.fetchone())[0]
        return total

    async def all_of_them():
        return await asyncio.gather(*(work(who) for who in range(CLIENTS)))

    return asyncio.run(all_of_them())


run()
