"""Exports through the native API: what is in them, and for whom."""

import io
import zipfile
from datetime import timedelta

import pytest

from satchel.actions.exports import freeze
from satchel.actions.identity import accounts
from satchel.model.actor import Right
from surfaces.conftest import Api
from surfaces.exporting import begin, evaluation, fetch, let_clerks_export, lines, make, sheet, take_away
from world import PDF, TEXT, sha256

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
async def exporting(api: Api) -> Api:
    """A world whose clerks may export."""
    return await let_clerks_export(api)


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
        "manifest.csv",
        "instances.jsonl",
        "values.csv",
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


async def test_the_lists_of_an_archive_are_tables_too(exporting: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """A field that only a later instance has gets its column; many pages of lines are one table."""
    monkeypatch.setattr(freeze, "_LINES", 2)
    for number in range(2):
        await evaluation(exporting, product=f"Desk, {number}")
    await evaluation(exporting, product="Desk, 2", amount="12.50")
    clerk = await exporting.client("clerk")
    number = await begin(clerk, query={"app": "EVA"})
    await make(exporting, number)
    archive = await fetch(clerk, number)
    files, values = sheet(archive, "manifest.csv"), sheet(archive, "values.csv")
    assert [(one["path"], one["sha256"]) for one in files] == [(one["path"], one["sha256"]) for one in lines(archive)]
    assert [(one["product"], one["amount"], one["app_name"]) for one in values] == [
        ("Desk, 0", "", "Product Evaluation"),
        ("Desk, 1", "", "Product Evaluation"),
        ("Desk, 2", "12.50", "Product Evaluation"),
    ]
    assert [one["id"] for one in values] == [str(one["id"]) for one in lines(archive, "instances.jsonl")]
    bare = await begin(clerk, query={"app": "EVA"}, values=False)
    await make(exporting, bare)
    assert "values.csv" not in (await fetch(clerk, bare)).namelist()


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
    assert [name.rpartition("/")[2] for name in archive.namelist()] == ["note.txt", "manifest.jsonl", "manifest.csv"]
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


async def test_nothing_found_is_an_archive_that_says_so(exporting: Api) -> None:
    clerk = await exporting.client("clerk")
    number = await begin(clerk, query={"app": "PUR", "title": "nothing like it"})
    await make(exporting, number)
    archive = await fetch(clerk, number)
    assert archive.namelist() == ["manifest.jsonl", "manifest.csv", "instances.jsonl", "values.csv"]
    assert lines(archive) == []
    assert [len(sheet(archive, name)) for name in ("manifest.csv", "values.csv")] == [0, 0]


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
