"""Flokzu's text on attachments, rule by rule: what goes in and out is seen through its own API, service tasks between.

Limits to the byte, retries and crashes of service tasks are proved in `actions/test_rest_tasks.py` and
`actions/test_service_tasks.py`.
"""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from email import message_from_bytes, policy
from urllib.parse import parse_qs, quote

import httpx
import pytest

from calling import allow, incident
from engine_bpmn import el, simple, user
from golden.flokzu_world import key_of
from peers import Peer, peer
from satchel.actions.files import attached
from satchel.actions.instances.places import FilePlace
from satchel.db import instances as instance_rows
from satchel.model.files import FileKind
from satchel.model.ids import FieldId, InstanceId
from satchel.surfaces.flokzu.addresses import BASE
from surfaces.conftest import Api
from world import PDF, TEXT, World, bundle, fields

DESCRIPTION, CATALOG, RECEIPT = "Description (PDF)", "Product Catalog (PDF)", "Receipt"
DRIVE_URL = "https://drive.example/file/7"
RECEIVED = PDF + b"% received\n"

FIELDS = fields(
    {"id": "product", "type": "text", "label": "Product"},
    {"id": "description", "type": "file", "label": DESCRIPTION, "max_files": 1, "allow_links": True},
    {"id": "catalog", "type": "file", "label": CATALOG, "max_files": 1, "allow_links": True},
    {"id": "pictures", "type": "file", "label": "Pictures", "allow_links": True},
    {"id": "receipt", "type": "file", "label": RECEIPT, "max_files": 1},
    {
        "id": "sender",
        "type": "table",
        "label": "sender",
        "columns": [{"id": "sender_name", "label": "sender_name", "type": "text"}],
    },
    {"id": "request", "type": "text", "label": "Purchase Request"},
)


@dataclass
class Flokzu:
    """A client of the Open API, as one of its users is."""

    api: Api
    client: httpx.AsyncClient
    key: str

    @property
    def world(self) -> World:
        return self.api.world

    async def deploy(self, code: str, service: Mapping[str, object] | None = None) -> None:
        """Deploy a process; with a service task, that comes before its user task."""
        through = ("s", "u") if service is not None else ("u",)
        parts = [el("serviceTask", "s")] if service is not None else []
        manifest = {
            "code": code,
            "fields": FIELDS,
            "start": {"fields": dict.fromkeys((str(one["id"]) for one in FIELDS), "edit")},
            "services": {} if service is None else {"s": service},
        }
        await self.world.deploy(bundle(manifest, simple(*parts, user("u"), through=through)))

    async def create(self, code: str, **data: object) -> str:
        """Create an instance and return its identifier."""
        headers = {"X-Api-Key": self.key, "X-Username": "admin@acme.example"}
        body = {"processId": code, "data": data}
        made = await self.client.post(f"{BASE}/v2/process/instance", headers=headers, json=body)
        assert made.status_code == 200, made.text
        return str(made.json()["identifier"])

    async def attach(self, identifier: str, data: bytes, name: str, field: str | None = None) -> None:
        """Attach a file, by a form."""
        query = f"reference={identifier}" + (f"&fieldLabel={quote(field)}" if field else "")
        sent = await self.client.post(f"{BASE}/{self.key}/instances/file?{query}", files={"file": (name, data)})
        assert sent.status_code == 200, sent.text

    async def drive(self, identifier: str, field: str, kind: FileKind = FileKind.DRIVE) -> None:
        """Attach a file that Google Drive keeps."""
        instance = await self.number(identifier)
        place = FilePlace(field=FieldId(field))
        await attached.add_link(
            self.world.context,
            self.world.admin,
            instance,
            kind=kind,
            url=DRIVE_URL,
            name="d",
            description="",
            place=place,
        )

    async def data(self, identifier: str) -> dict[str, object]:
        """Return an instance, asked for by a GET with a body."""
        headers = {"X-Api-Key": self.key, "X-Username": "admin@acme.example"}
        found = await self.client.request(
            "GET", f"{BASE}/v2/process/instance", headers=headers, json={"identifier": identifier}
        )
        assert found.status_code == 200, found.text
        return dict(found.json()["data"])

    async def held(self, identifier: str, field: str) -> dict[str, object]:
        """Return the attachment in a field of one."""
        shown = (await self.data(identifier))["fields"]
        assert isinstance(shown, dict)
        return dict(shown[field])

    async def download(self, attachment: Mapping[str, object]) -> httpx.Response:
        """Fetch an attachment by its link, without signing in."""
        return await self.client.get(str(attachment["url"]))

    async def number(self, identifier: str) -> InstanceId:
        """Return the number of an instance."""
        async with self.world.context.database.read() as tx:
            found = await instance_rows.instance_by_identifier(tx, self.world.account, identifier)
        assert found is not None
        return found.id

    async def perform(self, identifier: str) -> None:
        """Let the instance's service task be done."""
        await self.world.perform(await self.number(identifier))


