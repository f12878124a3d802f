"""`satchel export` on a real server: the tree of the seed's script by both APIs; cut off in any way, completed."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from zipfile import ZipFile

import pytest

from client.exports import files_in, verified
from e2e.conftest import DemoServer
from house.tree import ROOT
from relay import relay
from satchel.client.api import Client
from satchel.model.transfer.names import safe_name

SCRIPTS = ROOT / "examples" / "questetra"
LARGE, LARGE_BYTES = 48, 2 * 1024 * 1024
FILES, FILE_BYTES = 120, 16 * 1024
WAIT_S = 60


def _environment(server: DemoServer, who: str = "integrator", *, url: str | None = None) -> dict[str, str]:
    login = json.loads((server.data / "demo.json").read_text())[who]
    return {
        **os.environ,  # noqa: TID251  # handed on to a child process
        "SATCHEL_URL": url or server.url,
        "SATCHEL_TOKEN": login["token"],
        "QUESTETRA_URL": f"{server.url}/questetra",
        "QUESTETRA_EMAIL": login["email"],
        "QUESTETRA_API_PASSWORD": login.get("api_password", ""),
        "NO_PROXY": "127.0.0.1",
    }


def _export(server: DemoServer, *arguments: str, who: str = "integrator") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "satchel", "export", *arguments]
    return subprocess.run(
        command, env=_environment(server, who), capture_output=True, text=True, check=False, timeout=240
    )


def _safe(tree: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return a tree whose names are as rule 2 of security.md has them; the demo's app has a colon in its name."""
    return {"/".join(safe_name(part) for part in path.split("/")): data for path, data in tree.items()}


def test_the_seeds_criteria_give_the_tree_of_its_script_by_both_apis(server: DemoServer, tmp_path: Path) -> None:
    with Client(server.url, token=server.token("technician")) as technician:
        me = technician.me().id
    text = (SCRIPTS / "process-criteria.txt").read_text(encoding="utf-8")
    criteria = tmp_path / "process-criteria.txt"
    criteria.write_text(text.replace("  <states>", f"  <init-quser-id>{me}</init-quser-id>\n  <states>"))
    script = [sys.executable, str(SCRIPTS / "download_all.py")]
    subprocess.run(script, cwd=tmp_path, env=_environment(server), check=True, timeout=240)
    expected = _safe(files_in(tmp_path / "file_py"))
    assert len(expected) >= 6

    native = _export(server, str(tmp_path / "native"), "--criteria", str(criteria))
    assert native.returncode == 0, native.stderr
    assert verified(tmp_path / "native") == expected
    theirs = _export(
        server, str(tmp_path / "theirs"), "--criteria", str(criteria), "--questetra", f"{server.url}/questetra"
    )
    assert theirs.returncode == 0, theirs.stderr
    assert verified(tmp_path / "theirs") == expected


def test_a_run_that_finds_nothing_or_is_asked_nonsense_says_so(server: DemoServer, tmp_path: Path) -> None:
    nothing = _export(server, str(tmp_path / "none"), "--app", "COL", "--title", "no such title")
    assert (nothing.returncode, nothing.stdout.splitlines()[0]) == (0, "nothing was found")
    counted = _export(server, str(tmp_path / "dry"), "--app", "FLD", "--dry-run")
    assert counted.returncode == 0, counted.stderr
    assert re.match(r"\d+ instances, \d+ files, \d+ bytes", counted.stdout)
    assert not (tmp_path / "dry").exists()
    (tmp_path / "evil.xml").write_text('<!DOCTYPE a [<!ENTITY b "c">]><process-instance-criteria/>')
    evil = _export(server, str(tmp_path / "evil"), "--criteria", str(tmp_path / "evil.xml"))
    assert evil.returncode == 1
    assert "DOCTYPE" in evil.stderr
    unknown = _export(server, str(tmp_path / "unknown"), "--app", "NONE")
    assert (unknown.returncode, (tmp_path / "unknown").exists()) == (1, False)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "diary.txt").write_text("Private.")
    full = _export(server, str(tmp_path / "full"), "--app", "COL")
    assert full.returncode == 1
    assert "not empty" in full.stderr


def test_a_zip_is_made_by_the_server_and_fetched_from_where_it_broke_off(server: DemoServer, tmp_path: Path) -> None:
    target = tmp_path / "all.zip"
    done = _export(server, str(target), "--app", "FLD")
    assert done.returncode == 0, done.stderr
    with ZipFile(target) as archive:
        assert archive.testzip() is None
        assert "manifest.jsonl" in archive.namelist()
    whole = target.read_bytes()
    with Client(server.url, token=server.token("integrator")) as client:
        ready = client.wait_for_export(client.begin_export({"app": "FLD"}).id)
    target.rename(tmp_path / "all.zip.part")
    (tmp_path / "all.zip.part").write_bytes(b"")
    (tmp_path / "all.zip.export").write_text(str(ready.id))
    again = _export(server, str(target), "--app", "FLD", "--resume")
    assert again.returncode == 0, again.stderr
    assert len(target.read_bytes()) == len(whole)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["all.zip"]


