"""How many statements a request sends to the database, and how often it waits: as the page on performance says.

All that goes over the wires is counted (`counted`), around a request that comes by HTTP and whose like was made before,
so that nothing is loaded for the first time. A change that needs one more statement or one more
wait fails here, and has to say so on the page.
"""

import io
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from PIL import Image

from counted import counted
from surfaces.conftest import Api
from world import bundle, fields

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "performance.md"
ROW = re.compile(r"^\| (?P<way>[^|]+?) \| (?P<statements>\d+) \| (?P<waits>\d+) \|$", re.MULTILINE)

APP = bundle(
    {
        "code": "WAY",
        "title": "{{ subject }}",
        "fields": fields(
            {"id": "subject", "type": "text", "searchable": True},
            {"id": "files", "type": "file", "max_files": 50},
            {"id": "photos", "type": "photo", "max_files": 50},
        ),
        "start": {"fields": {"subject": "edit", "files": "edit", "photos": "edit"}},
        "tasks": {
            "a": {"assign": {"group": "clerks"}, "fields": {"subject": "edit", "files": "edit", "photos": "edit"}}
        },
    }
)


@dataclass(frozen=True, slots=True)
class Count:
    """What one request cost."""

    statements: int
    waits: int


@dataclass(slots=True)
class Counter:
    """A client that knows what its last request cost."""

    api: Api
    client: httpx.AsyncClient
    last: Count = Count(0, 0)

    async def ask(self, method: str, path: str, **sent: object) -> httpx.Response:
        """Send a request that is done, and note what it cost."""
        with counted() as found:
            answer = await self.client.request(method, path, **sent)  # type: ignore[arg-type]  # as httpx declares them
        self.last = Count(len(found.statements), found.trips)
        assert answer.is_success, answer.text
        return answer

    async def ticket(self, data: bytes, **target: object) -> int:
        """Ask for a ticket, fill it, and return its number."""
        asked = (await self.ask("POST", "/api/v1/uploads", json={"size": len(data), **target})).json()
        await self.ask("PUT", asked["put_url"], content=data)
        return int(asked["id"])

    async def files(self, count: int, **target: object) -> list[int]:
        """Fill tickets with text that no other has."""
        return [
            await self.ticket(f"file {number} of {target}".encode(), field="files", **target) for number in range(count)
        ]

    async def start(self, **values: object) -> tuple[int, int]:
        """Start an instance, and return its number and that of its task, which the client has claimed."""
        answer = (await self.ask("POST", "/api/v1/apps/WAY/instances", json={"values": values})).json()
        cost = self.last
        await self.ask("POST", f"/api/v1/tasks/{answer['next_task']['id']}/claim")
        self.last = cost
        return int(answer["instance"]["id"]), int(answer["next_task"]["id"])

    async def task(self) -> int:
        """Return a task that the client has claimed."""
        return (await self.start(subject="x"))[1]


@pytest.fixture
async def counter(api: Api) -> Counter:
    await api.world.deploy(APP)
    return Counter(api, await api.client("clerk"))


async def _nothing(counter: Counter) -> None:
    await counter.ask("GET", "/api/v1/me")


async def _start(counter: Counter) -> None:
    await counter.start(subject="x")


async def _start_with_files(counter: Counter) -> None:
    await counter.start(subject="x", files=await counter.files(2, app="WAY"))


def _photo() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (4, 4), (200, 30, 30)).save(out, "PNG")
    return out.getvalue()


async def _start_with_photo(counter: Counter) -> None:
    photo = await counter.ticket(_photo(), app="WAY", field="photos", name="a.png")
    await counter.start(subject="x", photos=[photo])


async def _read_task(counter: Counter) -> None:
    await counter.ask("GET", f"/api/v1/tasks/{await counter.task()}")


async def _read_instance(counter: Counter) -> None:
    await counter.ask("GET", f"/api/v1/instances/{(await counter.start(subject='x'))[0]}")


async def _work_list(counter: Counter) -> None:
    await counter.task()
    await counter.ask("GET", "/api/v1/tasks?filter=mine")


async def _claim(counter: Counter) -> None:
    answer = (await counter.ask("POST", "/api/v1/apps/WAY/instances", json={"values": {}})).json()
    await counter.ask("POST", f"/api/v1/tasks/{answer['next_task']['id']}/claim")


async def _save(counter: Counter) -> None:
    await counter.ask("POST", f"/api/v1/tasks/{await counter.task()}/save", json={"values": {"subject": "y"}})


async def _complete(counter: Counter) -> None:
    await counter.ask("POST", f"/api/v1/tasks/{await counter.task()}/complete", json={"values": {"subject": "y"}})


