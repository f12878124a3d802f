"""The client library does what its methods say, on the real application."""

from pathlib import Path

import pytest

from client.conftest import ADDRESS, Network, answering, cut_after, lost, replaced
from satchel.actions.identity import credentials
from satchel.client.api import AsyncClient
from satchel.client.multipart_forms import Files
from satchel.client.refusals import Refused, WrongBytes
from satchel.client.transfers import PIECE_BYTES
from satchel.model.errors import Unavailable
from surfaces.conftest import Api
from world import PASSWORD

TEXT = b"Plain text of one line.\n"


async def _instance_with(client: AsyncClient, api: Api, data: bytes | Path, name: str = "note.bin") -> int:
    await api.world.deploy_example("file-collection")
    sent = await client.upload(data, app="COL", field="files", name=name)
    return await client.start("COL", {"subject": "Test", "files": [sent.id]})


async def test_what_is_uploaded_and_started_is_found_and_comes_back(
    api: Api, client: AsyncClient, tmp_path: Path
) -> None:
    await api.world.deploy_example("file-collection")
    source = tmp_path / "README.txt"
    source.write_bytes(TEXT)
    sent = await client.upload(source, app="COL", field="files")
    assert (sent.state, sent.name, sent.size) == ("uploaded", "README.txt", len(TEXT))
    started = await client.start("COL", {"subject": "Test", "files": [sent.id]}, comment="By program.")

    (found,) = [one async for one in client.search({"app": "COL", "title": "test"}, with_files=True)]
    assert (found.id, found.title, found.state) == (started, "Test", "running")
    (file,) = found.files
    assert (file.field, file.name, file.sha256) == ("files", "README.txt", sent.sha256)

    (task,) = await client.tasks("offered")
    await client.claim(task.id)
    more = await client.upload(b"a,b\n", task=task.id, field="files", name="more.csv")
    await client.complete(task.id, {"files": [file.id, more.id]})
    view = await client.instance(started)
    assert (view.state, [one.name for one in view.files["files"]]) == ("ended", ["README.txt", "more.csv"])

    what = await client.download(file.id, tmp_path / "back.txt")
    assert (what.id, (tmp_path / "back.txt").read_bytes()) == (file.id, TEXT)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["README.txt", "back.txt", "blobs"]
    assert await client.read(more.id) == b"a,b\n"
    link = await client.link(file.id)
    opened = await client.driver.http.get(link.url)
    assert opened.content == TEXT


async def test_a_search_goes_through_all_pages(api: Api, client: AsyncClient, network: Network) -> None:
    await api.world.deploy_example("file-collection")
    started = [await client.start("COL", {"subject": f"Number {number}"}) for number in range(7)]
    found = [one.id async for one in client.search({"app": "COL", "sort": "started_at", "limit": 3})]
    assert found == started
    assert network.times("POST", "/instances/search") == 3


async def test_a_refusal_has_the_servers_code_and_words(client: AsyncClient, waits: list[float]) -> None:
    with pytest.raises(Refused) as refused:
        await client.instance(999_999)
    assert (refused.value.status, refused.value.code, waits) == (404, "not_found", [])
    assert "999999" in refused.value.message
    with pytest.raises(Refused) as unknown:
        await client.search_page({"appp": "COL"})
    assert unknown.value.members["errors"]


async def test_a_start_whose_answer_is_lost_starts_once(
    api: Api, client: AsyncClient, network: Network, waits: list[float]
) -> None:
    await api.world.deploy_example("file-collection")
    network.fail("POST", "/apps/COL/instances", lost)
    started = await client.start("COL", {"subject": "Once"})
    assert [one.id async for one in client.search({"app": "COL"})] == [started]
    assert network.times("POST", "/apps/COL/instances") == 2
    assert waits == [0.2]


async def test_a_server_that_says_when_to_come_back_is_heeded(
    client: AsyncClient, network: Network, waits: list[float]
) -> None:
    network.fail("GET", "/me", answering(503, {"Retry-After": "3"}))
    network.fail("GET", "/me", answering(502))
    assert (await client.me()).email
    assert waits == [3.0, 0.4]


async def test_a_server_that_stays_away_is_said_to_after_the_last_try(
    client: AsyncClient, network: Network, waits: list[float]
) -> None:
    for _ in range(4):
        network.fail("GET", "/me", lost)
    with pytest.raises(Unavailable, match="did not answer GET /api/v1/me"):
        await client.me()
    assert waits == [0.2, 0.4, 0.8]


async def test_a_change_without_a_key_is_never_sent_twice(
    api: Api, client: AsyncClient, network: Network, waits: list[float]
) -> None:
    started = await _instance_with(client, api, TEXT)
    network.fail("PATCH", "/values", lost)
    revision = (await client.instance(started)).revision
    with pytest.raises(Unavailable):
        await client.change_values(started, {"subject": "Other"}, revision=revision)
    assert (network.times("PATCH", "/values"), waits) == (1, [])


async def test_a_large_upload_goes_on_where_its_connection_broke(
    api: Api, client: AsyncClient, network: Network, waits: list[float], tmp_path: Path
) -> None:
    data = bytes(range(256)) * 36 * 1024
    assert len(data) > PIECE_BYTES
    network.fail("PATCH", "/tus", lost)  # the first piece arrives, its answer does not
    network.fail("PATCH", "/tus", answering(503))
    told: list[int] = []
    await api.world.deploy_example("file-collection")
    sent = await client.upload(data, app="COL", field="files", name="large.bin", on_bytes=told.append)
    assert (sent.size, sum(told)) == (len(data), len(data))
    assert (network.times("PATCH", "/tus"), network.times("HEAD", "/tus"), len(waits)) == (2, 2, 2)
    started = await client.start("COL", {"subject": "Large", "files": [sent.id]})
    (file,) = await client.files(started)
    await client.download(file.id, tmp_path / "large.bin")
    assert (tmp_path / "large.bin").read_bytes() == data


