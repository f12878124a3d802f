"""The doctor lists every damage in one run, each in its own words: at the command line, on real file systems."""

import asyncio
import hashlib
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from acknowledged import APP
from e2e.conftest import free_port
from embedding import IS_ROOT, NOBODY, as_root, ask, ordinary, python_for_everybody
from loopback import loop_disk
from satchel.db.embedded.server import embedded
from serving import Served, command

FINDINGS = 4


@dataclass
class Kept:
    """A server that has stopped, and where it keeps each of its files."""

    served: Served
    paths: list[Path] = field(default_factory=list)

    def file_of(self, path: Path) -> str:
        """Return how the doctor names the file with these bytes; each was put into an instance of its own."""
        number = self.paths.index(path) + 1
        return f"file {number} of instance {number}"

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


def kinds(said: str) -> list[str]:
    """Return the kinds of findings that are reported."""
    return [line.partition(":")[0] for line in said.splitlines() if re.match(r"\w+: \d+\. ", line)]


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

    named = places(said, "disk_failed")
    for path in failing:
        assert f"account 1, {path.name} (EIO) ({kept.file_of(path)})" in named
    assert "smartctl" in advice(said, "disk_failed")
    assert [place.split()[2] for place in places(said, "missing_bytes")] == [gone.name]


@as_root
def test_a_disk_that_fails_as_a_whole_is_a_finding_and_is_not_swept(kept: Kept, folder: Path) -> None:
    store = kept.served.data / "blobs"
    copy = folder / "copy"
    shutil.copytree(store, copy)
    with loop_disk(folder / "image", store, megabytes=16) as disk:
        shutil.copytree(copy, store, dirs_exist_ok=True)
        os.sync()
        disk.unmount()
        disk.mount()
        assert {path.name for path in store.iterdir()} >= {"1", "store-id"}
        disk.cut_power()

        said = kept.examined("--read-data")
        swept = command("doctor", "--sweep", env=kept.served.settings)

    named = places(said, "disk_failed")
    assert {f"account 1, {path.name} (EIO) ({kept.file_of(path)})" for path in kept.paths} <= set(named)
    assert any(place in named for place in ("store-id in the store (EIO)", ". in the store (EIO)"))
    assert (swept.returncode, "EIO" in swept.stderr) == (3, True)


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

    inside = {path.name: kept.file_of(path) for path in kept.paths if path.parent == closed and path != gone}
    named = places(said, "not_permitted")
    denials = {denied.name: kept.file_of(denied), **inside}
    assert {f"account 1, {name} (EACCES) ({file})" for name, file in denials.items()} <= set(named)
    assert f"1/{closed.name} in the store (EACCES)" in named
    assert "chown" in advice(said, "not_permitted")
    if gone.parent != closed:
        assert [place.split()[2] for place in places(said, "missing_bytes")] == [gone.name]


def test_every_kind_of_damage_is_named_with_its_place_and_what_to_do(kept: Kept) -> None:
    gone, short, longer, changed, folder, link, shard = kept.paths[:7]
    store = kept.served.data / "blobs"
    gone.unlink()
    os.truncate(short, 3)
    longer.write_bytes(longer.read_bytes() + b"!")
    changed.write_bytes(changed.read_bytes()[::-1])
    folder.unlink()
    folder.mkdir()
    size = link.stat().st_size
    link.unlink()
    link.symlink_to("a" * size)  # of the right length, to nowhere
    beside = [path for path in kept.paths[7:] if path.parent == shard.parent]
    shutil.rmtree(shard.parent)
    shard.parent.touch()
    orphan = store / "1" / "ff" / ("f" * 64)
    orphan.parent.mkdir(exist_ok=True)
    orphan.write_bytes(b"nobody's")
    leftover = store / "incoming" / f"t-{'0' * 32}"
    leftover.touch()
    (store / "readme").touch()

    for options in (["--read-data"], ["--read-data", "--sweep", "--repair-quota"]):
        said = kept.examined(*options)

        assert {kind: sorted(places(said, kind)) for kind in kinds(said)} == {
            "missing_bytes": [f"account 1, {gone.name} ({kept.file_of(gone)})"],
            "wrong_size": sorted(
                f"account 1, {path.name}: {size} bytes, not 6 ({kept.file_of(path)})"
                for path, size in ((short, 3), (longer, 7))
            ),
            "damaged_bytes": [f"account 1, {changed.name} ({kept.file_of(changed)})"],
            "unreadable": sorted(
                [f"1/{shard.parent.name} in the store (ENOTDIR)"]
                + [
                    f"account 1, {path.name} ({reason}) ({kept.file_of(path)})"
                    for path, reason in [
                        (folder, "EISDIR"),
                        (link, "ELOOP"),
                        *((path, "ENOTDIR") for path in (shard, *beside)),
                    ]
                ]
            ),
            "orphan_bytes": [f"account 1, {orphan.name}"],
            "leftover": [f"incoming/{leftover.name}"],
            "stray": ["readme"],
        }
        assert all(
            "backup" in advice(said, kind) for kind in ("missing_bytes", "wrong_size", "damaged_bytes", "unreadable")
        )
        assert said.splitlines()[-1] == "damaged: see above"


def test_a_counter_that_drifted_is_damage_until_it_is_repaired(kept: Kept) -> None:
    async def drift() -> None:
        async with embedded(kept.served.data) as server:
            ask(server.dsn, "UPDATE storage SET used_bytes = used_bytes + 7")

    asyncio.run(drift())

    said = kept.examined()

    assert places(said, "quota_drift") == ["account North: used says 109 bytes, adds up to 102"]
    assert "satchel doctor --repair-quota" in advice(said, "quota_drift")
    repaired = command("doctor", "--repair-quota", env=kept.served.settings)
    assert (repaired.returncode, repaired.stdout.splitlines()) == (
        0,
        ["quota repaired: North", "examined: 16 blobs, 102 bytes", "clean"],
    )


@as_root
def test_a_sweep_that_cannot_delete_does_not_hide_what_else_is_damaged(kept: Kept, folder: Path) -> None:
    gone = kept.paths[3]
    gone.unlink()
    incoming = kept.served.data / "blobs" / "incoming"
    leftovers = [f"t-{number:032x}" for number in range(2)]
    with loop_disk(folder / "image", incoming, megabytes=8) as disk:
        for name in leftovers:
            (incoming / name).touch()
            os.utime(incoming / name, (0, 0))
        disk.remount_read_only()

        said = kept.examined("--sweep")

        assert "0 leftovers" in said
        assert sorted(places(said, "leftover")) == [f"incoming/{name}" for name in leftovers]
    assert places(said, "missing_bytes") == [f"account 1, {gone.name} ({kept.file_of(gone)})"]
