"""kill -9 of real worker processes at every point of a call: one attachment each, and nothing lies longer than said.

Each call is held at a point that is known, by the other side or by a lock of the test's, until the worker that makes
it is killed: so one kill hits calls at every point at once.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Self

import psycopg
import pytest

from calling import deploy_task
from peers import Arrived, Peer, peer
from satchel.main import system_clock
from satchel.model.ids import InstanceId
from satchel.outbound.allowed import parse_allowed
from satchel.outbound.guard import Guard
from satchel.outbound.http import HttpClient
from satchel.work.handlers import handlers
from satchel.work.worker import Worker
from workers import Workers, open_workers, until
from world import PDF, World, open_world, sha256

SILENCE_S = 3
TIMES_SENT = {
    "before send": 1,
    "after send": 2,
    "within the reply": 2,
    "after the reply": 2,
    "before commit": 2,
    "after commit": 1,
}
"""Where a worker dies, and how often the other side then gets the call in all."""

INSTANCES = "SELECT FROM instances WHERE id = ANY(%s) FOR UPDATE"
JOBS = "SELECT FROM procrastinate_jobs WHERE (args->>'call')::bigint = ANY(%s) FOR UPDATE"


@dataclass
class Archive:
    """The other side: answers each call with a PDF of its own, once the test lets it."""

    gates: dict[str, asyncio.Event] = field(default_factory=dict)
    halves: set[str] = field(default_factory=set)
    sent: Counter[str] = field(default_factory=Counter)
    keys: dict[str, set[str]] = field(default_factory=dict)

    async def respond(self, arrived: Arrived, writer: asyncio.StreamWriter) -> None:
        """Note a call, wait for its gate, and answer."""
        name = arrived.target.partition("=")[2]
        self.sent[name] += 1
        self.keys.setdefault(name, set()).add(arrived.headers["idempotency-key"])
        body = reply(name)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\nContent-Length: %d\r\n\r\n" % len(body))
        if name in self.halves:
            writer.write(body[:50])
            await writer.drain()
            body = body[50:]
        if name in self.gates:
            await self.gates[name].wait()
        writer.write(body)

    def hold(self, name: str) -> None:
        """Keep the answer to a call back."""
        self.gates[name] = asyncio.Event()


def reply(name: str) -> bytes:
    """Return the PDF that answers a call."""
    return PDF + b"%" + name.encode() + b"\n"


@dataclass
class Held:
    """One call of a round: its name at the other side, where it is held, and its numbers."""

    name: str
    point: str
    instance: InstanceId
    call: int


@dataclass
class Stand:
    """The world, the other side and its workers."""

    world: World
    other: Peer
    archive: Archive
    folder: Path

    async def start(self, name: str, point: str = "") -> Held:
        """Start an instance whose call is due at once."""
        instance = await self.world.start(self.world.admin, "RST", name=name)
        ((call,),) = await self.world.rows("SELECT id FROM calls WHERE instance_id = %s", instance)
        return Held(name, point, instance, int(str(call)))

    async def are_done(self) -> bool:
        """Return whether the queue is empty."""
        return await self.world.rows("SELECT FROM procrastinate_jobs LIMIT 1") == []

    async def check(self, held: Sequence[Held]) -> None:
        """Check that each call was recorded once, its reply attached once, and that every byte is counted."""
        for one in held:
            files = await self.world.rows("SELECT digest FROM files WHERE instance_id = %s", one.instance)
            assert files == [(sha256(reply(one.name)),)], one  # deleted ones are rows too
            kinds = await self.world.kinds(one.instance)
            assert kinds.count("service.finished") == 1, one
            made = await self.world.rows("SELECT number, state FROM call_attempts WHERE call_id = %s", one.call)
            assert made == [(1, "done")], one
            assert (await self.world.open_task(one.instance)).element == "u"
            assert len(self.archive.keys[one.name]) == 1
        assert await self.world.drift() == []


@pytest.fixture
async def stand(populated_database: str, tmp_path: Path) -> AsyncIterator[Stand]:
    async with open_world(populated_database, tmp_path) as world, peer() as other:
        world.context = replace(world.context, clock=system_clock)  # the workers' too
        archive = Archive()
        other.paths["/receipt.pdf"] = archive.respond
        url = other.url("/receipt.pdf?call={{ name }}")
        await deploy_task(world, kind="rest", method="POST", url=url, output={"binary": "attachments"})
        yield Stand(world, other, archive, tmp_path)


@dataclass
class Round:
    """Calls that are held at every point, until the worker that makes them is killed."""

    stand: Stand
    held: dict[str, list[Held]]

    @classmethod
    async def begin(cls, stand: Stand, *, of_each: int, label: str) -> Self:
        """Start instances whose calls the other side will not answer yet."""
        held: dict[str, list[Held]] = {point: [] for point in TIMES_SENT}
        for point in TIMES_SENT:
            for number in range(of_each):
                name = f"{label}-{point}-{number}".replace(" ", "-")
                stand.archive.hold(name)
                held[point].append(await stand.start(name, point))
        stand.archive.halves.update(one.name for one in held["within the reply"])
        return cls(stand, held)

    @property
    def everything(self) -> list[Held]:
        """Every call of the round."""
        return [one for calls in self.held.values() for one in calls]

    async def lock_before_send(self, locks: AsyncExitStack) -> None:
        """Keep workers from reading the instances of the calls that are not to be sent."""
        await self._lock(locks, INSTANCES, self._instances("before send"))

    async def bring_to_their_points(self, locks: AsyncExitStack) -> None:
        """Let each call go on as far as its point, and return once all are there."""
        world, archive = self.stand.world, self.stand.archive
        sent = [one.name for one in self.everything if one.point != "before send"]
        finished = [one.call for one in self.held["after commit"]]
        of_each = len(finished)
        wanted = Counter({"FOR UPDATE": 2 * of_each, "UPDATE storage": of_each, "procrastinate_finish_job": of_each})

        async def have_arrived() -> bool:
            return all(archive.sent[name] for name in sent)

        async def have_committed() -> bool:
            return await world.rows("SELECT FROM calls WHERE id = ANY(%s) AND state <> 'done'", finished) == []

        async def all_wait() -> bool:
            return await _waiting(world, wanted) == wanted

        await until(have_arrived, "not every call was sent")
        await self._lock(locks, JOBS, finished)
        self.answer("after commit")
        await until(have_committed, "not every call was recorded")
        await self._lock(locks, INSTANCES, self._instances("after the reply"))
        await self._lock(locks, "SELECT FROM storage WHERE account_id = %s FOR UPDATE", world.account)
        self.answer("after the reply", "before commit")
        await until(all_wait, "not every call waits at its point")

    def answer(self, *points: str) -> None:
        """Let the other side answer the calls of these points."""
        for point in points:
            for one in self.held[point]:
                self.stand.archive.gates[one.name].set()

    def _instances(self, point: str) -> list[int]:
        return [int(one.instance) for one in self.held[point]]

    async def _lock(self, stack: AsyncExitStack, query: str, *parameters: object) -> None:
        dsn = self.stand.world.context.database.dsn
        connection = await stack.enter_async_context(await psycopg.AsyncConnection.connect(dsn))
        await connection.execute(query.encode(), parameters)
        stack.push_async_callback(connection.rollback)


async def _kill_at_every_point(stand: Stand, workers: Workers, *, count: int, of_each: int, label: str) -> float:
    """Have `of_each` calls held at every point, kill the first of `count` workers, and check what became of all.

    Returns the seconds that jobs lay with the dead while there was another worker.
    """
    for number in list(workers.numbers):  # of the round before: they would make the calls before their locks are there
        workers.kill(number)
    calls = await Round.begin(stand, of_each=of_each, label=label)
    async with AsyncExitStack() as locks:
        await calls.lock_before_send(locks)
        while len(workers.numbers) < count:
            await workers.start()
        await calls.bring_to_their_points(locks)
        victim = next(iter(workers.numbers))
        had = await workers.holding(victim)
        workers.kill(victim)
        lies_since = time.monotonic()
    calls.answer("before send", "after send", "within the reply")
    if not workers.numbers:
        await workers.start()
        lies_since = time.monotonic()

    async def are_taken_over() -> bool:
        return await workers.holding(victim) == set()

    await until(are_taken_over, "jobs still lie with a killed worker")
    lay_s = time.monotonic() - lies_since
    await until(stand.are_done, "jobs that were taken over are not done")

    everything = calls.everything
    print(f"{label}: {len(had)} of {len(everything)} calls killed, taken over {lay_s:.1f} s later")  # noqa: T201  # the soak's figure
    assert len(had) == len(everything) // count
    await stand.check(everything)
    for one in everything:
        assert stand.archive.sent[one.name] == (TIMES_SENT[one.point] if one.call in had else 1), one
    return lay_s


async def _waiting(world: World, kinds: Counter[str]) -> Counter[str]:
    """Count the connections that wait for a lock, by what they wait in."""
    query = "SELECT query FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    asked = [str(row[0]) for row in await world.rows(query)]
    return Counter(next((kind for kind in kinds if kind in text), text) for text in asked)


async def test_a_killed_worker_loses_no_call_and_repeats_none(stand: Stand) -> None:
    settings = {"worker_silence_s": SILENCE_S, "worker_concurrency": len(TIMES_SENT)}
    async with open_workers(stand.world, stand.folder, stand.other.port, settings) as workers:
        lay_s = await _kill_at_every_point(stand, workers, count=1, of_each=1, label="one")
    assert lay_s < SILENCE_S + 10  # a busy machine may be late


@pytest.mark.soak
@pytest.mark.parametrize("count", [1, 2])
async def test_workers_killed_at_every_point_two_hundred_times(stand: Stand, count: int) -> None:
    of_each, calls = 2, 0
    concurrency = of_each * len(TIMES_SENT) // count
    settings = {"worker_silence_s": SILENCE_S, "worker_concurrency": concurrency, "pool_size": 24}
    async with open_workers(stand.world, stand.folder, stand.other.port, settings) as workers:
        while calls < 200:
            lay_s = await _kill_at_every_point(stand, workers, count=count, of_each=of_each, label=f"round {calls}")
            assert lay_s < SILENCE_S + 2
            calls += concurrency


@pytest.mark.soak
async def test_a_job_lies_with_a_dead_worker_for_thirty_seconds_at_most(stand: Stand) -> None:
    settings = {"worker_concurrency": len(TIMES_SENT)}
    async with open_workers(stand.world, stand.folder, stand.other.port, settings) as workers:
        lay_s = await _kill_at_every_point(stand, workers, count=2, of_each=2, label="as it is set up")
    assert 15 < lay_s < 30


@pytest.mark.soak
async def test_workers_killed_at_any_moment_lose_nothing_and_repeat_nothing(stand: Stand) -> None:
    chance = random.Random(4)  # noqa: S311  # which moment does not matter
    settings = {"worker_silence_s": SILENCE_S, "worker_concurrency": 6}
    async with open_workers(stand.world, stand.folder, stand.other.port, settings) as workers:
        started: list[Held] = []
        for kill in range(40):
            started += [await stand.start(f"kill-{kill}-{number}") for number in range(10)]
            while len(workers.numbers) < 2:
                await workers.start()
            await asyncio.sleep(chance.random())  # the moment is the point
            workers.kill(chance.choice(list(workers.numbers)))
        await workers.start()
        await until(stand.are_done, "calls of killed workers were not taken over")
    await stand.check(started)
    print(f"{len(started)} calls, sent {stand.archive.sent.total()} times in all, 40 workers killed")  # noqa: T201  # same


@asynccontextmanager
async def _a_worker(stand: Stand) -> AsyncIterator[asyncio.Task[None]]:
    """Run a worker in this process."""
    client, stop = HttpClient(Guard(allowed=(parse_allowed(f"127.0.0.1:{stand.other.port}"),))), asyncio.Event()
    context, silence = replace(stand.world.context, http=client), timedelta(seconds=SILENCE_S)
    async with (
        Worker(context.database.dsn, handlers(context), concurrency=2, silence=silence) as worker,
        asyncio.TaskGroup() as group,
    ):
        yield group.create_task(worker.run(stop))
        stop.set()


async def _rename(stand: Stand, old: str, new: str) -> None:
    async with await psycopg.AsyncConnection.connect(stand.world.context.database.dsn) as connection:
        await connection.execute(f"ALTER FUNCTION procrastinate_{old} RENAME TO procrastinate_{new}".encode())


async def test_a_worker_gives_signs_of_life_again_after_its_database_failed_it(stand: Stand) -> None:
    async def is_silent() -> bool:
        query = "SELECT FROM procrastinate_workers WHERE last_heartbeat < now() - interval '1.5 s'"
        return await stand.world.rows(query) != []

    async def is_alive() -> bool:
        return not await is_silent()

    async with _a_worker(stand):
        held = await stand.start("held")
        stand.archive.hold(held.name)
        await _rename(stand, "update_heartbeat_v1", "gone")
        await until(is_silent, "signs of life came from somewhere else")
        await _rename(stand, "gone", "update_heartbeat_v1")
        await until(is_alive, "the worker gives no signs of life any more")
        stand.archive.gates[held.name].set()
        await until(stand.are_done, "the call was not made")
        await stand.check([held])
    assert stand.archive.sent == {"held": 1}


async def test_a_worker_begins_anew_after_it_could_fetch_no_job(stand: Stand) -> None:
    async def has_ended() -> bool:
        return await stand.world.rows("SELECT FROM procrastinate_workers") == []

    async with _a_worker(stand) as running:
        first = await stand.start("first")
        await until(stand.are_done, "the first call was not made")
        await _rename(stand, "fetch_job_v2", "gone")
        await until(has_ended, "the library's worker did not mind")
        await _rename(stand, "gone", "fetch_job_v2")
        second = await stand.start("second")
        await until(stand.are_done, "the worker did nothing any more")
        await stand.check([first, second])
        assert not running.done()


async def test_a_call_that_could_not_be_recorded_for_long_is_made_all_the_same(stand: Stand) -> None:
    async def job() -> list[tuple[object, ...]]:
        return await stand.world.rows("SELECT attempts, status, scheduled_at < now() + '301 s' FROM procrastinate_jobs")

    async with _a_worker(stand):
        async with stand.world.context.database.write() as tx:
            await tx.execute("ALTER TABLE call_attempts RENAME TO gone")
        held = await stand.start("held")

        async def was_tried() -> bool:
            return await job() == [(1, "todo", True)]

        async def was_tried_often() -> bool:
            return await job() == [(41, "todo", True)]

        await until(was_tried, "the job was not tried")
        async with stand.world.context.database.write() as tx:
            await tx.execute("UPDATE procrastinate_jobs SET attempts = 40, scheduled_at = now()")
        await until(was_tried_often, "the job was given up")
        async with stand.world.context.database.write() as tx:
            await tx.execute("ALTER TABLE gone RENAME TO call_attempts")
            await tx.execute("UPDATE procrastinate_jobs SET scheduled_at = now()")
        await until(stand.are_done, "the call was not made")
        await stand.check([held])


async def test_a_job_whose_end_could_not_be_recorded_is_recorded_later(stand: Stand) -> None:
    async with _a_worker(stand), AsyncExitStack() as locks:
        held = await stand.start("held")
        stand.archive.hold(held.name)

        async def was_sent() -> bool:
            return stand.archive.sent[held.name] == 1

        await until(was_sent, "the call was not sent")
        dsn = stand.world.context.database.dsn
        other = await locks.enter_async_context(await psycopg.AsyncConnection.connect(dsn))
        await other.execute(JOBS.encode(), ([held.call],))
        stand.archive.gates[held.name].set()

        async def is_ending() -> bool:
            return (await _waiting(stand.world, Counter(["procrastinate_finish_job"]))).total() == 1

        await until(is_ending, "the job did not end")
        lost = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        await other.execute(lost + " AND wait_event_type = 'Lock'")
        await other.rollback()
        await until(stand.are_done, "the job was left with a worker that lives")
        await stand.check([held])