@pytest.fixture
async def flokzu(api: Api) -> Flokzu:
    """The surface, and the key of an administrator."""
    return Flokzu(api, await api.client("anonymous"), await key_of(api.world, api.world.admin))


@pytest.fixture
async def other(api: Api) -> AsyncIterator[Peer]:
    """The external system that web service calls go to."""
    async with peer() as made:
        allow(api.world, made)
        yield made


async def ready(flokzu: Flokzu, code: str) -> str:
    """Create an instance whose service task has not been done yet, with a PDF in its field and a note in the tab."""
    identifier = await flokzu.create(code, Product="Drill", sender=[{"sender_name": "John Doe"}])
    await flokzu.attach(identifier, PDF, "TAB-6-1.pdf", DESCRIPTION)
    await flokzu.attach(identifier, TEXT, "note.txt")
    return identifier


async def test_a_new_instance_gets_a_copy_of_the_file_in_the_indicated_field(flokzu: Flokzu) -> None:
    """Sending attachments between Flokzu instances: "create a copy of the PDF file in the indicated field"."""
    copy = {"catalog": "description"}
    create = {
        "kind": "instance",
        "do": "create",
        "app": "PUR",
        "set": {"product": "product"},
        "copy": copy,
        "result": "request",
    }
    await flokzu.deploy("PUR")
    await flokzu.deploy("EVA", create)
    identifier = await ready(flokzu, "EVA")

    await flokzu.perform(identifier)

    shown = (await flokzu.data(identifier))["fields"]
    assert isinstance(shown, dict)
    assert shown["Purchase Request"] == "PUR-1"
    there, here = await flokzu.held("PUR-1", CATALOG), await flokzu.held(identifier, DESCRIPTION)
    assert there["attachmentId"] != here["attachmentId"]
    assert (there["name"], there["size"]) == ("TAB-6-1.pdf", len(PDF))
    assert (await flokzu.download(there)).content == PDF


@pytest.mark.parametrize("do", ["update", "get"])
async def test_files_are_copied_to_an_existing_instance_and_from_another(flokzu: Flokzu, do: str) -> None:
    """Same section: "copy the attachment to an existing instance or obtain the file from another"."""
    await flokzu.deploy("PUR")
    copy = {"catalog": "description"}
    await flokzu.deploy(
        "EVA", {"kind": "instance", "do": do, "app": "PUR", "identifier": "{{ request }}", "copy": copy}
    )
    existing = await flokzu.create("PUR")
    identifier = await flokzu.create("EVA", **{"Purchase Request": existing})
    source, target = (identifier, existing) if do == "update" else (existing, identifier)
    await flokzu.attach(source, PDF, "a.pdf", DESCRIPTION)

    await flokzu.perform(identifier)

    assert (await flokzu.download(await flokzu.held(target, CATALOG))).content == PDF


