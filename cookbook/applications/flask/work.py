"""One process of the shop: migrates, answers requests, and does with SQLAlchemy and psycopg2 what applications do beside them."""

import io
import select
from concurrent.futures import ThreadPoolExecutor

import psycopg2
import psycopg2.extras
from alembic import command
from alembic.config import Config
from shop import Good, Order, app, db
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from worker import COUNT, NUMBER, check, meet, run

client = app.test_client()
with app.app_context():
    engine = db.engine


def migrate():
    config = Config()
    config.set_main_option("script_location", "migrations")
    command.upgrade(config, "head")


def migrated():
    with engine.connect() as connection:
        sql = "SELECT string_agg(revision, ' ' ORDER BY revision), (SELECT * FROM alembic_version) FROM migrated"
        return connection.execute(text(sql)).first()[:]


@check
def migrations_of_all_at_once():
    migrate()
    meet()
    return migrated()


@check
def requests():
    lines = [{"good": n, "count": NUMBER + 1} for n in range(1, 6)]
    said = [client.post("/orders", json={"worker": NUMBER, "lines": lines}).get_json() for _ in range(4)]
    too_much = client.post("/orders", json={"worker": NUMBER, "lines": [{"good": 50, "count": 99}, {"good": 6, "count": 1}]}).get_json()
    again = client.post("/goods", json={"id": 1000 + NUMBER, "name": "good 1", "stock": 1})
    names = [client.get(f"/goods/{n}").get_json() for n in range(1, 4)] + [client.get("/goods/77").status_code]
    meet()
    with app.app_context():
        stock = db.session.execute(db.select(db.func.sum(Good.stock))).scalar()
    return [said, too_much, again.status_code, again.get_json(), names, client.get(f"/orders/{NUMBER}").get_json(), stock]


@check
def requests_in_threads():
    """Each thread has a connection of the engine's QueuePool."""

    def work(number):
        return [app.test_client().get(f"/goods/{1 + (number + n) % 40}").get_json() for n in range(20)]

    with ThreadPoolExecutor(4) as threads:
        return [names[-1] for names in threads.map(work, range(4))]


@check
def settings_of_each_new_connection():
    names = ["statement_timeout", "work_mem", "TimeZone"]
    seen = set()
    for _ in range(20):
        with engine.connect() as connection:
            seen.add(tuple(connection.execute(text(f"SELECT current_setting('{name}')")).scalar() for name in names))
    return sorted(seen)


@check
def settings_of_a_session():
    """SET lasts as long as the connection, over its transactions, and is undone with the one in which it was said."""
    with engine.connect() as connection, engine.connect() as other:
        with connection.begin():
            connection.execute(text(f"SET search_path TO shop_{NUMBER}, public"))
            connection.execute(text("SELECT set_config('shop.worker', :worker, false)"), {"worker": str(NUMBER)})
        with connection.begin() as transaction:
            connection.execute(text("SET work_mem = '77 MB'"))
            inside = connection.execute(text("SHOW work_mem")).scalar()
            transaction.rollback()
        after = set()
        for _ in range(10):
            with connection.begin():
                sql = "SELECT current_setting('search_path'), current_setting('shop.worker'), current_setting('work_mem')"
                after.add(tuple(connection.execute(text(sql)).first()))
            with other.begin():
                default = other.execute(text("SHOW search_path")).scalar()
        with connection.begin():
            connection.execute(text("RESET search_path"))
            reset = connection.execute(text("SHOW search_path")).scalar()
    return [inside, sorted(after), default, reset]


@check
def isolation_levels():
    found = []
    for level in ("AUTOCOMMIT", "SERIALIZABLE", "REPEATABLE READ", "READ COMMITTED"):
        with engine.connect().execution_options(isolation_level=level) as connection:
            found.append(connection.execute(text("SELECT current_setting('transaction_isolation')")).scalar())
    with engine.connect() as connection:
        found.append(connection.execute(text("SHOW default_transaction_isolation")).scalar())
    options = {"isolation_level": "SERIALIZABLE", "postgresql_readonly": True, "postgresql_deferrable": True}
    with engine.connect().execution_options(**options) as connection:
        found.append(connection.execute(text("SHOW transaction_read_only")).scalar())
    return found


@check
def a_session_of_psycopg2_with_characteristics():
    """set_session() with autocommit: settings of the session in place of the words of BEGIN."""
    connection = engine.raw_connection()
    raw = connection.driver_connection
    raw.set_session(readonly=True, isolation_level="REPEATABLE READ", autocommit=True)
    found = []
    with raw.cursor() as cursor:
        for _ in range(5):
            cursor.execute("SELECT current_setting('transaction_read_only'), current_setting('transaction_isolation')")
            found.append(cursor.fetchone())
        try:
            cursor.execute("INSERT INTO migrated VALUES ('never')")
        except psycopg2.Error as error:
            found.append(error.pgcode)
    raw.set_session(readonly="DEFAULT", isolation_level="DEFAULT", autocommit=False)
    with raw.cursor() as cursor:
        cursor.execute("SHOW transaction_read_only")
        found.append(cursor.fetchone())
    connection.close()
    return found


