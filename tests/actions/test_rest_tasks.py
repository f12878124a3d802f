"""Service tasks of kind `rest` against a real server that notes what arrives."""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from urllib.parse import parse_qs

import pytest

from engine_bpmn import el, simple, user
from peers import Arrived, Peer, peer
from satchel.actions import files, instances, links, services
from satchel.actions.places import Place
from satchel.db import calls as call_rows
from satchel.model.actor import Actor
from satchel.model.errors import Gone, InvalidBundle
from satchel.model.files import FileKind
from satchel.model.ids import FieldId, InstanceId
from satchel.model.instance import Attempt
from satchel.outbound.allowed import parse_allowed
from satchel.outbound.guard import Guard
from satchel.outbound.http import HttpClient
from world import PDF, TEXT, World, bundle, fields

FIELDS = fields(
    {"id": "name", "type": "text"},
    {"id": "amount", "type": "decimal"},
    {"id": "ready", "type": "boolean"},
    {"id": "lines", "type": "table", "columns": [{"id": "item", "label": "Item", "type": "text"}]},
    {"id": "doc", "type": "file", "max_files": 1, "allow_links": True},
    {"id": "more", "type": "file"},
    {"id": "receipt", "type": "file", "max_files": 1, "accept": [".pdf"]},
)
START = {"fields": dict.fromkeys(("name", "amount", "ready", "lines", "doc", "more", "receipt"), "edit")}
LIMIT = 10_485_760


@pytest.fixture
async def other(world: World) -> AsyncIterator[Peer]:
    async with peer() as made:
        client = HttpClient(Guard(allowed=(parse_allowed(f"127.0.0.1:{made.port}"),)))
        world.context = replace(world.context, http=client)
        yield made


async def deploy(world: World, url: str, **service: object) -> None:
    task = {"kind": "rest", "method": "POST", "url": url, **service}
    manifest = {"code": "RST", "fields": FIELDS, "start": START, "services": {"s": task}}
    await world.deploy(bundle(manifest, simple(el("serviceTask", "s"), user("u"), through=("s", "u"))))


async def attempts(world: World, instance: InstanceId) -> list[Attempt]:
    async with world.context.database.read() as tx:
        (call,) = await call_rows.calls(tx, world.account, instance)
        return await call_rows.attempts(tx, world.account, call.id)


async def incident(world: World, instance: InstanceId) -> str:
    found = await services.incidents(world.context, world.admin, instance_id=instance, after=0, limit=9)
    assert len(found) == 1
    return found[0].message


def parts_of(arrived: Arrived) -> list[EmailMessage]:
    head = f"Content-Type: {arrived.headers['content-type']}\r\n\r\n".encode()
    message = message_from_bytes(head + arrived.body, policy=policy.HTTP)
    return [part for part in message.iter_parts() if isinstance(part, EmailMessage)]


async def test_form_data_carries_files_as_bytes_beside_values_and_no_part_for_an_empty_field(
    world: World, clerk: Actor, other: Peer
) -> None:
    parameters = {"file": "doc", "all": "more", "none": "receipt", "note": "{{ name }} of {{ identifier }}", "n": 5}
    await deploy(world, other.url("/{{ name }}?k={{ name }}"), body="form-data", parameters=parameters)
    doc = await world.upload(clerk, PDF, name='a "b".pdf', field="doc", app="RST")
    more = [await world.upload(clerk, TEXT * n, name=f"{n}.txt", field="more", app="RST") for n in (1, 2)]
    source = await world.start(clerk, "RST", name="50% & more/é", doc=doc, more=more)

    await world.perform(source)

    (arrived,) = other.requests
    encoded = "50%25%20%26%20more%2F%C3%A9"
    assert (arrived.method, arrived.target) == ("POST", f"/{encoded}?k={encoded}")
    assert int(arrived.headers["content-length"]) == len(arrived.body)
    found = [
        (part.get_param("name", header="content-disposition"), part.get_filename(), part.get_payload(decode=True))
        for part in parts_of(arrived)
    ]
    assert found == [
        ("file", "a _b_.pdf", PDF),
        ("all", "1.txt", TEXT),
        ("all", "2.txt", TEXT * 2),
        ("note", None, "50% & more/é of RST-1".encode()),
        ("n", None, b"5"),
    ]
    assert parts_of(arrived)[0].get_content_type() == "application/pdf"
    (made,) = await attempts(world, source)
    assert made.details["url"] == other.url(f"/{encoded}")
    assert (made.details["status"], made.details["sent_bytes"]) == (204, len(arrived.body))
    assert len(made.details["files_sent"]) == 3  # type: ignore[arg-type]  # a list, in JSON


