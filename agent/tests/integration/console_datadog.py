"""Asks the console what Datadog's check asks, in its way: rows by the names of their columns, the version from the first row."""

import importlib
import json
import re
import sys
import time

METRICS = {
    "SHOW STATS": [
        *["total_xact_count", "total_query_count", "total_received", "total_sent", "total_query_time"],
        *["total_xact_time", "total_wait_time", "avg_xact_count", "avg_query_count", "avg_wait_time"],
        *["avg_recv", "avg_sent", "avg_xact_time", "avg_query_time"],
    ],
    "SHOW POOLS": [
        *["cl_active", "cl_waiting", "sv_active", "sv_idle", "sv_used", "sv_tested", "sv_login"],
        *["maxwait", "maxwait_us"],
    ],
    "SHOW DATABASES": ["pool_size", "max_connections", "current_connections"],
    "SHOW CLIENTS": ["connect_time", "request_time", "wait", "wait_us"],
    "SHOW SERVERS": ["connect_time", "request_time"],
}

driver = importlib.import_module(sys.argv[1])
connection = driver.connect("")
connection.autocommit = True
cursor = connection.cursor()


def rows(sql):
    cursor.execute(sql)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row)) for row in cursor]


missing = []
times = True
for sql, columns in METRICS.items():
    for row in rows(sql):
        for column in columns:
            if row.get(column) is None:
                missing.append([sql, column])
            elif column.endswith("_time") and sql in ("SHOW CLIENTS", "SHOW SERVERS"):
                stamp = re.findall(r"^[^ ]+ [^ ]+", row[column])[0]
                times = times and time.mktime(time.strptime(stamp, "%Y-%m-%d %H:%M:%S")) > 0
            else:
                float(row[column])
config = {row["key"]: row["value"] for row in rows("SHOW CONFIG")}
cursor.execute("SHOW VERSION;")
version = re.findall(r"\d+\.\d+\.\d+", cursor.fetchone()[0])[0]
print(
    json.dumps(
        {
            "version": version,
            "missing": missing,
            "times": times,
            "max_client_conn": config["max_client_conn"],
            "databases": [row["name"] for row in rows("SHOW DATABASES")],
        }
    )
)
