"""The addresses by which a process is watched: `/healthz`, `/readyz` and `/metrics`.

They are of no surface. The web server answers them beside everything else; a process that only runs jobs has them on
a port of its own, and nothing more.
"""

import os
import time
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any, Protocol

from satchel.actions.context import Context
from satchel.actions.upkeep.health import Monitor
from satchel.db.health import ServerState
from satchel.model.metrics import CONTENT_TYPE, Family, Metrics, Sample, as_text, counter, gauge
from satchel.queue.enqueue import NAMES
from satchel.surfaces.kit.bodies import Pace, Receive
from satchel.surfaces.kit.dispatch import Asgi, Dispatch
from satchel.surfaces.kit.endpoints import Endpoint, endpoint
from satchel.surfaces.kit.exchange import Exchange, Parts, Reply, Send, json_reply
from satchel.surfaces.kit.passwords import KnownPasswords
from satchel.surfaces.kit.rates import Rates
from satchel.surfaces.kit.scraper import require_scraper
from satchel.surfaces.kit.surface import Surface
from satchel.surfaces.native.auth import authenticate
from satchel.surfaces.native.errors import document

PACE_WINDOW_S = 30.0

Collect = Callable[[], Awaitable[list[Family]]]
"""Returns what all processes of the server have counted."""

_JOB_STATES = ("todo", "doing", "failed")
_MEANINGS = {
    "accounts": "Accounts.",
    "used_bytes": "Bytes of files, over all accounts.",
    "reserved_bytes": "Bytes that open uploads have reserved.",
    "open_uploads": "Uploads that are neither claimed nor expired.",
    "waiting_calls": "Service tasks that are under way or wait for their next attempt.",
    "open_incidents": "Incidents that somebody has to look at.",
    "waiting_deliveries": "Deliveries of webhooks that are under way or wait for their next attempt.",
    "failed_deliveries": "Deliveries of webhooks that were given up in the last 14 days.",
    "failing_webhooks": "Webhooks whose last delivery failed.",
}


class Limits(Protocol):
    """What every application needs of the settings."""

    @property
    def max_json_bytes(self) -> int:
        """Largest JSON body."""
        ...

    @property
    def min_body_rate_bytes_s(self) -> int:
        """Slowest body that is waited for."""
        ...

    @property
    def metrics_token(self) -> str | None:
        """The token that a client must send to read the counts."""
        ...

    @property
    def x_accel_prefix(self) -> str | None:
        """The proxy's internal location of the store."""
        ...


def parts_of(context: Context, limits: Limits) -> Parts:
    """Return what an application's surfaces are given."""
    return Parts(
        context=context,
        max_json_bytes=limits.max_json_bytes,
        pace=Pace(min_bytes=int(limits.min_body_rate_bytes_s * PACE_WINDOW_S), window_s=PACE_WINDOW_S),
        x_accel_prefix=limits.x_accel_prefix,
        known_passwords=KnownPasswords(context.entropy(32), time.monotonic),
        rates=Rates(),
    )


def create_probes(context: Context, limits: Limits, metrics: Metrics) -> Asgi:
    """Return the application of a process that answers its probes only."""
    parts = parts_of(context, limits)
    own = probes(context, metrics, limits.metrics_token)
    surface = Surface(prefix="", endpoints=own, document=document, authenticate=authenticate)
    known = {one.path: Dispatch(parts, surface, {one.method: one}, metrics=metrics) for one in own}
    unknown = Dispatch(parts, surface, {}, metrics=metrics)

    async def application(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        await known.get(scope["path"], unknown)(scope, receive, send)

    return application


def probes(
    context: Context, metrics: Metrics, metrics_token: str | None, collect: Collect | None = None
) -> tuple[Endpoint, ...]:
    """Return the endpoints.

    Args:
        context: for the actions.
        metrics: of this process.
        metrics_token: which to send for the counts; None where only loopback clients are answered.
        collect: asks all processes of the server for their counts; None where this is the only one.
    """
    monitor = Monitor(context)

    async def alive(exchange: Exchange) -> Reply:
        """Say that the process runs."""
        del exchange
        return json_reply({"status": "ok"})

    async def ready(exchange: Exchange) -> Reply:
        """Say that the database and the store can be used."""
        del exchange
        await monitor.check()
        return json_reply({"status": "ok"})

    async def counts(exchange: Exchange) -> Reply:
        """Return counts for Prometheus; without those of the database while it is away."""
        require_scraper(exchange, metrics_token)
        families = [*metrics.families(), *of_process()] if collect is None else await collect()
        state = await monitor.state()
        families.append(gauge("satchel_database_up", "1 if the database answers, else 0.", int(state is not None)))
        families += _of_server(state) if state is not None else []
        free = await monitor.free_bytes()
        families += [] if free is None else [gauge("satchel_free_bytes", "Bytes that the store has room for.", free)]
        return Reply(body=as_text(families).encode(), headers={"Content-Type": CONTENT_TYPE})

    return (
        endpoint("GET", "/healthz", alive, is_open=True),
        endpoint("GET", "/readyz", ready, is_open=True),
        endpoint("GET", "/metrics", counts, is_open=True),
    )


def _of_server(state: ServerState) -> list[Family]:
    """Return what all processes have in common."""
    jobs = {(one.name, one.state): one.jobs for one in state.queue}
    waits = {one.kind: one.seconds for one in state.jobs_wait}
    return [
        *(gauge(f"satchel_{name}", meaning, getattr(state.totals, name)) for name, meaning in _MEANINGS.items()),
        Family(
            "satchel_queue_jobs",
            "gauge",
            "Jobs by name and state: todo waits for a worker, doing runs, failed was given up.",
            [Sample(jobs.get((name, at), 0), {"name": name, "state": at}) for name in NAMES for at in _JOB_STATES],
        ),
        Family(
            "satchel_queue_oldest_seconds",
            "gauge",
            "How long the oldest job that no worker has taken has waited, by name.",
            [Sample(round(waits.get(name, 0.0), 3), {"name": name}) for name in NAMES],
        ),
        Family(
            "satchel_overdue_seconds",
            "gauge",
            "How long the oldest timer, call or delivery that is due has waited for a worker's tick.",
            [Sample(round(one.seconds, 3), {"kind": one.kind}) for one in state.due_waits],
        ),
    ]


def of_process() -> Sequence[Family]:
    """Return what Linux says of this process, under the names that every client library of Prometheus gives them."""
    try:
        with open("/proc/self/stat", "rb") as file:  # noqa: PTH123  # a file of the kernel, read in one call
            fields = file.read().rpartition(b")")[2].split()
        with open("/proc/stat", "rb") as file:  # noqa: PTH123  # same
            booted_s = next(int(line.split()[1]) for line in file if line.startswith(b"btime "))
        open_files = len(os.listdir("/proc/self/fd"))  # noqa: PTH208  # same
    except OSError:
        return []
    ticks, page = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
    return [
        counter(
            "process_cpu_seconds_total", "Processor time, in seconds.", (int(fields[11]) + int(fields[12])) / ticks
        ),
        gauge("process_resident_memory_bytes", "Resident memory.", int(fields[21]) * page),
        gauge("process_open_fds", "Open file descriptors.", open_files),
        gauge("process_start_time_seconds", "Start, since 1970.", booted_s + int(fields[19]) / ticks),
    ]
