"""kill -9 while an export is downloaded: the rest is fetched afterwards, and the whole is what it would have been."""

import hashlib
import zipfile
from pathlib import Path

import httpx

from e2e.conftest import DemoServer, eventually, free_port
from e2e.uploading import MEBIBYTE, ask, digest_of, make_file, pieces, start

SIZES = (16 * MEBIBYTE, 1, 300_000, 16 * MEBIBYTE + 7)


def put(client: httpx.Client, path: Path, size: int, seed: int) -> tuple[int, str]:
    digest = make_file(path, size, seed=seed)
    ticket = ask(client, size, name=path.name)
    answer = client.put(str(ticket["put_url"]), content=pieces(path), headers={"Content-Length": str(size)})
    assert answer.status_code == 200, answer.text
    return int(str(ticket["id"])), digest


def made(client: httpx.Client) -> dict[str, object]:
    """Begin an export of all file collections and return it once the worker has made it."""
    number = client.post("/api/v1/exports", json={"query": {"app": "COL"}}).json()["id"]

    def once_made() -> dict[str, object] | None:
        told: dict[str, object] = client.get(f"/api/v1/exports/{number}").json()
        return told if told["state"] != "preparing" else None

    told: dict[str, object] = eventually(once_made)
    assert told["state"] == "ready", told
    return told


def test_a_download_that_a_killed_server_cut_off_goes_on_where_it_was(tmp_path: Path, quick_folder: Path) -> None:
    server = DemoServer(quick_folder / "data", free_port())
    server.start()
    target = tmp_path / "export.zip"
    try:
        with server.client() as client:
            files = [put(client, tmp_path / f"{n}.bin", size, n) for n, size in enumerate(SIZES)]
            start(client, "everything", [number for number, _ in files])
            export = made(client)
            address, size = f"/api/v1/exports/{export['id']}/download", int(str(export["size"]))
            with target.open("wb") as file, client.stream("GET", address) as answer:
                assert int(answer.headers["content-length"]) == size
                tag = answer.headers["etag"]
                try:
                    for chunk in answer.iter_raw():
                        file.write(chunk)
                        if file.tell() > size // 3 and server.process is not None and server.process.poll() is None:
                            server.kill()
                except httpx.HTTPError:
                    pass  # as it had to come
        had = target.stat().st_size
        assert size // 3 < had < size

        server.start()
        with server.client() as client:
            asked = {"Range": f"bytes={had}-", "If-Range": tag}
            with target.open("ab") as file, client.stream("GET", address, headers=asked) as answer:
                assert answer.status_code == 206
                for chunk in answer.iter_raw():
                    file.write(chunk)
            whole = hashlib.sha256()
            with client.stream("GET", address) as answer:
                for chunk in answer.iter_raw():
                    whole.update(chunk)
            assert {number: digest_of(client, number) for number, _ in files} == dict(files)
    finally:
        server.stop()
    assert hashlib.sha256(target.read_bytes()).hexdigest() == whole.hexdigest()
    with zipfile.ZipFile(target) as archive:
        assert archive.testzip() is None
        found = {hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist()}
    assert {digest for _, digest in files} <= found
