"""A reply without a file or value leaves what is there, says so, and is a failure only where the task requires one."""

import gzip
import json
from collections.abc import AsyncIterator, Mapping

import pytest

from calling import allow, attempts, deploy_task, incident
from peers import Peer, peer
from satchel.actions.instances import lifecycle
from satchel.model.actor import Actor
from satchel.model.errors import InvalidBundle
from satchel.model.ids import InstanceId
from world import PDF, World

JSON = "Content-Type: application/json"
NOTHING = {
    "204": b"HTTP/1.1 204 No Content\r\n\r\n",
    "205": b"HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n",
    "205 with bytes": b"HTTP/1.1 205 Reset Content\r\nContent-Length: 3\r\n\r\nabc",
    "205 without a length": b"HTTP/1.1 205 Reset Content\r\n\r\n",
    "200": b"HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\nContent-Length: 0\r\n\r\n",
    "200 in no chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "200 packed": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(gzip.compress(b""))
    + gzip.compress(b""),
}
PARTIAL = {
    "206": b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-2/10\r\nContent-Length: 3\r\n\r\n%PD",
    "206 of all": b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-2/3\r\nContent-Length: 3\r\n\r\n%PD",
}
CUT = {
    "length": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + PDF[:20],
    "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n14\r\n" + PDF[:20] + b"\r\n",
    "packed": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 30\r\n\r\n" + gzip.compress(PDF)[:30],
}
EMPTY_JSON: Mapping[str, object] = {"empty": "", "blank": "  ", "null": None, "list": []}


@pytest.fixture
async def other(world: World) -> AsyncIterator[Peer]:
    async with peer() as made:
        allow(world, made)
        yield made


async def deploy(world: World, url: str, output: Mapping[str, object], **service: object) -> None:
    await deploy_task(world, kind="rest", method="GET", url=url, output=output, **service)


async def start_with_file(world: World, clerk: Actor, place: str = "receipt") -> tuple[InstanceId, int]:
    """Start an instance that holds a file in the field, and values."""
    field = place if place != "attachments" else None
    old = await world.upload(clerk, PDF + b"old", name="old.pdf", field=field, app="RST")
    if field:
        source = await world.start(clerk, "RST", name="before", receipt=old)
    else:
        source = await world.start(clerk, "RST", name="before")
    return source, old


async def note(world: World, instance: InstanceId) -> tuple[str, object]:
    (made,) = await attempts(world, instance)
    return made.state, made.details.get("note")


@pytest.mark.parametrize("reply", NOTHING)
async def test_an_empty_reply_leaves_the_file_of_its_field(world: World, clerk: Actor, other: Peer, reply: str) -> None:
    await deploy(world, other.says("/", NOTHING[reply]), {"binary": "receipt"})
    source, old = await start_with_file(world, clerk)

    await world.perform(source)

    assert await note(world, source) == ("done", "no file came")
    assert [(kept.id, kept.deleted_at) for kept in await world.files(source)] == [(old, None)]
    assert (await world.open_task(source)).element == "u"
    assert await world.rows("SELECT count(*) FROM blobs") == [(1,)]
    assert await world.drift() == []


@pytest.mark.parametrize("reply", NOTHING)
async def test_an_empty_reply_adds_no_file_to_the_attachments(
    world: World, clerk: Actor, other: Peer, reply: str
) -> None:
    await deploy(world, other.says("/", NOTHING[reply]), {"binary": "attachments"})
    source = await world.start(clerk, "RST")

    await world.perform(source)

    assert await note(world, source) == ("done", "no file came")
    assert await world.files(source) == []


@pytest.mark.parametrize("place", ["receipt", "attachments"])
@pytest.mark.parametrize("reply", NOTHING)
async def test_an_empty_reply_is_a_failure_where_a_file_is_required(
    world: World, clerk: Actor, other: Peer, reply: str, place: str
) -> None:
    await deploy(world, other.says("/", NOTHING[reply]), {"binary": place, "required": True})
    source, _ = await start_with_file(world, clerk)
    before = await world.files(source)

    await world.perform(source)

    assert "without a file, which the task requires" in await incident(world, source)
    assert [(made.state, made.reason) for made in await attempts(world, source)] == [("failed", "nothing_came")]
    assert await world.files(source) == before


@pytest.mark.parametrize("place", ["receipt", "attachments"])
@pytest.mark.parametrize("reply", [*PARTIAL, *CUT])
async def test_a_part_of_a_file_is_a_failed_attempt(
    world: World, clerk: Actor, other: Peer, reply: str, place: str
) -> None:
    url = other.says("/", {**PARTIAL, **CUT}[reply])
    await deploy(world, url, {"binary": place}, retry={"attempts": 1})
    source, _ = await start_with_file(world, clerk)
    before = await world.files(source)

    await world.perform(source)

    reason = "reply_partial" if reply in PARTIAL else "reply_cut_short"
    assert [(made.state, made.reason) for made in await attempts(world, source)] == [("failed", reason)]
    assert await world.files(source) == before


