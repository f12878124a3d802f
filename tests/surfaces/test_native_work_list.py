"""The work list: what waits for a person, in one request, by filter, order and page; and what they may do with it."""

from datetime import timedelta
from typing import Any

import pytest

from engine_bpmn import simple, user
from satchel.actions.instances import tasks
from satchel.model.ids import InstanceId, TaskId
from surfaces.conftest import Api
from world import TEXT, World, bundle, fields

ORDER = {
    "code": "ORD",
    "name": "Orders",
    "title": "Order of {{ item }}",
    "fields": fields({"id": "item", "type": "text"}, {"id": "offer", "type": "file"}, {"id": "secret", "type": "file"}),
    "start": {"fields": {"item": "require", "offer": "edit", "secret": "edit"}},
    "tasks": {
        "check": {"assign": {"group": "buyers"}, "due": "P1D", "fields": {"item": "read", "offer": "read"}},
        "pay": {"assign": {"group": "clerks"}, "fields": {"item": "read"}},
    },
}


async def _orders(world: World, *items: str) -> list[InstanceId]:
    """Start an order a minute for each item."""
    await world.deploy(bundle(ORDER, simple(user("check"), user("pay"), through=("check", "pay"))))
    clerk = await world.actor("clerk")
    started: list[InstanceId] = []
    for item in items:
        offer = await world.upload(clerk, TEXT, app="ORD", field="offer")
        secret = await world.upload(clerk, TEXT, app="ORD", field="secret")
        started.append(await world.start(clerk, "ORD", item=item, offer=[offer], secret=[secret]))
        world.clock.advance(timedelta(minutes=1))
    return started


async def _listed(api: Api, who: str, query: str = "") -> list[dict[str, Any]]:
    answer = await (await api.client(who)).get(f"/api/v1/tasks{query}")
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def _titles(api: Api, who: str, query: str = "") -> list[str]:
    return [item["title"].removeprefix("Order of ") for item in await _listed(api, who, query)]


async def test_a_row_says_what_it_is_about_and_what_one_may_do(api: Api) -> None:
    (number,) = await _orders(api.world, "Desk")

    (offered,) = await _listed(api, "buyer", "?filter=offered")

    assert (offered["instance"], offered["identifier"], offered["title"]) == (number, "ORD-1", "Order of Desk")
    assert (offered["app"], offered["app_name"], offered["version"]) == ("ORD", "Orders", 1)
    assert (offered["starter"], offered["starter_name"]) == (api.world.people["clerk"], "Clerk")
    assert (offered["group"], offered["group_name"]) == (api.world.groups["buyers"], "buyers")
    assert (offered["holder"], offered["holder_name"], offered["overdue"]) == (None, None, False)
    assert offered["files"] == 1, "the task's form shows one of the two files"
    assert offered["may"] == ["claim"]

    await tasks.claim(api.world.context, await api.world.actor("buyer"), TaskId(offered["id"]))
    assert await _listed(api, "buyer", "?filter=offered") == []
    (held,) = await _listed(api, "buyer")
    assert (held["holder_name"], held["may"]) == ("Buyer", ["release", "assign", "arrive", "save", "complete"])
    (seen,) = await _listed(api, "clerk", "?filter=all&holder=" + str(api.world.people["buyer"]))
    assert (seen["id"], seen["files"]) == (offered["id"], 2), "the clerk may view the app"


async def test_nobody_learns_of_tasks_that_they_may_not_see(api: Api) -> None:
    await _orders(api.world, "Desk")
    for query in ("?filter=all", "?filter=offered", "", "?filter=done", f"?filter=all&instance={1}"):
        assert await _listed(api, "stranger", query) == []
        assert await _listed(api, "rival", query) == []
    stranger = await api.client("stranger")
    hidden, unknown = [await stranger.get(f"/api/v1/tasks?app={code}") for code in ("ORD", "NON")]
    assert (hidden.status_code, unknown.status_code) == (404, 404)
    assert hidden.json()["detail"].replace("ORD", "NON") == unknown.json()["detail"]