@pytest.mark.parametrize("over", [0, 1])
async def test_a_call_of_the_limit_goes_and_one_byte_more_fails_before_anything_is_sent(
    world: World, clerk: Actor, other: Peer, over: int
) -> None:
    await world.rows("UPDATE storage SET limit_bytes = 1000000000 WHERE true RETURNING account_id")
    await deploy(world, other.url("/"), body="form-data", parameters={"file": "doc"})
    head = 'Content-Disposition: form-data; name="file"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\n'
    boundary = len("satchel-") + 36
    frame = (2 + boundary + 2) + len(head) + 2 + (2 + boundary + 2 + 2)
    data = b"x" * (LIMIT - frame + over)
    doc = await world.upload(clerk, data, name="a.txt", field="doc", app="RST")
    source = await world.start(clerk, "RST", doc=doc)

    await world.perform(source)

    if over:
        assert (other.connections, other.requests) == (0, [])
        message = await incident(world, source)
        assert str(LIMIT) in message
        assert str(LIMIT + 1) in message
    else:
        assert other.requests[0].headers["content-length"] == str(LIMIT)
        assert (await world.open_task(source)).element == "u"


async def test_a_call_as_json_tells_files_by_an_address_that_works_for_minutes(
    world: World, clerk: Actor, other: Peer
) -> None:
    parameters = {
        "file": "doc",
        "all": "more",
        "none": "receipt",
        "amount": "amount",
        "ready": "ready",
        "rows": "lines",
    }
    url = other.answers("/", b"busy", status="503 Busy")
    await deploy(world, url, parameters=parameters, retry={"pause": "PT1S"})
    doc = await world.upload(clerk, PDF, name="a.pdf", field="doc", app="RST")
    source = await world.start(clerk, "RST", amount="12.50", ready=True, lines=[{"item": "bit"}], doc=doc)
    (held,) = await world.files(source)

    await world.perform(source)
    other.answers("/", b"")
    await world.perform(source)

    first, second = (json.loads(arrived.body) for arrived in other.requests)
    assert list(first["file"]) == [
        *("attachmentId", "creationTime", "lastEditedUtc", "mimeType", "name", "size", "superType", "url"),
        "contentType",
    ]
    told = {key: first["file"][key] for key in ("attachmentId", "mimeType", "name", "size", "superType")}
    assert told == {"attachmentId": held.uuid.hex, "mimeType": 31, "name": "a.pdf", "size": len(PDF), "superType": 0}
    assert (first["all"], first["none"]) == ([], None)
    assert (first["amount"], first["ready"], first["rows"]) == ("12.5", True, [{"item": "bit"}])
    assert first["file"]["url"] != second["file"]["url"]
    tokens = [one["file"]["url"].split("/")[-2] for one in (first, second)]
    for token in tokens:
        assert (await links.open_link(world.context, token)).content.size_bytes == len(PDF)
    world.clock.advance(timedelta(minutes=5))
    for token in tokens:
        with pytest.raises(Gone):
            await links.open_link(world.context, token)
    keys = {arrived.headers["idempotency-key"] for arrived in other.requests}
    assert len(keys) == 1
    assert [made.state for made in await attempts(world, source)] == ["failed", "done"]


async def test_values_are_escaped_for_where_they_stand(world: World, clerk: Actor, other: Peer) -> None:
    await deploy(world, other.url("/"), body="text", type="json", text='{"name":"{{ name }}","files":{{ doc }}}')
    source = await world.start(clerk, "RST", name='"},{"x":"{{ amount }}')

    await world.perform(source)

    assert json.loads(other.requests[0].body) == {"name": '"},{"x":"{{ amount }}', "files": None}


async def test_a_file_kept_elsewhere_is_told_by_its_own_address_and_never_sent_as_bytes(
    world: World, clerk: Actor, other: Peer
) -> None:
    address = "https://drive.example/d/1"
    place = Place(field=FieldId("doc"))
    kind = FileKind.DRIVE
    sources: list[InstanceId] = []
    for body in ("form-data", "urlencoded"):
        await deploy(world, other.url("/"), body=body, parameters={"file": "doc"})
        source = await world.start(clerk, "RST")
        await files.add_link(
            world.context, clerk, source, kind=kind, url=address, name="plan", description="", place=place
        )
        sources.append(source)

    await world.perform(sources[0])
    assert "plan is kept elsewhere (drive)" in await incident(world, sources[0])
    assert other.connections == 0

    await world.perform(sources[1])
    (sent,) = parse_qs(other.requests[0].body.decode())["file"]
    told = json.loads(sent)
    assert (told["superType"], told["url"]) == (1, address)
    assert ": " not in sent


