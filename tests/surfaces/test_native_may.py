"""What replies say that the caller may do is what the API then lets them do: each claim is put to the test."""

import httpx
import pytest

from satchel.model.actor import Right
from surfaces.conftest import Api
from world import PDF

REFUSED = frozenset({401, 403, 404, 409})
ACTORS = ("starter", "viewer", "modifier", "holder", "manager", "clerk", "admin")
"""`holder` holds the open task and has no right for the app; `modifier` may change what they may not view."""


async def _world(api: Api, *, state: str) -> dict[str, int]:
    """Start an instance of the evaluation with a file in a field and a link in the tab; return their numbers."""
    world = api.world
    for example in ("purchase-request", "product-evaluation"):
        await world.deploy_example(example)
    starter = await world.add_person("starter", Right.START)
    await world.add_person("modifier", Right.MODIFY)
    holder = await world.add_person("holder", groups=["buyers"])
    file = await world.upload(starter, PDF, name="a.pdf", field="description", app="EVA")
    instance = await world.start(starter, "EVA", product="Desk", description=[file])
    task = await world.take_task(holder, instance)
    clerk = await api.client("clerk")
    link = {"kind": "link", "url": "https://files.example/a"}
    added = (await clerk.post(f"/api/v1/instances/{instance}/files", json=link)).json()["items"][0]["id"]
    if state == "cancelled":
        assert (await clerk.post(f"/api/v1/instances/{instance}/cancel", json={})).status_code == 204
    return {"instance": instance, "task": task, "file": file, "link": added}


async def _passes(client: httpx.AsyncClient, method: str, path: str, body: object = None) -> bool:
    answer = await client.request(method, f"/api/v1{path}", json=body, headers={"If-Match": "*"})
    assert answer.status_code < 500, (method, path, answer.text)
    return answer.status_code not in REFUSED


@pytest.mark.parametrize("state", ["running", "cancelled"])
@pytest.mark.parametrize("who", ACTORS)
async def test_an_instance_says_what_may_be_done_with_it(api: Api, who: str, state: str) -> None:
    known = await _world(api, state=state)
    number, client = known["instance"], await api.client(who)
    answer = await client.get(f"/api/v1/instances/{number}")
    if answer.status_code == 404:
        assert (who, state) == ("holder", "cancelled")
        return
    may = set(answer.json()["may"])
    path = f"/instances/{number}"
    link = {"kind": "link", "url": "https://files.example/b"}
    sees_file = (await client.get(f"/api/v1/files/{known['file']}")).status_code == 200
    found = {
        "history": await _passes(client, "GET", f"{path}/history"),
        "star": await _passes(client, "PUT", f"{path}/star"),
        "edit": await _passes(client, "PATCH", f"{path}/values", {"values": {}}),
        "attach": await _passes(client, "POST", "/uploads", {"instance": number, "size": 3}),
        "link": await _passes(client, "POST", f"{path}/files", link),
        "copy": await _passes(client, "POST", f"/files/{known['file']}/copies", {"instance": number}),
        "comment": await _passes(client, "POST", f"{path}/comments", {"text": "seen"}),
        "cancel": await _passes(client, "POST", f"{path}/cancel", {}),
        "delete": await _passes(client, "DELETE", path),
    }
    if not sees_file:
        del found["copy"]  # refused for the file's sake
    assert {name for name, passes in found.items() if passes} == may & set(found)


@pytest.mark.parametrize("who", ACTORS)
async def test_a_task_says_what_may_be_done_with_it_wherever_it_is_shown(api: Api, who: str) -> None:
    known = await _world(api, state="running")
    number, client = known["task"], await api.client(who)
    seen = await client.get(f"/api/v1/tasks/{number}")
    may = set(seen.json()["may"]) if seen.status_code == 200 else set()
    if who not in ("starter", "manager", "modifier"):
        shown = (await client.get(f"/api/v1/instances/{known['instance']}")).json()["tasks"]
        assert [set(task["may"]) for task in shown if task["id"] == number] == [may]
    path, holder = f"/tasks/{number}", api.world.people["holder"]
    found = {
        "arrive": await _passes(client, "POST", f"{path}/arrive"),
        "save": await _passes(client, "POST", f"{path}/save", {}),
        "assign": await _passes(client, "POST", f"{path}/assign", {"user": holder}),
        "complete": await _passes(client, "POST", f"{path}/complete", {"outcome": "reject"}),
    }
    assert {name for name, passes in found.items() if passes} == may & set(found)


