"""Decimals keep the places that their field declares, on every surface."""

import json

import pytest

from golden.alloy_world import token
from golden.flokzu_world import key_of
from golden.questetra_world import passwords
from surfaces.conftest import Api
from surfaces.navixy_client import session
from world import bundle, fields

COLUMN = [{"id": "price", "label": "Price", "type": "decimal", "digits": 2}]
FIELDS = fields(
    {"id": "amount", "type": "decimal", "digits": 2, "searchable": True},
    {"id": "plain", "type": "decimal", "digits": 2},
    {"id": "lines", "type": "table", "columns": COLUMN},
    {"id": "free", "type": "decimal"},
)
NAMES = ("amount", "plain", "lines", "free")
APP = {
    "code": "DEC",
    "name": "Decimals",
    "title": "{{ amount }} for {{ free }}",
    "fields": FIELDS,
    "start": {"fields": dict.fromkeys(NAMES, "edit")},
    "tasks": {"a": {"assign": {"group": "clerks"}, "fields": {**dict.fromkeys(NAMES, "read"), "free": "edit"}}},
}


@pytest.fixture
async def number(api: Api) -> int:
    """An instance whose decimals were given as a whole number, with a place too few, and with places for nothing."""
    await api.world.deploy(bundle(APP))
    clerk = await api.client("clerk")
    body = '{"values": {"amount": 60, "plain": "-.5", "lines": [{"price": 7.0}], "free": "60.00"}}'
    answer = await clerk.post("/api/v1/apps/DEC/instances", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 201, answer.text
    return int(answer.json()["instance"]["id"])


SHOWN = {"amount": "60.00", "plain": "-0.50", "lines": [{"price": "7.00"}], "free": "60"}


async def test_the_native_api_shows_the_places_everywhere(api: Api, number: int) -> None:
    clerk = await api.client("clerk")
    read = (await clerk.get(f"/api/v1/instances/{number}")).json()
    assert (read["values"], read["title"]) == (SHOWN, "60.00 for 60")
    for fields_ in ({}, {"amount": "60"}, {"amount": 60}):
        wanted = {"app": "DEC", "fields": {name: {"equals": value} for name, value in fields_.items()}}
        (found,) = (await clerk.post("/api/v1/instances/search", json=wanted)).json()["items"]
        assert found["values"] == SHOWN
    task = read["tasks"][0]["id"]
    assert (await clerk.get(f"/api/v1/tasks/{task}")).json()["values"] == SHOWN


async def test_every_surface_shows_the_places(api: Api, number: int) -> None:
    world, anonymous = api.world, await api.client("anonymous")
    clerk = await world.actor("clerk")
    basic = (await passwords(world, "clerk"))["basic_clerk"]
    async with world.context.database.read() as tx:
        app = (await world.context.apps.newest(tx, world.account, "DEC")).app_id
    task = (await (await api.client("clerk")).get(f"/api/v1/instances/{number}")).json()["tasks"][0]["id"]
    criteria = {"processModelInfoId": app, "fields": [{"type": "decimal", "number": 1}, {"type": "list", "number": 3}]}

    replies = [
        await anonymous.post(
            f"/questetra/API/OR/ProcessInstance/list{kind}",
            headers={"Authorization": f"Basic {basic}"},
            data={"criteria": json.dumps(criteria)},
        )
        for kind in ("", "Csv")
    ]
    replies.append(
        await anonymous.get(
            f"/flokzu/flokzuopenapi/api/v2/process/instance?identifier=DEC-{number}",
            headers={"X-Api-Key": await key_of(world, clerk), "X-Username": "clerk@acme.example"},
        )
    )
    bearer = {"Authorization": f"bearer {await token(world, clerk)}"}
    replies.append(await anonymous.get("/alloy/api/DEC?par_fields=amount,lines", headers=bearer))
    signed = {"hash": await session(api, "clerk"), "task_id": str(task)}
    given = {"free": {"type": "text", "value": "1.0"}}
    await anonymous.post("/navixy/v2/fsm/task/form/values/update", json={**signed, "task_id": task, "values": given})
    replies.append(await anonymous.get("/navixy/v2/fsm/task/form/read", params=signed))

    assert [("60.00" in one.text, one.status_code) for one in replies] == [(True, 200)] * len(replies)
    assert all("7.00" in one.text for one in replies[:4])


async def test_records_are_found_by_a_decimal_however_it_is_written(api: Api, number: int) -> None:
    world, anonymous = api.world, await api.client("anonymous")
    headers = {"X-Api-Key": await key_of(world, await world.actor("clerk")), "X-Username": "clerk@acme.example"}
    for asked, count in (("-0.5", 1), ("-0.500", 1), ("0.5", 0)):
        named = {"databaseName": "DEC", "columnName": "plain", "value": asked}
        answer = await anonymous.get("/flokzu/flokzuopenapi/api/v2/database/record", params=named, headers=headers)
        assert answer.text.count("-0.50") == count, answer.text
    assert number