@pytest.mark.parametrize(("kind", "super_type"), [(FileKind.DRIVE, 1), (FileKind.ONEDRIVE, 2)])
async def test_files_kept_in_google_drive_and_onedrive_are_copied_too(
    flokzu: Flokzu, kind: FileKind, super_type: int
) -> None:
    """Same section: copying "as well as files stored in Google Drive or Microsoft OneDrive"."""
    await flokzu.deploy("PUR")
    await flokzu.deploy("EVA", {"kind": "instance", "do": "create", "app": "PUR", "copy": {"catalog": "description"}})
    identifier = await flokzu.create("EVA")
    await flokzu.drive(identifier, "description", kind)

    await flokzu.perform(identifier)

    there = await flokzu.held("PUR-1", CATALOG)
    assert (there["superType"], there["url"]) == (super_type, DRIVE_URL)


async def test_form_data_sends_the_files_of_attachment_fields_themselves(flokzu: Flokzu, other: Peer) -> None:
    """Sending attachments via Web Service: any number of files, and texts, numbers and booleans beside them."""
    parameters = {"file": "description", "pictures": "pictures", "product": "product", "count": 3, "urgent": True}
    await flokzu.deploy(
        "EVA", {"kind": "rest", "method": "POST", "url": other.url("/"), "body": "form-data", "parameters": parameters}
    )
    identifier = await ready(flokzu, "EVA")
    for number in (1, 2):
        await flokzu.attach(identifier, TEXT * number, f"{number}.txt", "Pictures")

    await flokzu.perform(identifier)

    (arrived,) = other.requests
    head = f"Content-Type: {arrived.headers['content-type']}\r\n\r\n".encode()
    message = message_from_bytes(head + arrived.body, policy=policy.HTTP)
    found = [
        (part.get_param("name", header="content-disposition"), part.get_payload(decode=True))
        for part in message.iter_parts()
    ]
    assert found == [
        ("file", PDF),
        ("pictures", TEXT),
        ("pictures", TEXT * 2),
        ("product", b"Drill"),
        ("count", b"3"),
        ("urgent", b"true"),
    ]  # and nothing of the tab, which no parameter can name


async def test_form_data_sends_no_file_of_google_drive_and_no_more_than_10_megabytes(
    flokzu: Flokzu, other: Peer
) -> None:
    """Same section: Drive's files "cannot be sent using this mechanism"; "does not exceed 10 Megabytes"."""
    task = {
        "kind": "rest",
        "method": "POST",
        "url": other.url("/"),
        "body": "form-data",
        "parameters": {"file": "description"},
    }
    await flokzu.deploy("EVA", task)
    identifiers = [await flokzu.create("EVA") for _ in range(2)]
    await flokzu.drive(identifiers[0], "description")
    await flokzu.world.rows("UPDATE storage SET limit_bytes = 1000000000 WHERE true RETURNING account_id")
    await flokzu.attach(identifiers[1], bytes(10 * 1024 * 1024), "large.bin", DESCRIPTION)

    for identifier in identifiers:
        await flokzu.perform(identifier)

    assert "kept elsewhere (drive)" in await incident(flokzu.world, await flokzu.number(identifiers[0]))
    assert "10485760" in await incident(flokzu.world, await flokzu.number(identifiers[1]))
    assert other.connections == 0


@pytest.mark.parametrize("body", [None, "urlencoded", "text"])
async def test_any_other_body_tells_the_metadata_with_a_download_url(
    flokzu: Flokzu, other: Peer, body: str | None
) -> None:
    """Sending Download URL for an Attachment: not customized, x-www-form-urlencoded and raw; no size limit."""
    parameters = {"file": "description", "sender": "sender"}
    shape: Mapping[str, object] = (
        {"parameters": parameters} if body is None else {"body": body, "parameters": parameters}
    )
    if body == "text":
        shape = {"body": "text", "type": "json", "text": '{"file": {{ description }}}'}
    await flokzu.deploy("EVA", {"kind": "rest", "method": "POST", "url": other.url("/"), **shape})
    identifier = await ready(flokzu, "EVA")

    await flokzu.perform(identifier)

    sent = other.requests[0].body.decode()
    told = json.loads(parse_qs(sent)["file"][0]) if body == "urlencoded" else json.loads(sent)["file"]
    assert set(told) == {
        *(
            "attachmentId",
            "creationTime",
            "lastEditedUtc",
            "mimeType",
            "name",
            "size",
            "superType",
            "url",
            "contentType",
        )
    }
    assert (told["mimeType"], told["name"], told["size"], told["superType"]) == (31, "TAB-6-1.pdf", len(PDF), 0)
    assert (await flokzu.download(told)).content == PDF
    if body is None:
        assert json.loads(sent)["sender"] == [{"sender_name": "John Doe"}]


