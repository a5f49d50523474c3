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
    asyncio.run(run_all())


async def run_all():
    global _current
    for name in os.environ["CHECKS"].split():
        function = _checks[name]
        _current = name
        try:
            value = function()
            _say(check=_current, value=await value if inspect.isawaitable(value) else value)
        except Exception:
            _say(check=_current, failure=traceback.format_exc())
    _current = "end"
    await meeting()


def _say(**what):
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()
