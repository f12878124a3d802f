"""What was exported is imported into an empty account, and exported again it is the same but for numbers."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from client.conftest import Network, lost, signed_in, token
from client.exports import export, manifest, verified
from client.starting import Start
from satchel.actions.apps import deploying
from satchel.actions.identity import accounts
from satchel.client.api import AsyncClient
from satchel.client.importing import ImportRun
from satchel.model.actor import Right
from satchel.model.errors import InvalidRequest, Unavailable
from surfaces.conftest import Api
from surfaces.exporting import make
from world import EXAMPLES


@pytest.fixture
async def tree(client: AsyncClient, start: Start, tmp_path: Path) -> Path:
    """An exported tree: fields, the attachments tab, a link, a description, an instance without files."""
    one = await start("Test", {"a.txt": b"1", "A.txt": b"2", "é.csv": b"a,b\n"})
    await start("Nothing to see")
    await start("More", {"a.txt": b"3"})
    await client.add_link(one, "https://files.example/plan.dwg", name="plan.dwg", description="By hand.", field="files")
    sent = await client.upload(b"tab", instance=one, area="Documents", name="tab.txt")
    await client.attach(one, [sent.id], area="Documents")
    (described, *_) = await client.files(one)
    await client.describe(described.id, description="The first.")
    await export(client, tmp_path / "out", {"app": "COL"})
    return tmp_path / "out"


@pytest.fixture
async def rival(api: Api, network: Network) -> AsyncClient:
    """The administrator of the other account, in which the app is deployed and empty."""
    folder = EXAMPLES / "file-collection"
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    await deploying.deploy(api.world.context, api.world.rival, files)
    return signed_in(network, await token(api, "rival"), [])


def _but_for_numbers(tree: Path) -> list[tuple[Any, ...]]:
    members = ("app", "field", "area", "kind", "name", "description", "size", "media_type", "sha256", "url")
    titles = {line["instance"]: line["identifier"].rpartition("-")[2] for line in manifest(tree)}
    order = {number: at for at, number in enumerate(sorted(titles))}
    return sorted((order[line["instance"]], *(line[name] or "" for name in members)) for line in manifest(tree))


async def test_a_tree_goes_round_and_is_the_same_but_for_numbers(
    rival: AsyncClient, tree: Path, tmp_path: Path
) -> None:
    report = await ImportRun(rival, tree).run()
    assert (report.instances, report.started, report.files, report.links, report.failures) == (3, 3, 5, 1, [])
    await export(rival, tmp_path / "back", {"app": "COL"})
    assert _but_for_numbers(tmp_path / "back") == _but_for_numbers(tree)
    assert sorted(verified(tmp_path / "back").values()) == sorted(verified_of(tree).values())


def verified_of(tree: Path) -> dict[str, bytes]:
    """Return the files of a tree from which was imported."""
    (tree / "import.jsonl").unlink()
    return verified(tree)


@pytest.mark.parametrize(
    ("named", "kept"),
    [("..", "file"), ("a\0b.txt", "a_b.txt"), ("../../x.txt", "x.txt"), ("n" * 1_000 + ".txt", "n" * 251 + ".txt")],
)
async def test_a_name_that_no_server_accepts_is_cleaned(rival: AsyncClient, tree: Path, named: str, kept: str) -> None:
    lines = [json.loads(line) for line in (tree / "manifest.jsonl").read_text().splitlines()]
    (changed,) = [line for line in lines if line["name"] == "tab.txt"]
    changed |= {"name": named, "media_type": "text/plain\r\nX: y"}
    (tree / "manifest.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))

    report = await ImportRun(rival, tree).run()

    assert (report.started, report.failures) == (3, [])
    names = [file.name async for one in rival.search({"app": "COL"}, with_files=True) for file in one.files]
    assert kept in names


async def test_the_files_of_one_account_are_imported_into_a_second_folder_and_a_second_app(
    api: Api, client: AsyncClient, rival: AsyncClient, tree: Path, tmp_path: Path
) -> None:
    folder = EXAMPLES / "file-collection"
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    files["app.yaml"] = files["app.yaml"].replace(b"code: COL", b"code: OTH")
    await deploying.deploy(api.world.context, api.world.rival, files)
    await ImportRun(rival, tree).run()

    await export(client, tmp_path / "second", {"app": "COL"})
    second = await ImportRun(rival, tmp_path / "second").run()
    await export(client, tmp_path / "third", {"app": "COL"})
    other = await ImportRun(rival, tmp_path / "third", app="OTH").run()

    assert (second.started, second.files, second.failures) == (3, 5, [])
    assert (other.started, other.files, other.failures) == (3, 5, [])


async def test_a_second_run_adds_nothing(rival: AsyncClient, network: Network, tree: Path) -> None:
    await ImportRun(rival, tree).run()
    asked = network.times("POST", "/instances") + network.times("POST", "/uploads")
    report = await ImportRun(rival, tree).run()
    assert (report.started, report.there, report.files, report.links) == (0, 3, 0, 0)
    assert network.times("POST", "/instances") + network.times("POST", "/uploads") == asked
    assert len([one async for one in rival.search({"app": "COL"})]) == 3


async def test_an_import_whose_answers_were_lost_goes_on_without_doing_anything_twice(
    rival: AsyncClient, network: Network, tree: Path
) -> None:
    for _ in range(4):
        network.fail("POST", "/apps/COL/instances", lost)
    with pytest.raises(Unavailable):
        await ImportRun(rival, tree).run()
    for _ in range(4):
        network.fail("POST", "/files", lost)
    with pytest.raises(Unavailable):
        await ImportRun(rival, tree).run()
    report = await ImportRun(rival, tree).run()
    assert report.failures == []
    found = [one async for one in rival.search({"app": "COL"}, with_files=True)]
    assert sorted(len(one.files) for one in found) == [0, 1, 5]


async def test_what_is_wrong_with_an_instance_is_reported_and_the_others_go_in(
    rival: AsyncClient, tree: Path, tmp_path: Path
) -> None:
    first = next(path for path in tree.rglob("a.txt") if path.read_bytes() == b"1")
    first.write_bytes(b"tampered")
    (tmp_path / "secret").write_bytes(b"3")
    other = next(path for path in tree.rglob("a.txt") if path.read_bytes() == b"3")
    other.unlink()
    other.symlink_to(tmp_path / "secret")
    report = await ImportRun(rival, tree).run()
    assert [failure["code"] for failure in report.failures] == ["wrong_bytes", "in_the_way"]
    assert report.started == 1
    first.write_bytes(b"1")
    other.unlink()
    other.write_bytes(b"3")
    again = await ImportRun(rival, tree).run()
    assert (again.started, again.there, again.failures) == (2, 1, [])


async def test_fields_that_the_app_does_not_have_are_mapped_or_skipped(rival: AsyncClient, tree: Path) -> None:
    lines = (tree / "manifest.jsonl").read_text().replace('"field":"files"', '"field":"papers"')
    (tree / "manifest.jsonl").write_text(lines)
    refused = await ImportRun(rival, tree).run()
    assert refused.failed == 2
    assert "--map papers=FIELD" in str(refused.failures[0]["message"])
    report = await ImportRun(rival, tree, names={"papers": "2"}).run()
    assert (report.started, report.failures) == (2, [])


async def test_lists_in_another_order_and_without_a_report_are_as_good(
    rival: AsyncClient, tree: Path, tmp_path: Path
) -> None:
    """As in an archive that a server made; a file whose instance is not listed is told, and keeps nobody back."""
    for name in ("manifest.jsonl", "instances.jsonl"):
        lines = (tree / name).read_text().splitlines(keepends=True)
        (tree / name).write_text("".join(reversed(lines)))
    orphan = {**manifest(tree)[0], "id": 987654, "instance": 987654}
    with (tree / "manifest.jsonl").open("a") as file:
        file.write(json.dumps(orphan) + "\n")
    (tree / "report.json").unlink()
    report = await ImportRun(rival, tree).run()
    assert (report.started, report.files, report.links, report.orphans, report.failures) == (3, 5, 1, 1, [])
    again = await ImportRun(rival, tree).run()
    assert (again.started, again.there, again.files, again.links) == (0, 3, 0, 0)
    await export(rival, tmp_path / "back", {"app": "COL"})
    assert sorted(path.read_bytes() for path in (tmp_path / "back").rglob("*.txt")) == [b"1", b"2", b"3", b"tab"]


async def test_an_archive_that_the_server_made_is_as_good_as_a_tree_once_it_is_unpacked(
    api: Api, client: AsyncClient, rival: AsyncClient, start: Start, tmp_path: Path
) -> None:
    await start("One", {"a.txt": b"1", "A.txt": b"2"})
    await start("Two")
    world = api.world
    await accounts.grant(world.context, world.admin, world.groups["clerks"], Right.EXPORT, app=None)
    begun = await client.begin_export({"app": "COL"})
    await make(api, begun.id)
    await client.download_export(begun.id, tmp_path / "all.zip")
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        archive.extractall(tmp_path / "tree")  # ours
    report = await ImportRun(rival, tmp_path / "tree").run()
    assert (report.started, report.files, report.failures) == (2, 2, [])
    again = await ImportRun(rival, tmp_path / "tree").run()
    assert (again.started, again.there, again.files) == (0, 2, 0)


async def test_a_folder_without_an_export_is_refused(rival: AsyncClient, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="is not an export"):
        await ImportRun(rival, tmp_path).run()
