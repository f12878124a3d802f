"""Files that come in replies are named as their servers mean it, with an ending by which the field takes them."""

import base64
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from calling import allow, attempts, deploy_task, incident
from certificates import certificate
from peers import Peer, peer
from satchel.model.actor import Actor
from satchel.model.errors import InvalidBundle
from satchel.outbound.allowed import parse_allowed
from satchel.outbound.guard import Guard
from satchel.outbound.http import HttpClient
from satchel.outbound.trust import Trust
from world import PDF, TEXT, World, sha256

PDF_TYPE = "Content-Type: application/pdf"


@pytest.fixture
async def other(world: World) -> AsyncIterator[Peer]:
    async with peer() as made:
        allow(world, made)
        yield made


async def deploy(world: World, url: str, place: str = "receipt", **service: object) -> None:
    output = {"binary": place}
    await deploy_task(world, **{"kind": "rest", "method": "GET", "url": url, "output": output, **service})


async def kept(world: World, clerk: Actor) -> tuple[str, str | None]:
    """Start an instance, make its call, and return name and type of the file that it then holds."""
    source = await world.start(clerk, "RST")
    await world.perform(source)
    assert [made.state for made in await attempts(world, source)] == ["done"]
    (file,) = await world.files(source)
    assert file.digest == sha256(PDF)
    assert await world.drift() == []
    return file.name, file.media_type


@pytest.mark.parametrize(
    ("reply", "name"),
    [
        (("/archive", PDF_TYPE), "archive.pdf"),
        (("/archive",), "archive.pdf"),
        (("/archive", "Content-Type: application/octet-stream"), "archive.pdf"),
        (("/", PDF_TYPE), "file.pdf"),
        (("/download.php", PDF_TYPE), "download.php.pdf"),
        (("/r%C3%A9sum%C3%A9.pdf",), "résumé.pdf"),
        (("/a", PDF_TYPE, 'Content-Disposition: attachment; filename="=?UTF-8?B?UHLDvGZ1bmcucGRm?="'), "Prüfung.pdf"),
        (("/a", PDF_TYPE, "Content-Disposition: attachment; filename=bare name.pdf"), "bare name.pdf"),
        (("/a", PDF_TYPE, "Content-Disposition: attachment; filename*=UTF-8''gr%C3%BCn%20b.pdf"), "grün b.pdf"),
        (("/a", PDF_TYPE, r'Content-Disposition: attachment; filename="C:\out\a b.pdf"'), "a b.pdf"),
        (("/a", PDF_TYPE, "Content-Disposition: attachment; filename=receipt"), "receipt.pdf"),
        (("/a", PDF_TYPE, "Content-Disposition: inline"), "a.pdf"),
    ],
)
async def test_a_reply_is_kept_under_the_name_that_it_means(
    world: World, clerk: Actor, other: Peer, reply: tuple[str, ...], name: str
) -> None:
    path, *headers = reply
    for place in ("receipt", "attachments"):
        await deploy(world, other.answers(path, PDF, *headers), place)
        assert await kept(world, clerk) == (name, "application/pdf")


async def test_after_redirects_the_last_address_names_the_file(world: World, clerk: Actor, other: Peer) -> None:
    moved = other.answers("/latest.txt", b"", "Location: /store/invoice-7?token=a.b", status="302 Found")
    other.answers("/store/invoice-7", PDF, PDF_TYPE)
    await deploy(world, moved, redirects=1)
    assert await kept(world, clerk) == ("invoice-7.pdf", "application/pdf")


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ("made", "made.pdf"),
        ("../../made up.pdf", "made up.pdf"),
        ("C:\\x\\made.pdf", "made.pdf"),
        (None, "orders.pdf"),
        ("", "orders.pdf"),
        ("..", "orders.pdf"),
        (7, "orders.pdf"),
    ],
)
async def test_a_file_inside_json_is_named_there_or_as_its_document(
    world: World, clerk: Actor, other: Peer, given: object, named: str
) -> None:
    document = {"file": base64.b64encode(PDF).decode(), "name": given}
    headers = ["Content-Type: application/json", 'Content-Disposition: attachment; filename="all.json"']
    url = other.answers("/api/orders.json", json.dumps(document).encode(), *headers)
    inside = {"to": "receipt", "path": "$.file", "encoding": "base64", "name": "$.name"}
    await deploy(world, url, output={"file": inside})
    assert await kept(world, clerk) == (named, "application/pdf")


async def test_a_file_at_an_address_in_json_is_named_as_it_is_there(world: World, clerk: Actor, other: Peer) -> None:
    other.answers("/files/9", PDF, "Content-Disposition: attachment; filename=nine and more.pdf")
    url = other.answers("/", b'{"file": "/files/9"}', "Content-Type: application/json")
    inside = {"to": "receipt", "path": "$.file", "encoding": "url"}
    await deploy(world, url, output={"file": inside})
    assert await kept(world, clerk) == ("nine and more.pdf", "application/pdf")


@pytest.mark.parametrize("said", [PDF_TYPE, "Content-Type: text/plain"])
async def test_bytes_that_are_something_else_get_no_ending_that_lies(
    world: World, clerk: Actor, other: Peer, said: str
) -> None:
    await deploy(world, other.answers("/archive", TEXT, said))
    source = await world.start(clerk, "RST")

    await world.perform(source)

    assert "archive.txt (text/plain) is not of a type that receipt accepts" in await incident(world, source)
    assert await world.files(source) == []


HEAD = b"HTTP/1.0 200 OK\r\nContent-Type: application/pdf\r\n\r\n"


async def test_a_reply_without_a_length_needs_the_tasks_leave_where_there_is_no_tls(
    world: World, clerk: Actor, other: Peer
) -> None:
    url = other.says("/archive", HEAD + PDF)
    await deploy(world, url)
    source = await world.start(clerk, "RST")
    await world.perform(source)
    assert "reply_until_close" in await incident(world, source)
    assert [made.reason for made in await attempts(world, source)] == ["reply_without_length"]

    await deploy(world, url, reply_until_close=True)
    assert await kept(world, clerk) == ("archive.pdf", "application/pdf")


async def test_over_tls_a_reply_may_end_with_its_connection(world: World, clerk: Actor, tmp_path: Path) -> None:
    async def here(_host: str, _port: int) -> list[str]:
        return ["127.0.0.1"]

    async with peer(tls=certificate(tmp_path, "archive.example")) as other:
        other.says("/archive", HEAD + PDF)
        guard = Guard(allowed=(parse_allowed(f"127.0.0.1:{other.port}"),), resolve=here)
        world.context = replace(world.context, http=HttpClient(guard, Trust(tmp_path / "cert.pem")))
        await deploy(world, other.url("/archive", host="archive.example", scheme="https"))
        assert await kept(world, clerk) == ("archive.pdf", "application/pdf")


@pytest.mark.parametrize("service", [{"reply_until_close": "yes"}, {"reply_until_closed": True}])
async def test_the_leave_for_replies_without_a_length_is_said_right_or_refused(
    world: World, other: Peer, service: Mapping[str, object]
) -> None:
    with pytest.raises(InvalidBundle):
        await deploy(world, other.url("/"), "receipt", **service)
