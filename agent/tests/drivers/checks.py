"""What the Python scripts beside this file share: named checks, run one after the other, reported as one JSON object."""

import json
import os
import sys
import threading
import traceback

CHECKS = []

PATH = {
    "host": os.environ["PGHOST"],
    "port": os.environ["PGPORT"],
    "user": os.environ["PGUSER"],
    "password": os.environ["PGPASSWORD"],
    "dbname": os.environ["PGDATABASE"],
}

ZONES = ["UTC", "Asia/Tokyo", "America/New_York", "Europe/Berlin", "Asia/Kolkata", "Asia/Kathmandu"]


def check(function):
    """What it returns, or how it failed, is reported under its name."""
    CHECKS.append(function)
    return function


def run():
    report = {}
    for function in CHECKS:
        try:
            report[function.__name__] = {"value": function()}
        except BaseException:
            report[function.__name__] = {"failure": traceback.format_exc()}
    json.dump(report, sys.stdout, default=str)


def at_once(count, work):
    """Calls work(number) in as many threads; what each one returned. The first failure is raised."""
    results = [None] * count
    failures = []

    def body(number):
        try:
            results[number] = work(number)
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=body, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return results
