"""How exports go out through the native API: ranges, links and streams, and what happens meanwhile."""

import io
import tarfile
import zipfile
from datetime import timedelta

import pytest

from satchel.actions.exports import freeze
from satchel.actions.files import attached
from satchel.actions.identity import accounts
from satchel.actions.instances import lifecycle
from satchel.actions.upkeep import sweep
from satchel.model.actor import Right
from satchel.model.ids import ExportId, FileId
from surfaces.conftest import Api
from surfaces.exporting import begin, evaluation, fetch, let_clerks_export, lines, make, take_away
from world import PDF

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
async def exporting(api: Api) -> Api:
    """A world whose clerks may export."""
    return await let_clerks_export(api)


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


async def test_the_sweep_takes_a_deleted_files_bytes_only_after_the_exports_that_name_them(exporting: Api) -> None:
    _, file = await evaluation(exporting)
    world, clerk = exporting.world, await exporting.client("clerk")
    number = await begin(clerk, query={"app": "EVA"})
    await make(exporting, number)
    await attached.delete(world.context, world.admin, FileId(file))
    world.clock.advance(2 * HOUR)
    assert (await sweep.sweep(world.context, with_store=True)).blobs == 0
    assert (await fetch(clerk, number)).testzip() is None

    world.clock.advance(DAY)
    done = await sweep.sweep(world.context, with_store=True)

    assert (await clerk.get(f"/api/v1/exports/{number}/download")).status_code == 410
    assert done.blobs == 5  # the file's, the manifest's, the values', and both as tables
    assert [found async for found in world.context.blobs.list()] == []
    world.clock.advance(8 * DAY)
    await sweep.sweep(world.context)
    assert (await clerk.get(f"/api/v1/exports/{number}")).status_code == 404


async def test_a_job_that_runs_twice_or_died_adds_nothing_twice(
    exporting: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("satchel.actions.exports.freeze.PAGE", 2)
    for n in range(5):
        await evaluation(exporting, product=f"Desk {n}")
    world, clerk = exporting.world, await exporting.client("clerk")
    number = await begin(clerk, query={"app": "EVA"})
    for _ in range(2):  # and then it dies
        assert await freeze._step(world.context, world.account, ExportId(number))
    world.clock.advance(HOUR)
    later, _ = await evaluation(exporting, product="Later")

    assert await freeze.enqueue_silent(world.context) == 1
    await make(exporting, number)
    await make(exporting, number)

    archive = await fetch(clerk, number)
    assert archive.testzip() is None
    assert len(lines(archive)) == len({line["id"] for line in lines(archive)}) == 5
    assert later not in [line["instance"] for line in lines(archive)]


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
        await lifecycle.delete(world.context, world.admin, first, expected=None)
        world.clock.advance(2 * HOUR)
        assert (await sweep.sweep(world.context)).blobs == 1
        return found

    store.read_many = meanwhile  # type: ignore[assignment,method-assign]  # the moment between listing and freezing
    await make(exporting, number)

    archive = await fetch(clerk, number)
    assert archive.testzip() is None
    assert [line["instance"] for line in lines(archive)] == [second]
