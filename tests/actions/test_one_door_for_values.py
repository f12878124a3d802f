"""Values that no form brings pass the same checks as those of forms: users and groups, limits, options."""

import json
from collections.abc import AsyncIterator, Mapping

import pytest

from calling import allow, attempts
from engine_bpmn import MESSAGE, el, message, simple, user
from peers import Peer, peer
from satchel.actions.calls import by_hand
from satchel.actions.identity import accounts
from satchel.actions.instances import due, lifecycle
from satchel.actions.instances.forms import Submission
from satchel.model.actor import Actor
from satchel.model.errors import EngineStopped
from satchel.model.ids import InstanceId
from satchel.model.instance import InstanceState
from world import World, bundle, fields

KEPT = fields(
    {"id": "who", "type": "user"},
    {"id": "team", "type": "group"},
    {"id": "crew", "type": "table", "columns": [{"id": "person", "label": "Person", "type": "user"}]},
    {"id": "size", "type": "choice", "options": [{"id": "s", "label": "S"}, {"id": "m", "label": "M"}]},
    {"id": "number", "type": "integer", "max": 9},
    {"id": "text", "type": "text"},
    {"id": "count", "type": "integer"},
)
NAMES = [str(field["id"]) for field in KEPT]
NOBODY = 999_999
CALLED = simple(user("k"), through=("k",))


@pytest.fixture
async def other(world: World) -> AsyncIterator[Peer]:
    async with peer() as made:
        allow(world, made)
        yield made


async def deploy(
    world: World, *, service: Mapping[str, object] | None = None, calls: Mapping[str, object] | None = None
) -> None:
    """Deploy the app VAL: a service task `s` or a call activity `c`, then a user task `u`."""
    first = el("serviceTask", "s") if service else el("callActivity", "c", calledElement="GIV")
    process = simple(first, user("u"), through=("s" if service else "c", "u"))
    manifest: dict[str, object] = {"code": "VAL", "fields": KEPT, "start": {"fields": dict.fromkeys(NAMES, "edit")}}
    if service:
        manifest["services"] = {"s": service}
    if calls:
        manifest["calls"] = {"c": calls}
    await world.deploy(bundle(manifest, process))


async def deploy_giving(world: World, process: bytes = CALLED) -> None:
    """Deploy the app GIV, whose fields hold numbers and texts as VAL's hold users and groups."""
    given = fields({"id": "count", "type": "integer"}, {"id": "text", "type": "text"}, {"id": "who", "type": "user"})
    form = {"fields": dict.fromkeys(("count", "text", "who"), "edit")}
    messages = {"messages": {"reply": {"inputs": ["who"]}}} if b"messageEvent" in process else {}
    tasks = {"tasks": {"k": form}} if process is CALLED else {}
    await world.deploy(bundle({"code": "GIV", "fields": given, "start": form, **tasks, **messages}, process))


async def refusal(world: World, instance: InstanceId) -> str:
    (found,) = await by_hand.incidents(world.context, world.admin, instance_id=instance, after=0, limit=9)
    return found.message


async def stored(world: World, instance: InstanceId) -> Mapping[str, object]:
    return (await lifecycle.read(world.context, world.admin, instance)).values


async def ids_of_nobody(world: World) -> list[int]:
    """Return users that no form takes: none at all, another account's, and one who was ended."""
    ended = world.people["stranger"]
    await accounts.end_user(world.context, world.admin, ended, erase=False)
    assert world.rival.user_id is not None
    return [NOBODY, int(world.rival.user_id), int(ended)]


@pytest.mark.parametrize(
    ("refused", "said"),
    [
        ({"team": NOBODY}, f"team: There is no group {NOBODY} in this account."),
        ({"crew": [{"person": NOBODY}]}, f"crew: There is no user {NOBODY} in this account."),
        ({"size": "xxl"}, "size: "),
        ({"number": 10}, "number: "),
        ({"text": "two\nlines"}, "text: "),
    ],
)
async def test_a_reply_with_a_value_that_forms_refuse_is_a_failed_attempt(
    world: World, clerk: Actor, other: Peer, refused: Mapping[str, object], said: str
) -> None:
    ((field, value),) = refused.items()
    url = other.answers("/", json.dumps({"v": value, "ok": "fine"}).encode(), "Content-Type: application/json")
    await deploy(
        world,
        service={"kind": "rest", "method": "GET", "url": url, "output": {"values": {field: "$.v", "count": "$.n"}}},
    )
    source = await world.start(clerk, "VAL", count=7)

    await world.perform(source)

    assert said in await refusal(world, source)
    assert [(made.state, made.reason) for made in await attempts(world, source)] == [("failed", "invalid_values")]
    assert await stored(world, source) == {"count": 7}


