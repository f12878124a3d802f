"""Whatever comes to the Navixy surface, its answer is in its own envelope, and never that the server failed."""

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


DRAWN = (st.sampled_from(CALLS), GIVEN, st.sampled_from(["json", "form", "query"]), st.sampled_from(["clerk", "admin"]))
QUIET = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]


@settings(max_examples=60, deadline=None, suppress_health_check=QUIET)
@given(*DRAWN)
def test_no_input_makes_the_server_fail(surface: Surface, path: str, given: dict[str, Any], way: str, who: str) -> None:
    _holds(surface, path, given, way, who)


@pytest.mark.soak
@settings(max_examples=5_000, deadline=None, suppress_health_check=QUIET)
@given(*DRAWN)
def test_no_input_makes_the_server_fail_for_long(
    surface: Surface, path: str, given: dict[str, Any], way: str, who: str
) -> None:
    _holds(surface, path, given, way, who)
