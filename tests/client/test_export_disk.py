"""A disk that fills up in the middle of an export: it says so, and the next run, with room, completes the tree."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from client.exports import export, files_in, verified
from client.starting import Start
from satchel.client.api import AsyncClient
from satchel.client.refusals import LocalDiskFull

KIBIBYTE = 1024


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of 256 KiB; mounting one takes root."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={256 * KIBIBYTE}", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("a disk that fills up is mounted, which only root may, and not in every container")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


async def test_a_full_disk_ends_the_run_and_the_next_one_completes_the_tree(
    client: AsyncClient, start: Start, small_disk: Path
) -> None:
    files = {f"{number}.bin": bytes([number]) * 60 * KIBIBYTE for number in range(6)}
    await start("Test", files)
    target = small_disk / "out"
    with pytest.raises(LocalDiskFull, match="disk is full"):
        await export(client, target, parallel=1)
    left = files_in(target)
    assert not [path for path in left if path.endswith((".part", ".new"))]
    whole = [data for path, data in left.items() if path.endswith(".bin")]
    assert whole
    assert all(data in files.values() for data in whole)
    subprocess.run(["mount", "-o", f"remount,size={2048 * KIBIBYTE}", str(small_disk)], check=True)
    report = await export(client, target, resume=True)
    assert (report.kept, report.fetched) == (len(whole), 6 - len(whole))
    assert sorted(verified(target).values()) == sorted(files.values())