@check
def cursors_of_the_server():
    with engine.connect().execution_options(stream_results=True, max_row_buffer=100) as connection:
        total = sum(row[0] for row in connection.execute(text("SELECT generate_series(1, :last)"), {"last": 1000 + NUMBER}))
    return total


@check
def cursors_with_hold():
    connection = engine.raw_connection()
    cursor = connection.cursor("held", withhold=True)
    cursor.execute("SELECT n + %s FROM generate_series(1, 100) AS n", (NUMBER,))
    connection.commit()
    first = cursor.fetchmany(10)
    connection.commit()
    rest = cursor.fetchall()
    cursor.close()
    connection.commit()
    connection.close()
    return [first[0], len(first), rest[-1], len(rest)]


@check
def bulk():
    """The quick ways of psycopg2: execute_values, execute_batch, COPY."""
    connection = engine.raw_connection()
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE bulk_{NUMBER} (id int, name text)")
        psycopg2.extras.execute_values(cursor, f"INSERT INTO bulk_{NUMBER} VALUES %s", [(n, f"ä{n}") for n in range(500)])
        psycopg2.extras.execute_batch(cursor, f"UPDATE bulk_{NUMBER} SET name = %s WHERE id = %s", [(f"ö{n}", n) for n in range(100)])
        cursor.copy_expert(f"COPY bulk_{NUMBER} FROM STDIN", io.StringIO("".join(f"{n}\tü{n}\n" for n in range(500, 3000))))
        connection.commit()
        out = io.StringIO()
        cursor.copy_expert(f"COPY (SELECT * FROM bulk_{NUMBER} ORDER BY id) TO STDOUT", out)
        rows = out.getvalue().splitlines()
        cursor.execute(f"DROP TABLE bulk_{NUMBER}")
    connection.commit()
    connection.close()
    return [len(rows), rows[7], rows[2999]]


@check
def temporary_tables():
    """As long as the request has its connection, over several commits."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("CREATE TEMPORARY TABLE basket (good int, count int)"))
        connection.execute(text("INSERT INTO basket SELECT n, :count FROM generate_series(1, 10) AS n"), {"count": NUMBER + 1})
        sums = [connection.execute(text("SELECT sum(count) FROM basket JOIN goods ON id = good")).scalar() for _ in range(10)]
        connection.execute(text("DROP TABLE basket"))
        return [sums, connection.execute(text("SELECT to_regclass('pg_temp.basket')")).scalar()]


@check
def advisory_locks_of_a_session():
    """A nightly task that must not run twice at one time: whoever does not get the lock goes on without."""
    ran = 0
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while ran < 3:
            if connection.execute(text("SELECT pg_try_advisory_lock(815)")).scalar():
                before = connection.execute(text("SELECT count(*) FROM migrated WHERE revision = 'task'")).scalar()
                connection.execute(text("INSERT INTO migrated VALUES ('task')"))
                after = connection.execute(text("SELECT count(*) FROM migrated WHERE revision = 'task'")).scalar()
                if after != before + 1 or not connection.execute(text("SELECT pg_advisory_unlock(815)")).scalar():
                    return "somebody else had the lock as well"
                ran += 1
        meet()
        return connection.execute(text("SELECT count(*) FROM migrated WHERE revision = 'task'")).scalar()


@check
def notifications():
    """As psycopg2's documentation shows it: select() on the connection, then poll()."""
    listener = engine.raw_connection()
    raw = listener.driver_connection
    raw.set_isolation_level(psycopg2.extensions.ISOLATION_LEVEL_AUTOCOMMIT)
    with raw.cursor() as cursor:
        cursor.execute("LISTEN orders")
        meet()
        with app.app_context():
            db.session.execute(text("SELECT pg_notify('orders', :what)"), {"what": f"from {NUMBER}"})
            db.session.commit()
            db.session.execute(text("SELECT pg_notify('orders', 'never')"))
            db.session.rollback()
        heard = []
        while len(heard) < COUNT:
            select.select([raw], [], [])
            raw.poll()
            heard += [[notify.channel, notify.payload] for notify in raw.notifies]
            raw.notifies.clear()
        meet()
        cursor.execute("UNLISTEN orders")
    raw.set_isolation_level(psycopg2.extensions.ISOLATION_LEVEL_DEFAULT)
    listener.close()
    return sorted(heard)


@check
def a_report_that_takes_too_long():
    answer = client.get("/slow")
    return [answer.status_code, answer.get_json(), client.get("/goods/1").status_code]


@check
def a_connection_that_is_lost():
    with app.app_context():
        try:
            db.session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
            told = None
        except DBAPIError as error:
            told = error.connection_invalidated
        db.session.rollback()
        meet()
        count = db.session.query(Order).filter_by(worker=NUMBER).count()
    return [told, [client.get(f"/goods/{n}").status_code for n in range(1, 5)], count]


run()
