"""Messages through the API: one receiver each, and timers that are none are refused as what they are."""

import pytest

from engine_bpmn import MESSAGE, boundary, document, el, message, path, simple, timer, user
from satchel.actions.identity import credentials
from satchel.actions.lists import nodes
from satchel.model.ids import ElementId
from surfaces.conftest import Api
from surfaces.test_native_processes import deploy, open_tasks, start

BOTH = document(
    '<startEvent id="s"/>',
    el("parallelGateway", "g"),
    el("receiveTask", "one", messageRef="m"),
    el("intermediateCatchEvent", "two", message()),
    user("a"),
    user("b"),
    '<endEvent id="e"/>',
    path("s", "g", "one", "a", "e"),
    path("g", "two", "b", "e"),
    outside=MESSAGE,
)


async def send(api: Api, instance: int) -> int:
    client = await api.client("admin")
    return (await client.post(f"/api/v1/instances/{instance}/messages/reply", json={})).status_code


async def waiting(api: Api, instance: int) -> list[str]:
    read = (await (await api.client("admin")).get(f"/api/v1/instances/{instance}")).json()
    return sorted(wait["element"] for wait in read["waits"])


async def test_a_message_goes_to_the_one_that_has_waited_longest(api: Api) -> None:
    instance = await start(api, BOTH, messages={"reply": {}})

    left = []
    for _ in range(2):
        assert await send(api, instance) == 204
        left.append((await waiting(api, instance), await open_tasks(api, instance)))

    assert left == [(["two"], ["a"]), ([], ["a", "b"])]
    assert await send(api, instance) == 409


async def test_a_receive_task_of_questetra_takes_the_message_that_its_address_names(api: Api) -> None:
    process = BOTH.replace(b"intermediateCatchEvent", b"receiveTask").replace(
        b'id="two"><messageEventDefinition messageRef="m"/>', b'id="two" messageRef="m">'
    )
    instance = await start(api, process, messages={"reply": {}})
    world, clerk = api.world, await api.world.actor("clerk")
    key = await credentials.create_token(world.context, clerk, world.people["clerk"], kind="api_key", name="x")
    async with world.context.database.read() as tx:
        app = await world.context.apps.newest(tx, world.account, "ODD")

    answer = await (await api.client("anonymous")).post(
        f"/questetra/System/ReceiveTask/HttpPost/{app.app_id}/{nodes.number_of(app, ElementId('two'))}/receive",
        data={"key": key.secret, "processInstanceId": str(instance)},
    )

    assert (answer.status_code, answer.text) == (200, "")
    assert await waiting(api, instance) == ["one"]


async def test_a_boundary_event_that_goes_on_waiting_is_behind_the_others(api: Api) -> None:
    process = document(
        '<startEvent id="s"/>',
        el("parallelGateway", "g"),
        user("a"),
        boundary("beside", "a", message(), interrupts=False),
        user("note"),
        el("receiveTask", "r", messageRef="m"),
        '<endEvent id="e"/>',
        path("s", "g", "a", "e"),
        path("g", "r", "e"),
        path("beside", "note", "e"),
        outside=MESSAGE,
    ).replace(b'id="note_e"', b'id="n_e"')
    instance = await start(api, process, messages={"reply": {}})

    tasks = []
    for _ in range(3):
        assert await send(api, instance) == 204
        tasks.append((await open_tasks(api, instance), await waiting(api, instance)))

    both, thrice = ["a", "note"], ["a", "note", "note"]
    assert tasks == [(both, ["beside", "r"]), (both, ["beside"]), (thrice, ["beside"])]


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        ("R3/PT1S", "timeDuration", "'R3/PT1S' repeats, which cannot run."),
        ("R/2026-01-01T00:00:00Z/P1D", "timeDate", "repeats, which cannot run."),
        ("R3/PT1S", "timeCycle", "A timer that repeats cannot run."),
        ("-P1D", "timeDuration", "'-P1D' is negative;"),
        ("PT-5M", "timeDuration", "'PT-5M' is negative;"),
    ],
)
async def test_a_timer_that_is_none_is_refused_as_what_it_is(api: Api, text: str, kind: str, said: str) -> None:
    process = simple(el("intermediateCatchEvent", "t", timer(text, kind)), through=("t",))
    (found,) = (await deploy(api, process)).json()["findings"]
    assert (found["code"], found["element"]) == ("timer", "t")
    assert said in found["message"]


@pytest.mark.parametrize(("value", "said"), [("R3/PT1S", "repeats;"), ("-PT5M", "is negative;")])
async def test_a_value_that_is_no_duration_is_an_incident_that_says_why(api: Api, value: str, said: str) -> None:
    process = simple(el("intermediateCatchEvent", "t", timer("pause")), user("u"), through=("u", "t"))
    declared = [{"number": 1, "id": "pause", "label": "Pause", "type": "text"}]
    form = {"assign": {"starter": True}, "fields": {"pause": "edit"}}
    instance = await start(api, process, fields=declared, tasks={"u": form})
    admin = await api.client("admin")
    task = (await admin.get(f"/api/v1/instances/{instance}")).json()["tasks"][0]["id"]
    etag = (await admin.get(f"/api/v1/tasks/{task}")).headers["ETag"]

    answer = await admin.post(
        f"/api/v1/tasks/{task}/complete", headers={"If-Match": etag}, json={"values": {"pause": value}}
    )

    assert (answer.status_code, answer.json()["code"]) == (409, "incident")
    assert said in answer.json()["detail"]


@pytest.mark.parametrize(("due", "said"), [("-P1D", "is negative;"), ("R3/PT1S", "repeats;")])
async def test_a_due_time_that_is_none_is_refused_as_what_it_is(api: Api, due: str, said: str) -> None:
    (found,) = (await deploy(api, simple(user("a")), tasks={"a": {"due": due}})).json()["findings"]
    assert (found["code"], found["file"]) == ("format", "app.yaml")
    assert said in found["message"]
