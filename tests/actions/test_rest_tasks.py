"""Service tasks of kind `rest` against a real server that notes what arrives."""

import base64
import json
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from urllib.parse import parse_qs

import pytest

from calling import allow, attempts, deploy_task, incident
from peers import Arrived, Peer, peer
from satchel.actions.files import attached, links
from satchel.actions.identity import accounts
from satchel.actions.instances import lifecycle
from satchel.actions.instances.places import FilePlace
from satchel.db import calls as call_rows
from satchel.model.actor import Actor
from satchel.model.errors import Gone, InvalidBundle
from satchel.model.files import FileKind
from satchel.model.ids import FieldId, InstanceId
from world import KIBIBYTE, PDF, TEXT, World, sha256

LIMIT = 10_485_760


@pytest.fixture
async def other(world: World) -> AsyncIterator[Peer]:
    async with peer() as made:
        allow(world, made)
        yield made


async def deploy(world: World, url: str, **service: object) -> None:
    await deploy_task(world, kind="rest", **{"method": "POST", "url": url, **service})


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
    place = FilePlace(field=FieldId("doc"))
    kind = FileKind.DRIVE
    sources: list[InstanceId] = []
    for body in ("form-data", "urlencoded"):
        await deploy(world, other.url("/"), body=body, parameters={"file": "doc"})
        source = await world.start(clerk, "RST")
        await attached.add_link(
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

    assert (await lifecycle.read(world.context, clerk, source)).values == {"name": "B-2", "amount": "12.34"}


@pytest.mark.parametrize("encoding", ["base64", "url"])
async def test_a_file_inside_a_json_reply_is_kept(world: World, clerk: Actor, other: Peer, encoding: str) -> None:
    other.answers("/files/r%20.pdf", PDF, "Content-Type: application/pdf")
    text = base64.encodebytes(PDF).decode() if encoding == "base64" else "/files/r%20.pdf?sig=1"
    reply = json.dumps({"n": "x", "made": [{"file": text, "name": "made.pdf"}]}).encode()
    inside = {"to": "receipt", "path": "$.made[0].file", "encoding": encoding, "name": "$.made[0].name"}
    url = other.answers("/", reply, "Content-Type: application/json")
    await deploy(world, url, output={"file": inside, "values": {"name": "$.n"}})
    source = await world.start(clerk, "RST")

    await world.perform(source)

    (kept,) = await world.files(source)
    assert (kept.field_id, kept.name, kept.media_type, kept.digest) == (
        "receipt",
        "made.pdf",
        "application/pdf",
        sha256(PDF),
    )
    assert (await lifecycle.read(world.context, clerk, source)).values == {"name": "x"}
    assert await world.drift() == []


async def test_a_file_inside_a_json_reply_may_be_larger_than_all_the_rest_of_it(
    world: World, clerk: Actor, other: Peer
) -> None:
    data = PDF + bytes(9 * 1024 * KIBIBYTE)
    lines = [{"File": "QUJD"}, {"file": base64.b64encode(data).decode(), "deep": [[{"file": "QUJD"}]]}]
    url = other.answers("/", json.dumps({"lines": lines}).encode(), "Content-Type: application/json")
    await deploy(world, url, output={"file": {"to": "receipt", "path": "$.lines[1].file", "encoding": "base64"}})
    source = await world.start(clerk, "RST")
    await world.perform(source)

    (kept,) = await world.files(source)
    assert kept.digest == sha256(data)

    url = other.answers("/", json.dumps({"file": "QUJD", "rest": "x" * 10 * 1024 * KIBIBYTE}).encode())
    await deploy(world, url, output={"file": {"to": "receipt", "path": "$.file", "encoding": "base64"}})
    source = await world.start(clerk, "RST")
    await world.perform(source)

    assert await world.files(source) == []
    assert await world.rows("SELECT code FROM incidents WHERE instance_id = %s", source) == [("reply_type",)]


@pytest.mark.parametrize("text", ["no base64!", 5, {"a": 1}, True])
async def test_a_json_reply_with_something_else_than_a_file_is_a_failed_attempt(
    world: World, clerk: Actor, other: Peer, text: object
) -> None:
    url = other.answers("/", json.dumps({"file": text}).encode(), "Content-Type: application/json")
    await deploy(world, url, output={"file": {"to": "receipt", "path": "$.file", "encoding": "base64"}})
    source = await world.start(clerk, "RST")

    await world.perform(source)

    assert await world.files(source) == []
    assert await incident(world, source)


async def test_values_that_stand_for_a_failure_are_set_and_the_process_goes_on(
    world: World, clerk: Actor, other: Peer
) -> None:
    url = other.answers("/", b"no", status="404 Not Found")
    await deploy(world, url, on_failure="continue", otherwise={"name": "none: {{ identifier }}", "ready": False})
    source = await world.start(clerk, "RST", name="before", ready=True)

    await world.perform(source)

    assert (await lifecycle.read(world.context, clerk, source)).values == {"name": "none: RST-1", "ready": False}
    assert (await world.open_task(source)).element == "u"


async def test_redirects_are_followed_as_often_as_the_task_says(world: World, clerk: Actor, other: Peer) -> None:
    other.says("/a", b"HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n")
    other.answers("/b", b'{"n": "there"}')
    await deploy(world, other.url("/a"), method="GET", redirects=1, output={"values": {"name": "$.n"}})
    source = await world.start(clerk, "RST")

    await world.perform(source)

    assert (await lifecycle.read(world.context, clerk, source)).values == {"name": "there"}


async def test_a_task_acts_for_the_user_that_it_names_as_long_as_they_may_sign_in(
    world: World, clerk: Actor, other: Peer
) -> None:
    manifest = {"kind": "rest", "method": "POST", "url": other.url("/"), "parameters": {"f": "doc"}}
    await deploy_task(world, **manifest, **{"as": "viewer@acme.example"})
    doc = await world.upload(clerk, TEXT, name="a.txt", field="doc", app="RST")
    source = await world.start(clerk, "RST", doc=doc)
    await world.perform(source)
    url = json.loads(other.requests[0].body)["f"]["url"]
    opened = await links.open_link(world.context, url.split("/")[-2])
    assert opened.actor.email == "viewer@acme.example"

    await accounts.end_user(world.context, world.admin, world.people["viewer"], erase=False)
    late = await world.start(clerk, "RST")
    await world.perform(late)
    assert "viewer@acme.example, who may not sign in" in await incident(world, late)


async def test_a_reply_that_comes_after_the_instance_has_ended_is_kept_on_the_record_only(
    world: World, clerk: Actor, other: Peer
) -> None:
    await deploy(world, other.url("/r"), output={"binary": "receipt"})
    source = await world.start(clerk, "RST")

    async def respond(_arrived: Arrived, writer: object) -> None:
        await lifecycle.cancel_instance(world.context, clerk, source, why="a test")
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
