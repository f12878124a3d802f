"""An export gives every file of what is found, once, in a tree that can be trusted; whatever happens on the way."""

import csv
import json
from datetime import timedelta
from pathlib import Path

import pytest

from client.conftest import Network, answering, cut_after, replaced, signed_in, token
from client.exports import export, files_in, manifest, verified
from client.starting import Start
from satchel.actions.identity import accounts
from satchel.client.api import AsyncClient
from satchel.client.layout import FolderLayout
from satchel.client.refusals import PathOccupied, Refused
from satchel.client.tree import ExportTree
from satchel.model.actor import Right
from satchel.model.errors import Conflict, InvalidRequest, Unavailable
from surfaces.conftest import Api

APP = "For test_ file download"
"""The name of the app as folders have it."""


async def test_every_file_is_in_a_folder_of_its_instance(client: AsyncClient, start: Start, tmp_path: Path) -> None:
    first = await start("Test", {"ques-kun-01.png": b"\x89PNG one", "README.txt": b"Read me.\n"})
    await start("Nothing to see")
    second = await start("Prices", {"prices.csv": b"a,b\n"})
    report = await export(client, tmp_path / "out", {"app": "COL"})
    assert verified(tmp_path / "out") == {
        f"{first}_{APP}_(Test)/README.txt": b"Read me.\n",
        f"{first}_{APP}_(Test)/ques-kun-01.png": b"\x89PNG one",
        f"{second}_{APP}_(Prices)/prices.csv": b"a,b\n",
    }
    assert (report.instances, report.files, report.fetched, report.kept, report.failed) == (3, 3, 3, 0, 0)
    assert not (tmp_path / "out" / ".satchel-export").exists()


