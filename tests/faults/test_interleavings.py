"""Pairs of actions on the same instances, one stopped at each of its statements: nothing stands still afterwards."""

import random
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import product
from pathlib import Path

import pytest

from engine_bpmn import boundary, el, flow, simple, timer, user
from interleaving import Act, at_every_statement, interleave
from satchel.actions.calls import attempts, by_hand
from satchel.actions.context import Context
from satchel.actions.instances import due, lifecycle, tasks
from satchel.actions.instances.forms import Submission
from satchel.model.errors import NotFound, SatchelError, Unavailable
from satchel.model.ids import IncidentId, InstanceId, JobId, TaskId
from satchel.queue.enqueue import PERFORM_CALL, RETURN_CALL
from world import World, bundle, fields, open_world

HOUR = timedelta(hours=1)

CALLED = bundle(
    {
        "code": "SUB",
        "fields": fields({"id": "answer", "type": "text"}),
        "tasks": {"a": {"assign": {"starter": True}, "fields": {"answer": "edit"}}},
    }
)
CALLER = bundle(
    {
        "code": "TOP",
        "fields": fields({"id": "got", "type": "text"}),
        "calls": {"call": {"app": "SUB", "in": {}, "out": {"got": "answer"}}},
    },
    simple(
        el("callActivity", "call", calledElement="SUB"),
        boundary("late", "call", timer("PT1H")),
        user("z"),
        user("w"),
        flow("late", "w"),
        flow("w", "end", name="given_up"),
        through=("call", "z"),
    ),
)
SERVICE = bundle(
    {
        "code": "SRV",
        "fields": fields({"id": "name", "type": "text"}),
        "services": {"s": {"kind": "rest", "method": "POST", "url": "http://127.0.0.1:9/", "on_failure": "incident"}},
    },
    simple(el("serviceTask", "s"), user("u"), through=("s", "u")),
)
STOPPING = bundle(
    {"code": "STO", "fields": fields({"id": "amount", "type": "decimal"}), "tasks": {"a": {}}},
    simple(
        user("a"),
        boundary("late", "a", timer("PT1H")),
        el("exclusiveGateway", "g"),
        flow("late", "g"),
        flow("g", "end", "amount > 5", name="large"),
        flow("g", "end", "amount <= 5", name="small"),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What two actions meet at: a caller and what it called, a failed service task, a timer that cannot fire."""

    world: World
    caller: InstanceId
    called: InstanceId
    task: TaskId
    service: InstanceId
    call: JobId
    incident: IncidentId
    stopping: InstanceId

    def acts(self) -> Mapping[str, Act]:
        """Return the actions by name."""
        admin = self.world.admin

        async def retry_stopped(context: Context) -> None:
            for known in await by_hand.incidents(context, admin, instance_id=self.stopping, after=0, limit=9):
                await by_hand.retry(context, admin, known.id)

        return {
            "complete": lambda context: tasks.complete(context, admin, self.task, Submission(values={"answer": "x"})),
            "delete called": lambda context: lifecycle.delete(context, admin, self.called, expected=None),
            "cancel called": lambda context: lifecycle.cancel_instance(context, admin, self.called, why=""),
            "cancel caller": lambda context: lifecycle.cancel_instance(context, admin, self.caller, why=""),
            "delete caller": lambda context: lifecycle.delete(context, admin, self.caller, expected=None),
            "return": lambda context: due.return_call(context, self.world.account, self.called),
            "tick": due.run_due,
            "retry": lambda context: by_hand.retry(context, admin, self.incident),
            "skip": lambda context: by_hand.skip(context, admin, self.incident, Submission()),
            "cancel service": lambda context: lifecycle.cancel_instance(context, admin, self.service, why=""),
            "delete service": lambda context: lifecycle.delete(context, admin, self.service, expected=None),
            "retry stopped": retry_stopped,
            "cancel stopped": lambda context: lifecycle.cancel_instance(context, admin, self.stopping, why=""),
        }


OF_CALLS = ("complete", "delete called", "cancel called", "cancel caller", "delete caller", "return", "tick")
OF_SERVICES = ("retry", "skip", "cancel service", "delete service")
OF_TIMERS = ("tick", "retry stopped", "cancel stopped")
PAIRS = sorted({*product(OF_CALLS, OF_CALLS), *product(OF_SERVICES, OF_SERVICES), *product(OF_TIMERS, OF_TIMERS)})


@pytest.fixture
async def world(populated_database: str, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(populated_database, tmp_path) as opened:
        for app in (CALLED, CALLER, SERVICE, STOPPING):
            await opened.deploy(app)
        yield opened


async def set_scene(world: World) -> Scene:
    """Start everything anew; what has a timer is due."""
    caller = await world.start(world.admin, "TOP")
    (wait,) = [one for one in (await lifecycle.read(world.context, world.admin, caller)).waits if one.kind == "call"]
    assert wait.child_id is not None
    task = await world.open_task(wait.child_id)
    service = await world.start(world.admin, "SRV")
    ((call,),) = await world.rows("SELECT id FROM calls WHERE instance_id = %s", service)
    job = JobId(int(str(call)))
    await attempts.perform(world.context, world.account, job, 1)
    await _forget_jobs(world)
    (incident,) = await by_hand.incidents(world.context, world.admin, instance_id=service, after=0, limit=9)
    stopping = await world.start(world.admin, "STO")
    world.clock.advance(HOUR)
    return Scene(
        world=world,
        caller=caller,
        called=wait.child_id,
        task=task.id,
        service=service,
        call=job,
        incident=incident.id,
        stopping=stopping,
    )


async def _forget_jobs(world: World) -> None:
    async with world.context.database.write() as tx:
        await tx.execute("DELETE FROM procrastinate_jobs")


async def _settle(world: World) -> None:
    """Do what a worker does until nothing is left: called instances return, what is due is done."""
    for _ in range(9):
        jobs = await world.rows("SELECT args->>'instance' FROM procrastinate_jobs WHERE task_name = %s", RETURN_CALL)
        await _forget_jobs(world)
        for (number,) in jobs:
            await due.return_call(world.context, world.account, InstanceId(int(str(number))))
        if not await due.run_due(world.context) and not jobs:
            return
    raise AssertionError("there is always something left to do")


STANDING_STILL = {
    "a caller waits for an instance that does not run": (
        "SELECT w.instance_id FROM waits w LEFT JOIN instances i ON i.account_id = w.account_id AND i.id = w.child_id"
        " WHERE w.kind = 'call' AND (i.id IS NULL OR i.state <> 'running')"
        " AND NOT EXISTS (SELECT FROM incidents c WHERE c.account_id = w.account_id AND c.instance_id = w.instance_id"
        " AND c.token = w.token AND c.closed_at IS NULL)"
    ),
    "a timer is parked without an incident": (
        "SELECT w.instance_id FROM waits w WHERE w.kind = 'timer' AND w.due_at IS NULL"
        " AND NOT EXISTS (SELECT FROM incidents c WHERE c.account_id = w.account_id AND c.instance_id = w.instance_id"
        " AND c.token = w.token AND c.closed_at IS NULL)"
    ),
    "an incident is open where nothing runs": (
        "SELECT c.instance_id FROM incidents c JOIN instances i ON i.account_id = c.account_id"
        " AND i.id = c.instance_id WHERE c.closed_at IS NULL AND i.state <> 'running'"
    ),
    "something is open in an instance that has ended": (
        "SELECT i.id FROM instances i WHERE i.state <> 'running' AND (EXISTS (SELECT FROM tasks t WHERE"
        " t.instance_id = i.id AND t.closed_at IS NULL) OR EXISTS (SELECT FROM waits w WHERE w.instance_id = i.id)"
        " OR EXISTS (SELECT FROM calls c WHERE c.instance_id = i.id AND c.state = 'waiting'))"
    ),
    "an instance runs and waits for nothing": (
        "SELECT i.id FROM instances i WHERE i.state = 'running' AND NOT EXISTS (SELECT FROM tasks t WHERE"
        " t.instance_id = i.id AND t.closed_at IS NULL) AND NOT EXISTS (SELECT FROM waits w WHERE w.instance_id = i.id)"
        " AND NOT EXISTS (SELECT FROM calls c WHERE c.instance_id = i.id AND c.state = 'waiting')"
    ),
}
"""What must find nothing, by what it would mean."""


async def _check(world: World, what: str) -> None:
    twice = await world.rows(
        "SELECT args->>'call', count(*) FROM procrastinate_jobs WHERE task_name = %s GROUP BY 1 HAVING count(*) > 1",
        PERFORM_CALL,
    )
    assert twice == [], f"{what}: a request is sent twice"
    await _settle(world)
    for meaning, query in STANDING_STILL.items():
        assert await world.rows(query) == [], f"{what}: {meaning}"
    assert await world.drift() == [], what


async def _run(world: World, one: str, other: str, stops_at: int) -> bool:
    """Run a pair; return whether the first action has a statement of that number."""
    scene = await set_scene(world)
    if "return" in (one, other):  # there is something to return
        await tasks.complete(world.context, world.admin, scene.task, Submission())
    acts, what = scene.acts(), f"{one} + {other} at {stops_at}"
    outcome = await interleave(world.context, acts[one], acts[other], stops_at)
    for name, refused in ((one, outcome.first), (other, outcome.second)):
        _check_refusal(scene, name, refused, {one, other}, what)
    if {one, other} <= {"retry", "skip"}:
        assert (outcome.first is None) != (outcome.second is None), f"{what}: not exactly one wins"
    await _check(world, what)
    return outcome.has_stopped


def _check_refusal(scene: Scene, name: str, refused: SatchelError | None, both: set[str], what: str) -> None:
    if refused is None:
        return
    assert not isinstance(refused, Unavailable), f"{what}: {refused}"
    if isinstance(refused, NotFound):
        gone = {"delete called": scene.called, "delete caller": scene.caller, "delete service": scene.service}
        own = {"complete": "delete called", "cancel caller": "delete caller", "cancel service": "delete service"}
        deletion = own.get(name, f"delete {name.rsplit(' ', maxsplit=1)[-1]}")
        assert both & ({deletion} | (set(gone) if name in ("retry", "skip") else set())), f"{what}: {name}: {refused}"


async def test_some_pairs_of_actions_stopped_at_some_statements_leave_nothing_standing_still(world: World) -> None:
    chance = random.Random(15)  # noqa: S311  # the same in every run
    for one, other in chance.sample(PAIRS, 12):
        await _run(world, one, other, chance.randint(2, 12))


@pytest.mark.soak
@pytest.mark.parametrize(("one", "other"), PAIRS)
async def test_every_pair_of_actions_stopped_at_every_statement_leaves_nothing_standing_still(
    world: World, one: str, other: str
) -> None:
    await at_every_statement(lambda stops_at: _run(world, one, other, stops_at))
