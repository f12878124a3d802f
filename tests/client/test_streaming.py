"""Where a user may export, a page's files come in one stream; what breaks off is fetched file by file, none twice."""

import tarfile
from pathlib import Path

import pytest

from client.conftest import Network, answering, cut_after, replaced, signed_in, token
from client.exports import export, verified
from client.starting import Start
from satchel.client.sources import native
from satchel.client.sources.archive_stream import ArchiveStream, BadArchiveError
from surfaces.conftest import Api

FILES = {f"{number} ünïcode é {'x' * (number * 12)}.bin": bytes([number]) * (700 * number) for number in range(9)}


async def test_a_page_comes_in_one_stream_to_those_who_may_export(
    api: Api, network: Network, start: Start, tmp_path: Path
) -> None:
    await start("Test", FILES)
    async with signed_in(network, await token(api, "admin"), []) as admin:
        report = await export(admin, tmp_path / "out", {"app": "COL"})
        assert (report.fetched, report.failed) == (len(FILES), 0)
        assert sorted(verified(tmp_path / "out").values()) == sorted(FILES.values())
        assert (network.times("POST", "/exports"), network.times("GET", "/content")) == (1, 0)
        assert network.times("POST", "/search") == 0
        again = await export(admin, tmp_path / "out", {"app": "COL"}, resume=True)
        assert (again.kept, network.times("POST", "/exports")) == (len(FILES), 1)


async def test_what_a_stream_that_breaks_off_brought_is_not_fetched_again(
    api: Api, network: Network, start: Start, tmp_path: Path
) -> None:
    await start("Test", FILES)
    async with signed_in(network, await token(api, "admin"), []) as admin:
        network.fail("POST", "/exports", cut_after(20_000))
        report = await export(admin, tmp_path / "out", {"app": "COL"})
    alone = network.times("GET", "/content")
    assert 0 < alone < len(FILES)
    assert report.fetched == len(FILES)
    assert sorted(verified(tmp_path / "out").values()) == sorted(FILES.values())


@pytest.mark.parametrize("fault", [replaced(b"no archive at all" * 100), answering(404)])
async def test_a_server_without_streams_is_asked_file_by_file(
    fault: object, api: Api, network: Network, start: Start, tmp_path: Path
) -> None:
    await start("Test", FILES)
    async with signed_in(network, await token(api, "admin"), []) as admin:
        network.fail("POST", "/exports", fault)  # type: ignore[arg-type]  # as parametrized
        await export(admin, tmp_path / "out", {"app": "COL"})
    assert network.times("GET", "/content") == len(FILES)
    assert sorted(verified(tmp_path / "out").values()) == sorted(FILES.values())


def test_an_archive_with_a_link_in_it_is_none_of_ours() -> None:
    header = tarfile.TarInfo("evil")
    header.type, header.linkname = tarfile.SYMTYPE, "/etc/passwd"
    with pytest.raises(BadArchiveError):
        ArchiveStream(lambda _: None, lambda _, __: None).take(header.tobuf())


async def test_a_stream_lists_a_page_as_its_listing_does(
    api: Api, network: Network, start: Start, tmp_path: Path
) -> None:
    first = await start("Test", FILES)
    await start("Nothing in it")
    async with signed_in(network, await token(api, "admin"), []) as admin:
        await admin.add_link(first, url="https://example.com/a", name="Elsewhere")
        await export(admin, tmp_path / "streamed", {"app": "COL"})
        assert network.times("POST", "/search") == 0
        await export(admin, tmp_path / "listed", {})
        assert network.times("POST", "/search") == 1
    assert verified(tmp_path / "streamed") == verified(tmp_path / "listed")
    for name in ("manifest.jsonl", "instances.jsonl", "values.csv", "manifest.csv"):
        assert (tmp_path / "streamed" / name).read_text() == (tmp_path / "listed" / name).read_text()


async def test_pages_follow_each_other_in_streams(
    api: Api, network: Network, start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(native, "PAGE", 2)
    for number in range(5):
        await start(f"Test {number}", {f"{name}-{number}": data for name, data in FILES.items()})
    async with signed_in(network, await token(api, "admin"), []) as admin:
        network.fail("POST", "/exports", cut_after(20_000))
        report = await export(admin, tmp_path / "out", {"app": "COL"})
    assert (report.instances, report.fetched, report.failed) == (5, 5 * len(FILES), 0)
    assert len(verified(tmp_path / "out")) == 5 * len(FILES)
    assert (network.times("POST", "/exports"), network.times("POST", "/search")) == (3, 0)