async def test_links_and_the_attachments_tab_are_in_the_manifest(
    client: AsyncClient, start: Start, tmp_path: Path
) -> None:
    started = await start("Test", {"note.txt": b"note"})
    await client.add_link(started, "https://files.example/plan.dwg", name="plan.dwg", field="files")
    sent = await client.upload(b"tab", instance=started, area="Documents", name="tab.txt")
    await client.attach(started, [sent.id], area="Documents")
    report = await export(client, tmp_path / "out")
    lines = {line["name"]: line for line in manifest(tmp_path / "out")}
    assert (lines["plan.dwg"]["kind"], lines["plan.dwg"]["path"]) == ("link", None)
    assert lines["plan.dwg"]["url"] == "https://files.example/plan.dwg"
    assert (lines["tab.txt"]["field"], lines["tab.txt"]["area"]) == (None, "Documents")
    assert len(verified(tmp_path / "out")) == 2
    assert report.links == 1
    with (tmp_path / "out" / "manifest.csv").open(newline="", encoding="utf-8") as file:
        assert sorted(row["name"] for row in csv.DictReader(file)) == ["note.txt", "plan.dwg", "tab.txt"]
    with (tmp_path / "out" / "values.csv").open(newline="", encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert (row["id"], row["title"], row["subject"]) == (str(started), "Test", "Test")
    (values,) = (tmp_path / "out" / "instances.jsonl").read_text().splitlines()
    assert json.loads(values)["values"]["subject"] == "Test"


async def test_names_that_escape_collide_or_break_windows_are_made_safe(
    client: AsyncClient, start: Start, tmp_path: Path
) -> None:
    names = {
        "NUL.txt": b"1",
        "a.txt": b"2",
        "A.TXT": b"3",
        "é.txt": b"4",
        "e\u0301.txt": b"5",
        "x" * 240 + ".txt": b"6",
    }
    started = await start("../../etc/CON: \u202ex", names)
    await export(client, tmp_path / "out")
    folder = f"{started}_{APP}_(.._.._etc_CON_ x)"
    assert [path.name for path in (tmp_path / "out").iterdir() if path.is_dir()] == [folder]
    found = {path.removeprefix(f"{folder}/"): data for path, data in verified(tmp_path / "out").items()}
    assert sorted(found.values()) == sorted(names.values())
    assert {"_NUL.txt", "a.txt", "A (2).TXT", "é.txt", "é (2).txt"} <= set(found)


async def test_a_second_run_fetches_nothing_and_changes_nothing(
    client: AsyncClient, network: Network, start: Start, tmp_path: Path
) -> None:
    await start("Test", {"a.txt": b"1", "A.txt": b"2"})
    await export(client, tmp_path / "out")
    before = (verified(tmp_path / "out"), (tmp_path / "out" / "manifest.jsonl").read_bytes())
    asked = network.times("GET", "/content")
    report = await export(client, tmp_path / "out", resume=True)
    assert (report.fetched, report.kept, network.times("GET", "/content")) == (0, 2, asked)
    assert (verified(tmp_path / "out"), (tmp_path / "out" / "manifest.jsonl").read_bytes()) == before


async def test_only_what_is_missing_or_wrong_is_fetched_again(
    client: AsyncClient, network: Network, start: Start, tmp_path: Path
) -> None:
    started = await start("Test", {f"{number}.txt": b"%d" % number for number in range(5)})
    await export(client, tmp_path / "out")
    before = verified(tmp_path / "out")
    folder = tmp_path / "out" / f"{started}_{APP}_(Test)"
    (folder / "1.txt").unlink()
    (folder / "2.txt").write_bytes(b"X")
    (folder / "3.txt").write_bytes(b"longer")
    asked = network.times("GET", "/content")
    report = await export(client, tmp_path / "out", resume=True)
    assert (report.fetched, report.kept, network.times("GET", "/content") - asked) == (3, 2, 3)
    assert verified(tmp_path / "out") == before


async def test_what_a_broken_connection_left_undone_the_next_run_does(
    client: AsyncClient, network: Network, start: Start, tmp_path: Path
) -> None:
    data = {f"{number}.bin": bytes([number]) * 1000 for number in range(6)}
    await start("Test", data)
    network.fail("GET", "/content", cut_after(500))  # taken up by itself
    network.lives = 4
    with pytest.raises(Unavailable):
        await export(client, tmp_path / "out", parallel=1)
    left = files_in(tmp_path / "out")
    assert ".satchel-export/journal.jsonl" in left
    assert not [path for path in left if path.endswith(".part")]
    network.lives = None
    had = {path for path in left if path.endswith(".bin")}
    asked = len(network.asked)
    report = await export(client, tmp_path / "out", resume=True)
    assert (report.kept, report.fetched) == (len(had), 6 - len(had))
    assert len([one for one in network.asked[asked:] if one.url.path.endswith("/content")]) == report.fetched
    assert sorted(verified(tmp_path / "out").values()) == sorted(data.values())


async def test_what_a_kill_left_in_the_work_folder_is_cleared_and_its_journal_believed_only_as_far_as_it_is_true(
    client: AsyncClient, network: Network, start: Start, tmp_path: Path
) -> None:
    started = await start("Test", {"a.txt": b"1", "b.txt": b"2"})
    await export(client, tmp_path / "out")
    work = tmp_path / "out" / ".satchel-export"
    work.mkdir()
    lines = (tmp_path / "out" / "manifest.jsonl").read_bytes()
    (work / "journal.jsonl").write_bytes(lines + lines[: len(lines) // 3])
    (tmp_path / "out" / "manifest.jsonl").unlink()
    (work / "1.part").write_bytes(b"half")
    (tmp_path / "out" / f"{started}_{APP}_(Test)" / "b.txt").unlink()
    asked = network.times("GET", "/content")
    report = await export(client, tmp_path / "out", resume=True)
    assert (report.kept, report.fetched, network.times("GET", "/content") - asked) == (1, 1, 1)
    assert sorted(verified(tmp_path / "out").values()) == [b"1", b"2"]
    assert not work.exists()


async def test_a_folder_that_holds_something_is_left_alone(client: AsyncClient, start: Start, tmp_path: Path) -> None:
    await start("Test", {"a.txt": b"1"})
    target = tmp_path / "mine"
    target.mkdir()
    (target / "diary.txt").write_text("Private.")
    with pytest.raises(Conflict, match="not empty"):
        await export(client, target)
    with pytest.raises(Conflict, match="no export to continue"):
        await export(client, target, resume=True)
    assert files_in(target) == {"diary.txt": b"Private."}


async def test_two_exports_never_write_to_one_folder(client: AsyncClient, start: Start, tmp_path: Path) -> None:
    await start("Test", {"a.txt": b"1"})
    tree = ExportTree(tmp_path / "out").open(resume=False)
    arriving = tree.arriving()
    try:
        with pytest.raises(Conflict, match="Another export"):
            await export(client, tmp_path / "out", resume=True)
        assert (tmp_path / "out" / ".satchel-export" / arriving.name).exists()
    finally:
        tree.close()


async def test_links_that_were_planted_are_never_followed(client: AsyncClient, start: Start, tmp_path: Path) -> None:
    one = await start("One", {"a.txt": b"1"})
    two = await start("Two", {"a.txt": b"2"})
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.txt").write_bytes(b"precious")
    await export(client, tmp_path / "out")
    folder = tmp_path / "out" / f"{one}_{APP}_(One)"
    (folder / "a.txt").unlink()
    folder.rmdir()
    folder.symlink_to(outside)
    file = tmp_path / "out" / f"{two}_{APP}_(Two)" / "a.txt"
    file.unlink()
    file.symlink_to(outside / "a.txt")
    report = await export(client, tmp_path / "out", resume=True)
    assert [(failure["code"], failure["path"]) for failure in report.failures] == [
        ("in_the_way", f"{one}_{APP}_(One)/a.txt")
    ]
    assert (outside / "a.txt").read_bytes() == b"precious"
    assert not file.is_symlink()
    assert file.read_bytes() == b"2"
    folder.unlink()
    assert (await export(client, tmp_path / "out", resume=True)).failed == 0
    assert sorted(verified(tmp_path / "out").values()) == [b"1", b"2"]


async def test_a_link_for_the_work_folder_is_refused(client: AsyncClient, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / ".satchel-export").symlink_to(tmp_path / "outside")
    with pytest.raises(PathOccupied):
        await export(client, tmp_path / "out", resume=True)
    assert list((tmp_path / "outside").iterdir()) == []


async def test_a_manifest_that_was_tampered_with_leads_nowhere_else(
    client: AsyncClient, start: Start, tmp_path: Path
) -> None:
    await start("Test", {"a.txt": b"1"})
    await export(client, tmp_path / "out")
    path = tmp_path / "out" / "manifest.jsonl"
    (line,) = manifest(tmp_path / "out")
    before = line["path"]
    for evil in ("../evil.txt", "/etc/evil.txt", "a/../../evil.txt"):
        path.write_text(json.dumps({**line, "path": evil}) + "\n")
        await export(client, tmp_path / "out", resume=True)
        assert list(verified(tmp_path / "out")) == [before]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["blobs", "out"]


async def test_a_file_that_was_deleted_meanwhile_is_a_line_of_the_report(
    client: AsyncClient, network: Network, start: Start, tmp_path: Path
) -> None:
    started = await start("Test", {"a.txt": b"1", "b.txt": b"2"})
    network.fail("GET", "/content", answering(410))
    report = await export(client, tmp_path / "out", parallel=1)
    assert (report.fetched, report.failed, report.failures[0]["code"]) == (1, 1, "http_410")
    assert len(verified(tmp_path / "out")) == 1
    said = json.loads((tmp_path / "out" / "report.json").read_text())
    assert said["failures"][0]["path"] == f"{started}_{APP}_(Test)/a.txt"
    again = await export(client, tmp_path / "out", resume=True)
    assert (again.fetched, again.kept, again.failed) == (1, 1, 0)


async def test_bytes_that_are_not_the_servers_never_get_their_name(
    client: AsyncClient, network: Network, start: Start, tmp_path: Path
) -> None:
    await start("Test", {"a.txt": b"1"})
    network.fail("GET", "/content", replaced(b"2"))
    report = await export(client, tmp_path / "out")
    assert (report.failures[0]["code"], files_in(tmp_path / "out")) == ("wrong_bytes", {})


async def test_a_right_that_was_lost_meanwhile_is_told_for_each_file(
    api: Api, network: Network, start: Start, tmp_path: Path
) -> None:
    await start("Test", {"a.txt": b"1", "b.txt": b"2"})
    secret = await token(api, "viewer")
    async with signed_in(network, secret, []) as viewer:
        world = api.world

        async def lose() -> None:
            viewers = world.groups["viewers"]
            await accounts.grant(world.context, world.admin, viewers, Right.VIEW, app=None, is_granted=False)

        network.first = lose
        report = await export(viewer, tmp_path / "out", parallel=1)
        assert {failure["code"] for failure in report.failures} == {"not_found"}
        assert (report.fetched, report.failed) == (0, 2)


async def test_a_credential_that_ended_ends_the_run(
    client: AsyncClient, network: Network, start: Start, tmp_path: Path
) -> None:
    await start("Test", {"a.txt": b"1"})
    network.fail("GET", "/content", answering(401))
    with pytest.raises(Refused):
        await export(client, tmp_path / "out")
    assert (await export(client, tmp_path / "out", resume=True)).fetched == 1


async def test_nothing_found_is_said_and_leaves_a_tree_to_go_on_with(
    client: AsyncClient, start: Start, tmp_path: Path
) -> None:
    report = await export(client, tmp_path / "out", {"app": "COL", "title": "no such title"})
    assert (report.instances, manifest(tmp_path / "out")) == (0, [])
    await start("Later", {"a.txt": b"1"})
    assert (await export(client, tmp_path / "out", {"app": "COL"}, resume=True)).fetched == 1


async def test_folders_are_as_the_layout_says(client: AsyncClient, start: Start, tmp_path: Path) -> None:
    one = await start("Same", {"a.txt": b"1"})
    await start("same", {"a.txt": b"2"})
    await start("manifest.jsonl", {"a.txt": b"3"})
    await export(client, tmp_path / "flat", layout="{subject}")
    assert verified(tmp_path / "flat") == {"Same/a.txt": b"1", "same/a (2).txt": b"2", "_manifest.jsonl/a.txt": b"3"}
    await export(client, tmp_path / "deep", {"title": "Same"}, layout="{code}/{id}/{field}")
    assert f"COL/{one}/files/a.txt" in verified(tmp_path / "deep")
    await export(client, tmp_path / "none", layout="")
    assert sorted(verified(tmp_path / "none")) == ["a (2).txt", "a (3).txt", "a.txt"]
    for bad in ("{nothing}", "{id.__class__}", "{id!r}", "{", "/etc"):
        with pytest.raises(InvalidRequest):
            FolderLayout(bad)


async def test_a_run_since_a_moment_adds_only_what_came_then(
    api: Api, client: AsyncClient, start: Start, tmp_path: Path
) -> None:
    await start("Old", {"old.txt": b"1"})
    await export(client, tmp_path / "out")
    api.world.clock.advance(timedelta(hours=1))
    moment = api.world.clock().isoformat()
    await start("New", {"new.txt": b"2"})
    report = await export(client, tmp_path / "out", resume=True, since=moment)
    assert (report.fetched, report.kept, report.older) == (1, 0, 1)
    assert sorted(verified(tmp_path / "out").values()) == [b"1", b"2"]


async def test_a_tree_is_filled_from_one_server_only(client: AsyncClient, start: Start, tmp_path: Path) -> None:
    await start("Test", {"a.txt": b"1"})
    await export(client, tmp_path / "out")
    client.driver.account.url = "http://localhost:8080"
    with pytest.raises(Conflict, match="was filled from"):
        await export(client, tmp_path / "out", resume=True)