async def test_a_reply_names_only_active_users_of_the_account(world: World, clerk: Actor, other: Peer) -> None:
    service = {"kind": "rest", "method": "GET", "url": other.url("/"), "output": {"values": {"who": "$.v"}}}
    await deploy(world, service=service)
    for number in await ids_of_nobody(world):
        other.answers("/", json.dumps({"v": number}).encode(), "Content-Type: application/json")
        source = await world.start(clerk, "VAL")

        await world.perform(source)

        assert f"who: There is no user {number} in this account." in await refusal(world, source)
        assert await stored(world, source) == {}
    known = int(world.people["buyer"])
    other.answers("/", json.dumps({"v": known}).encode(), "Content-Type: application/json")
    source = await world.start(clerk, "VAL")
    await world.perform(source)
    assert await stored(world, source) == {"who": known}


@pytest.mark.parametrize("given", ["count", "{{ count }}", NOBODY])
async def test_what_is_set_otherwise_and_refused_is_an_incident(
    world: World, clerk: Actor, other: Peer, given: object
) -> None:
    other.answers("/", b"no", status="404 Not Found")
    service = {"kind": "rest", "method": "GET", "url": other.url("/"), "on_failure": "continue"}
    await deploy(world, service={**service, "otherwise": {"who": given, "text": "'set'"}})
    source = await world.start(clerk, "VAL", count=NOBODY)

    await world.perform(source)

    (found,) = await by_hand.incidents(world.context, clerk, instance_id=source, after=0, limit=9)
    assert found.code == "otherwise_refused"
    assert f"who: There is no user {NOBODY} in this account." in found.message
    assert [made.state for made in await attempts(world, source)] == ["failed"]
    assert await stored(world, source) == {"count": NOBODY}


@pytest.mark.parametrize("do", ["create", "update", "get"])
async def test_a_value_set_in_another_instance_or_taken_from_one_is_checked(
    world: World, clerk: Actor, do: str
) -> None:
    await deploy_giving(world)
    there = await world.start(clerk, "GIV", count=NOBODY)
    identifier = {} if do == "create" else {"identifier": "{{ text }}"}
    await deploy(world, service={"kind": "instance", "do": do, "app": "GIV", "set": {"who": "count"}, **identifier})
    source = await world.start(clerk, "VAL", count=NOBODY, text="GIV-1")

    await world.perform(source)

    assert f"who: There is no user {NOBODY}" in await refusal(world, source)
    assert await stored(world, source) == {"count": NOBODY, "text": "GIV-1"}
    assert await stored(world, there) == {"count": NOBODY}
    assert await world.rows("SELECT count(*) FROM instances") == [(2,)]


async def test_a_message_with_a_value_that_forms_refuse_is_not_delivered(world: World, clerk: Actor) -> None:
    waits = simple(el("intermediateCatchEvent", "w", message()), user("u"), outside=MESSAGE, through=("w", "u"))
    await deploy_giving(world, waits)
    there = await world.start(clerk, "GIV")
    service = {"kind": "message", "app": "GIV", "identifier": "{{ text }}", "message": "reply", "set": {"who": "count"}}
    await deploy(world, service=service)
    source = await world.start(clerk, "VAL", count=NOBODY, text="GIV-1")

    await world.perform(source)

    assert f"who: There is no user {NOBODY}" in await refusal(world, source)
    assert await stored(world, there) == {}
    assert [wait.element for wait in (await lifecycle.read(world.context, clerk, there)).waits] == ["w"]


async def test_a_call_activity_passes_no_value_on_that_forms_refuse(world: World, clerk: Actor) -> None:
    await deploy_giving(world)
    await deploy(world, calls={"app": "GIV", "in": {"who": "count"}})
    with pytest.raises(EngineStopped) as stopped:
        await world.start(clerk, "VAL", count=NOBODY)
    assert stopped.value.reason == "values_refused"
    assert f"who: There is no user {NOBODY}" in stopped.value.message
    assert await world.rows("SELECT FROM instances") == []


async def test_a_call_activity_takes_no_value_back_that_forms_refuse(world: World, clerk: Actor) -> None:
    await deploy_giving(world)
    await deploy(world, calls={"app": "GIV", "out": {"who": "count"}})
    source = await world.start(clerk, "VAL")
    child = (await lifecycle.read(world.context, clerk, source)).waits[0].child_id
    assert child is not None
    await world.complete(clerk, child, count=NOBODY)

    await due.return_call(world.context, world.account, child)

    assert f"who: There is no user {NOBODY}" in await refusal(world, source)
    assert await stored(world, source) == {}
    view = await lifecycle.read(world.context, clerk, source)
    assert view.instance.state is InstanceState.RUNNING
    known = int(world.people["buyer"])
    await lifecycle.change_values(world.context, clerk, source, Submission(values={"who": known}), expected=None)
    assert await stored(world, source) == {"who": known}