@pytest.mark.parametrize("who", ["clerk", "holder", "manager"])
async def test_a_task_is_claimed_and_released_by_those_of_whom_it_says_so(api: Api, who: str) -> None:
    known = await _world(api, state="running")
    holder, client = await api.client("holder"), await api.client(who)
    path = f"/tasks/{known['task']}"
    before = (await client.get(f"/api/v1{path}")).json()["may"]
    assert await _passes(client, "POST", f"{path}/release") is ("release" in before)
    await holder.post(f"/api/v1{path}/release")
    after = (await client.get(f"/api/v1{path}")).json()["may"]
    assert "release" not in after
    assert await _passes(client, "POST", f"{path}/claim") is ("claim" in after)


@pytest.mark.parametrize("state", ["running", "cancelled"])
@pytest.mark.parametrize("what", ["file", "link"])
@pytest.mark.parametrize("who", ACTORS)
async def test_a_file_says_what_may_be_done_with_it(api: Api, who: str, what: str, state: str) -> None:
    known = await _world(api, state=state)
    number, client = known[what], await api.client(who)
    seen = await client.get(f"/api/v1/files/{number}")
    if seen.status_code == 404:
        assert who in ("starter", "modifier", "holder")
        return
    may, path = set(seen.json()["may"]), f"/files/{number}"
    listed = (await client.get(f"/api/v1/instances/{known['instance']}/files")).json()["items"]
    assert [set(file["may"]) for file in listed if file["id"] == number] == [may]
    found = {
        "describe": await _passes(client, "PATCH", path, {"description": "read"}),
        "rename": await _passes(client, "PATCH", path, {"name": "b.pdf"}),
        "link": await _passes(client, "POST", f"{path}/links", {}),
        "delete": await _passes(client, "DELETE", path),
    }
    assert {name for name, passes in found.items() if passes} == may & set(found)
    assert "restore" not in may


async def test_a_holder_may_change_files_of_the_fields_that_their_form_lets_them_fill_in(api: Api) -> None:
    known = await _world(api, state="running")
    holder, clerk = await api.client("holder"), await api.client("clerk")
    task = (await holder.get(f"/api/v1/tasks/{known['task']}")).json()
    access = {field["id"]: field["access"] for field in task["form"]["fields"]}
    assert access["description"] == "read"
    assert task["files"]["description"][0]["may"] == ["copy", "link"]
    assert task["attachments"][0]["may"] == ["copy"]
    (seen,) = (await clerk.get(f"/api/v1/instances/{known['instance']}")).json()["files"]["description"]
    assert seen["may"] == ["rename", "describe", "replace", "delete", "copy", "link"]
    cancelled = await clerk.post(f"/api/v1/instances/{known['instance']}/cancel", json={})
    assert cancelled.status_code == 204
    (seen,) = (await clerk.get(f"/api/v1/instances/{known['instance']}")).json()["files"]["description"]
    assert "replace" not in seen["may"]


async def test_apps_say_which_rights_the_caller_has_and_are_found_by_one(api: Api) -> None:
    world = api.world
    for example in ("purchase-request", "product-evaluation"):
        await world.deploy_example(example)
    clerk, viewer = await api.client("clerk"), await api.client("viewer")
    found = (await clerk.get("/api/v1/apps", params={"may": "start"})).json()["items"]
    assert [(app["code"], app["version"], app["may"]) for app in found] == [
        ("EVA", 1, ["start", "view", "modify", "delete"]),
        ("PUR", 1, ["start", "view", "modify", "delete"]),
    ]
    read = (await clerk.get("/api/v1/apps/EVA")).json()
    shown = ("id", "code", "name", "category", "description", "version", "retired", "may")
    assert {name: read[name] for name in shown} == found[0]
    assert found[0]["description"]
    assert (await viewer.get("/api/v1/apps", params={"may": "start"})).json()["items"] == []
    assert len((await viewer.get("/api/v1/apps", params={"may": "view"})).json()["items"]) == 2
    assert (await viewer.get("/api/v1/apps", params={"may": "eat"})).status_code == 400
