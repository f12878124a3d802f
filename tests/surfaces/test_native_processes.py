"""Processes as other tools draw them, through the API: what deploys does what it says, the rest is refused by name."""

import io
import zipfile
from datetime import timedelta

import httpx
import pytest

from engine_bpmn import boundary, document, el, flow, multi, path, simple, timer, user
from satchel.actions.instances import due
from satchel.model.ids import InstanceId
from surfaces.conftest import Api
from world import bundle


async def deploy(api: Api, process: bytes, /, **manifest: object) -> httpx.Response:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, data in bundle({"code": "ODD", **manifest}, process).items():
            archive.writestr(name, data)
    client = await api.client("admin")
    return await client.post("/api/v1/apps", content=packed.getvalue(), headers={"Content-Type": "application/zip"})


async def start(api: Api, process: bytes, **manifest: object) -> int:
    deployed = await deploy(api, process, **manifest)
    assert (deployed.status_code, deployed.json()["warnings"]) == (201, []), deployed.text
    started = await (await api.client("admin")).post("/api/v1/apps/ODD/instances", json={"values": {}})
    assert started.status_code == 201, started.text
    return int(started.json()["instance"]["id"])


async def open_tasks(api: Api, instance: int) -> list[str]:
    read = await (await api.client("admin")).get(f"/api/v1/instances/{instance}")
    return sorted(task["element"] for task in read.json()["tasks"] if task["closed_at"] is None)


@pytest.mark.parametrize(("word", "left"), [("0", ["late", "u"]), (" false ", ["late", "u"]), ("1", ["late"])])
async def test_a_boundary_timer_leaves_its_task_open_as_its_boolean_says(api: Api, word: str, left: list[str]) -> None:
    late = boundary("b", "u", timer("PT1S")).replace('"true"', f'"{word}"')
    parts = (user("u"), late, user("late"), path("b", "late"), flow("late", "end", name="z"))
    instance = await start(api, simple(*parts, through=("u",)))

    api.world.clock.advance(timedelta(seconds=2))
    await due.run_due(api.world.context)

    assert await open_tasks(api, instance) == left


async def test_a_sequence_of_tasks_opens_one_at_a_time(api: Api) -> None:
    inner = multi(cardinality="3").replace('"false"', '"1"')
    instance = await start(
        api, simple(user("u", inner), through=("u",)).replace(b'Executable="true"', b'Executable="1"')
    )

    assert await open_tasks(api, instance) == ["u"]


async def test_an_attribute_that_cannot_run_is_told_with_its_name_its_element_and_its_line(api: Api) -> None:
    gateway = el("eventBasedGateway", "g", eventGatewayType="Parallel")
    events = [el("intermediateCatchEvent", f"c{n}", timer("P1D")) for n in (1, 2)]
    flows = [flow("g", "c1"), flow("g", "c2"), flow("c1", "end"), flow("c2", "end")]
    behavior = multi(cardinality="2").replace("isSeq", 'behavior="One" isSeq')
    process = document(
        '<startEvent id="start"/>',
        '<endEvent id="end"/>',
        path("start", "u", "g"),
        user("u", behavior, startQuantity="2", isForCompensation="no"),
        gateway,
        *events,
        *flows,
    )

    answer = await deploy(api, process)

    assert answer.status_code == 422
    lines = process.decode().splitlines()
    told = [(found["element"], found["line"], found["message"]) for found in answer.json()["findings"]]
    for element, attribute in (
        ("u", "startQuantity"), ("u", "isForCompensation"), ("u", "behavior"), ("g", "eventGatewayType")
    ):  # fmt: skip  # a table
        place = next(number for number, line in enumerate(lines, 1) if attribute in line)
        assert [said[:2] for said in told if attribute in said[2]] == [(element, place)]
    assert len(told) == 4


async def test_a_version_that_was_deployed_before_a_rule_still_runs(api: Api) -> None:
    assert (await deploy(api, simple(user("u"), through=("u",)))).status_code == 201
    replaced = (b'<userTask id="u"', b'<userTask id="u" startQuantity="2"')
    async with api.world.context.database.write() as tx:
        ((bpmn,),) = await tx.pairs("SELECT bpmn FROM app_versions")
        assert isinstance(bpmn, bytes)
        await tx.execute("UPDATE app_versions SET bpmn = %s", (bpmn.replace(*replaced),))

    started = await (await api.client("admin")).post("/api/v1/apps/ODD/instances", json={"values": {}})

    assert await open_tasks(api, started.json()["instance"]["id"]) == ["u"]


ERROR_1 = '<error id="er1" name="E one" errorCode="E1"/>'
THROWING = document(
    '<startEvent id="start"/>',
    user("k"),
    el("endEvent", "x", '<errorEventDefinition errorRef="er1"/>'),
    path("start", "k", "x"),
    outside=ERROR_1,
)


@pytest.mark.parametrize("is_caught", [True, False])
async def test_the_error_of_a_called_process_reaches_its_caller_by_its_code(api: Api, *, is_caught: bool) -> None:
    caught = boundary("b", "c", '<errorEventDefinition errorRef="er1"/>')
    parts = (caught, user("h"), path("b", "h"), flow("h", "end", name="z")) if is_caught else ()
    call = el("callActivity", "c", calledElement="KID")
    assert (await deploy(api, THROWING, code="KID")).status_code == 201
    number = await start(api, simple(call, *parts, outside=ERROR_1, through=("c",)), calls={"c": {"app": "KID"}})
    admin = await api.client("admin")
    kid = (await admin.get("/api/v1/instances", params={"app": "KID"})).json()["items"][0]["id"]
    task = (await admin.get(f"/api/v1/instances/{kid}")).json()["tasks"][0]["id"]
    claimed = await admin.post(f"/api/v1/tasks/{task}/claim")
    headers = {"If-Match": claimed.headers["ETag"]}
    done = await admin.post(f"/api/v1/tasks/{task}/complete", json={"values": {}}, headers=headers)
    assert done.is_success, done.text

    await due.return_call(api.world.context, api.world.account, InstanceId(kid))

    incidents = (await admin.get("/api/v1/incidents", params={"instance": number})).json()["items"]
    if is_caught:
        assert await open_tasks(api, number) == ["h"]
        assert incidents == []
    else:
        assert [(found["code"], found["element"]) for found in incidents] == [("E1", "c")]
        assert (await admin.get(f"/api/v1/instances/{number}")).json()["state"] == "failed"


async def test_deploying_warns_of_a_boundary_event_whose_error_nothing_throws(api: Api) -> None:
    caught = boundary("b", "u", '<errorEventDefinition errorRef="er1"/>')
    process = simple(user("u"), caught, flow("b", "end", name="z"), outside=ERROR_1, through=("u",))

    deployed = await deploy(api, process)

    assert deployed.status_code == 201
    (found,) = deployed.json()["warnings"]
    assert (found["code"], found["element"], found["file"]) == ("error_not_thrown", "b", "process.bpmn")
    assert "E1" in found["message"]
