"""Exports through the native API: what is in them, for whom, and for how long."""

import io
import json
import tarfile
import zipfile
from datetime import timedelta

import httpx
import pytest

from satchel.actions import accounts, export_freeze, files, instances, sweep
from satchel.model.actor import Right
from satchel.model.ids import ExportId, FileId, InstanceId
from surfaces.conftest import Api
from world import PDF, TEXT, sha256

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
async def exporting(api: Api) -> Api:
    """A world with two apps whose files clerks may export."""
    world = api.world
    for example in ("purchase-request", "product-evaluation"):
        await world.deploy_example(example)
    await accounts.grant(world.context, world.admin, world.groups["clerks"], Right.EXPORT, app=None)
    return api


async def evaluation(api: Api, product: str = "Desk", name: str = "a.pdf", data: bytes = PDF) -> tuple[InstanceId, int]:
    """Start an instance with a description; return both numbers."""
    clerk = await api.world.actor("clerk")
    number = await api.world.upload(clerk, data, name=name, field="description", app="EVA")
    return await api.world.start(clerk, "EVA", product=product, description=[number]), number


async def begin(client: httpx.AsyncClient, **wish: object) -> int:
    answer = await client.post("/api/v1/exports", json=wish)
    assert answer.status_code == 202, answer.text
    assert answer.json()["state"] == "preparing"
    assert answer.headers["location"] == f"/api/v1/exports/{answer.json()['id']}"
    return int(answer.json()["id"])


async def make(api: Api, number: int) -> None:
    await export_freeze.prepare(api.world.context, api.world.account, ExportId(number))


async def fetch(client: httpx.AsyncClient, number: int) -> zipfile.ZipFile:
    answer = await client.get(f"/api/v1/exports/{number}/download")
    assert answer.status_code == 200, answer.text
    assert int(answer.headers["content-length"]) == len(answer.content)
    return zipfile.ZipFile(io.BytesIO(answer.content))


def lines(archive: zipfile.ZipFile, name: str = "manifest.jsonl") -> list[dict[str, object]]:
    return [json.loads(line) for line in archive.read(name).splitlines()]


async def test_an_export_holds_every_file_with_its_manifest_and_the_values(exporting: Api) -> None:
    first, file = await evaluation(exporting)
    second, _ = await evaluation(exporting, product="Lamp", name="ünï☃.pdf", data=PDF + b"%2")
    clerk = await exporting.client("clerk")

    number = await begin(clerk, query={"app": "EVA"})
    await make(exporting, number)

    told = (await clerk.get(f"/api/v1/exports/{number}")).json()
    assert (told["state"], told["instances"], told["files"], told["left_out"]) == ("ready", 2, 2, 0)
    archive = await fetch(clerk, number)
    assert archive.testzip() is None
    assert archive.namelist() == [
        f"{first}_Product Evaluation_(Desk ())/a.pdf",
        f"{second}_Product Evaluation_(Lamp ())/ünï☃.pdf",
        "manifest.jsonl",
        "instances.jsonl",
    ]
    assert all(one.compress_type == zipfile.ZIP_STORED for one in archive.infolist())
    for line in lines(archive):
        assert sha256(archive.read(str(line["path"]))) == line["sha256"]
    [one, _] = lines(archive)
    assert (one["id"], one["instance"], one["field"], one["size"]) == (file, first, "description", len(PDF))
    assert str(one["source"]).endswith(f"/api/v1/files/{file}/content")
    assert lines(archive, "instances.jsonl")[0]["values"] == {"product": "Desk"}
    events = [event["kind"] for event in (await clerk.get(f"/api/v1/instances/{first}/history")).json()["items"]]
    assert events[-1] == "files.exported"