async def test_a_binary_reply_replaces_the_file_of_its_field(world: World, clerk: Actor, other: Peer) -> None:
    url = other.answers("/r", PDF, "Content-Type: application/pdf", 'Content-Disposition: attachment; filename="r.pdf"')
    await deploy(world, url, output={"binary": "receipt"})
    old = await world.upload(clerk, PDF + b"old", name="old.pdf", field="receipt", app="RST")
    source = await world.start(clerk, "RST", receipt=old)

    await world.perform(source)

    (kept,) = await world.files(source)
    assert (kept.field_id, kept.name, kept.media_type, kept.size_bytes) == (
        "receipt",
        "r.pdf",
        "application/pdf",
        len(PDF),
    )
    assert await world.drift() == []


@pytest.mark.parametrize(
    ("head", "body"),
    [
        (["Content-Type: text/plain", 'Content-Disposition: attachment; filename="r.txt"'], TEXT),
        (["Content-Type: application/pdf"], PDF * 20_000),
    ],
)
async def test_a_reply_that_its_field_does_not_take_leaves_the_old_file(
    world: World, clerk: Actor, other: Peer, head: list[str], body: bytes
) -> None:
    await deploy(world, other.answers("/r", body, *head), output={"binary": "receipt"}, reply_bytes="1MiB")
    old = await world.upload(clerk, PDF, name="old.pdf", field="receipt", app="RST")
    source = await world.start(clerk, "RST", receipt=old)

    await world.perform(source)

    (kept,) = await world.files(source)
    assert (kept.id, kept.deleted_at) == (old, None)
    assert await incident(world, source)
    assert await world.drift() == []


async def test_parts_of_a_json_reply_become_values(world: World, clerk: Actor, other: Peer) -> None:
    reply = json.dumps({"order": {"total": 12.34, "lines": [{"id": "A"}, {"id": "B-2"}]}}).encode()
    url = other.answers("/", reply, "Content-Type: application/json")
    values = {"name": "$.order.lines[1].id", "amount": "$.order.total", "ready": "$.nothing"}
    await deploy(world, url, output={"values": values})
    source = await world.start(clerk, "RST")

    await world.perform(source)

    assert (await instances.read(world.context, clerk, source)).values == {"name": "B-2", "amount": "12.34"}


async def test_a_reply_that_comes_after_the_instance_has_ended_is_kept_on_the_record_only(
    world: World, clerk: Actor, other: Peer
) -> None:
    await deploy(world, other.url("/r"), output={"binary": "receipt"})
    source = await world.start(clerk, "RST")

    async def respond(_arrived: Arrived, writer: object) -> None:
        await instances.cancel_instance(world.context, clerk, source, why="a test")
        write = getattr(writer, "write")  # noqa: B009  # a stream
        write(b"HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\nContent-Length: %d\r\n\r\n" % len(PDF) + PDF)

    other.paths["/r"] = respond
    await world.perform(source)

    (made,) = await attempts(world, source)
    assert (made.state, made.details["status"]) == ("dropped", 200)
    assert await world.files(source) == []
    assert await world.drift() == []


async def test_a_refusal_for_good_is_not_tried_again(world: World, clerk: Actor, other: Peer) -> None:
    await deploy(world, other.answers("/", b"no such thing", status="404 Not Found"))
    source = await world.start(clerk, "RST")

    await world.perform(source)

    assert "answered 404" in await incident(world, source)
    (made,) = await attempts(world, source)
    assert (made.reason, made.details["reply"]) == ("status", "no such thing")


async def test_another_system_that_asks_to_wait_is_left_alone_for_that_long(
    world: World, clerk: Actor, other: Peer
) -> None:
    await deploy(world, other.answers("/", b"", "Retry-After: 120", status="429 Slow Down"))
    source = await world.start(clerk, "RST")

    await world.perform(source)

    async with world.context.database.read() as tx:
        (call,) = await call_rows.calls(tx, world.account, source)
    assert call.due_at == world.clock() + timedelta(seconds=120)


@pytest.mark.parametrize(
    "service",
    [
        {"method": "FETCH"},
        {"url": "https://x.example/{{ nothing }}"},
        {"parameters": {"a": "nothing"}},
        {"body": "form-data", "text": "x"},
        {"body": "text"},
        {"method": "GET", "body": "json"},
        {"success": "lots"},
        {"output": {"binary": "nothing"}},
        {"output": {"values": {"name": "order.id"}}},
        {"output": {"values": {"name": "$.id"}, "binary": "receipt"}},
        {"headers": {"bad name": "x"}},
        {"auth": "key"},
    ],
)
async def test_a_call_that_cannot_be_made_is_refused_when_it_is_deployed(
    world: World, service: Mapping[str, object]
) -> None:
    with pytest.raises(InvalidBundle):
        await deploy(world, **{"url": "https://x.example/", **service})  # type: ignore[arg-type]  # as the table says