async def test_get_process_instance_gives_a_link_that_differs_each_time_and_expires(flokzu: Flokzu) -> None:
    """URL Validity: created for each request, a different one each time, a few minutes, then a new request."""
    await flokzu.deploy("EVA")
    identifier = await ready(flokzu, "EVA")
    first, second = [await flokzu.held(identifier, DESCRIPTION) for _ in range(2)]
    assert first["url"] != second["url"]
    assert {**first, "url": ""} == {**second, "url": ""}
    for one in (first, second):
        assert (await flokzu.download(one)).content == PDF

    flokzu.world.clock.advance(timedelta(minutes=5))

    for one in (first, second):
        assert (await flokzu.download(one)).status_code == 410
    assert (await flokzu.download(await flokzu.held(identifier, DESCRIPTION))).content == PDF


async def test_the_link_of_a_file_in_google_drive_is_drives_own_and_does_not_expire(
    flokzu: Flokzu, other: Peer
) -> None:
    """URL Validity: "provided by these services, does not expire"."""
    task = {"kind": "rest", "method": "POST", "url": other.url("/"), "parameters": {"file": "description"}}
    await flokzu.deploy("EVA", task)
    identifier = await flokzu.create("EVA")
    await flokzu.drive(identifier, "description")
    before = await flokzu.held(identifier, DESCRIPTION)
    flokzu.world.clock.advance(timedelta(days=30))

    await flokzu.perform(identifier)

    after = await flokzu.held(identifier, DESCRIPTION)
    told = json.loads(other.requests[0].body)["file"]
    assert before["url"] == after["url"] == told["url"] == DRIVE_URL
    assert before["superType"] == told["superType"] == 1


async def test_a_received_file_overwrites_the_field_that_it_is_saved_in(flokzu: Flokzu, other: Peer) -> None:
    """Receiving files via Web Service: "if the selected field already contains a file, it will be overwritten"."""
    url = other.answers(
        "/r", RECEIVED, "Content-Type: application/pdf", 'Content-Disposition: attachment; filename="r.pdf"'
    )
    await flokzu.deploy("EVA", {"kind": "rest", "method": "GET", "url": url, "output": {"binary": "receipt"}})
    identifier = await ready(flokzu, "EVA")
    await flokzu.attach(identifier, PDF, "old.pdf", RECEIPT)
    old = await flokzu.held(identifier, RECEIPT)

    await flokzu.perform(identifier)

    new = await flokzu.held(identifier, RECEIPT)
    assert (new["name"], new["mimeType"]) == ("r.pdf", 31)
    assert (await flokzu.download(new)).content == RECEIVED
    assert (await flokzu.download(old)).status_code == 410


async def test_a_received_file_is_saved_in_the_attachments_tab(flokzu: Flokzu, other: Peer) -> None:
    """Receiving files via Web Service: "in the Attachments Tab of your instance or in a form field"."""
    url = other.answers("/r.pdf", RECEIVED, "Content-Type: application/pdf")
    await flokzu.deploy("EVA", {"kind": "rest", "method": "GET", "url": url, "output": {"binary": "attachments"}})
    identifier = await ready(flokzu, "EVA")

    await flokzu.perform(identifier)

    tab = (await flokzu.data(identifier))["attachments"]
    assert isinstance(tab, list)
    assert [one["name"] for one in tab] == ["note.txt", "r.pdf"]
    assert (await flokzu.download(tab[1])).content == RECEIVED
