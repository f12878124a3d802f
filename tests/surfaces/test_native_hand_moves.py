"""What those who manage an app do by hand, with a reason: cancel and start tokens, complete tasks for others."""

from collections.abc import Sequence

import httpx

from engine_bpmn import document, el, flow, path, simple, user
from satchel.model.ids import InstanceId
from surfaces.conftest import Api
from world import bundle, fields

OUTCOMES = [{"id": "yes", "label": "Yes"}, {"id": "no", "label": "No"}]
TASK = {"assign": {"group": "buyers"}, "outcomes": OUTCOMES, "fields": {"item": "require"}}
GATE = document(
    el("startEvent", "start"), user("a"), el("exclusiveGateway", "g"), user("b"), el("endEvent", "end"),
    path("start", "a", "g"), flow("g", "b", "outcome == 'jes'"), path("b", "end"),
)  # fmt: skip


async def deploy(api: Api, process: bytes = GATE, **changes: object) -> None:
    manifest = {"code": "HND", "fields": fields({"id": "item", "type": "text"}), "tasks": {"a": TASK}, **changes}
    await api.world.deploy(bundle({"start": {"fields": {"item": "edit"}}, **manifest}, process))


async def started(api: Api) -> InstanceId:
    admin = await api.client("admin")
    answer = await admin.post("/api/v1/apps/HND/instances", json={"values": {"item": "it"}})
    assert answer.status_code == 201, answer.text
    return InstanceId(answer.json()["instance"]["id"])


async def move(
    client: httpx.AsyncClient, number: int, cancel: Sequence[int], *start: str, reason: str = "it was misspelt"
) -> httpx.Response:
    given = {"cancel": list(cancel), "start": [{"at": place} for place in start], "reason": reason}
    return await client.post(f"/api/v1/instances/{number}/tokens", json=given)


async def events(client: httpx.AsyncClient, number: int, *kinds: str) -> list[dict[str, object]]:
    found = (await client.get(f"/api/v1/instances/{number}/history?kind={','.join(kinds)}")).json()["items"]
    return [dict(one) for one in found]


async def test_an_instance_that_cannot_go_on_is_moved_by_hand_and_the_history_says_who_and_why(api: Api) -> None:
    await deploy(api)
    number = await started(api)
    task = await api.world.take_task(await api.world.actor("buyer"), number, "a")
    buyer, manager, clerk = [await api.client(who) for who in ("buyer", "manager", "clerk")]
    done = await buyer.post(f"/api/v1/tasks/{task}/complete", json={"values": {}, "outcome": "yes"})
    assert (done.status_code, done.json()["code"]) == (409, "incident")

    (token,) = (await manager.get(f"/api/v1/instances/{number}/tokens")).json()["items"]
    assert (token["element"], token["kind"], token["mode"], token["may"]) == ("a", "userTask", "wait", ["cancel"])
    stays = await move(manager, number, [token["id"]])
    assert (stays.status_code, [one["code"] for one in stays.json()["errors"]]) == (422, ["last"])
    nothing = await move(manager, number, [])
    assert [one["code"] for one in nothing.json()["errors"]] == ["required"]
    for reason in ("  ", "\x1b[2J", "r" * 2001):
        unsaid = await move(manager, number, [token["id"]], "b", reason=reason)
        assert [one["field"] for one in unsaid.json()["errors"]] == ["reason"]
    assert (await move(clerk, number, [token["id"]], "b")).status_code == 403
    assert (await clerk.get(f"/api/v1/instances/{number}/tokens")).status_code == 403
    for who in ("stranger", "rival"):
        assert (await move(await api.client(who), number, [token["id"]], "b")).status_code == 404

    moved = await move(manager, number, [token["id"]], "b")

    assert moved.status_code == 200, moved.text
    assert [one["element"] for one in moved.json()["items"]] == ["b"]
    assert (await api.world.open_task(number)).element == "b"
    assert (await api.world.rows("SELECT state FROM tasks WHERE id = %s", task)) == [("cancelled",)]
    assert await api.world.rows("SELECT id FROM incidents WHERE closed_at IS NULL") == []
    written = await events(manager, number, "token.cancelled", "token.started")
    assert [(one["kind"], one["user"], one["data"]) for one in written] == [
        (
            "token.cancelled",
            api.world.people["manager"],
            {"token": token["id"], "element": "a", "name": "a", "reason": "it was misspelt"},
        ),
        ("token.started", api.world.people["manager"], {"element": "b", "name": "b", "reason": "it was misspelt"}),
    ]
    await api.world.complete(api.world.admin, number, "b")
    assert (await manager.get(f"/api/v1/instances/{number}/tokens")).json()["items"] == []
    assert (await move(manager, number, [1], "b")).status_code == 409


