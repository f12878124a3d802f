"""The doctor lists every damage in one run, each in its own words: at the command line, on real file systems."""

import hashlib
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from acknowledged import APP
from e2e.conftest import free_port
from embedding import IS_ROOT, NOBODY, as_root, ordinary, python_for_everybody
from loopback import loop_disk
from serving import Served

FINDINGS = 4


@dataclass
class Kept:
    """A server that has stopped, and where it keeps each of its files."""

    served: Served
    paths: list[Path] = field(default_factory=list)

    def examined(self, *options: str, prefix: tuple[str, ...] = (), python: str = sys.executable) -> str:
        """Return what the doctor prints, who must find something."""
        path = os.pathsep.join(sys.path)
        environment = {**os.environ, **self.served.settings, "PYTHONPATH": path}  # noqa: TID251  # handed on to a child process
        done = subprocess.run(
            [*prefix, python, "-m", "satchel", "doctor", *options],
            capture_output=True,
            text=True,
            check=False,
            env=environment,
            cwd="/",
            timeout=120,
        )
        assert done.returncode == FINDINGS, done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def kept(folder: Path) -> Kept:
    served = Served(folder / "data", free_port())
    served.set_up()
    served.start()
    served.deploy(APP)
    found = Kept(served)
    with served.client() as client:
        for number in range(16):
            data = b"file %d" % number
            wish = {"app": "ACK", "field": "files", "size": len(data)}
            ticket = client.post("/api/v1/uploads", json=wish).json()
            assert client.put(str(ticket["put_url"]), content=data).is_success
            values = {"values": {"files": [ticket["id"]]}}
            assert client.post("/api/v1/apps/ACK/instances", json=values).is_success
            digest = hashlib.sha256(data).hexdigest()
            found.paths.append(served.data / "blobs" / "1" / digest[:2] / digest)
    assert served.stop() == 0
    assert all(path.is_file() for path in found.paths)
    return found


def advice(said: str, kind: str) -> str:
    """Return the line of a kind of finding."""
    (line,) = (line for line in said.splitlines() if line.startswith(f"{kind}:"))
    return line


def places(said: str, kind: str) -> list[str]:
    """Return the places that a kind of finding is reported at."""
    lines = iter(said.splitlines())
    for line in lines:
        if line.startswith(f"{kind}:"):
            break
    found: list[str] = []
    for line in lines:
        if not line.startswith("  "):
            break
        found.append(line.strip())
    return found


def test_every_damage_is_listed_in_one_run(kept: Kept) -> None:
    gone, short, changed = kept.paths[:8], kept.paths[8], kept.paths[9]
    for path in gone:
        path.unlink()
    os.truncate(short, 3)
    changed.write_bytes(changed.read_bytes()[::-1])
    (kept.served.data / "blobs" / "1" / "notes.txt").touch()

    said = kept.examined("--read-data")

    assert {place.split()[2] for place in places(said, "missing_bytes")} == {path.name for path in gone}
    assert [place.split()[2].rstrip(":") for place in places(said, "wrong_size")] == [short.name]
    assert [place.split()[2] for place in places(said, "damaged_bytes")] == [changed.name]
    assert places(said, "stray") == ["1/notes.txt"]
    assert "restore" in advice(said, "missing_bytes")
    assert said.splitlines()[-1] == "damaged: see above"
    assert "Send the file again" not in said


@as_root
@pytest.mark.parametrize("is_listed", [True, False])
def test_a_disk_that_fails_is_a_finding_and_the_rest_is_examined(kept: Kept, folder: Path, *, is_listed: bool) -> None:
    shard = kept.paths[3].parent
    failing = {path: path.read_bytes() for path in kept.paths if path.parent == shard}
    gone = next(path for path in kept.paths if path not in failing)
    with loop_disk(folder / "image", shard, megabytes=8) as disk:
        for path, data in failing.items():
            path.write_bytes(data)
        os.sync()
        disk.unmount()
        disk.mount()
        if is_listed:
            for path, data in failing.items():
                assert path.stat().st_size == len(data)  # which the system knows from now on; the bytes it has to read
        disk.cut_power()
        gone.unlink()

        said = kept.examined("--read-data")

    assert {f"account 1, {path.name} (EIO)" for path in failing} <= set(places(said, "disk_failed"))
    assert "smartctl" in advice(said, "disk_failed")
    assert [place.split()[2] for place in places(said, "missing_bytes")] == [gone.name]


def test_what_may_not_be_read_is_a_finding_and_the_rest_is_examined(kept: Kept) -> None:
    denied, closed, gone = kept.paths[3], kept.paths[5].parent, kept.paths[12]
    gone.unlink()
    if IS_ROOT:
        for path in (kept.served.data, *kept.served.data.rglob("*")):
            os.chown(path, NOBODY.pw_uid, NOBODY.pw_gid)
    denied.chmod(0)
    closed.chmod(0)
    prefix, python = (ordinary(), python_for_everybody()) if IS_ROOT else ((), sys.executable)

    said = kept.examined("--read-data", prefix=prefix, python=python)

    inside = {path.name for path in kept.paths if path.parent == closed and path != gone}
    named = places(said, "not_permitted")
    assert {f"account 1, {name} (EACCES)" for name in {denied.name, *inside}} <= set(named)
    assert f"1/{closed.name} in the store (EACCES)" in named
    assert "chown" in advice(said, "not_permitted")
    if gone.parent != closed:
        assert [place.split()[2] for place in places(said, "missing_bytes")] == [gone.name]
