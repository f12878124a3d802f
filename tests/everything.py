"""An account in which something of everything is open, and its way to the end.

`fill` makes it with the actions of the release that runs; `go_on` does with a later one what people, programs and time
do, until nothing runs any more. Between the two lies an upgrade.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import cast

from calling import allow
from engine_bpmn import ERROR, MESSAGE, boundary, document, el, error, flow, message, multi, path, repeat, timer, user
from peers import Peer
from satchel.actions.apps import moves, retirement
from satchel.actions.calls import attempts, by_hand
from satchel.actions.exports import requests, schedule_runs, schedules
from satchel.actions.exports.requests import ExportRequest
from satchel.actions.files import attached, pieces, tickets
from satchel.actions.identity import secrets
from satchel.actions.instances import due, lifecycle, tasks
from satchel.actions.instances.forms import Submission
from satchel.actions.lists import search
from satchel.actions.webhooks import deliveries, subscriptions
from satchel.actions.webhooks.subscriptions import WebhookSettings
from satchel.db import calls as call_rows
from satchel.db import tasks as task_rows
from satchel.db import waits as wait_rows
from satchel.engine import snapshot
from satchel.engine.graph import Kind
from satchel.engine.snapshot import Mode
from satchel.model.actor import Actor
from satchel.model.errors import EngineStopped
from satchel.model.ids import FileId, InstanceId, JobId, TaskId
from satchel.model.instance import Task
from satchel.model.transfer.exports import Selection
from satchel.queue.enqueue import PERFORM_CALL
from satchel.work.handlers import handlers
from world import PDF, TEXT, World, bundle, chunks, fields

PIECE = b"the first of two "
REST = b"pieces"

LANES = (
    "watched", "saved", "manual", "stopped", "paused", "send", "receive", "sleep", "wait", "race", "sub", "called",
    "each", "in_turn", "again", "fork", "choose", "subs", "late",
)  # fmt: skip
"""What the paths of EVERY begin with; each of them waits for something else."""

STANDING = {
    (Kind.USER_TASK, Mode.WAIT),
    (Kind.SERVICE_TASK, Mode.WAIT),
    (Kind.SEND_TASK, Mode.WAIT),
    (Kind.RECEIVE_TASK, Mode.WAIT),
    (Kind.CALL, Mode.WAIT),
    (Kind.SUBPROCESS, Mode.SCOPE),
    (Kind.SUBPROCESS, Mode.LOOP),
    (Kind.USER_TASK, Mode.LOOP),
    (Kind.PARALLEL, Mode.JOIN),
    (Kind.INCLUSIVE, Mode.JOIN),
    (Kind.EVENT_GATEWAY, Mode.CHOICE),
    (Kind.CATCH_TIMER, Mode.WAIT),
    (Kind.CATCH_MESSAGE, Mode.WAIT),
    (Kind.BOUNDARY_TIMER, Mode.WATCH),
    (Kind.BOUNDARY_MESSAGE, Mode.WATCH),
}
"""Every kind of element at which a token can wait, in each way."""


def _process() -> bytes:
    def inner(name: str) -> str:
        steps = el("startEvent", f"{name}_s") + user(f"{name}_u") + el("endEvent", f"{name}_e")
        return steps + path(f"{name}_s", f"{name}_u", f"{name}_e")

    ends = [lane for lane in LANES if lane not in {"race", "fork", "choose"}]
    return document(
        el("startEvent", "start"),
        el("parallelGateway", "split"),
        el("endEvent", "end"),
        flow("start", "split"),
        *(flow("split", lane) for lane in LANES),
        *(flow(lane, "end") for lane in ends),
        *(user(name) for name in ("watched", "saved", "reminded", "late", "left", "chosen", "handle")),
        user("each", multi(collection="items", variable="item")),
        user("in_turn", multi(collection="items", variable="one", sequential=True)),
        user("again", repeat("count == 1", maximum=2)),
        *(el("serviceTask", name) for name in ("manual", "stopped", "paused")),
        el("sendTask", "send"),
        el("receiveTask", "receive", messageRef="m"),
        el("intermediateCatchEvent", "sleep", timer("P2D")),
        el("intermediateCatchEvent", "wait", message()),
        el("eventBasedGateway", "race"),
        el("intermediateCatchEvent", "race_t", timer("P3D")),
        el("intermediateCatchEvent", "race_m", message()),
        path("race", "race_t", "end") + path("race", "race_m", "end"),
        el("subProcess", "sub", inner("sub")),
        el("subProcess", "subs", multi(collection="items", variable="item2"), inner("subs")),
        el("callActivity", "called", calledElement="CHILD"),
        el("parallelGateway", "fork") + el("parallelGateway", "join"),
        path("fork", "left", "join", "end") + flow("fork", "join"),
        el("inclusiveGateway", "choose", default="choose_never") + el("inclusiveGateway", "meet"),
        flow("choose", "chosen", "count == 1") + flow("choose", "meet", "count > 0"),
        el("intermediateThrowEvent", "never") + flow("choose", "never") + path("never", "meet"),
        path("chosen", "meet", "end"),
        boundary("remind", "watched", timer("P1D"), interrupts=False) + path("remind", "reminded", "end"),
        boundary("recall", "watched", message()) + flow("recall", "end"),
        boundary("failed", "late", error("err")) + path("failed", "handle", "end"),
        outside=MESSAGE + ERROR.replace('"broken"', '"late"'),
    )


FIELDS = fields(
    {"id": "name", "type": "text", "searchable": True},
    {"id": "count", "type": "integer"},
    {"id": "items", "type": "choices", "options": [{"id": one, "label": one} for one in "pq"]},
    {"id": "doc", "type": "file"},
    {"id": "any", "type": "file", "allow_links": True},
)
EVERY: Mapping[str, object] = {
    "code": "EVERY",
    "title": "{{ name }}",
    "fields": FIELDS,
    "start": {"fields": dict.fromkeys(("name", "count", "items", "doc", "any"), "edit")},
    "tasks": {
        "saved": {"assign": {"group": "clerks"}, "fields": {"name": "edit", "doc": "edit"}},
        "watched": {"assign": {"user": "buyer@acme.example"}, "due": "P3D", "fields": {"name": "read"}},
        "late": {"due": "PT36H", "late": "fail"},
    },
    "services": {
        "manual": {"kind": "manual", "inputs": ["name"]},
        "send": {"kind": "manual"},
        "stopped": {"kind": "rest", "method": "POST", "url": "http://127.0.0.1:10/{{ identifier }}"},
        "paused": {"kind": "rest", "method": "POST", "url": "http://127.0.0.1:9/", "retry": {"attempts": 3}},
    },
    "messages": {"reply": {"inputs": ["name"]}},
    "calls": {"called": {"app": "CHILD", "in": {"name": "name"}, "out": {"name": "name"}}},
}
CHILD: Mapping[str, object] = {
    "code": "CHILD",
    "fields": fields({"id": "name", "type": "text"}, {"id": "count", "type": "integer"}),
    "start": {"fields": {"name": "edit", "count": "edit"}},
}
_GATE = document(
    el("startEvent", "start"),
    user("a"),
    el("exclusiveGateway", "gate"),
    el("endEvent", "end"),
    path("start", "a", "gate"),
    flow("gate", "end", "count == 1"),
)


async def fill(world: World) -> None:
    """Open something of everything."""
    clerk = await world.actor("clerk")
    await world.deploy(bundle(CHILD, _GATE))
    await world.deploy(bundle(EVERY, _process()))
    await world.deploy(bundle({"code": "OLD"}))
    await world.start(clerk, "OLD")
    await retirement.set_retired(world.context, world.admin, "OLD", is_retired=True)
    await secrets.put(world.context, world.admin, "erp", "a secret of the older release", apps=["EVERY"])
    await subscriptions.create(world.context, world.admin, "EVERY", WebhookSettings(url="http://127.0.0.1:10/"))
    await _instances(world, clerk)
    saved = await search.save(world.context, world.admin, "All", {"app": "EVERY"}, [])
    await schedules.create(world.context, world.admin, saved, folder="nightly", at="02:30")
    await requests.begin(world.context, world.admin, ExportRequest(selection=Selection(query={"app": "EVERY"})))
    await world.deploy(bundle(EVERY, _process()))
    await moves.begin(world.context, world.admin, "EVERY", {})


async def _instances(world: World, clerk: Actor) -> None:
    allow(world, Peer(port=9))  # nobody listens there
    given = {"name": "first", "count": 1, "items": ["p", "q"]}
    doc = await world.upload(clerk, PDF, name="doc.pdf", app="EVERY", field="doc")
    gone = await world.upload(clerk, TEXT, name="gone.txt", app="EVERY", field="any")
    elsewhere = {"url": "https://files.example/1", "name": "elsewhere"}
    first = await world.start(clerk, "EVERY", **given, doc=[doc], any=[gone, elsewhere])
    await attached.delete(world.context, world.admin, FileId(gone))
    await work_off(world, only=PERFORM_CALL)
    task = await world.take_task(clerk, first, "saved")
    await tasks.save(world.context, clerk, task, Submission(values={"name": "first, saved"}))
    await world.upload(clerk, b"uploaded, and claimed by nobody yet", name="late.txt", task=task, field="doc")
    await world.ask(clerk, size=100, task=task, field="doc", name="created.txt")
    pieced = await world.ask(clerk, size=100, task=task, field="doc", name="pieces.txt")
    size = len(PIECE) + len(REST)
    await pieces.announce(world.context, await world.find(pieced), length=size)
    await pieces.append(world.context, await world.find(pieced), 0, chunks(PIECE), checksum=None)
    ended = await world.ask(clerk, size=10, task=task, field="doc", name="expired.txt")
    await tickets.end(world.context, await world.find(ended), reason="cancelled")
    await world.start(clerk, "EVERY", name="second", count=0, items=["p"])
    for count in (1, 1, 0):
        await world.start(clerk, "CHILD", name=f"child {count}", count=count)
    done, cancelled, stopped = (await _numbers(world, "CHILD"))[-3:]
    await world.complete(world.admin, done)
    await lifecycle.cancel_instance(world.context, world.admin, cancelled, why="it is not wanted")
    task = await world.take_task(world.admin, stopped)
    try:
        await tasks.complete(world.context, world.admin, task, Submission())
    except EngineStopped:
        return  # an incident, and its task is open still
    raise AssertionError("the gate let it through")


async def standing(world: World) -> set[tuple[Kind, Mode]]:
    """Return at which kinds of elements, and how, the running instances wait."""
    found = set[tuple[Kind, Mode]]()
    for instance in await running(world):
        definition = (await lifecycle.read(world.context, world.admin, instance)).app.definition
        ((state,),) = await world.rows("SELECT state FROM instance_states WHERE instance_id = %s", instance)
        tokens = snapshot.load(cast("bytes", state), definition.process, definition.fingerprint).tokens.values()
        found |= {(definition.process.nodes[token.node].kind, token.mode) for token in tokens}
    return found


async def running(world: World) -> list[InstanceId]:
    """Return the instances that run, the newest first: those that were called go before their callers."""
    found = await world.rows("SELECT id FROM instances WHERE state = 'running' ORDER BY id DESC")
    return [InstanceId(cast("int", number)) for (number,) in found]


async def _numbers(world: World, code: str) -> list[InstanceId]:
    query = "SELECT i.id FROM instances i JOIN apps a ON a.id = i.app_id WHERE a.code = %s ORDER BY i.id"
    return [InstanceId(cast("int", number)) for (number,) in await world.rows(query, code)]


async def work_off(world: World, *, only: str | None = None) -> None:
    """Do the jobs that are on the queue, and those that they make, as a worker would."""
    known = handlers(world.context)
    while True:
        jobs = await world.rows(
            "DELETE FROM procrastinate_jobs WHERE status = 'todo' AND (%s::text IS NULL OR task_name = %s)"
            " RETURNING id, task_name, args",
            only,
            only,
        )
        if not jobs:
            return
        for _, name, arguments in sorted(jobs, key=lambda job: cast("int", job[0])):
            await known[str(name)](**cast("dict[str, int]", arguments))


async def go_on(world: World) -> None:
    """Do what people, programs and time do, until nothing runs any more."""
    for _ in range(40):
        await work_off(world)
        left = await running(world)
        if not left:
            return
        for instance in left:
            await _people_and_programs(world, instance)
        world.clock.advance(timedelta(hours=6))
        await due.run_due(world.context)
        await attempts.enqueue_due(world.context)
        await deliveries.enqueue_due(world.context)
        await schedule_runs.enqueue_due(world.context)
    raise AssertionError(f"these do not end: {await running(world)}")


async def _people_and_programs(world: World, instance: InstanceId) -> None:
    """Complete the oldest task that nobody waits to fail, answer a message, and finish what services left to people."""
    context, admin = world.context, world.admin
    assert admin.user_id is not None
    async with context.database.read() as tx:
        open_tasks = [one for one in await task_rows.open_tasks_of(tx, world.account, [instance]) if not one.fails_at]
        waits = await wait_rows.waits(tx, world.account, instance)
        calls = [one for one in await call_rows.calls(tx, world.account, instance) if one.state == "waiting"]
    stopped = await by_hand.incidents(context, admin, instance_id=instance, after=0, limit=50)
    by_token = {one.token: one for one in stopped}
    for task in open_tasks[:1]:
        await tasks.assign(context, admin, task.id, admin.user_id)
        try:
            await tasks.complete(context, admin, task.id, Submission())
        except EngineStopped:  # the process needs a value; with that it goes on
            await lifecycle.change_values(context, admin, instance, Submission(values={"count": 1}), expected=None)
            await tasks.complete(context, admin, task.id, Submission())
    for wait in [one for one in waits if one.kind == "message"][:1]:
        await lifecycle.send_message(context, admin, instance, str(wait.name), Submission())
    for call in calls:
        if call.token in by_token:
            await by_hand.skip(context, admin, by_token[call.token].id, Submission())
        elif call.kind == "manual":
            await by_hand.finish(context, admin, JobId(call.id), Submission())


async def uploads(world: World) -> Sequence[tuple[object, ...]]:
    """Return the state and name of every upload, by number."""
    return await world.rows("SELECT id, state, name FROM uploads ORDER BY id")


async def task_of(world: World, upload: str) -> Task:
    """Return the task for whose form an upload was asked for, by the upload's name."""
    ((number,),) = await world.rows("SELECT task_id FROM uploads WHERE name = %s", upload)
    return await tasks.find(world.context, world.admin, TaskId(cast("int", number)))