async def test_a_small_upload_whose_answer_is_lost_is_not_sent_again(
    api: Api, client: AsyncClient, network: Network
) -> None:
    network.fail("PUT", "/content", lost)
    await _instance_with(client, api, TEXT)
    assert network.times("PUT", "/content") == 1


async def test_a_download_goes_on_where_its_connection_broke(
    api: Api, client: AsyncClient, network: Network, tmp_path: Path
) -> None:
    data = bytes(range(250)) * 1000
    (file,) = await client.files(await _instance_with(client, api, data))
    network.fail("GET", "/content", cut_after(100_000))
    network.fail("GET", "/content", cut_after(50_000))
    await client.download(file.id, tmp_path / "whole.bin")
    assert (tmp_path / "whole.bin").read_bytes() == data
    ranges = [one.headers.get("range") for one in network.asked if one.url.path.endswith("/content")]
    assert ranges[-3:] == [None, "bytes=100000-", "bytes=150000-"]


async def test_a_download_goes_on_from_what_an_earlier_process_left(
    api: Api, client: AsyncClient, network: Network, tmp_path: Path
) -> None:
    data = bytes(range(250)) * 1000
    (file,) = await client.files(await _instance_with(client, api, data))
    (tmp_path / "whole.bin.part").write_bytes(data[:70_000])
    await client.download(file.id, tmp_path / "whole.bin")
    assert (tmp_path / "whole.bin").read_bytes() == data
    assert network.asked[-1].headers["range"] == "bytes=70000-"
    (tmp_path / "whole.bin.part").write_bytes(data)
    await client.download(file.id, tmp_path / "whole.bin")
    assert (tmp_path / "whole.bin").read_bytes() == data


async def test_bytes_that_are_not_the_servers_are_thrown_away(
    api: Api, client: AsyncClient, network: Network, tmp_path: Path
) -> None:
    (file,) = await client.files(await _instance_with(client, api, TEXT))
    network.fail("GET", "/content", replaced(TEXT[::-1]))
    with pytest.raises(WrongBytes):
        await client.download(file.id, tmp_path / "note.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["blobs"]


async def test_a_file_that_its_field_does_not_take_is_refused(api: Api, client: AsyncClient) -> None:
    await api.world.deploy_example("file-collection")
    with pytest.raises(Refused) as refused:
        await client.upload(TEXT, app="COL", field="subject", name="note.txt")
    assert refused.value.code == "not_a_file_field"


async def test_one_signs_in_with_a_password_and_out_again(api: Api, network: Network) -> None:
    clerk = await api.world.actor("clerk")
    assert clerk.user_id is not None
    await credentials.set_password(api.world.context, api.world.admin, clerk.user_id, PASSWORD)
    email = clerk.email
    async with AsyncClient(ADDRESS, transport=network) as client:
        with pytest.raises(Refused) as wrong:
            await client.sign_in(email, "wrong")
        assert wrong.value.code == "unauthenticated"
        await client.sign_in(email, PASSWORD)
        assert (await client.me()).email == email
        await client.comment(await _instance_with(client, api, TEXT), "A change, by the session.")
        await client.sign_out()
        with pytest.raises(Refused) as out:
            await client.me()
        assert out.value.code == "unauthenticated"


async def test_only_the_server_itself_is_sent_the_credential(api: Api, client: AsyncClient, network: Network) -> None:
    await _instance_with(client, api, TEXT)
    open_ones = [one for one in network.asked if "token" in one.url.params]
    assert open_ones
    assert all("authorization" not in one.headers for one in open_ones)


async def test_a_program_learns_what_it_may_start_and_where_its_instance_stands(api: Api, client: AsyncClient) -> None:
    started = await _instance_with(client, api, TEXT)
    (app,) = await client.apps("start")
    assert (app.code, app.version, "start" in app.may) == ("COL", 1, True)
    assert await client.app("COL", 1) == await client.app("COL")
    progress = await client.progress(started)
    assert (progress.app, progress.version, progress.state) == ("COL", 1, "running")
    assert [one.state for one in progress.elements if one.kind == "userTask"] == ["waiting"]
    with pytest.raises(Refused, match="no app version"):
        await client.app("COL", 2)


async def test_files_go_along_with_a_start_an_attachment_and_a_completion(
    api: Api, client: AsyncClient, network: Network, tmp_path: Path
) -> None:
    await api.world.deploy_example("file-collection")
    source = tmp_path / 'a "quoted" Größe.txt'
    source.write_bytes(TEXT * 100_000)
    before = await client.upload(TEXT, app="COL", field="files", name="before.txt")
    files: Files = {"files": [source, ("b.txt", TEXT)], "attachments": [("tab.txt", b"")]}
    network.fail("POST", "/instances", lost)  # it is sent again, whole, under one key

    started = await client.start("COL", {"subject": "S", "files": [before.id]}, comment="C", files=files)

    held = {file.name: file.size for file in await client.files(started)}
    name = source.name.replace('"', "_")
    assert held == {"before.txt": len(TEXT), name: len(TEXT) * 100_000, "b.txt": len(TEXT), "tab.txt": 0}
    (added,) = await client.attach(started, files={"files": [("c.txt", TEXT)]})
    assert (added.field, added.name) == ("files", "c.txt")
    (task,) = await client.tasks("offered")
    await client.claim(task.id)
    done = await client.complete(task.id, files={"files": [("d.txt", TEXT)]})
    assert done.instance.state == "ended"
    assert {file.name for file in await client.files(started)} == {*held, "c.txt", "d.txt"}