async def test_any_range_of_an_archive_is_that_slice_of_the_whole(exporting: Api) -> None:
    for n in range(3):
        await evaluation(exporting, data=PDF + bytes([n]) * (700_000 * (n == 1) + n))
    clerk = await exporting.client("clerk")
    number = await begin(clerk, query={"app": "EVA"})
    await make(exporting, number)
    address = f"/api/v1/exports/{number}/download"
    whole = (await clerk.get(address)).content
    tag = (await clerk.head(address)).headers["etag"]

    places = [*range(0, 200, 7), *range(699_000, len(whole), 61_111), *range(len(whole) - 1100, len(whole), 13)]
    for start in places:
        for stop in {min(start + 1, len(whole)), min(start + 97, len(whole)), len(whole)}:
            asked = {"Range": f"bytes={start}-{stop - 1}", "If-Range": tag}
            answer = await clerk.get(address, headers=asked)
            assert answer.status_code == 206
            assert answer.content == whole[start:stop], (start, stop)


async def test_what_a_search_does_not_ask_for_stays_out(exporting: Api) -> None:
    instance, _ = await evaluation(exporting)
    clerk = await exporting.client("clerk")
    tab = await exporting.upload("clerk", TEXT, instance=int(instance), name="note.txt")
    assert (await clerk.post(f"/api/v1/instances/{instance}/files", json={"uploads": [tab]})).status_code == 201
    link = {"kind": "link", "url": "https://files.example/a", "name": "elsewhere"}
    assert (await clerk.post(f"/api/v1/instances/{instance}/files", json=link)).status_code == 201

    number = await begin(clerk, query={"app": "EVA"}, fields=[], values=False)
    await make(exporting, number)

    archive = await fetch(clerk, number)
    assert [name.rpartition("/")[2] for name in archive.namelist()] == ["note.txt", "manifest.jsonl"]
    assert [(line["name"], line["path"] is None, line["url"]) for line in lines(archive)] == [
        ("note.txt", False, None),
        ("elsewhere", True, "https://files.example/a"),
    ]


async def test_files_of_apps_that_may_not_be_exported_are_counted_and_never_named(exporting: Api) -> None:
    await evaluation(exporting)
    world = exporting.world
    manager = await exporting.client("manager")
    assert (await manager.post("/api/v1/exports", json={})).status_code == 403
    await accounts.grant(world.context, world.admin, world.groups["managers"], Right.EXPORT, app="PUR")
    assert (await manager.post("/api/v1/exports", json={"query": {"app": "EVA"}})).status_code == 403

    number = await begin(manager)
    await make(exporting, number)

    told = (await manager.get(f"/api/v1/exports/{number}")).json()
    assert (told["instances"], told["files"], told["left_out"]) == (0, 0, 1)
    answer = await manager.get(f"/api/v1/exports/{number}/download")
    assert b"a.pdf" not in answer.content
    assert zipfile.ZipFile(io.BytesIO(answer.content)).read("manifest.jsonl") == b""


async def test_a_right_that_was_lost_ends_the_download(exporting: Api) -> None:
    await evaluation(exporting)
    clerk = await exporting.client("clerk")
    number = await begin(clerk, query={"app": "EVA"})
    await make(exporting, number)
    await take_away(exporting, Right.EXPORT)

    answer = await clerk.get(f"/api/v1/exports/{number}/download")

    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    lost = await begin_lost(exporting)
    assert lost == ("failed", "forbidden")


async def take_away(api: Api, right: Right) -> None:
    """Take a right from the clerks."""
    world = api.world
    await accounts.grant(world.context, world.admin, world.groups["clerks"], right, app=None, is_granted=False)


async def begin_lost(api: Api) -> tuple[str, str]:
    """Begin an export and lose the right to view before it is made."""
    world, clerk = api.world, await api.client("clerk")
    await accounts.grant(world.context, world.admin, world.groups["clerks"], Right.EXPORT, app=None)
    number = await begin(clerk, query={"app": "EVA"})
    await take_away(api, Right.VIEW)
    await make(api, number)
    told = (await clerk.get(f"/api/v1/exports/{number}")).json()
    return told["state"], told["error"]["code"]


