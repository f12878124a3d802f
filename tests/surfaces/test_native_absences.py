"""Absences and the calendar over the native API, and tasks that are due in working time."""

from datetime import date, timedelta
from typing import Any

import pytest

from satchel.model.errors import InvalidBundle
from surfaces.conftest import Api
from world import bundle

BERLIN = {
    "time_zone": "Europe/Berlin",
    "hours": {day: ["09:00-12:00", "13:00-17:00"] for day in ("monday", "tuesday", "wednesday", "thursday", "friday")},
    "country": "DE",
    "subdivision": "BY",
    "days": [{"day": "2026-03-04", "name": "Stocktaking", "hours": ["08:00-10:00"]}, {"day": "2026-03-05"}],
}


def due(text: str, code: str = "DUE") -> dict[str, bytes]:
    return bundle({"code": code, "tasks": {"a": {"assign": {"starter": True}, "due": text}}})


def errors(answer: Any) -> list[tuple[str, str]]:  # an httpx.Response
    assert answer.status_code == 422, answer.text
    return [(one["field"], one["code"]) for one in answer.json()["errors"]]


async def test_people_set_change_and_end_their_absences_and_the_task_says_in_whose_place_it_is(api: Api) -> None:
    clerk, viewer, admin = [await api.client(who) for who in ("clerk", "viewer", "admin")]
    people = api.world.people
    await api.world.deploy(due("P1D"))
    given = {"from": "2026-03-02", "until": "2026-03-09", "substitute": people["viewer"]}
    made = await clerk.post("/api/v1/me/absences", json=given)
    assert made.status_code == 201
    assert made.json() == given | {
        "id": made.json()["id"],
        "user": people["clerk"],
        "begins_at": "2026-03-02T00:00:00.000Z",
        "ends_at": "2026-03-10T00:00:00.000Z",
        "running": True,
    }

    started = await clerk.post("/api/v1/apps/DUE/instances", json={})
    assert started.json()["next_task"] is None
    (mine,) = (await viewer.get("/api/v1/tasks?filter=mine")).json()["items"]
    assert (mine["holder_name"], mine["in_place_of"]) == ("Viewer", people["clerk"])
    assert (await clerk.get("/api/v1/tasks?filter=mine")).json()["items"] == []

    path = f"/api/v1/users/{people['clerk']}/absences"
    changed = await admin.patch(f"{path}/{made.json()['id']}", json={"until": "2026-03-03"})
    assert changed.json() == made.json() | {"until": "2026-03-03", "ends_at": "2026-03-04T00:00:00.000Z"}
    assert (await admin.get(path)).json()["items"] == [changed.json()]
    moved = await clerk.patch(f"/api/v1/me/absences/{made.json()['id']}", json={"from": "2026-03-03"})
    assert (moved.status_code, moved.json()["code"]) == (409, "invalid_state")
    twice = await clerk.post("/api/v1/me/absences", json=given)
    assert (twice.status_code, twice.json()["code"]) == (409, "conflict")
    assert errors(await clerk.post("/api/v1/me/absences", json=given | {"until": "2026-03-01"})) == [
        ("until", "too_early")
    ]
    for wrong in ({"until": "soon"}, {"from": "2026-02-30"}, {"substitute": "Bob"}, {"for": "2026-03-02"}):
        assert (await clerk.post("/api/v1/me/absences", json=given | wrong)).status_code == 400, wrong
    assert (await clerk.delete(f"/api/v1/me/absences/{made.json()['id']}")).status_code == 204
    assert (await clerk.delete(f"/api/v1/me/absences/{made.json()['id']}")).status_code == 404
    assert (await clerk.get("/api/v1/me/absences")).json() == {"items": [], "next": None}


