"""Own work over HTTP: what people without the right `view` see of what they started and completed."""

import pytest

from own_work import deploy_order, interfere
from satchel.model.actor import Right
from satchel.model.ids import InstanceId
from surfaces.conftest import Api
from world import TEXT


@pytest.fixture
async def number(api: Api) -> int:
    """An order that `starter` started with a file, `buyer` checked with another, and others changed since."""
    world = api.world
    await deploy_order(world)
    await world.add_person("starter", Right.START)
    offer = await api.upload("starter", TEXT, app="ORD", field="offer", name="offer.txt")
    starter, buyer = await api.client("starter"), await api.client("buyer")
    values = {"item": "Desk", "amount": 1, "offer": [offer]}
    started = await starter.post("/api/v1/apps/ORD/instances", json={"values": values})
    assert started.status_code == 201
    made = int(started.json()["instance"]["id"])
    (task,) = (await buyer.get("/api/v1/tasks?filter=offered")).json()["items"]
    await buyer.post(f"/api/v1/tasks/{task['id']}/claim")
    report = await api.upload("buyer", TEXT, task=task["id"], field="report", name="report.txt")
    body = {"values": {"verdict": "fine", "report": [report]}, "outcome": "yes"}
    done = await buyer.post(f"/api/v1/tasks/{task['id']}/complete", json=body)
    assert done.status_code == 200
    assert (done.json()["task"]["state"], done.json()["task"]["outcome"]) == ("done", "yes")
    await interfere(world, InstanceId(made))
    return made


async def test_the_starter_reads_what_they_submitted_and_how_far_it_has_come(api: Api, number: int) -> None:
    client = await api.client("starter")

    for address in (str(number), "ORD-1"):
        seen = (await client.get(f"/api/v1/instances/{address}")).json()
        assert (seen["id"], seen["identifier"], seen["title"]) == (number, "ORD-1", "Order of Desk")
        assert (seen["state"], seen["parent"]) == ("running", None)
        assert seen["values"] == {"item": "Desk", "amount": 1}
        assert [(field, [file["name"] for file in held]) for field, held in seen["files"].items()] == [
            ("offer", ["offer.txt"])
        ]
        assert (seen["attachments"], seen["waits"]) == ([], [])
        assert [(task["name"], task["state"], task["outcome"]) for task in seen["tasks"]] == [
            ("check", "done", None),
            ("pay", "unassigned", None),
        ]
        assert all(task["opened_at"] is not None and task["variables"] == {} for task in seen["tasks"])


async def test_the_completer_reads_their_task_as_they_submitted_it(api: Api, number: int) -> None:
    client = await api.client("buyer")
    seen = (await client.get(f"/api/v1/instances/{number}")).json()
    mine, other = seen["tasks"]

    task = await client.get(f"/api/v1/tasks/{mine['id']}")

    assert seen["values"] == task.json()["values"] == {"amount": 1, "verdict": "fine"}
    assert list(seen["files"]) == list(task.json()["files"]) == ["report"]
    assert (task.json()["outcome"], task.json()["identifier"]) == ("yes", "ORD-1")
    assert (await client.get(f"/api/v1/tasks/{other['id']}")).status_code == 404


async def test_only_files_that_one_submitted_can_be_downloaded_and_linked(api: Api, number: int) -> None:
    clerk, starter = await api.client("clerk"), await api.client("starter")
    listed = (await clerk.get(f"/api/v1/instances/{number}/files")).json()["items"]
    known = {file["name"]: file["id"] for file in listed}
    assert set(known) == {"offer.txt", "report.txt", "theirs.txt", "tab.txt"}

    for name, status in {"offer.txt": 200, "report.txt": 404, "theirs.txt": 404, "tab.txt": 404}.items():
        for part in ("", "/content"):
            assert (await starter.get(f"/api/v1/files/{known[name]}{part}")).status_code == status, name
    link = (await starter.post(f"/api/v1/files/{known['offer.txt']}/links", json={})).json()["url"]
    assert (await (await api.client("anonymous")).get(link)).content == TEXT
    assert (await starter.delete(f"/api/v1/files/{known['offer.txt']}")).status_code == 403
    await clerk.delete(f"/api/v1/files/{known['offer.txt']}")
    assert (await starter.get(f"/api/v1/files/{known['offer.txt']}")).status_code == 410


async def test_own_work_outlives_rights_and_ends_with_the_instance(api: Api, number: int) -> None:
    for group, person in (("starter", "starter"), ("buyers", "buyer")):
        await api.world.set_member(group, person, is_member=False)
    for who, values in (
        ("starter", {"item": "Desk", "amount": 1}),
        ("buyer", {"amount": 1, "verdict": "fine"}),
    ):
        client = await api.client(who)
        assert (await client.get(f"/api/v1/instances/{number}")).json()["values"] == values
        assert (await client.get(f"/api/v1/instances/{number}/history")).status_code == 403
        assert (await client.get("/api/v1/instances?title=desk")).json()["items"] == []
        assert (await client.post("/api/v1/exports", json={})).status_code == 403
    rival = await api.client("rival")
    assert (await rival.get(f"/api/v1/instances/{number}")).status_code == 404

    await (await api.client("clerk")).delete(f"/api/v1/instances/{number}")

    for who in ("starter", "buyer"):
        assert (await (await api.client(who)).get(f"/api/v1/instances/{number}")).status_code == 404
