"""A service task that gives up, and cannot do what its app says of that: an incident, never an attempt that hangs."""

from collections.abc import AsyncIterator

import pytest

from calling import FIELDS, START, allow, attempts, deploy_task, incident
from engine_bpmn import END, document, el, flow, path, simple, user
from engine_bpmn import START as BEGIN
from peers import Peer, peer
from satchel.actions.calls import by_hand
from satchel.actions.identity import accounts
from satchel.actions.instances import lifecycle
from satchel.actions.instances.forms import Submission
from satchel.model.actor import Actor
from world import PDF, QUOTA, World, bundle, fields


@pytest.fixture
async def failing(world: World) -> AsyncIterator[Peer]:
    async with peer() as made:
        allow(world, made)
        made.answers("/", b"no", status="404 Not Found")
        yield made


async def test_a_value_otherwise_that_its_field_refuses_is_an_incident_that_can_be_skipped_or_retried(
    world: World, clerk: Actor, failing: Peer
) -> None:
    otherwise = {"name": "'set'", "amount": "{{ name }}"}
    task = {"kind": "rest", "method": "GET", "url": failing.url("/"), "on_failure": "continue", "otherwise": otherwise}
    await deploy_task(world, **task)
    source = await world.start(clerk, "RST", name="many")

    await world.perform(source)

    assert [(made.state, made.reason) for made in await attempts(world, source)] == [("failed", "status")]
    told = await incident(world, source)
    assert "answered 404" in told
    assert "amount" in told
    assert (await lifecycle.read(world.context, clerk, source)).values == {"name": "many"}

    (open_one,) = await by_hand.incidents(world.context, clerk, instance_id=source, after=0, limit=9)
    assert open_one.code == "otherwise_refused"
    await by_hand.retry(world.context, clerk, open_one.id)
    await world.perform(source)
    assert [made.state for made in await attempts(world, source)] == ["failed", "failed"]
    (again,) = await by_hand.incidents(world.context, clerk, instance_id=source, after=0, limit=9)
    await by_hand.skip(world.context, clerk, again.id, Submission())
    assert (await world.open_task(source)).element == "u"


async def test_an_attempt_that_gives_up_where_the_process_cannot_go_on_is_failed_and_not_running(
    world: World, clerk: Actor, failing: Peer
) -> None:
    task = {"kind": "rest", "method": "GET", "url": failing.url("/"), "on_failure": "continue"}
    manifest = {"code": "RST", "fields": FIELDS, "start": START, "services": {"s": task}}
    stuck = document(
        BEGIN,
        END,
        path("start", "s", "g"),
        el("serviceTask", "s"),
        el("exclusiveGateway", "g"),
        user("u"),
        flow("g", "u", "amount > 1"),
        flow("u", "end"),
    )
    await world.deploy(bundle(manifest, stuck))
    source = await world.start(clerk, "RST", amount="1")

    await world.perform(source)

    assert [made.state for made in await attempts(world, source)] == ["failed"]
    assert "g" in await incident(world, source)
    await lifecycle.change_values(world.context, clerk, source, Submission(values={"amount": "2"}), expected=None)
    (stopped,) = await by_hand.incidents(world.context, clerk, instance_id=source, after=0, limit=9)
    await by_hand.retry(world.context, clerk, stopped.id)
    await world.perform(source)
    assert (await world.open_task(source)).element == "u"


async def test_a_process_whose_next_step_finds_no_room_is_an_incident_and_not_a_job_without_end(
    world: World, clerk: Actor, failing: Peer
) -> None:
    await world.deploy(bundle({"code": "SUB", "fields": fields({"id": "kept", "type": "file"})}))
    task = {"kind": "rest", "method": "GET", "url": failing.url("/"), "on_failure": "continue"}
    called = {"call": {"app": "SUB", "in": {"kept": "doc"}}}
    manifest = {"code": "RST", "fields": FIELDS, "start": START, "services": {"s": task}, "calls": called}
    process = simple(el("serviceTask", "s"), el("callActivity", "call", calledElement="SUB"), through=("s", "call"))
    await world.deploy(bundle(manifest, process))
    doc = await world.upload(clerk, PDF, name="a.pdf", field="doc", app="RST")
    source = await world.start(clerk, "RST", doc=doc)
    await accounts.set_quota(world.context, world.admin, len(PDF) + 1)

    await world.perform(source)

    assert [made.state for made in await attempts(world, source)] == ["failed"]
    (found,) = await by_hand.incidents(world.context, clerk, instance_id=source, after=0, limit=9)
    assert (found.element, found.code) == ("s", "over_quota")
    assert "answered 404" in found.message
    await accounts.set_quota(world.context, world.admin, QUOTA)
    await by_hand.retry(world.context, clerk, found.id)
    await world.perform(source)
    waits = (await lifecycle.read(world.context, clerk, source)).waits
    assert [(wait.kind, wait.element) for wait in waits] == [("call", "call")]
