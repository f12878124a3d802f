"""Tables as other systems get them: every cell, in the order of the columns."""

import json

import httpx
import pytest

from golden.questetra_world import passwords
from satchel.actions.identity import accounts
from satchel.model.actor import Right
from surfaces.conftest import Api
from surfaces.exporting import begin, fetch, lines, make, sheet
from world import bundle, fields

COLUMNS = [
    {"id": "sender_email", "label": "E-mail", "type": "text"},
    {"id": "name", "label": "Name", "type": "text"},
    {"id": "age", "label": "Age", "type": "integer"},
]
WHOLE = [{"sender_email": "", "name": "John", "age": 4}, {"sender_email": "m@x.example", "name": "", "age": None}]
LIST = "/questetra/API/OR/ProcessInstance/list"


@pytest.fixture
async def tables(api: Api) -> Api:
    """One instance with a table of which each row has an empty cell."""
    world = api.world
    declared = fields({"id": "lines", "type": "table", "columns": COLUMNS})
    await world.deploy(bundle({"code": "TAB", "fields": declared, "start": {"fields": {"lines": "edit"}}}))
    rows = [{"name": "John", "age": 4}, {"sender_email": "m@x.example"}]
    await world.start(await world.actor("clerk"), "TAB", lines=rows)
    await accounts.grant(world.context, world.admin, world.groups["clerks"], Right.EXPORT, app=None)
    return api


async def listed(api: Api, address: str) -> httpx.Response:
    known = await passwords(api.world, "clerk")
    async with api.world.context.database.read() as tx:
        app = await api.world.context.apps.newest(tx, api.world.account, "TAB")
    criteria = {"processModelInfoId": app.app_id, "fields": [{"type": "list", "number": 1}]}
    answer = await (await api.client("anonymous")).post(
        address,
        headers={"Authorization": f"Basic {known['basic_clerk']}"},
        data={"criteria": json.dumps(criteria)},
    )
    assert answer.status_code == 200, answer.text
    return answer


async def test_a_list_of_questetra_has_every_cell(tables: Api) -> None:
    (instance,) = (await listed(tables, LIST)).json()["processInstances"]
    (item,) = instance["data"].values()
    assert item["value"] == WHOLE
    assert list(item["value"][0]) == ["sender_email", "name", "age"]


async def test_a_list_of_questetra_as_csv_has_every_cell(tables: Api) -> None:
    text = (await listed(tables, f"{LIST}Csv")).text
    assert json.dumps(WHOLE).replace('"', '""') in text


async def test_an_export_has_every_cell(tables: Api) -> None:
    clerk = await tables.client("clerk")
    number = await begin(clerk, query={"app": "TAB"})
    await make(tables, number)
    archive = await fetch(clerk, number)
    (line,) = lines(archive, "instances.jsonl")
    assert line["values"] == {"lines": WHOLE}
    (row,) = sheet(archive, "values.csv")
    assert json.loads(row["lines"]) == WHOLE
    assert row["lines"].startswith('[{"sender_email":"","name":"John","age":4}')