@pytest.mark.parametrize("encoding", ["base64", "url"])
@pytest.mark.parametrize("given", [*EMPTY_JSON, "absent"])
async def test_a_json_reply_without_the_file_leaves_what_is_there_and_sets_its_values(
    world: World, clerk: Actor, other: Peer, given: str, encoding: str
) -> None:
    document = {"n": "after"} | ({"file": EMPTY_JSON[given]} if given in EMPTY_JSON else {})
    url = other.answers("/", json.dumps(document).encode(), JSON)
    inside = {"to": "receipt", "path": "$.file", "encoding": encoding}
    await deploy(world, url, {"file": inside, "values": {"name": "$.n"}})
    source, old = await start_with_file(world, clerk)

    await world.perform(source)

    assert await note(world, source) == ("done", "no file came")
    assert [kept.id for kept in await world.files(source)] == [old]
    assert (await lifecycle.read(world.context, clerk, source)).values == {"name": "after"}

    await deploy(world, url, {"file": inside, "values": {"name": "$.n"}, "required": True})
    source, old = await start_with_file(world, clerk)
    await world.perform(source)
    assert "which the task requires" in await incident(world, source)
    assert [kept.id for kept in await world.files(source)] == [old]
    assert (await lifecycle.read(world.context, clerk, source)).values == {"name": "before"}


@pytest.mark.parametrize(
    ("raw", "outcome"),
    [
        *((raw, ("done", None)) for raw in NOTHING.values()),
        *((raw, ("failed", "reply_partial")) for raw in PARTIAL.values()),
        *((raw, ("failed", "reply_cut_short")) for raw in CUT.values()),
    ],
    ids=[*NOTHING, *PARTIAL, *CUT],
)
async def test_an_address_in_a_reply_that_gives_nothing_or_a_part_leaves_the_file(
    world: World, clerk: Actor, other: Peer, raw: bytes, outcome: tuple[str, str | None]
) -> None:
    other.says("/f", raw)
    url = other.answers("/", b'{"file": "/f"}', JSON)
    inside = {"to": "receipt", "path": "$.file", "encoding": "url"}
    await deploy(world, url, {"file": inside}, retry={"attempts": 1})
    source, old = await start_with_file(world, clerk)

    await world.perform(source)

    (made,) = await attempts(world, source)
    assert (made.state, made.reason) == outcome
    assert made.details.get("note") == ("no file came" if outcome[0] == "done" else None)
    assert [kept.id for kept in await world.files(source)] == [old]


@pytest.mark.parametrize("reply", NOTHING)
async def test_an_empty_reply_takes_no_value_away(world: World, clerk: Actor, other: Peer, reply: str) -> None:
    url = other.says("/", NOTHING[reply])
    await deploy(world, url, {"values": {"name": "$.n"}})
    source, _ = await start_with_file(world, clerk)

    await world.perform(source)

    assert await note(world, source) == ("done", "no values came")
    assert (await lifecycle.read(world.context, clerk, source)).values == {"name": "before"}

    await deploy(world, url, {"values": {"name": "$.n"}, "required": True})
    source, _ = await start_with_file(world, clerk)
    await world.perform(source)
    assert "without a value for name, which the task requires" in await incident(world, source)


@pytest.mark.parametrize("given", EMPTY_JSON)
async def test_an_empty_value_in_a_reply_leaves_its_field(world: World, clerk: Actor, other: Peer, given: str) -> None:
    url = other.answers("/", json.dumps({"n": EMPTY_JSON[given], "a": 2}).encode(), JSON)
    await deploy(world, url, {"values": {"name": "$.n", "amount": "$.a"}})
    source, _ = await start_with_file(world, clerk)

    await world.perform(source)

    assert (await lifecycle.read(world.context, clerk, source)).values == {"name": "before", "amount": "2"}
    await deploy(world, url, {"values": {"name": "$.n", "amount": "$.a"}, "required": True})
    source, _ = await start_with_file(world, clerk)
    await world.perform(source)
    assert "without a value for name" in await incident(world, source)


async def test_what_is_set_from_empty_sources_leaves_its_field_and_an_empty_literal_takes_it_away(
    world: World, clerk: Actor, other: Peer
) -> None:
    url = other.answers("/", b"no", status="404 Not Found")
    for given, left in (("{{ amount }} {{ lines }}", "before"), ("doc", "before"), ("amount", "before"), ("''", None)):
        failing = {"on_failure": "continue", "otherwise": {"name": given}}
        await deploy_task(world, kind="rest", method="GET", url=url, **failing)
        source, _ = await start_with_file(world, clerk)

        await world.perform(source)

        values = (await lifecycle.read(world.context, clerk, source)).values
        assert values == ({} if left is None else {"name": left}), given


async def test_a_failure_of_a_required_file_does_what_the_app_says_of_failures(
    world: World, clerk: Actor, other: Peer
) -> None:
    output = {"binary": "receipt", "required": True}
    await deploy(world, other.url("/"), output, on_failure="continue", otherwise={"name": "'none'"})
    source, old = await start_with_file(world, clerk)

    await world.perform(source)

    assert (await lifecycle.read(world.context, clerk, source)).values == {"name": "none"}
    assert [kept.id for kept in await world.files(source)] == [old]


@pytest.mark.parametrize("output", [{"required": True}, {"binary": "receipt", "required": "yes"}])
async def test_what_is_required_has_to_be_said_when_it_is_deployed(
    world: World, other: Peer, output: Mapping[str, object]
) -> None:
    with pytest.raises(InvalidBundle):
        await deploy(world, other.url("/"), output)
