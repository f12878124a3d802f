"""Durable workflows of two steps with DBOS, as fast as it goes: `dbos_workflow.py DATABASE_URL SECONDS CLIENTS`.

Runs in an environment of its own, which has only DBOS. Prints one line of JSON.
"""

import json
import logging
import resource
import sys
import threading
import time
from importlib.metadata import version

from dbos import DBOS

WARM_UP = 50


@DBOS.step()
def first(subject: str) -> str:
    """Do nothing, durably."""
    return subject


@DBOS.step()
def second(subject: str) -> str:
    """Do nothing, durably, after the first."""
    return subject


@DBOS.workflow()
def both(subject: str) -> str:
    """Do both."""
    return second(first(subject))


def main() -> None:
    """Run workflows in threads until the time is over."""
    url, seconds, clients = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
    DBOS(config={"name": "bench", "system_database_url": url, "log_level": "ERROR", "run_admin_server": False})
    logging.getLogger("dbos").setLevel(logging.ERROR)
    DBOS.launch()
    for _ in range(WARM_UP):
        both("bench")
    counts = [0] * clients
    used, begun = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()

    def run(place: int) -> None:
        while time.perf_counter() - begun < seconds:
            both("bench")
            counts[place] += 1

    threads = [threading.Thread(target=run, args=(place,)) for place in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took, own = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_SELF)
    own_s = own.ru_utime + own.ru_stime - used.ru_utime - used.ru_stime
    print(json.dumps({"version": version("dbos"), "operations": sum(counts), "seconds": took, "own_s": own_s}))
    DBOS.destroy()


if __name__ == "__main__":
    main()
