"""What the Python applications share: named checks, reported a line each, and meetings of all processes of a trial."""

import asyncio
import inspect
import json
import os
import sys
import traceback

NUMBER = int(os.environ["WORKER"])
COUNT = int(os.environ["WORKERS"])

_checks = {}
_current = "start"


def check(function):
    """What it returns, or how it failed, is reported under its name."""
    _checks[function.__name__] = function
    return function


def meet():
    """Waits until every process is here, or has failed in this check."""
    _say(meet=_current)
    if not sys.stdin.readline():
        sys.exit("nobody is left to meet")


async def meeting():
    """The same, while the event loop goes on."""
    await asyncio.get_running_loop().run_in_executor(None, meet)


def run():
    """Runs the checks that the trial names, in its order, and stays with its connections until the others have run theirs."""
    global _current
    # No loop runs while an ordinary function does: Django would refuse to work.
    loop = asyncio.new_event_loop()
    for name in os.environ["CHECKS"].split():
        _current = name
        try:
            value = _checks[name]()
            _say(check=name, value=loop.run_until_complete(value) if inspect.isawaitable(value) else value)
        except Exception:
            _say(check=name, failure=traceback.format_exc())
    _current = "end"
    meet()


def _say(**what):
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()
