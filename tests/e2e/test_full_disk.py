"""A full disk: the upload is refused in plain words, what was there stays, and it goes on once there is room."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.conftest import DemoServer, free_port, process
from e2e.uploading import MEBIBYTE, ask, digest_of, make_file, start

ROOM = 24 * MEBIBYTE


@pytest.fixture
def small_disk(quick_folder: Path) -> Iterator[Path]:
    """A data directory whose store lies on a disk of `ROOM` bytes; mounting one takes root."""
    data = quick_folder / "data"
    store = data / "blobs"
    store.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={ROOM},mode=0700", "tmpfs", str(store)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("a disk that fills up is mounted, which only root may, and not in every container")
    yield data
    subprocess.run(["umount", "-l", str(store)], check=True)


def test_a_full_disk_refuses_uploads_and_loses_nothing(small_disk: Path, tmp_path: Path) -> None:
    server = DemoServer(small_disk, free_port())
    server.start()
    try:
        with server.client() as client:
            digest = make_file(tmp_path / "fits.bin", 12 * MEBIBYTE, seed=1)
            kept = ask(client, 12 * MEBIBYTE)
            sent = client.put(str(kept["put_url"]), content=(tmp_path / "fits.bin").read_bytes())
            assert sent.status_code == 200, sent.text
            start(client, "kept", [int(str(kept["id"]))])

            make_file(tmp_path / "too-large.bin", 16 * MEBIBYTE, seed=2)
            refused = ask(client, 16 * MEBIBYTE)
            answer = client.put(str(refused["put_url"]), content=(tmp_path / "too-large.bin").read_bytes())
            assert answer.status_code == 507, answer.text
            assert answer.json()["code"] == "disk_full"
            assert digest_of(client, int(str(kept["id"]))) == digest

            other = make_file(tmp_path / "small.bin", 2 * MEBIBYTE, seed=3)
            again = client.put(str(refused["put_url"]), content=(tmp_path / "small.bin").read_bytes())
            assert again.status_code == 200, again.text  # the ticket was free for another try
            start(client, "went on", [int(str(refused["id"]))])
            assert digest_of(client, int(str(refused["id"]))) == other
    finally:
        server.stop()
    examined = process("doctor", "--data", str(server.data), "--read-data")
    assert examined.returncode == 0, examined.stdout + examined.stderr
    assert "leftover" not in examined.stdout