async def test_a_list_is_filtered_by_text_app_instance_and_time(api: Api) -> None:
    world = api.world
    _, lamp, _ = await _orders(world, "Desk 100%", "Lamp", "Sofa")
    assert await _titles(api, "buyer", "?filter=offered&q=DESK") == ["Desk 100%"]
    assert await _titles(api, "buyer", "?filter=offered&q=100%25") == ["Desk 100%"]
    assert await _titles(api, "buyer", "?filter=offered&q=_esk") == []
    assert await _titles(api, "buyer", "?filter=offered&q=ord-2") == ["Lamp"]
    assert await _titles(api, "buyer", "?filter=offered&q=chec") == ["Desk 100%", "Lamp", "Sofa"]
    assert await _titles(api, "buyer", f"?filter=offered&app=ORD&instance={lamp}") == ["Lamp"]
    assert await _titles(api, "buyer", "?filter=offered&overdue=true") == []
    world.clock.advance(timedelta(hours=23, minutes=58))
    assert await _titles(api, "buyer", "?filter=offered&overdue=true") == ["Desk 100%"]
    assert await _titles(api, "buyer", "?filter=offered&overdue=false") == ["Lamp", "Sofa"]
    (first, *_rest) = await _listed(api, "buyer", "?filter=offered")
    assert await _titles(api, "buyer", f"?filter=offered&due_to={first['due_at']}") == ["Desk 100%"]
    on_that_day = f"?filter=offered&due_from={first['due_at'][:10]}"
    assert await _titles(api, "buyer", on_that_day) == ["Desk 100%", "Lamp", "Sofa"]


@pytest.mark.parametrize("sort", ["opened", "-opened", "due", "-due", "title", "-title", "closed", "-closed"])
async def test_pages_in_any_order_give_each_task_once(api: Api, sort: str) -> None:
    world = api.world
    started = await _orders(world, "c", "A", "b", "A", "d")
    buyer = await world.actor("buyer")
    for number in started[:2]:  # their next task has no due time, and one task of each is closed
        await world.complete(buyer, number, "check")
    whole = await _listed(api, "clerk", f"?filter=all&sort={sort}")
    assert len(whole) == 7

    found: list[dict[str, Any]] = []
    further: str | None = ""
    client = await api.client("clerk")
    while further is not None:
        page = (await client.get(f"/api/v1/tasks?filter=all&sort={sort}&limit=2&count=true{further}")).json()
        assert page["total"] == {"value": 7, "exact": True}
        found += page["items"]
        further = None if page["next"] is None else f"&cursor={page['next']}"

    assert [item["id"] for item in found] == [item["id"] for item in whole]
    key = {"opened": "opened_at", "due": "due_at", "closed": "closed_at", "title": "title"}[sort.removeprefix("-")]
    values = [item[key].casefold() for item in whole if item[key] is not None]
    assert values == sorted(values, reverse=sort.startswith("-"))
    assert [item[key] for item in whole[len(values) :]] == [None] * (7 - len(values))


async def test_what_one_completed_is_listed_as_done_without_any_right(api: Api) -> None:
    world = api.world
    (number,) = await _orders(world, "Desk")
    await world.complete(await world.actor("buyer"), number, "check")

    (done,) = await _listed(api, "buyer", "?filter=done&sort=-closed")

    assert (done["title"], done["state"], done["may"], done["files"]) == ("Order of Desk", "done", [], None)
    assert await _listed(api, "clerk", "?filter=done") == []


async def test_the_counts_are_those_of_the_lists(api: Api) -> None:
    world = api.world
    await _orders(world, "a", "b", "c")
    buyer = await api.client("buyer")
    (first, *_rest) = await _listed(api, "buyer", "?filter=offered")
    await buyer.post(f"/api/v1/tasks/{first['id']}/claim")
    assert (await buyer.get("/api/v1/tasks/counts")).json() == {"mine": 1, "overdue": 0, "offered": 2}
    world.clock.advance(timedelta(days=2))
    assert (await buyer.get("/api/v1/tasks/counts")).json() == {"mine": 1, "overdue": 1, "offered": 2}
    assert (await (await api.client("stranger")).get("/api/v1/tasks/counts")).json()["offered"] == 0


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("cursor=17", "/cursor"),
        ("cursor=%00", None),
        ("due_from=soon", "/due_from"),
        ("due_to=9999-99-99", "/due_to"),
        ("sort=name", "/sort"),
        ("overdue=1", "/overdue"),
    ],
)
async def test_what_is_malformed_is_refused_by_name(api: Api, query: str, pointer: str | None) -> None:
    answer = await (await api.client("buyer")).get(f"/api/v1/tasks?{query}")
    assert (answer.status_code, answer.json()["code"], answer.json().get("pointer")) == (
        400,
        "invalid_request",
        pointer,
    )


async def test_a_cursor_of_another_order_is_refused(api: Api) -> None:
    await _orders(api.world, "a", "b")
    buyer = await api.client("buyer")
    cursor = (await buyer.get("/api/v1/tasks?filter=offered&limit=1")).json()["next"]
    answer = await buyer.get(f"/api/v1/tasks?filter=offered&sort=due&cursor={cursor}")
    assert (answer.status_code, answer.json()["pointer"]) == (400, "/cursor")
