"""A saved search, copied as Questetra's criteria, finds the same there; what cannot be said there is refused."""

import pytest

from golden.worlds import WORLDS
from surfaces.conftest import Api

LIST = "/questetra/API/OR/ProcessInstance/list"
SAYABLE: list[dict[str, object]] = [
    {},
    {"states": ["running"]},
    {"states": ["cancelled", "running"], "sort": "-title"},
    {"title": "chairs"},
    {"title": ["chairs", "& tab"]},
    {"title": 'lamps, "w'},
    {"starter": "me", "sort": "number"},
    {"starter_group": "CLERKS"},
    {"starred": True},
    {"started_from": "2020-01-01", "started_to": "#now", "ended_from": "2020-01-01"},
    {"fields": {"subject": {"contains": "chair"}}, "sort": "ended_at"},
    {"fields": {"note": {"contains": "second line"}}},
    {"fields": {"amount": {"equals": "60.5"}, "urgent": {"equals": True}}},
    {"fields": {"urgent": {"equals": False}}},
    {"fields": {"pieces": {"equals": 4}}},
    {"fields": {"day": {"equals": "2022-01-19"}}},
    {"fields": {"moment": {"from": "2022-01-18", "to": "2022-01-18"}}, "sort": "state"},
    {"fields": {"moment": {"from": "2022-01-18T10:30Z", "to": "2022-01-18T10:30Z"}}},
    {"fields": {"at": {"equals": "08:30"}}},
    {"fields": {"language": {"equals": "ja"}}},
    {"fields": {"languages": {"contains": "en"}}},
    {"fields": {"rating": {"equals": 4}}},
    {"fields": {"person": {"equals": "CLERK"}}},
    {"fields": {"team": {"equals": "BUYERS"}}},
    {"fields": {"home": {"contains": "b.example"}}},
]
UNSAYABLE: list[tuple[dict[str, object], str]] = [
    ({"fields": {"subject": {"equals": "ab"}}}, "/fields/subject"),
    ({"fields": {"amount": {"from": "1"}}}, "/fields/amount"),
    ({"fields": {"moment": {"from": "2022-01-18", "to": "2022-01-19"}}}, "/fields/moment"),
    ({"fields": {"moment": {"equals": "2022-01-18T10:30:00Z"}}}, "/fields/moment"),
    ({"fields": {"at": {"equals": "08:30:00"}}}, "/fields/at"),
    ({"fields": {"languages": {"equals": ["en"]}}}, "/fields/languages"),
    ({"sort": "field:amount"}, "/sort"),
    ({"started_from": "2026-01-01T10:00:30Z"}, "/started_from"),
]


async def test_criteria_copied_from_a_search_find_what_it_finds(api: Api) -> None:
    known = await WORLDS["questetra_items"](api)
    client = await api.client("clerk")
    starred = await client.post(f"/questetra/API/OR/ProcessInstance/{known['process_3']}/Star/add")
    assert (starred.status_code, starred.content) == (200, b"")
    counts: list[int] = []
    for number, query in enumerate(SAYABLE):
        given = _filled({"app": "ITM", **query}, known)
        made = await client.post("/api/v1/searches", json={"name": f"search {number}", "query": given})
        assert made.status_code == 201, (query, made.text)
        search = made.json()["id"]
        ours = (await client.get(f"/api/v1/searches/{search}/instances")).json()["items"]
        for form in ("questetra-json", "questetra-xml"):
            copied = await client.get(f"/api/v1/searches/{search}/criteria", params={"as": form})
            if form == "questetra-xml" and isinstance(query.get("title"), list):
                assert copied.status_code == 400
                continue
            assert copied.status_code == 200, (query, copied.text)
            answer = await client.post(LIST, data={"criteria": copied.text, "limit": 100})
            assert answer.status_code == 200, (copied.text, answer.text)
            theirs = answer.json()["processInstances"]
            assert [one["processInstanceId"] for one in theirs] == [one["id"] for one in ours], copied.text
            assert all(len(one["data"]) == 16 for one in theirs)
        counts.append(len(ours))
    assert min(counts) > 0
    assert counts.count(4) == 2, "every query but the first and the third leaves something out"