@pytest.fixture(scope="module")
def many(server: DemoServer) -> str:
    """Fill one instance with many files, and return its title."""
    with Client(server.url, token=server.token("integrator")) as client:
        for part in range(4):
            sent = [
                client.upload(
                    (b"%d-%d " % (part, n)).ljust(FILE_BYTES, b"."), app="COL", field="files", name=f"{n}.txt"
                ).id
                for n in range(FILES // 4)
            ]
            client.start("COL", {"subject": f"Many to export {part}", "files": sent})
    return "Many to export"


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Started programs may be interrupted: in the background of a shell they inherit that SIGINT is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def _contents(part: int) -> list[bytes]:
    return [(b"%d-%d " % (part, n)).ljust(FILE_BYTES, b".") for n in range(FILES // 4)]


def _interrupt(process: subprocess.Popen[bytes], number: signal.Signals, target: Path, after: int) -> None:
    """Send a signal to an export that cannot finish, once so many files are there, and wait until it ended by it."""
    end = time.monotonic() + WAIT_S
    while sum(len(names) for at, _, names in os.walk(target) if ".satchel-export" not in at) < after:
        assert process.poll() is None
        assert time.monotonic() < end, "the files do not come"
        time.sleep(0.005)  # a process of its own: there is nothing else to wait on
    process.send_signal(number)
    assert process.wait(timeout=60) == (130 if number is signal.SIGINT else -number)


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize(
    ("signal_number", "after"), [(signal.SIGKILL, 1), (signal.SIGKILL, FILES // 2), (signal.SIGINT, FILES // 3)]
)
def test_a_run_that_is_interrupted_is_completed_by_the_next_and_fetches_nothing_twice(
    server: DemoServer, many: str, tmp_path: Path, signal_number: signal.Signals, after: int
) -> None:
    target = tmp_path / "out"
    # A technician may not export, so that the files come one by one and there is something to interrupt.
    command = [sys.executable, "-m", "satchel", "export", str(target), "--app", "COL", "--title", many]
    with relay(server.port, most_bytes=FILES * FILE_BYTES * 3 // 4) as held:
        process = subprocess.Popen([*command, "--parallel", "2"], env=_environment(server, "technician", url=held.url))
        _interrupt(process, signal_number, target, after)
    there = [path for path in files_in(target) if not path.startswith(".satchel-export")]
    assert 0 < len(there) < FILES
    done = _export(server, str(target), "--app", "COL", "--title", many, "--resume", who="technician")
    assert done.returncode == 0, done.stderr
    report = json.loads((target / "report.json").read_text())
    assert (report["kept"], report["fetched"]) == (len(there), FILES - len(there))
    assert len(verified(target)) == FILES
    assert not (target / ".satchel-export").exists()


@pytest.fixture(scope="module")
def large(server: DemoServer) -> str:
    """Fill one instance with files that take a while to come, and return its title."""
    with Client(server.url, token=server.token("integrator")) as client:
        sent = [
            client.upload(bytes([n]) * LARGE_BYTES, app="COL", field="files", name=f"{n}.bin").id for n in range(LARGE)
        ]
        client.start("COL", {"subject": "Large to export", "files": sent})
    return "Large to export"


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize(("signal_number", "after"), [(signal.SIGKILL, 1), (signal.SIGINT, LARGE // 4)])
def test_a_stream_that_is_interrupted_is_completed_by_the_next_run_and_nothing_comes_twice(
    server: DemoServer, large: str, tmp_path: Path, signal_number: signal.Signals, after: int
) -> None:
    target = tmp_path / "out"
    command = [sys.executable, "-m", "satchel", "export", str(target), "--app", "COL", "--title", large]
    with relay(server.port, most_bytes=LARGE * LARGE_BYTES * 3 // 4) as held:
        process = subprocess.Popen(command, env=_environment(server, "integrator", url=held.url))
        _interrupt(process, signal_number, target, after)
    there = [path for path in files_in(target) if not path.startswith(".satchel-export")]
    assert len(there) < LARGE
    done = _export(server, str(target), "--app", "COL", "--title", large, "--resume")
    assert done.returncode == 0, done.stderr
    report = json.loads((target / "report.json").read_text())
    assert (report["kept"], report["fetched"]) == (len(there), LARGE - len(there))
    assert len(verified(target)) == LARGE
    assert not (target / ".satchel-export").exists()


@pytest.mark.soak
def test_a_run_whose_server_is_killed_is_completed_once_it_is_back(
    server: DemoServer, many: str, tmp_path: Path
) -> None:
    target = tmp_path / "out"
    command = [sys.executable, "-m", "satchel", "export", str(target), "--app", "COL", "--title", many]
    process = subprocess.Popen([*command, "--parallel", "2"], env=_environment(server, "technician"))
    end = time.monotonic() + WAIT_S
    while sum(len(names) for _, _, names in os.walk(target)) < FILES // 4 and time.monotonic() < end:
        time.sleep(0.005)  # a process of its own: there is nothing else to wait on
    server.kill()
    server.start()
    assert process.wait(timeout=120) in (0, 3)
    done = _export(server, str(target), "--app", "COL", "--title", many, "--resume", who="technician")
    assert done.returncode == 0, done.stderr
    assert len(verified(target)) == FILES
