"""psycopg2 through the socket: what it sends is simple queries only, and its cursors are the server's."""

import io
import threading
import time

import psycopg2
import psycopg2.extras
from checks import PATH, ZONES, at_once, check, run

CLIENTS = 8


def connect(**more):
    return psycopg2.connect(**{**PATH, **more})


@check
def parameters():
    with connect() as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT %s::int, %s::text, %s::text, %s::bool, %s::bytea, %s::int[], %s::jsonb",
            (7, "it's \\ \"quoted\"", None, True, b"\x00\x01\xfe\xff", [1, None, 3], psycopg2.extras.Json({"deep": [1]})),
        )
        row = list(cursor.fetchone())
        row[4] = list(bytes(row[4]))
        return row


@check
def transactions_of_many_clients():
    """Each client's rows are its own, and each transaction stays on one server."""
    with connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE booked (who int, round int)")

    def work(who):
        connection = connect()
        for round in range(30):
            cursor = connection.cursor()
            cursor.execute("INSERT INTO booked VALUES (%s, %s) RETURNING pg_backend_pid()", (who, round))
            before = cursor.fetchone()[0]
            cursor.execute("SELECT pg_backend_pid()")
            assert cursor.fetchone()[0] == before
            if round % 3 == 0:
                connection.rollback()
            else:
                connection.commit()
        connection.close()

    at_once(CLIENTS, work)
    with connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT who, count(*) FROM booked GROUP BY who ORDER BY who")
        counts = [count for _, count in cursor.fetchall()]
        cursor.execute("DROP TABLE booked")
    return counts


@check
def savepoints_and_errors():
    connection = connect()
    cursor = connection.cursor()
    cursor.execute("CREATE TEMP TABLE t (n int PRIMARY KEY) ON COMMIT DROP")
    cursor.execute("INSERT INTO t VALUES (1)")
    cursor.execute("SAVEPOINT one")
    codes = []
    for statement in ["INSERT INTO t VALUES (1)", "SELECT 1/0", "SELECT * FROM no_such_table", "SELEC 1"]:
        try:
            cursor.execute(statement)
        except psycopg2.Error as error:
            codes.append(error.pgcode)
            cursor.execute("ROLLBACK TO SAVEPOINT one")
    cursor.execute("INSERT INTO t VALUES (2)")
    cursor.execute("SELECT array_agg(n ORDER BY n) FROM t")
    rows = cursor.fetchone()[0]
    connection.commit()
    try:
        cursor.execute("SELECT 1/0")
    except psycopg2.Error:
        pass
    try:
        cursor.execute("SELECT 1")
    except psycopg2.Error as error:
        codes.append(error.pgcode)
    connection.rollback()
    cursor.execute("SELECT 1")
    connection.close()
    return {"codes": codes, "rows": rows}


@check
def server_side_cursors():
    def work(who):
        connection = connect()
        named = connection.cursor("reader")
        named.itersize = 100
        named.execute("SELECT n FROM generate_series(1, 1000) AS n WHERE n %% %s = 0", (who + 1,))
        total = sum(n for (n,) in named)
        named.close()
        scrolling = connection.cursor("scrolling", scrollable=True)
        scrolling.execute("SELECT n FROM generate_series(1, 100) AS n")
        scrolling.scroll(50)
        middle = scrolling.fetchone()[0]
        scrolling.scroll(-10)
        back = scrolling.fetchone()[0]
        connection.rollback()
        connection.close()
        return [total, middle, back]

    return at_once(CLIENTS, work)


@check
def copy_in_and_out():
    connection = connect()
    cursor = connection.cursor()
    cursor.execute("CREATE TABLE copied (id int, text text)")
    connection.commit()
    text = "".join(f"{n}\trow {n} äöü\n" for n in range(50_000))
    cursor.copy_expert("COPY copied FROM STDIN", io.StringIO(text))
    connection.commit()
    out = io.StringIO()
    cursor.copy_expert("COPY (SELECT * FROM copied ORDER BY id) TO STDOUT", out)
    code = None
    try:
        cursor.copy_expert("COPY copied FROM STDIN", io.StringIO("1\tone\nx\ttwo\n"))
    except psycopg2.Error as error:
        code = error.pgcode
    connection.rollback()
    cursor.execute("SELECT count(*) FROM copied")
    count = cursor.fetchone()[0]
    cursor.execute("DROP TABLE copied")
    connection.commit()
    connection.close()
    return {"same": out.getvalue() == text, "code": code, "count": count}


