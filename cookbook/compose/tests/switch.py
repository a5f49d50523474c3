# One connection that stays while the writer moves: prints the address that answered before, and the one that answered after.
import subprocess
import time

import psycopg2

PASSWORD = open("/run/secrets/shop").read()
IN_A_ROW = 4


def address_of(connection):
    with connection.cursor() as cursor:
        cursor.execute("SELECT host(inet_server_addr()), pg_is_in_recovery()")
        address, reads = cursor.fetchone()
        return None if reads else address


def address_at_the_proxy():
    """Of a new connection, past the agent; None while there is no writer."""
    try:
        connection = psycopg2.connect(host="writer", sslmode="require", password=PASSWORD, connect_timeout=5)
        try:
            return address_of(connection)
        finally:
            connection.close()
    except psycopg2.OperationalError:
        return None


kept = psycopg2.connect(password=PASSWORD)
kept.autocommit = True
before = address_of(kept)
subprocess.run(["patronictl", "-c", "/etc/patroni.yml", "switchover", "--force"], check=True, stdout=subprocess.DEVNULL)

# HAProxy takes the nodes that it holds for the writer in turn: several answers of one node say that it holds but this one.
seen = []
while len(seen) < IN_A_ROW or None in seen or before in seen or len(set(seen)) > 1:
    time.sleep(0.1)
    seen = [*seen, address_at_the_proxy()][-IN_A_ROW:]

after = address_of(kept)
with kept.cursor() as cursor:
    cursor.execute("CREATE TABLE after_switch ()")
print(before, after)