async def test_an_export_is_its_owners_and_the_administrators(exporting: Api) -> None:
    clerk = await exporting.client("clerk")
    number = await begin(clerk)
    for who, status in (("viewer", 404), ("rival", 404), ("admin", 200)):
        assert (await (await exporting.client(who)).get(f"/api/v1/exports/{number}")).status_code == status
    assert [one["id"] for one in (await clerk.get("/api/v1/exports")).json()["items"]] == [number]
    assert (await (await exporting.client("viewer")).get("/api/v1/exports")).json()["items"] == []
    answer = await clerk.get(f"/api/v1/exports/{number}/download")
    assert (answer.status_code, answer.json()["code"]) == (409, "invalid_state")


async def test_the_sweep_takes_a_deleted_files_bytes_only_after_the_exports_that_name_them(exporting: Api) -> None:
    _, file = await evaluation(exporting)
    world, clerk = exporting.world, await exporting.client("clerk")
    number = await begin(clerk, query={"app": "EVA"})
    await make(exporting, number)
    await files.delete(world.context, world.admin, FileId(file))
    world.clock.advance(2 * HOUR)
    assert (await sweep.sweep(world.context, with_store=True)).blobs == 0
    assert (await fetch(clerk, number)).testzip() is None

    world.clock.advance(DAY)
    done = await sweep.sweep(world.context, with_store=True)

    assert (await clerk.get(f"/api/v1/exports/{number}/download")).status_code == 410
    assert done.blobs == 3  # the file's, the manifest's, the values'
    assert [found async for found in world.context.blobs.list()] == []
    world.clock.advance(8 * DAY)
    await sweep.sweep(world.context)
    assert (await clerk.get(f"/api/v1/exports/{number}")).status_code == 404


async def test_a_deleted_export_is_gone_at_once_and_costs_nothing(exporting: Api) -> None:
    await evaluation(exporting)
    before = await exporting.world.storage()
    clerk = await exporting.client("clerk")
    number = await begin(clerk)
    await make(exporting, number)
    assert await exporting.world.storage() == before
    assert (await clerk.delete(f"/api/v1/exports/{number}")).status_code == 204
    assert (await clerk.get(f"/api/v1/exports/{number}/download")).status_code == 410
    assert (await clerk.delete(f"/api/v1/exports/{number}")).status_code == 410
    kinds = [
        row[0] for row in await exporting.world.rows("SELECT kind FROM events WHERE kind LIKE 'export.%%' ORDER BY id")
    ]
    assert kinds == ["export.begun", "export.ready", "export.deleted"]


async def test_a_file_whose_bytes_are_missing_is_named_with_what_is_wrong(exporting: Api) -> None:
    _, file = await evaluation(exporting)
    await evaluation(exporting, data=PDF + TEXT)
    world, clerk = exporting.world, await exporting.client("clerk")
    world.clock.advance(HOUR)
    assert await world.context.blobs.delete(world.account, sha256(PDF), older_than=world.clock())

    number = await begin(clerk, query={"app": "EVA"})
    await make(exporting, number)

    archive = await fetch(clerk, number)
    assert archive.testzip() is None
    [line, _] = lines(archive)
    assert (line["id"], line["path"], line["error"]) == (file, None, "bytes_missing")
    assert (await clerk.get(f"/api/v1/exports/{number}")).json()["missing"] == 1


