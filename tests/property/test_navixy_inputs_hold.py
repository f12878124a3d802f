"""Whatever comes to the Navixy surface, its answer is in its own envelope, and never that the server failed."""

import copy
import json
from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from golden.navixy_world import navixy
from satchel.settings import read_settings
from satchel.surfaces.app import create_app
from satchel.surfaces.navixy.routes import ENDPOINTS
from stage import Stage
from surfaces.conftest import Api

CALLS = sorted({one.path for one in ENDPOINTS if "{" not in one.path and not one.path.endswith("user/logout")})
NAMES = (
    *("task_id", "field_id", "size", "filename", "metadata", "values", "value", "task", "template_id", "id", "format"),
    *("external_id", "statuses", "trackers", "from", "to", "conditions", "filter", "sort", "offset", "limit", "status"),
    *(
        "tracker_id",
        "outcome",
        "include_unsubmitted",
        "task_ids",
        "order_by",
        "ascending",
        "submit_period",
        "iso_datetime",
    ),
    *("login", "password", "title", "key", "user", "group", "group_id", "subuser_ids", "subuser_id", "actions"),
    *("file_storage_settings", "form_template_id", "location", "label", "description", "tags", "type"),
    *(
        "checkin_id",
        "checkin_ids",
        "form_id",
        "file_ids",
        "form_submission",
        "comment",
        "template",
        "fields",
        "filters",
    ),
    *("tag_ids", "task_from_period", "field", "condition", "order_by", "security_group_id", "activated", "rights"),
)
EDGES = (0, 1, -1, 2**31, 2**53, 2**63 - 1, 2**63, 10**30, 1.5, 1e308, True, False, None, "", "1", "file1", "note", "a")
TEXTS = st.text(max_size=20) | st.sampled_from(
    ["\x00", "\ud800", "2020-02-30 25:61:00", "9999-12-31 23:59:59", "[1", "{}"]
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from(EDGES) | st.integers() | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(NAMES) | st.sampled_from(["file1", "note", "lat", "lng", "radius"]), inner, max_size=4
        )
    ),
    max_leaves=8,
)
GIVEN = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=6)


class Surface:
    """A client of the surface in a world of its own."""

    def __init__(self, stage: Stage, client: httpx.AsyncClient, known: dict[str, Any]) -> None:
        self.stage, self.client, self.known = stage, client, known

    def ask(self, path: str, given: dict[str, Any], way: str, who: str) -> httpx.Response:
        """Make a call in one of the three ways; a task is given where the call was drawn without one."""
        whole = {"hash": self.known[f"hash_{who}"], "task_id": self.known["task"], "field_id": "file1", **given}
        return self.stage.runner.run(self._send(path, whole, way))

    async def _send(self, path: str, whole: dict[str, Any], way: str) -> httpx.Response:
        if way == "json":
            body = json.dumps(whole).encode()
            return await self.client.post(path, content=body, headers={"Content-Type": "application/json"})
        flat = {name: value if isinstance(value, str) else json.dumps(value) for name, value in whole.items()}
        said = {name: value.encode("utf-8", "replace").decode() for name, value in flat.items()}
        return await (self.client.post(path, data=said) if way == "form" else self.client.get(path, params=said))


@pytest.fixture(scope="module")
def surface(stage: Stage) -> Iterator[Surface]:
    """The transcripts' world and a client of it."""

    async def opened(stack: AsyncExitStack) -> Surface:
        api = Api(stage.world, create_app(stage.world.context, read_settings({})), stack)
        return Surface(stage, await api.client("anonymous"), dict(await navixy(api)))

    stack = AsyncExitStack()
    yield stage.runner.run(opened(stack))
    stage.runner.run(stack.aclose())


def _holds(surface: Surface, path: str, given: dict[str, Any], way: str, who: str) -> None:
    answer = surface.ask(path, given, way, who)
    assert answer.status_code < 500, (path, given, answer.text)
    if answer.headers["content-type"] == "application/json":
        body = answer.json()
        assert body["success"] is (answer.status_code == 200)
        if not body["success"]:
            assert set(body["status"]) == {"code", "description"}