@check
def large_results():
    with connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT n, repeat('x', 100) FROM generate_series(1, 200000) AS n")
        rows = cursor.fetchall()
        good = all(n == i + 1 and len(text) == 100 for i, (n, text) in enumerate(rows))
        cursor.execute("SELECT md5(%s), length(%s)", ("y" * 10_000_000, "y" * 10_000_000))
        return {"rows": len(rows), "good": good, "length": cursor.fetchone()[1]}


@check
def batches():
    with connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE t (n int, text text) ON COMMIT DROP")
        psycopg2.extras.execute_values(cursor, "INSERT INTO t VALUES %s", [(n, f"row {n}") for n in range(5000)])
        psycopg2.extras.execute_batch(cursor, "UPDATE t SET text = %s WHERE n = %s", [("new", n) for n in range(500)])
        cursor.execute("SELECT count(*), count(*) FILTER (WHERE text = 'new') FROM t")
        return list(cursor.fetchone())


@check
def cancel():
    """Ctrl-C's way: another thread cancels; an idle client is canceled as well, and nothing happens to anybody."""
    victim, idle, other = connect(), connect(), connect()
    outcome = {}

    def sleep():
        try:
            victim.cursor().execute("SELECT pg_sleep(60)")
        except psycopg2.Error as error:
            outcome["code"] = error.pgcode

    def work():
        cursor = other.cursor()
        cursor.execute("SELECT pg_advisory_xact_lock(4711), 42")
        outcome["other"] = cursor.fetchone()[1]

    idle.cursor().execute("SELECT 1")
    idle.commit()
    watcher = connect()
    watcher.cursor().execute("SELECT pg_advisory_xact_lock(4711)")
    threads = [threading.Thread(target=sleep), threading.Thread(target=work)]
    for thread in threads:
        thread.start()
    # The other one waits for this lock until the victim is dead, however long that takes.
    with watcher, watcher.cursor() as cursor:
        while True:
            cursor.execute(
                "SELECT count(*), pg_stat_clear_snapshot() FROM pg_stat_activity"
                " WHERE state = 'active' AND query IN ('SELECT pg_sleep(60)', 'SELECT pg_advisory_xact_lock(4711), 42')"
            )
            if cursor.fetchone()[0] == 2:
                break
            time.sleep(0.01)
        idle.cancel()
        victim.cancel()
        threads[0].join()
    threads[1].join()
    watcher.close()
    victim.rollback()
    cursor = victim.cursor()
    cursor.execute("SELECT 1")
    outcome["after"] = cursor.fetchone()[0]
    for connection in (victim, idle, other):
        connection.close()
    return outcome


@check
def notices():
    connection = connect()
    with connection.cursor() as cursor:
        cursor.execute("DO $$ BEGIN RAISE NOTICE 'one'; RAISE WARNING 'two'; END $$")
    heard = [notice.strip() for notice in connection.notices]
    connection.close()
    return heard


@check
def settings_follow_the_client():
    def work(who):
        connection = connect(application_name=f"worker {who}", options=f"-c search_path=path_{who}")
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute("SET TimeZone = %s", (ZONES[who % len(ZONES)],))
        cursor.execute("SET DateStyle = 'SQL, DMY'" if who % 2 else "SET DateStyle = 'ISO, YMD'")
        connection.set_client_encoding("LATIN1" if who % 3 == 0 else "UTF8")
        seen = set()
        for _ in range(30):
            cursor.execute(
                "SELECT current_setting('application_name'), current_setting('search_path'), current_setting('TimeZone'),"
                " current_setting('DateStyle'), current_setting('client_encoding'), length('ä')"
            )
            seen.add(cursor.fetchone())
        connection.close()
        return sorted(seen)

    return at_once(CLIENTS, work)


@check
def session_defaults():
    """set_session() sends SET SESSION CHARACTERISTICS in autocommit, BEGIN with the characteristics otherwise."""
    connection = connect()
    connection.set_session(isolation_level="SERIALIZABLE", readonly=True)
    cursor = connection.cursor()
    cursor.execute("SELECT current_setting('transaction_isolation'), current_setting('transaction_read_only')")
    inside = list(cursor.fetchone())
    connection.rollback()
    connection.close()
    with connect() as other, other.cursor() as cursor:
        cursor.execute("SELECT current_setting('transaction_isolation'), current_setting('transaction_read_only')")
        return {"inside": inside, "others": list(cursor.fetchone())}


run()
