"""Options that come from a list of the app or from another app's instances: listed, and checked at every door."""

import pytest

from golden.flokzu_world import key_of
from satchel.actions.apps import deploying
from satchel.model.actor import Right
from satchel.model.errors import InvalidBundle
from surfaces.conftest import Api
from world import bundle, fields

SUPPLIERS = {
    "code": "SUP",
    "fields": fields(
        {"id": "name", "type": "text", "searchable": True},
        {"id": "land", "type": "text", "searchable": True},
        {"id": "active", "type": "boolean", "searchable": True},
        {"id": "note", "type": "text"},
    ),
    "start": {"fields": dict.fromkeys(("name", "land", "active"), "edit")},
}
CITIES = [
    {"id": "muc", "label": "Munich", "land": "DE"},
    {"id": "ber", "label": "Berlin", "land": "DE"},
    {"id": "osl", "label": "Oslo", "land": "NO"},
]
NAMES = ("land", "supplier", "city")
ORDERS = {
    "code": "ORD",
    "lists": {"cities": CITIES},
    "fields": fields(
        {"id": "land", "type": "text", "label": "Land"},
        {
            "id": "supplier",
            "type": "text",
            "label": "Supplier",
            "options_from": {"app": "SUP", "field": "name", "where": {"land": "land", "active": True}},
        },
        {
            "id": "city",
            "type": "choice",
            "label": "City",
            "options_from": {"list": "cities", "where": {"land": "land"}},
        },
    ),
    "start": {"fields": dict.fromkeys(NAMES, "edit")},
    "tasks": {"a": {"assign": {"group": "clerks"}, "fields": dict.fromkeys(NAMES, "edit")}},
}


@pytest.fixture
async def ready(api: Api) -> Api:
    """Both apps, and three suppliers of which two are in Germany and one of those is active."""
    world = api.world
    await world.deploy(bundle(SUPPLIERS))
    clerk = await world.actor("clerk")
    for name, land, active in (("Ärmel 100%", "DE", True), ("Old", "DE", False), ("Fjord", "NO", True)):
        await world.start(clerk, "SUP", name=name, land=land, active=active)
    await world.start(clerk, "SUP", name="Ärmel 100%", land="DE", active=True)
    await world.deploy(bundle(ORDERS))
    return api


async def test_options_are_listed_for_what_the_form_holds(ready: Api) -> None:
    client = await ready.client("clerk")

    async def listed(field: str, *, at: str = "apps/ORD", begins: str = "", **values: object) -> list[str]:
        asked = {"begins": begins, "values": values}
        answer = await client.post(f"/api/v1/{at}/options/{field}", json=asked)
        assert answer.status_code == 200, answer.text
        assert answer.json()["more"] is False
        return [one["id"] for one in answer.json()["items"]]

    assert await listed("supplier", land="DE") == ["Ärmel 100%"]
    assert await listed("supplier", land="NO", begins="fj") == ["Fjord"]
    assert await listed("supplier", land="DE", begins="%") == []
    assert await listed("supplier") == []
    assert await listed("city", land="DE") == ["muc", "ber"]
    assert await listed("city", land="DE", begins="mu") == ["muc"]
    made = (await client.post("/api/v1/apps/ORD/instances", json={"values": {"land": "NO"}})).json()
    task = f"tasks/{made['next_task']['id']}"
    assert await listed("supplier", at=task) == ["Fjord"]
    assert await listed("city", at=task, land="DE") == ["muc", "ber"]
    for who, path in (("stranger", f"{task}/options/city"), ("clerk", f"{task}/options/land"), ("clerk", "tasks/9")):
        answer = await (await ready.client(who)).post(f"/api/v1/{path}", json={})
        assert answer.status_code in (404, 405), (who, path)


async def test_other_values_are_refused_natively_and_by_vendors(ready: Api) -> None:
    client, anonymous = await ready.client("clerk"), await ready.client("anonymous")
    key = {"X-Api-Key": await key_of(ready.world, await ready.world.actor("clerk")), "X-Username": "clerk@acme.example"}
    for field, value, land in (
        ("supplier", "Fjord", "DE"),
        ("supplier", "Old", "DE"),
        ("supplier", "ärmel 100%", "DE"),
        ("supplier", "Fjord", None),
        ("city", "osl", "DE"),
        ("city", "par", "DE"),
    ):
        values = {"land": land, field: value}
        answer = await client.post("/api/v1/apps/ORD/instances", json={"values": values})
        assert [(one["field"], one["code"]) for one in answer.json()["errors"]] == [(field, "unknown_option")], values
    sent = {"processId": "ORD", "data": {"Land": "DE", "Supplier": "Fjord"}}
    refused = await anonymous.post("/flokzu/flokzuopenapi/api/v2/process/instance", json=sent, headers=key)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "Supplier")
    good = {"land": "DE", "supplier": "Ärmel 100%", "city": "muc"}
    made = await client.post("/api/v1/apps/ORD/instances", json={"values": good})
    assert made.status_code == 201, made.text
    path = f"/api/v1/instances/{made.json()['instance']['id']}/values"
    moved = await client.patch(path, json={"values": {"land": "NO"}}, headers={"If-Match": "*"})
    assert {one["field"] for one in moved.json()["errors"]} == {"supplier", "city"}


async def test_a_source_that_cannot_be_used_is_found_at_deployment(ready: Api) -> None:
    world = ready.world
    wrong = fields(
        {"id": "a", "type": "text", "options_from": {"app": "SUP", "field": "note"}},
        {"id": "b", "type": "text", "options_from": {"app": "SUP", "field": "name", "where": {"note": "a"}}},
        {"id": "c", "type": "choice", "options_from": {"list": "town"}},
        {"id": "d", "type": "text", "options_from": {"list": "cities", "where": {"land": "e"}}},
        {"id": "f", "type": "text", "options_from": {"app": "SUP"}},
    )
    with pytest.raises(InvalidBundle) as caught:
        await world.deploy(bundle({"code": "BAD", "lists": {"cities": CITIES}, "fields": wrong}))
    says = [finding.message for finding in caught.value.findings if finding.severity == "error"]
    assert len(says) == 6, says
    builder = await world.add_person("builder", Right.MANAGE)
    await world.deploy(bundle({"code": "NEW"}))
    with pytest.raises(InvalidBundle) as caught:
        await deploying.deploy(
            world.context, await world.actor_of(world.people["builder"]), bundle({**ORDERS, "code": "NEW"})
        )
    assert builder.user_id is not None
    assert "the right 'view' for SUP" in caught.value.findings[0].message