async def test_the_calendar_is_set_by_administrators_and_says_what_is_wrong(api: Api) -> None:
    admin, clerk = await api.client("admin"), await api.client("clerk")
    before = (await clerk.get("/api/v1/calendar")).json()
    assert (before["time_zone"], sorted(before["hours"]), before["holidays"]) == (
        "UTC",
        ["friday", "monday", "thursday", "tuesday", "wednesday"],
        [],
    )
    for wrong, expected in (
        ({"time_zone": "Europe/Atlantis"}, ("time_zone", "type")),
        ({"time_zone": "../etc/passwd"}, ("time_zone", "type")),
        ({"country": "XX"}, ("country", "unknown_value")),
        ({"subdivision": "Bavaria"}, ("subdivision", "unknown_value")),
        ({"country": None}, ("subdivision", "required")),
        ({"hours": {}}, ("hours", "no_working_day")),
        ({"hours": {"monday": []}}, ("hours", "no_working_day")),
        ({"hours": {"moonday": ["09:00-17:00"]}}, ("hours", "unknown_value")),
        ({"hours": {"monday": ["9-17"]}}, ("hours.monday", "format")),
        ({"hours": {"monday": ["17:00-09:00"]}}, ("hours.monday", "format")),
        ({"hours": {"monday": ["09:00-25:00"]}}, ("hours.monday", "format")),
        ({"hours": {"monday": ["09:00-13:00", "12:00-17:00"]}}, ("hours.monday", "overlap")),
        ({"days": [{"day": "2026-03-04"}] * 2}, ("days", "duplicate")),
        ({"days": [{"day": "2026-03-04", "hours": ["x"]}]}, ("days.2026-03-04", "format")),
        ({"days": [{"day": str(date(2026, 1, 1) + timedelta(days=n))} for n in range(1001)]}, ("days", "too_many")),
    ):
        assert errors(await admin.put("/api/v1/calendar", json=BERLIN | wrong)) == [expected], wrong
    assert (await admin.put("/api/v1/calendar", json=BERLIN | {"days": [{"day": "tomorrow"}]})).status_code == 400
    assert (await clerk.put("/api/v1/calendar", json=BERLIN)).status_code == 403
    assert (await clerk.get("/api/v1/calendar")).json() == before

    given = (await admin.put("/api/v1/calendar", json=BERLIN)).json()
    assert given == (await clerk.get("/api/v1/calendar")).json()
    assert {"day": "2026-01-06", "name": "Epiphany"} in given["holidays"]
    assert given["days"][1] == {"day": "2026-03-05", "name": "", "hours": []}


DUES = {
    "P2D": "2026-03-04T09:30:00.000Z",
    "1 working day": "2026-03-03T16:00:00.000Z",
    "2 working days": "2026-03-04T09:00:00.000Z",  # the stocktaking ends at 10 in Berlin
    "3 working days": "2026-03-06T16:00:00.000Z",  # the day before it is free
    "25 working days": "2026-04-09T15:00:00.000Z",  # summer time, Good Friday and Easter Monday lie between
    "PT30M working": "2026-03-02T10:00:00.000Z",
    "PT5H working": "2026-03-02T15:30:00.000Z",
    "PT8H working": "2026-03-03T10:30:00.000Z",
}


async def test_a_task_is_due_by_the_calendar_of_the_account(api: Api) -> None:
    clerk, admin = await api.client("clerk"), await api.client("admin")
    assert (await admin.put("/api/v1/calendar", json=BERLIN)).status_code == 200
    for number, (text, expected) in enumerate(DUES.items()):
        code = await api.world.deploy(due(text, f"DUE{number}"))
        started = (await clerk.post(f"/api/v1/apps/{code}/instances", json={})).json()
        assert started["next_task"]["due_at"] == expected, text


async def test_a_calendar_with_too_little_working_time_is_a_finding_and_stops_no_other_task(api: Api) -> None:
    clerk, admin = await api.client("clerk"), await api.client("admin")
    hours = {"time_zone": "UTC", "hours": {"monday": ["09:00-09:01"]}}
    await api.world.deploy(due("PT300H working"))
    await api.world.deploy(due("1 working day", "FEW"))
    assert (await admin.put("/api/v1/calendar", json=hours)).status_code == 200

    stopped = await clerk.post("/api/v1/apps/DUE/instances", json={})
    assert (stopped.status_code, stopped.json()["reason"]) == (409, "no_working_time")
    assert "less working time within 3660 days" in stopped.json()["detail"]
    assert (await clerk.get("/api/v1/instances?app=DUE")).json()["items"] == []
    assert (await clerk.post("/api/v1/apps/FEW/instances", json={})).status_code == 201

    with pytest.raises(InvalidBundle) as refused:
        await api.world.deploy(due("PT300H working"))
    assert [(one.code, one.file) for one in refused.value.findings] == [("no_working_time", "app.yaml")]
    (step,) = (await clerk.get("/api/v1/apps/FEW")).json()["steps"]
    assert (step["due_s"], step["due_working_days"]) == (None, 1)