async def test_what_questetra_has_no_words_for_is_refused_with_its_place(api: Api) -> None:
    await WORLDS["questetra_items"](api)
    client = await api.client("clerk")
    for number, (query, pointer) in enumerate(UNSAYABLE):
        made = await client.post("/api/v1/searches", json={"name": f"n{number}", "query": {"app": "ITM", **query}})
        assert made.status_code == 201, made.text
        address = f"/api/v1/searches/{made.json()['id']}/criteria"
        refused = await client.get(address, params={"as": "questetra-json"})
        assert refused.status_code == 400, refused.text
        assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]
        assert (await client.get(address, params={"as": "curl"})).status_code == 200


async def test_a_copy_shows_the_items_that_are_asked_for(api: Api) -> None:
    await WORLDS["questetra_items"](api)
    client = await api.client("clerk")
    query = {"app": "ITM", "fields": {"subject": {"contains": "<&"}}}
    made = (await client.post("/api/v1/searches", json={"name": "files", "query": query})).json()["id"]

    xml = await client.get(f"/api/v1/searches/{made}/criteria", params={"as": "questetra-xml", "items": "16"})

    assert xml.headers["content-type"] == "application/xml; charset=utf-8"
    assert "<value>&lt;&amp;</value>" in xml.text
    assert xml.text.count("<data-definition-number>") == 2
    native = await client.get(f"/api/v1/searches/{made}/criteria")
    assert (await client.post("/api/v1/instances/search", content=native.content, headers=JSON)).status_code == 200
    curl = (await client.get(f"/api/v1/searches/{made}/criteria", params={"as": "curl"})).text
    assert curl.startswith("curl ")
    for parameters in ({"as": "perl"}, {"as": "questetra-xml", "items": "one"}):
        assert (await client.get(f"/api/v1/searches/{made}/criteria", params=parameters)).status_code == 400
    stranger = await api.client("buyer")
    assert (await stranger.get(f"/api/v1/searches/{made}/criteria")).status_code == 404


@pytest.mark.parametrize("sort", ["processInstanceTitle", "processInstanceEndDatetime"])
async def test_a_page_is_the_part_of_the_whole_list_that_its_start_and_limit_name(api: Api, sort: str) -> None:
    await WORLDS["questetra_items"](api)
    client = await api.client("clerk")

    async def page(start: int, limit: int) -> list[int]:
        criteria = f'{{"sortProperty": "{sort}", "sortDirection": "ASC"}}'
        answer = await client.post(LIST, data={"criteria": criteria, "start": start, "limit": limit})
        assert answer.json()["count"] == 4
        return [one["processInstanceId"] for one in answer.json()["processInstances"]]

    whole = await page(0, 1000)

    assert len(set(whole)) == 4
    for start in range(6):
        for limit in (0, 1, 2, 3):
            assert await page(start, limit) == whole[start : start + limit]


@pytest.mark.parametrize("report", ["saved", "PROCESS_INSTANCE_STARTED"])
async def test_a_saved_search_is_a_report(api: Api, report: str) -> None:
    known = await WORLDS["questetra_items"](api)
    client = await api.client("clerk")
    query = {"app": "ITM", "starter": "me", "limit": 2}
    made = (await client.post("/api/v1/searches", json={"name": "mine", "query": query})).json()["id"]
    number = str(made) if report == "saved" else report

    answer = await client.get(LIST, params={"reportId": number, "limit": 100})

    assert answer.json()["count"] == 3
    assert {one["processInstanceInitQuserId"] for one in answer.json()["processInstances"]} == {known["clerk"]}
    assert (answer.json()["processInstances"][0]["data"] is not None) == (report == "saved")
    for wrong in ("0", "x", "999999"):
        refused = await client.get(LIST, params={"reportId": wrong})
        assert (refused.status_code, refused.json()["errors"][0]["errorCode"]) == (400, "10001")


JSON = {"Content-Type": "application/json"}


def _filled(data: object, known: object) -> object:
    assert isinstance(known, dict)
    if isinstance(data, dict):
        return {name: _filled(value, known) for name, value in data.items()}
    if data == "#now":
        return "2050-01-01"
    return known[data.lower()] if isinstance(data, str) and data in ("CLERKS", "CLERK", "BUYERS") else data
