"""Questetra's clients see where a process stands whatever it waits for, and start and feed it as their texts say."""

from collections.abc import Mapping

import httpx

from engine_bpmn import END, MESSAGE, START, boundary, document, el, path, simple, timer, user
from golden.questetra_world import passwords
from satchel.actions.identity import ceilings, credentials
from satchel.model.ids import InstanceId
from surfaces.conftest import Api
from world import bundle, fields

API = "/questetra/API"
MEBIBYTE = 1024 * 1024
APP: Mapping[str, object] = {
    "code": "POS",
    "fields": fields({"id": "files", "type": "file", "max_files": 3, "max_unclaimed": 1}),
    "start": {"fields": {"files": "edit"}},
}


async def caller(api: Api) -> tuple[httpx.AsyncClient, dict[str, str]]:
    """Return a client, and what the administrator signs in with."""
    known = await passwords(api.world, "clerk")
    return await api.client("anonymous"), {"Authorization": f"Basic {known['basic_clerk']}"}


async def test_a_process_stands_at_whatever_it_waits_for(api: Api) -> None:
    ways = ("pause", "wait", "send", "u")
    process = document(
        START,
        END,
        el("parallelGateway", "split"),
        el("intermediateCatchEvent", "pause", timer("P1D")),
        el("receiveTask", "wait", messageRef="m"),
        el("serviceTask", "send"),
        user("u"),
        boundary("late", "u", timer("P2D"), interrupts=False),
        path("start", "split"),
        *(path("split", way, "end") for way in ways),
        path("late", "end"),
        outside=MESSAGE,
    )
    send = {"kind": "rest", "method": "POST", "url": "http://10.0.0.1/"}
    await api.world.deploy(bundle({**APP, "messages": {"reply": {}}, "services": {"send": send}}, process))
    client, signed = await caller(api)
    number = await api.world.start(api.world.admin, "POS")

    async def names() -> list[str]:
        answer = await client.get(f"{API}/OR/ProcessInstance/list", headers=signed)
        return sorted(answer.json()["processInstances"][0]["activeTokenNodeName"])

    assert await names() == sorted(ways)
    await api.world.perform(number)
    incidents = await api.world.rows("SELECT element FROM incidents WHERE closed_at IS NULL")
    assert incidents == [("send",)]
    assert await names() == sorted(ways)


async def test_a_process_that_begins_without_a_person_starts_in_both_ways_and_its_nodes_are_told(api: Api) -> None:
    process = simple(el("receiveTask", "wait", messageRef="m"), user("u"), outside=MESSAGE, through=("wait", "u"))
    await api.world.deploy(bundle({**APP, "messages": {"reply": {}}}, process))
    client, signed = await caller(api)
    admin = await api.client("admin")
    app = (await admin.get("/api/v1/apps/POS")).json()["id"]
    nodes = (await admin.get("/api/v1/apps/POS/nodes")).json()["items"]
    by_id = {one["id"]: one["number"] for one in nodes}
    assert [one["number"] for one in nodes] == list(range(len(nodes)))
    assert {"id": "wait", "kind": "receiveTask", "name": "wait", "number": by_id["wait"]} in nodes

    clerk = await api.world.actor("clerk")
    assert clerk.user_id is not None
    key = (await credentials.create_token(api.world.context, clerk, clerk.user_id, kind="api_key", name="x")).secret
    event = f"/questetra/System/Event/MessageStart/{app}/{by_id['start']}/start"
    by_message = await client.post(event, data={"key": key})
    form = {"processModelInfoId": str(app), "nodeNumber": str(by_id["start"])}
    by_person = await client.post(f"{API}/PE/ProcessInstance/start", headers=signed, data=form)

    assert (by_person.status_code, by_person.json()) == (200, {"workitem": None})
    received = await client.post(
        f"/questetra/System/ReceiveTask/HttpPost/{app}/{by_id['wait']}/receive",
        data={"key": key, "processInstanceId": by_message.text},
    )
    assert received.status_code == 200, received.text
    assert (await api.world.open_task(InstanceId(int(by_message.text)))).element == "u"


async def test_100_mib_are_a_file_s_and_not_a_form_s(api: Api) -> None:
    await api.world.deploy(bundle(APP))
    client, _ = await caller(api)
    admin = await api.client("admin")
    await ceilings.set_ceiling(api.world.context, api.world.account, 400 * MEBIBYTE)
    app = (await admin.get("/api/v1/apps/POS")).json()["id"]
    clerk = await api.world.actor("clerk")
    assert clerk.user_id is not None
    key = (await credentials.create_token(api.world.context, clerk, clerk.user_id, kind="api_key", name="x")).secret

    async def start(*sizes: int) -> httpx.Response:
        parts = [("q_files", (f"{place}.bin", bytes(size))) for place, size in enumerate(sizes)]
        address = f"/questetra/System/Event/MessageStart/{app}/0/start?key={key}"
        return await client.post(address, files=parts)

    refused = await start(1, 100 * MEBIBYTE + 1)
    assert refused.status_code == 400
    assert "<key>q_files</key>" in refused.text
    assert (await api.world.storage()).reserved_bytes == 0
    taken = await start(51 * MEBIBYTE, 51 * MEBIBYTE)
    assert taken.status_code == 200, taken.text