_FIELD = {"id": "F-1", "label": "x", "required": False}
SAMPLES: list[tuple[str, dict[str, Any]]] = [
    (
        "checkin/create",
        {
            "tracker_id": "${clerk}",
            "location": {"lat": 1, "lng": 2.5, "address": "x", "precision": 3},
            "comment": "y",
            "file_ids": [1],
            "form_submission": {"form_id": 1, "values": {"note": {"type": "text", "value": "z"}}},
        },
    ),
    (
        "checkin/list",
        {
            "trackers": ["${clerk}"],
            "from": "2020-01-01 00:00:00",
            "to": "2030-01-01 00:00:00",
            "conditions": [
                {"type": "not", "condition": {"type": "contains", "field": "comment", "value": "x"}},
                {"type": "period", "field": "marker_time", "value": {"from": "2020-01-01", "to": "2030-01-01"}},
            ],
            "location": {"lat": 1, "lng": 2, "radius": 3},
            "sort": ["employee=desc"],
            "format": "xlsx",
            "limit": 5,
        },
    ),
    (
        "task/list",
        {
            "conditions": [
                {
                    "type": "or",
                    "conditions": [
                        {"type": "eq", "field": "id", "value": 1},
                        {"type": "in", "field": "employee", "value": [1, "x"]},
                    ],
                },
                {"type": "contains", "field": "form", "value": "x"},
            ],
            "filters": ["x"],
            "filter": "y",
            "tag_ids": [1],
            "location": {"lat": 1, "lng": 2, "radius": 3},
            "sort": ["location=asc"],
        },
    ),
    (
        "task/form/list",
        {
            "include_unsubmitted": True,
            "template_id": "${app}",
            "filters": {"task_label": "x", "task_id": 1, "form_description": "y"},
            "task_to_period": {"from": "2020-01-01", "to": "2030-01-01"},
            "order_by": "tracker_label",
        },
    ),
    (
        "form/template/create",
        {
            "template": {
                "label": "x",
                "description": "y",
                "default": False,
                "fields": [
                    {**_FIELD, "type": "text", "min_length": 0, "max_length": 9},
                    {**_FIELD, "id": "b", "type": "radio_group", "options": [{"label": "p"}, {"label": "q"}]},
                    {**_FIELD, "id": "c", "type": "checkbox_group", "group": [{"label": "p"}], "min_checked": 0}
                    | {"max_checked": 1},
                    {**_FIELD, "id": "d", "type": "file", "max_file_size": 9, "allowed_extensions": ["pdf"]},
                    {**_FIELD, "id": "e", "type": "date", "disable_future": False, "disable_past": False},
                ],
            }
        },
    ),
    ("subuser/update", {"user": {"id": 1, "login": "a@b.example", "first_name": "x", "activated": True}}),
    ("subuser/security_group/update", {"group": {"id": 1, "label": "x", "privileges": {"rights": ["task_update"]}}}),
]
"""Requests as they should be."""


def _places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if place:
        yield place
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in inner:
        yield from _places(part, (*place, name))


@st.composite
def spoilt(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """Return a good request of which one part is anything."""
    path, sample = draw(st.sampled_from(SAMPLES))
    given: dict[str, Any] = copy.deepcopy(sample)
    *above, last = draw(st.sampled_from(list(_places(given))))
    holder: Any = given
    for name in above:
        holder = holder[name]
    holder[last] = draw(VALUES)
    return path, given


DRAWN = (st.sampled_from(CALLS), GIVEN, st.sampled_from(["json", "form", "query"]), st.sampled_from(["clerk", "admin"]))
QUIET = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]


@settings(max_examples=60, deadline=None, suppress_health_check=QUIET)
@given(*DRAWN)
def test_no_input_makes_the_server_fail(surface: Surface, path: str, given: dict[str, Any], way: str, who: str) -> None:
    _holds(surface, path, given, way, who)


@settings(max_examples=60, deadline=None, suppress_health_check=QUIET)
@given(spoilt(), st.sampled_from(["json", "form", "query"]))
def test_no_spoilt_part_of_a_good_request_makes_the_server_fail(
    surface: Surface, request_: tuple[str, dict[str, Any]], way: str
) -> None:
    path, sample = request_
    text = json.dumps(sample)
    for name in ("clerk", "app"):
        text = text.replace(f'"${{{name}}}"', str(surface.known[name]))
    _holds(surface, f"/navixy/v2/{path}", json.loads(text), way, "admin")


@pytest.mark.soak
@settings(max_examples=5_000, deadline=None, suppress_health_check=QUIET)
@given(*DRAWN)
def test_no_input_makes_the_server_fail_for_long(
    surface: Surface, path: str, given: dict[str, Any], way: str, who: str
) -> None:
    _holds(surface, path, given, way, who)
