"""The history of an instance: in either order, by kinds, with or without downloads, with names."""

from typing import Any

import pytest

from satchel.model.ids import InstanceId
from surfaces.conftest import Api
from world import PDF


async def _evaluated(api: Api) -> InstanceId:
    """Start an evaluation with a file, fetch that, and reject it."""
    world = api.world
    for example in ("purchase-request", "product-evaluation"):
        await world.deploy_example(example)
    clerk = await world.actor("clerk")
    file = await world.upload(clerk, PDF, name="a.pdf", field="description", app="EVA")
    instance = await world.start(clerk, "EVA", product="Desk", description=[file])
    fetched = await (await api.client("viewer")).get(f"/api/v1/files/{file}/content")
    assert fetched.status_code == 200
    await world.complete(await world.actor("buyer"), instance, outcome="reject")
    return instance


async def _page(api: Api, instance: InstanceId, **asked: Any) -> Any:
    answer = await (await api.client("viewer")).get(f"/api/v1/instances/{instance}/history", params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def _kinds(api: Api, instance: InstanceId, **asked: Any) -> list[str]:
    return [event["kind"] for event in (await _page(api, instance, **asked))["items"]]


ALL = ["instance.started", "file.downloaded", "task.claimed", "task.completed", "instance.ended"]


async def test_a_history_is_read_from_either_end(api: Api) -> None:
    instance = await _evaluated(api)
    assert await _kinds(api, instance) == ALL
    assert await _kinds(api, instance, sort="-at") == ALL[::-1]


@pytest.mark.parametrize("sort", ["at", "-at"])
async def test_pages_follow_each_other_in_both_orders(api: Api, sort: str) -> None:
    instance = await _evaluated(api)
    found: list[str] = []
    cursor: str | None = "0"
    while cursor is not None:
        page = await _page(api, instance, sort=sort, limit=2, cursor=cursor)
        found += [event["kind"] for event in page["items"]]
        cursor = page["next"]
    assert found == (ALL if sort == "at" else ALL[::-1])


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"kind": "task.completed"}, ["task.completed"]),
        ({"kind": "task"}, ["task.claimed", "task.completed"]),
        ({"kind": "instance.ended, task.claimed"}, ["task.claimed", "instance.ended"]),
        ({"kind": "tas"}, []),
        ({"downloads": "without"}, [kind for kind in ALL if kind != "file.downloaded"]),
        ({"downloads": "only"}, ["file.downloaded"]),
        ({"downloads": "without", "kind": "file"}, []),
    ],
)
async def test_lines_are_chosen_by_kind(api: Api, asked: dict[str, str], found: list[str]) -> None:
    assert await _kinds(api, await _evaluated(api), **asked) == found


async def test_lines_name_who_did_it_and_at_which_element(api: Api) -> None:
    instance = await _evaluated(api)
    named = {
        event["kind"]: (event["user_name"], event["element"], event["element_name"])
        for event in (await _page(api, instance))["items"]
    }
    assert named["instance.started"] == ("Clerk", None, None)
    assert named["file.downloaded"] == ("Viewer", None, None)
    assert named["task.completed"] == ("Buyer", "evaluate", "Evaluate Product")


async def test_what_a_history_cannot_be_sorted_by_is_refused(api: Api) -> None:
    instance = await _evaluated(api)
    viewer = await api.client("viewer")
    for wrong in ({"sort": "kind"}, {"downloads": "no"}, {"order": "-at"}):
        answer = await viewer.get(f"/api/v1/instances/{instance}/history", params=wrong)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