async def test_a_job_that_runs_twice_or_died_adds_nothing_twice(
    exporting: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("satchel.actions.export_freeze.PAGE", 2)
    for n in range(5):
        await evaluation(exporting, product=f"Desk {n}")
    world, clerk = exporting.world, await exporting.client("clerk")
    number = await begin(clerk, query={"app": "EVA"})
    for _ in range(2):  # and then it dies
        assert await export_freeze._step(world.context, world.account, ExportId(number))
    world.clock.advance(HOUR)
    later, _ = await evaluation(exporting, product="Later")

    assert await export_freeze.enqueue_silent(world.context) == 1
    await make(exporting, number)
    await make(exporting, number)

    archive = await fetch(clerk, number)
    assert archive.testzip() is None
    assert len(lines(archive)) == len({line["id"] for line in lines(archive)}) == 5
    assert later not in [line["instance"] for line in lines(archive)]


async def test_names_that_would_do_harm_are_made_harmless(exporting: Api) -> None:
    clerk = await exporting.client("clerk")
    instance, _ = await evaluation(exporting, product="../../etc\\:*\u202e.")
    names = ["a.txt", "A.TXT", "CON.txt", "x" * 300 + ".txt", "e\u0301.txt", "\u00e9.txt"]
    for name in names:
        tab = await exporting.upload("clerk", TEXT, instance=int(instance), name=name)
        answer = await clerk.post(f"/api/v1/instances/{instance}/files", json={"uploads": [tab]})
        assert answer.status_code == 201, answer.text
    number = await begin(clerk, query={"app": "EVA"})
    await make(exporting, number)

    archive = await fetch(clerk, number)

    found = [name for name in archive.namelist() if "/" in name]
    assert {name.partition("/")[0] for name in found} == {f"{instance}_Product Evaluation_(.._.._etc___ . ())"}
    assert {name.partition("/")[2] for name in found} >= {"a.txt", "A (2).TXT", "_CON.txt", "é.txt", "é (2).txt"}
    assert all(len(part.encode()) <= 255 for name in found for part in name.split("/"))


@pytest.mark.parametrize("form", ["zip", "tar"])
async def test_a_stream_gives_a_page_at_once_and_says_where_the_next_begins(exporting: Api, form: str) -> None:
    expected = {}
    for n in range(3):
        data = PDF + bytes([n]) * (n * 600_000)
        instance, _ = await evaluation(exporting, product=f"Desk {n}", data=data)
        expected[f"{instance}_Product Evaluation_(Desk {n} ())/a.pdf"] = data
    clerk = await exporting.client("clerk")
    found: dict[str, bytes] = {}
    cursor: str | None = ""
    while cursor is not None:
        asked = {"stream": form, "limit": "2", **({"cursor": cursor} if cursor else {})}
        answer = await clerk.post("/api/v1/exports", params=asked, json={"query": {"app": "EVA"}})
        assert answer.status_code == 200, answer.text
        assert int(answer.headers["content-length"]) == len(answer.content)
        assert answer.headers["satchel-left-out"] == "0"
        found |= unpacked(form, answer.content)
        cursor = answer.headers.get("satchel-cursor")

    found.pop("instances.jsonl")
    assert found.pop("manifest.jsonl").count(b"\n") == 1  # of the last page
    assert found == expected


def unpacked(form: str, data: bytes) -> dict[str, bytes]:
    if form == "zip":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            assert archive.testzip() is None
            return {name: archive.read(name) for name in archive.namelist()}
    with tarfile.open(fileobj=io.BytesIO(data), mode="r|") as tar:
        return {member.name: read.read() for member in tar if (read := tar.extractfile(member)) is not None}


async def test_a_link_to_an_export_serves_whom_it_was_made_for_until_it_ends(exporting: Api) -> None:
    await evaluation(exporting)
    world, clerk = exporting.world, await exporting.client("clerk")
    number = await begin(clerk, query={"app": "EVA"})
    await make(exporting, number)

    async def link(**given: object) -> str:
        answer = await clerk.post(f"/api/v1/exports/{number}/links", json=given)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["url"])

    async def statuses(url: str) -> list[int]:
        people = ("anonymous", "stranger", "rival", "clerk")
        return [(await (await exporting.client(who)).get(url)).status_code for who in people]

    bound, public = await link(), await link(public=True)
    stranger = await link(user=int(world.people["stranger"]))
    assert await statuses(bound) == [401, 403, 403, 200]
    assert await statuses(stranger) == [401, 200, 403, 403]
    assert await statuses(public) == [200, 200, 200, 200]
    forged = public.replace("/export-links/", "/export-links/A", 1)
    assert await statuses(forged) == [403, 403, 403, 403]
    of_files = public.replace("/export-links/", "/links/")
    assert await statuses(of_files) == [403, 403, 403, 403]

    for wrong in ({"public": True, "user": 1}, {"lifetime_s": 0}, {"user": 999_999}):
        assert (await clerk.post(f"/api/v1/exports/{number}/links", json=wrong)).status_code == 400
    await take_away(exporting, Right.EXPORT)
    assert await statuses(public) == [410, 410, 410, 410]
    await accounts.grant(world.context, world.admin, world.groups["clerks"], Right.EXPORT, app=None)
    world.clock.advance(HOUR)
    assert await statuses(public) == [410, 410, 410, 410]