async def _complete_with_files(counter: Counter) -> None:
    task = await counter.task()
    files = await counter.files(2, task=task)
    await counter.ask("POST", f"/api/v1/tasks/{task}/complete", json={"values": {"files": files}})


async def _comment(counter: Counter) -> None:
    instance, _ = await counter.start(subject="x")
    await counter.ask("POST", f"/api/v1/instances/{instance}/comments", json={"text": "Seen."})


async def _change(counter: Counter) -> None:
    instance, _ = await counter.start(subject="x")
    path = f"/api/v1/instances/{instance}/values"
    await counter.ask("PATCH", path, json={"values": {"subject": "y"}}, headers={"If-Match": "*"})


async def _ticket(counter: Counter) -> None:
    await counter.ask("POST", "/api/v1/uploads", json={"size": 4, "app": "WAY", "field": "files"})


async def _ticket_of_task(counter: Counter) -> None:
    await counter.ask("POST", "/api/v1/uploads", json={"size": 4, "task": await counter.task(), "field": "files"})


async def _bytes(counter: Counter) -> None:
    asked = (await counter.ask("POST", "/api/v1/uploads", json={"size": 4, "app": "WAY", "field": "files"})).json()
    await counter.ask("PUT", asked["put_url"], content=b"text")


WAYS: dict[str, Callable[[Counter], Awaitable[None]]] = {
    "start": _start,
    "start with files": _start_with_files,
    "start with a photo": _start_with_photo,
    "read a task": _read_task,
    "read an instance": _read_instance,
    "work list": _work_list,
    "claim": _claim,
    "save": _save,
    "complete, which ends the instance": _complete,
    "the same with files": _complete_with_files,
    "comment": _comment,
    "change values": _change,
    "ticket for a start form": _ticket,
    "ticket for a task": _ticket_of_task,
    "bytes of a ticket": _bytes,
}
ALONE = ("authentication", "Idempotency-Key, besides")


def _allowed() -> dict[str, Count]:
    """Return the page's table."""
    text = PAGE.read_text(encoding="utf-8")
    rows = [row for row in ROW.finditer(text) if ":" not in row["way"]]  # a vendor's are counted elsewhere
    return {row["way"]: Count(int(row["statements"]), int(row["waits"])) for row in rows}


async def _cost(counter: Counter, way: Callable[[Counter], Awaitable[None]]) -> Count:
    """Return what the last request of a way costs once others like it were made, without its authentication."""
    for _ in range(2):
        await way(counter)
    return counter.last


@pytest.mark.parametrize("way", WAYS)
async def test_a_request_costs_what_the_page_on_performance_says(counter: Counter, way: str) -> None:
    proof = Count(0, 0) if way == "bytes of a ticket" else _allowed()["authentication"]

    cost = await _cost(counter, WAYS[way])

    assert Count(cost.statements - proof.statements, cost.waits - proof.waits) == _allowed()[way]


async def test_authentication_costs_what_the_page_says(counter: Counter) -> None:
    assert await _cost(counter, _nothing) == _allowed()["authentication"]


async def test_an_idempotency_key_costs_what_the_page_says(counter: Counter) -> None:
    keys = iter(range(10))

    async def keyed(counter: Counter) -> None:
        headers = {"Idempotency-Key": f"key {next(keys)}"}
        await counter.ask("POST", "/api/v1/apps/WAY/instances", json={"values": {"subject": "x"}}, headers=headers)

    plain, cost = await _cost(counter, _start), await _cost(counter, keyed)

    extra = Count(cost.statements - plain.statements, cost.waits - plain.waits)
    assert extra == _allowed()["Idempotency-Key, besides"]


def test_every_way_of_the_page_is_counted() -> None:
    assert set(_allowed()) == {*WAYS, *ALONE}


async def test_more_files_cost_no_statement_more(counter: Counter) -> None:
    costs: list[Count] = []
    for count in (1, 1, 8):
        task = await counter.task()
        files = await counter.files(count, task=task)
        await counter.ask("POST", f"/api/v1/tasks/{task}/save", json={"values": {"files": files}})
        added = counter.last
        await counter.ask("POST", f"/api/v1/tasks/{task}/save", json={"values": {"files": files[::-1]}})
        moved = counter.last
        await counter.ask("POST", f"/api/v1/tasks/{task}/complete", json={"values": {"files": files[::-1]}})
        costs.append(Count(added.statements + moved.statements + counter.last.statements, added.waits))

    assert costs[1].waits == costs[2].waits
    assert costs[2].statements <= costs[1].statements + 1  # one file cannot change places


async def test_longer_lists_cost_no_statement_more(counter: Counter) -> None:
    await _work_list(counter)
    short = counter.last
    for _ in range(10):
        await _work_list(counter)

    assert counter.last == short