async def test_a_move_by_hand_is_made_for_the_revision_that_was_read(api: Api) -> None:
    await deploy(api)
    number = await started(api)
    manager = await api.client("manager")
    read = await manager.get(f"/api/v1/instances/{number}")
    await api.world.take_task(await api.world.actor("buyer"), number, "a")
    token = (await manager.get(f"/api/v1/instances/{number}/tokens")).json()["items"][0]["id"]
    given = {"cancel": [token], "start": [{"at": "b"}], "reason": "r"}
    address, held = f"/api/v1/instances/{number}/tokens", {"If-Match": read.headers["ETag"]}
    assert (await manager.post(address, json=given, headers=held)).status_code == 200
    late = await manager.post(address, json={**given, "start": [{"at": "a"}]}, headers=held)
    assert (late.status_code, late.json()["code"]) == (412, "changed_meanwhile")


async def test_what_hangs_on_a_cancelled_token_ends_with_it(api: Api) -> None:
    child = bundle({"code": "SUB"})
    await api.world.deploy(child)
    process = simple(el("callActivity", "c", calledElement="SUB"), user("b"), through=("c", "b"))
    await deploy(api, process, tasks={}, calls={"c": {"app": "SUB"}})
    number = await started(api)
    manager = await api.client("manager")
    (token,) = (await manager.get(f"/api/v1/instances/{number}/tokens")).json()["items"]
    assert (await move(manager, number, [token["id"]], "b")).status_code == 200
    states = await api.world.rows("SELECT state FROM instances ORDER BY id")
    assert states == [("running",), ("cancelled",)]
    assert await api.world.rows("SELECT token FROM waits") == []


async def test_a_task_is_completed_in_its_holders_place_and_the_history_says_in_whose(api: Api) -> None:
    await deploy(api, simple(user("a"), user("b"), through=("a", "b")))
    number = await started(api)
    task = await api.world.take_task(await api.world.actor("buyer"), number, "a")
    manager, clerk = await api.client("manager"), await api.client("clerk")
    shown = (await manager.get(f"/api/v1/instances/{number}")).json()
    assert "move" in shown["may"]
    assert "complete_by_hand" in shown["tasks"][0]["may"]
    assert not {"move", "complete_by_hand"} & {*(await clerk.get(f"/api/v1/instances/{number}")).json()["may"]}
    address = f"/api/v1/instances/{number}/tasks/{task}/complete"
    whole = {"values": {"item": "by me"}, "outcome": "yes", "reason": "she is ill"}
    for who, status in (("clerk", 403), ("buyer", 403), ("stranger", 404), ("rival", 404)):
        assert (await (await api.client(who)).post(address, json=whole)).status_code == status
    assert (await manager.post(f"/api/v1/instances/{number + 9}/tasks/{task}/complete", json=whole)).status_code == 404
    for given, field in (
        ({"outcome": "maybe"}, "outcome"),
        ({"values": {"item": None}}, "item"),
        ({"reason": " "}, "reason"),
    ):
        refused = await manager.post(address, json={**whole, **given})
        assert (refused.status_code, [one["field"] for one in refused.json()["errors"]]) == (422, [field])
    assert (await manager.post(address, json=whole, headers={"If-Match": '"77"'})).status_code == 412

    done = await manager.post(address, json=whole)

    assert done.status_code == 200, done.text
    (event,) = await events(manager, number, "task.completed")
    assert event["user"] == api.world.people["manager"]
    data = dict(event["data"])  # type: ignore[call-overload]  # an object
    assert (data["by_hand"], data["holder"], data["reason"], data["outcome"]) == (
        True,
        api.world.people["buyer"],
        "she is ill",
        "yes",
    )
    assert (await api.world.open_task(number)).element == "b"
    again = await manager.post(address, json=whole)
    assert (again.status_code, again.json()["code"]) == (409, "invalid_state")