async def test_nothing_found_is_an_archive_that_says_so(exporting: Api) -> None:
    clerk = await exporting.client("clerk")
    number = await begin(clerk, query={"app": "PUR", "title": "nothing like it"})
    await make(exporting, number)
    archive = await fetch(clerk, number)
    assert archive.namelist() == ["manifest.jsonl", "instances.jsonl"]
    assert lines(archive) == []


@pytest.mark.parametrize(
    ("wish", "status", "code"),
    [
        ({"query": {"app": "EVA", "state": "running"}}, 400, "invalid_request"),
        ({"query": {"app": "EVA"}, "fields": ["nothing"]}, 422, "invalid_values"),
        ({"query": {"app": "NONE"}}, 404, "not_found"),
        ({"search": 999_999}, 404, "not_found"),
        ({"search": 1, "query": {"app": "EVA"}}, 400, "invalid_request"),
        ({"nonsense": True}, 400, "invalid_request"),
    ],
)
async def test_a_wish_that_is_wrong_is_refused(exporting: Api, wish: dict[str, object], status: int, code: str) -> None:
    clerk = await exporting.client("clerk")
    for address in ("/api/v1/exports", "/api/v1/exports?stream=zip"):
        answer = await clerk.post(address, json=wish)
        assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_saved_search_can_be_exported(exporting: Api) -> None:
    await evaluation(exporting, product="Desk")
    await evaluation(exporting, product="Lamp")
    clerk = await exporting.client("clerk")
    body = {"name": "lamps", "query": {"app": "EVA", "fields": {"product": {"contains": "lamp"}}, "sort": "-title"}}
    saved = (await clerk.post("/api/v1/searches", json=body)).json()["id"]
    number = await begin(clerk, search=saved)
    await make(exporting, number)
    assert [line["identifier"] for line in lines(await fetch(clerk, number))] == ["EVA-2"]


async def test_a_file_deleted_while_its_page_is_listed_is_no_longer_there(exporting: Api) -> None:
    first, _ = await evaluation(exporting)
    second, _ = await evaluation(exporting, data=PDF + b"%2")
    world, clerk = exporting.world, await exporting.client("clerk")
    number = await begin(clerk, query={"app": "EVA"})
    store = world.context.blobs
    read_many = store.read_many

    async def meanwhile(*given: object) -> list[bytes | None]:
        store.read_many = read_many  # type: ignore[method-assign]  # only once
        found = await read_many(*given)  # type: ignore[arg-type]  # handed on
        await instances.delete(world.context, world.admin, first, expected=None)
        world.clock.advance(2 * HOUR)
        assert (await sweep.sweep(world.context)).blobs == 1
        return found

    store.read_many = meanwhile  # type: ignore[assignment,method-assign]  # the moment between listing and freezing
    await make(exporting, number)

    archive = await fetch(clerk, number)
    assert archive.testzip() is None
    assert [line["instance"] for line in lines(archive)] == [second]
