"""How many statements a vendor's request sends to the database, and how often it waits: as the page says.

Counted as in `test_round_trips`, but with the authentication, since each vendor has its own.
"""

import base64
import itertools
import json
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest

from counted import counted
from golden.alloy_world import alloy
from golden.flokzu_world import flokzu
from golden.questetra_world import questetra
from satchel.surfaces.flokzu.addresses import BASE
from surfaces.conftest import Api
from surfaces.navixy_client import open_navixy

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "performance.md"
ROW = re.compile(
    r"^\| (?P<way>(?:Flokzu|Questetra|Navixy|Alloy): [^|]+?) \| (?P<statements>\d+) \| (?P<waits>\d+) \|$", re.MULTILINE
)

Costs = dict[str, tuple[int, int]]
"""Statements and waits, by request."""

Round = Callable[[Costs], Awaitable[None]]
"""Makes each request of a surface once, and notes what it cost."""


async def _asked(costs: Costs, way: str, request: Awaitable[httpx.Response]) -> httpx.Response:
    with counted() as found:
        answer = await request
    costs[way] = len(found.statements), found.trips
    assert answer.is_success, answer.text
    assert b'"success":false' not in answer.content.replace(b" ", b"")
    return answer


async def flokzu_round(api: Api) -> Round:
    known, client = await flokzu(api), await api.client("anonymous")
    headers = {"X-Api-Key": str(known["clerk"]), "X-Username": "clerk@acme.example"}
    address = f"{BASE}/v2/process/instance?identifier=EVA-1"

    async def round_(costs: Costs) -> None:
        await _asked(costs, "Flokzu: read an instance", client.get(address, headers=headers))

    return round_


async def questetra_round(api: Api) -> Round:
    known, client = await questetra(api), await api.client("anonymous")
    [[file]] = await api.world.rows("SELECT min(id) FROM files")
    headers = {"Authorization": f"Basic {known['basic_clerk']}"}
    criteria = {"processModelInfoId": known["app"], "fields": [{"type": "file", "number": 1}]}
    asked = {"criteria": json.dumps(criteria), "limit": 100}
    address, place = "/questetra/API/OR/ProcessInstance", known["place"]

    async def round_(costs: Costs) -> None:
        await _asked(costs, "Questetra: list", client.post(f"{address}/list", data=asked, headers=headers))
        download = f"{address}/File/download?id={file}&processDataInstanceId={place}"
        await _asked(costs, "Questetra: download", client.get(download, headers=headers))

    return round_


async def navixy_round(api: Api) -> Round:
    navixy = await open_navixy(api, await api.client("anonymous"))

    async def round_(costs: Costs) -> None:
        place = (await _asked(costs, "Navixy: create", navixy.create())).json()["value"]
        await _asked(costs, "Navixy: upload", navixy.send(place, b"0123456789"))
        given = {"type": "file", "file_ids": [place["file_id"]]}
        await _asked(costs, "Navixy: submit", navixy.submit(file1=given))

    return round_


async def alloy_round(api: Api) -> Round:
    known, client = await alloy(api), await api.client("anonymous")
    numbers = itertools.count()
    headers = {"Authorization": f"bearer {known['clerk']}"}
    address = "/alloy/api/v2/Object/T000001/Attachments"

    async def round_(costs: Costs) -> None:
        body = [{"FileName": f"{next(numbers)}.txt", "Data": base64.b64encode(b"text").decode()}]
        await _asked(costs, "Alloy: PUT of a file", client.put(address, json=body, headers=headers))

    return round_


SURFACES = {"Flokzu": flokzu_round, "Questetra": questetra_round, "Navixy": navixy_round, "Alloy": alloy_round}


@pytest.mark.parametrize("surface", SURFACES)
async def test_a_vendor_s_request_costs_what_the_page_on_performance_says(api: Api, surface: str) -> None:
    rows = ROW.finditer(PAGE.read_text(encoding="utf-8"))
    allowed = {row["way"]: (int(row["statements"]), int(row["waits"])) for row in rows}
    round_ = await SURFACES[surface](api)
    costs: Costs = {}

    for _ in range(3):  # what is loaded once is there, and a file was downloaded lately
        await round_(costs)

    assert costs == {way: cost for way, cost in allowed.items() if way.startswith(f"{surface}:")}
