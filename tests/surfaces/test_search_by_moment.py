"""Searching by a date or a time: a day is all of it in the user's time zone, a minute has its seconds."""

import pytest

from surfaces.conftest import Api
from world import bundle, fields

FIELDS = fields(
    {"id": "dt", "type": "datetime", "searchable": True},
    {"id": "at", "type": "time", "searchable": True},
)
HELD = [
    ("2026-03-28T22:59:59.5Z", "09:29:59"),
    ("2026-03-28T23:00:00Z", "09:30:00"),
    ("2026-03-29T10:15:00Z", "09:30:15.5"),
    ("2026-03-29T10:15:42.25Z", "09:30:59.75"),
    ("2026-03-29T21:59:59.999999Z", "09:31:00"),
    ("2026-03-29T22:00:00Z", "10:00:00"),
]


@pytest.fixture
async def moments(api: Api) -> Api:
    """Instances around a day of 23 hours in Berlin, where the clerk is."""
    world = api.world
    start = {"fields": {"dt": "edit", "at": "edit"}}
    await world.deploy(bundle({"code": "MOM", "fields": FIELDS, "start": start}))
    clerk = await world.actor("clerk")
    for moment, clock in HELD:
        await world.start(clerk, "MOM", dt=moment, at=clock)
    changed = await (await api.client("clerk")).patch("/api/v1/me", json={"time_zone": "Europe/Berlin"})
    assert changed.is_success, changed.text
    return api


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"field.dt": "2026-03-29"}, [1, 2, 3, 4]),
        ({"field.dt": "2026-03-29T12:15"}, [2, 3]),
        ({"field.dt": "2026-03-29T10:15Z"}, [2, 3]),
        ({"field.dt": "2026-03-29T10:15:42Z"}, [3]),
        ({"field.dt": "2026-03-29T10:15:42.25Z"}, [3]),
        ({"field.dt": "2026-03-29T10:15:42.0Z"}, []),
        ({"field.dt.from": "2026-03-29T10:15Z", "field.dt.to": "2026-03-29T10:15Z"}, [2, 3]),
        ({"field.dt.to": "2026-03-29T10:15:42Z"}, [0, 1, 2, 3]),
        ({"field.dt.to": "2026-03-29T10:15:42.0Z"}, [0, 1, 2]),
        ({"field.at": "09:30"}, [1, 2, 3]),
        ({"field.at": "09:30:15"}, [2]),
        ({"field.at.to": "09:30"}, [0, 1, 2, 3]),
        ({"field.at.from": "09:31"}, [4, 5]),
    ],
)
async def test_a_condition_finds_all_of_the_day_or_minute_that_it_names(
    moments: Api, query: dict[str, str], found: list[int]
) -> None:
    clerk = await moments.client("clerk")

    answer = await clerk.get("/api/v1/instances", params={"app": "MOM", "sort": "started_at", **query})

    assert answer.status_code == 200, answer.text
    assert sorted(int(one["identifier"].removeprefix("MOM-")) - 1 for one in answer.json()["items"]) == found


async def test_a_saved_search_finds_the_same_as_it_did_when_it_was_saved(moments: Api) -> None:
    clerk = await moments.client("clerk")
    for condition, count in (("2026-03-29", 4), ("2026-03-29T10:15Z", 2), ("2026-03-29T10:15:42.0Z", 0)):
        wanted = {"name": f"On {condition}", "query": {"app": "MOM", "fields": {"dt": condition}}}
        saved = await clerk.post("/api/v1/searches", json=wanted)
        assert saved.status_code == 201, saved.text
        found = await clerk.get(f"/api/v1/searches/{saved.json()['id']}/instances")
        assert len(found.json()["items"]) == count


async def test_a_bound_of_the_start_includes_the_seconds_of_its_minute(moments: Api) -> None:
    clerk = await moments.client("clerk")
    (first, *_) = (await clerk.get("/api/v1/instances", params={"app": "MOM"})).json()["items"]
    minute = first["started_at"][: len("2026-01-01T00:00")]
    for name, count in (("started_to", 6), ("started_from", 6)):
        found = await clerk.get("/api/v1/instances", params={"app": "MOM", name: f"{minute}Z"})
        assert len(found.json()["items"]) == count
