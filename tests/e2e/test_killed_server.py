"""kill -9 in the middle of many uploads: every file that was acknowledged is there afterwards."""

import threading
from pathlib import Path

import httpx
import pytest

from e2e.conftest import DemoServer, command, free_port, process
from e2e.uploading import MEBIBYTE, ask, digest_of, make_file, pieces, start
from plain import PLAIN

UPLOADS = 50
SIZE = 2 * MEBIBYTE


def test_every_acknowledged_file_survives_a_killed_server(tmp_path: Path, quick_folder: Path) -> None:
    server = DemoServer(quick_folder / "data", free_port())
    server.start()
    acknowledged: dict[int, str] = {}
    try:
        enough = threading.Event()
        with server.client() as client:
            tickets = [ask(client, SIZE, name=f"{number}.bin") for number in range(UPLOADS)]
        digests = [make_file(tmp_path / f"{number}.bin", SIZE, seed=number) for number in range(UPLOADS)]

        def upload(sender: httpx.Client, number: int) -> None:
            path, url = tmp_path / f"{number}.bin", str(tickets[number]["put_url"])
            try:
                sent = pieces(path, 64 * 1024)
                answer = sender.put(url, content=sent, headers={"Content-Length": str(SIZE)})
            except httpx.HTTPError:
                return  # cut off by the kill: never acknowledged
            if answer.status_code == 200:
                acknowledged[int(str(tickets[number]["id"]))] = digests[number]
                if len(acknowledged) >= UPLOADS // 3:
                    enough.set()

        limits = httpx.Limits(max_connections=UPLOADS)
        with httpx.Client(verify=PLAIN, timeout=60, limits=limits) as sender:
            threads = [threading.Thread(target=upload, args=(sender, number)) for number in range(UPLOADS)]
            for thread in threads:
                thread.start()
            assert enough.wait(timeout=60)
            server.kill()
            for thread in threads:
                thread.join()
        assert len(acknowledged) >= UPLOADS // 3

        server.start()
        with server.client() as client:
            start(client, "survivors", sorted(acknowledged))
            assert {number: digest_of(client, number) for number in acknowledged} == acknowledged
    finally:
        server.stop()
    examined = process("doctor", "--data", str(server.data), "--sweep", "--read-data")
    assert examined.returncode == 0, examined.stdout + examined.stderr
    assert examined.stdout.rstrip().endswith("clean")


def test_a_demo_that_was_killed_while_it_was_made_says_what_to_do(quick_folder: Path) -> None:
    data = quick_folder / "data"
    command("admin", "account", "demo", "--data", str(data))

    done = command("demo", "--fill-only", "--data", str(data))

    assert done.returncode == 1
    assert (
        done.stderr == f"error: The demo in {data} was interrupted while it was made. Remove {data} and start again.\n"
    )


@pytest.mark.soak
@pytest.mark.parametrize("round_", range(10))
def test_killed_servers_lose_nothing_however_often(tmp_path: Path, quick_folder: Path, round_: int) -> None:
    del round_
    test_every_acknowledged_file_survives_a_killed_server(tmp_path, quick_folder)
