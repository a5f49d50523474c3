"""One process of the shop: answers requests, and does what Django's documentation has for PostgreSQL."""

import io
import json
import os
import select

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")

from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from worker import COUNT, NUMBER, check, meet, run

application = get_wsgi_application()

from django.contrib.postgres.aggregates import ArrayAgg, StringAgg
from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db import DataError, IntegrityError, OperationalError, connection, connections, transaction
from django.db.models import Count, Sum, TextField
from shop.models import Good, Job, Note, Order

cookies = {}


def get(path, **query):
    """A request as a WSGI server hands it over, with what Django does to its connections around it."""
    text = "&".join(f"{name}={value}" for name, value in query.items()).replace(" ", "+")
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": path, "QUERY_STRING": text, "SERVER_NAME": "shop.example", "SERVER_PORT": "80"}
    environ.update({"wsgi.input": io.BytesIO(), "wsgi.errors": io.StringIO(), "wsgi.url_scheme": "http"})
    environ["HTTP_COOKIE"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
    said = []
    answer = application(environ, lambda status, headers: said.extend([status, headers]))
    body = b"".join(answer)
    answer.close()
    for name, value in said[1]:
        if name == "Set-Cookie":
            key, _, rest = value.partition("=")
            cookies[key] = rest.split(";")[0]
    return json.loads(body) if said[0].startswith("200") else said[0]


def ask(sql, *values):
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchone()[0] if cursor.description else None


@check
def migrations():
    """Django has no lock for them: one process does it, as everybody has it who deploys."""
    if NUMBER == 0:
        call_command("migrate", verbosity=0)
    meet()
    call_command("migrate", check_unapplied=True, verbosity=0)
    return [ask("SELECT count(*) FROM django_migrations WHERE app = 'shop'"), Good.objects.count()]


@check
def requests():
    """CONN_MAX_AGE: all requests of this process have the same connection."""
    taken = [get("/order", worker=NUMBER, goods=f"1 2 3 {4 + n}") for n in range(4)]
    answers = [get(f"/goods/{n}") for n in range(1, 11)]
    visits = [get("/visits") for _ in range(4)]
    meet()
    return [taken, [each["good"] for each in answers], len({each["connection"] for each in answers}), visits, Good.objects.aggregate(Sum("stock"))]


@check
def atomic_in_atomic():
    committed = []
    with transaction.atomic():
        Order.objects.create(worker=NUMBER, good_id=20, count=1)
        transaction.on_commit(lambda: committed.append("outer"))
        for n in range(4):
            try:
                with transaction.atomic():
                    Order.objects.create(worker=NUMBER, good_id=20, count=10 + n)
                    transaction.on_commit(lambda n=n: committed.append(n))
                    if n % 2:
                        Good.objects.create(name="good 1", stock=1)
            except IntegrityError:
                pass
    codes = []
    for change in ({"stock": -1}, {"stock": 2**40}):
        try:
            Good.objects.filter(id=30).update(**change)
        except (IntegrityError, DataError) as error:
            codes.append(error.__cause__.pgcode)
    try:
        with transaction.atomic():
            Order.objects.create(worker=NUMBER, good_id=20, count=99)
            raise KeyError
    except KeyError:
        pass
    return [committed, codes, list(Order.objects.filter(worker=NUMBER, good_id=20).order_by("count").values_list("count", flat=True))]


@check
def select_for_update():
    """Each job is done once; and a counter that only a lock on its row protects."""
    done = 0
    while True:
        with transaction.atomic():
            job = Job.objects.select_for_update(skip_locked=True).filter(done_by=None).order_by("id").first()
            if job is None:
                break
            job.done_by = NUMBER
            job.save(update_fields=["done_by"])
            done += 1
    for _ in range(10):
        with transaction.atomic():
            good = Good.objects.select_for_update().get(id=40)
            good.stock -= 1
            good.save()
    Note.objects.create(text=f"{done}")
    meet()
    return [sum(int(note.text) for note in Note.objects.all()), Job.objects.filter(done_by=None).count(), Good.objects.get(id=40).stock]


@check
def queries():
    made = Order.objects.bulk_create([Order(worker=NUMBER, good_id=n, count=n) for n in range(10, 16)])
    Good.objects.bulk_create([Good(name="good 1", stock=1), Good(name=f"of {NUMBER}", stock=1)], ignore_conflicts=True)
    good, created = Good.objects.update_or_create(name=f"of {NUMBER}", defaults={"stock": 7, "about": {"worker": NUMBER}})
    again = Good.objects.get_or_create(name=f"of {NUMBER}")[1]
    counts = Order.objects.filter(worker=NUMBER, good_id__gte=10, good_id__lt=16).values("good__name").annotate(Count("id")).order_by("good_id")
    fetched = [len(good.orders.all()) >= 1 for good in Good.objects.filter(id__gte=10, id__lt=16).prefetch_related("orders")]
    return [len(made), created, again, good.about, [list(each.values()) for each in counts], fetched]


@check
def what_only_postgresql_has():
    Good.objects.filter(name=f"of {NUMBER}").update(tags=["a", f"tag {NUMBER}"], ages=(3, 10 + NUMBER))
    tagged = list(Good.objects.filter(tags__contains=[f"tag {NUMBER}"]).values_list("name", flat=True))
    aged = Good.objects.filter(name=f"of {NUMBER}", ages__contains=9 + NUMBER).values_list("ages", flat=True).first()
    found = Good.objects.annotate(search=SearchVector("name")).filter(search=SearchQuery("good")).count()
    text = StringAgg("name", ", ", ordering="id", output_field=TextField())
    grouped = Good.objects.filter(id__lte=3).aggregate(names=ArrayAgg("name", ordering="id"), text=text)
    deep = Good.objects.filter(about__worker=NUMBER).count()
    return [tagged, [aged.lower, aged.upper], found, grouped, deep]


@check
def cursors_of_the_server_in_a_transaction():
    with transaction.atomic():
        total = 0
        for number in Good.objects.order_by("id").filter(id__lte=50).values_list("id", flat=True).iterator(chunk_size=7):
            total += number + Order.objects.filter(worker=-1).count()
    return total


@check
def settings_of_each_new_connection():
    """`options` of libpq, and SET in the signal connection_created; Django itself says SET TIME ZONE."""
    names = ["statement_timeout", "work_mem", "shop.worker", "TimeZone"]
    return sorted({tuple(ask(f"SHOW {name}") for name in names) for _ in range(20)})


@check
def cursors_of_the_server():
    """Outside of a transaction Django declares them WITH HOLD."""
    total = 0
    for number in Good.objects.order_by("id").filter(id__lte=50).values_list("id", flat=True).iterator(chunk_size=7):
        total += number + Order.objects.filter(worker=-1).count()
    return total


@check
def temporary_tables():
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE basket (good int, count int)")
        cursor.executemany("INSERT INTO basket VALUES (%s, %s)", [(n, NUMBER + 1) for n in range(1, 11)])
        sums = []
        for _ in range(10):
            cursor.execute("SELECT sum(count) FROM basket JOIN shop_good ON id = good")
            sums.append(cursor.fetchone()[0])
        cursor.execute("DROP TABLE basket")
    return [sums, ask("SELECT to_regclass('pg_temp.basket')")]


@check
def advisory_locks_of_a_session():
    """A task of cron's that must not run twice at one time: whoever does not get the lock comes again."""
    ran = 0
    while ran < 3:
        if ask("SELECT pg_try_advisory_lock(815)"):
            before = Note.objects.filter(text="task").count()
            Note.objects.create(text="task")
            if Note.objects.filter(text="task").count() != before + 1 or not ask("SELECT pg_advisory_unlock(815)"):
                return "somebody else had the lock as well"
            ran += 1
    meet()
    return Note.objects.filter(text="task").count()


@check
def notifications():
    """On a connection of its own, as those do it who push to browsers."""
    listener = connections.create_connection("default")
    listener.ensure_connection()
    raw = listener.connection
    with listener.cursor() as cursor:
        cursor.execute("LISTEN orders")
    meet()
    with transaction.atomic():
        ask("SELECT pg_notify('orders', %s)", f"from {NUMBER}")
    try:
        with transaction.atomic():
            ask("SELECT pg_notify('orders', 'never')")
            raise KeyError
    except KeyError:
        pass
    heard = []
    while len(heard) < COUNT:
        select.select([raw], [], [])
        raw.poll()
        heard += [[notify.channel, notify.payload] for notify in raw.notifies]
        raw.notifies.clear()
    meet()
    listener.close()
    return sorted(heard)


@check
def a_report_that_takes_too_long():
    try:
        with transaction.atomic():
            ask("SET LOCAL statement_timeout = '100 ms'")
            ask("SELECT pg_sleep(60)")
    except OperationalError as error:
        return [error.__cause__.pgcode, get("/goods/1")["good"]]


@check
def a_connection_that_is_lost():
    try:
        ask("SELECT pg_terminate_backend(pg_backend_pid())")
        told = None
    except OperationalError as error:
        told = connection.is_usable()
    # The next request closes what cannot be used any more.
    connection.close_if_unusable_or_obsolete()
    return [told, get("/goods/1")["good"], ask("SHOW statement_timeout")]


run()
