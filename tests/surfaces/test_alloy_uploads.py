"""Files that come as base64: bounded by quota and limits, and kept all or none whatever happens on the way."""

import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest

from golden.alloy_world import alloy, token
from satchel.actions.identity import accounts
from surfaces.conftest import Api
from world import KIBIBYTE, QUOTA, World

PATH = "/alloy/api/v2/Object/T000001/Attachments"


@dataclass(slots=True)
class Tickets:
    """A client of the clerk's, and the world behind it."""

    client: httpx.AsyncClient
    world: World
    headers: dict[str, str]

    async def put(self, body: object, **headers: str) -> int:
        """Send attachments and return the error's code, 0 for none."""
        answer = await self.client.put(PATH, headers={**self.headers, **headers}, json=body)
        assert answer.status_code == 200, answer.text
        return int(answer.json()["errorCode"])

    async def names(self) -> list[str]:
        """Return the names of the attachments."""
        answer = await self.client.get(f"{PATH}?par_fields=Name", headers=self.headers)
        return [row[0] for row in answer.json()["responseObject"]["Data"]]

    async def check_nothing_stayed(self) -> None:
        """Check that a refused request left no file, no reservation and no upload behind."""
        assert await self.names() == ["Lorem.txt"]
        assert await self.world.drift() == []
        assert (await self.world.storage()).reserved_bytes == 0
        assert await self.world.rows("SELECT id FROM uploads WHERE ended_at IS NULL") == []


@pytest.fixture
async def tickets(api: Api) -> Tickets:
    """The world of the transcripts, as the clerk sees it."""
    known = await alloy(api)
    return Tickets(await api.client("anonymous"), api.world, {"Authorization": f"bearer {known['clerk']}"})


def _file(size: int, name: str = "a.bin") -> dict[str, str]:
    return {"FileName": name, "Data": base64.b64encode(bytes(size)).decode()}


async def test_large_files_come_and_go_byte_by_byte_equal(tickets: Tickets) -> None:
    data = bytes(range(256)) * 10_000 + b"end"
    body = [{"Data": base64.b64encode(data).decode(), "Description": "large", "FileName": "Grüße 100 %.bin"}]

    assert await tickets.put(body) == 0

    listed = await tickets.client.get(f"{PATH}?Description=large&par_fields=ID,Size", headers=tickets.headers)
    ((number, size),) = listed.json()["responseObject"]["Data"]
    assert size == str(len(data))
    content = await tickets.client.get(f"{PATH}/{number}/content", headers=tickets.headers)
    assert base64.b64decode(content.json()["responseObject"]["Data"]) == data
    assert int(content.headers["content-length"]) == len(content.content)
    got = await tickets.client.get(f"{PATH}/{number}/download", headers=tickets.headers)
    assert got.content == data
    assert got.headers["attachment-file-name"] == "Gr%C3%BC%C3%9Fe%20100%20%25.bin"
    head = await tickets.client.head(f"{PATH}/{number}/content", headers=tickets.headers)
    assert head.headers["content-length"] == content.headers["content-length"]
    assert head.content == b""
    part = await tickets.client.get(f"{PATH}/{number}/download", headers={**tickets.headers, "Range": "bytes=-3"})
    assert part.content == b"end"


async def test_a_file_over_the_account_s_limit_is_too_large_and_its_good_neighbour_goes_with_it(
    tickets: Tickets,
) -> None:
    await _limit(tickets.world, 100 * KIBIBYTE)

    assert await tickets.put([_file(99 * KIBIBYTE), _file(101 * KIBIBYTE)]) == 109
    await tickets.check_nothing_stayed()
    assert await tickets.put([_file(99 * KIBIBYTE), _file(100 * KIBIBYTE), _file(9)]) == 0


async def _limit(world: World, size: int) -> None:
    async with world.context.database.write() as tx:
        await tx.execute("UPDATE accounts SET max_file_bytes = %s WHERE id = %s", (size, world.account))


async def test_what_does_not_fit_the_quota_is_refused_whole(tickets: Tickets) -> None:
    assert await tickets.put([_file(QUOTA // 2), _file(QUOTA // 2)]) == 111
    await tickets.check_nothing_stayed()

    used = (await tickets.world.storage()).used_bytes
    await accounts.set_quota(tickets.world.context, tickets.world.admin, used + 10 * KIBIBYTE)
    assert await tickets.put([_file(5_000), _file(5_000)]) == 0


async def test_a_body_that_is_cut_short_or_has_no_length_leaves_nothing(tickets: Tickets) -> None:
    whole = json.dumps([_file(600 * KIBIBYTE), _file(9)]).encode()

    async def half() -> AsyncIterator[bytes]:
        yield whole[: len(whole) // 2]

    for headers in ({"Content-Length": str(len(whole))}, {}):
        answer = await tickets.client.put(PATH, headers={**tickets.headers, **headers}, content=half())
        assert answer.json()["errorCode"] == 110
        await tickets.check_nothing_stayed()


async def test_a_refusal_after_the_files_came_leaves_none_of_them(tickets: Tickets) -> None:
    for bad in (
        {"FileName": "x" * 300 + "\0", "Data": ""},
        {"FileName": "a.txt", "Data": "SGVsbG8h", "Description": "d" * 2_001},
        {"FileName": "///", "Data": "SGVsbG8h"},
        {"FileName": "a.txt", "Data": "SGVsbG8h", "IsLink": "perhaps"},
        {"FileName": "a.txt", "Data": "SGVsbG8h", "Colour": "red"},
        "SGVsbG8h",
    ):
        assert await tickets.put([_file(20), bad]) in (110, 113), bad
    assert await tickets.put([_file(1)] * 101) == 110
    await tickets.check_nothing_stayed()


async def test_a_closed_object_takes_no_attachments(tickets: Tickets) -> None:
    done = {"Attachments": [{**_file(3), "AttachmentArea": "Documents"}]}
    path = "/alloy/api/v2/object/T000001/action/11"
    assert (await tickets.client.post(path, headers=tickets.headers, json=done)).json()["success"]

    assert await tickets.put(_file(3)) == 106


async def test_an_action_under_an_idempotency_key_is_run_once(tickets: Tickets) -> None:
    body = {"Comment": "once", "Attachments": [_file(30, "once.bin")]}
    headers = {**tickets.headers, "Idempotency-Key": "k1"}
    for _ in range(2):
        answer = await tickets.client.post("/alloy/api/object/T000001/action/10", headers=headers, json=body)
        assert answer.json()["success"]

    assert await tickets.names() == ["Lorem.txt", "once.bin"]


async def test_a_viewer_s_file_is_refused_before_its_bytes_are_kept(api: Api, tickets: Tickets) -> None:
    viewer = await token(api.world, await api.world.actor("viewer"))
    tickets.headers["Authorization"] = f"bearer {viewer}"

    assert await tickets.put([_file(KIBIBYTE)]) == 101
    await tickets.check_nothing_stayed()
