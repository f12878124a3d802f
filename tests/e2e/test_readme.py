"""The README's first ten minutes and the tutorial, run as they are written."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from e2e.conftest import DemoServer
from house.tree import ROOT
from satchel.cli.demo.samples import catalog_pdf

BASH = shutil.which("bash") or ""
ADDRESS = "http://127.0.0.1:8080"
ARCHIVE = "http://127.0.0.1:8099"
"""Where a demo and its sample archive answer unless they are told otherwise, and so what the pages say."""

_TOKEN = re.compile(r"…(.*# the token of (\w+)@demo\.example)")


def _blocks(page: Path, kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that looks like the checkout to the pages' commands, with a reader's own file."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "satchel").symlink_to(Path(sys.executable).parent / "satchel")
    (tmp_path / "offer.pdf").write_bytes(catalog_pdf())
    return tmp_path


def _run(script: str, folder: Path, server: DemoServer) -> subprocess.CompletedProcess[str]:
    """Run commands of a page, with its placeholders filled in."""
    filled = _TOKEN.sub(lambda match: server.token(match.group(2)) + match.group(1), script)
    assert "…" not in filled
    archive = f"http://127.0.0.1:{server.receiver_port}"
    return subprocess.run(
        [BASH, "-euo", "pipefail", "-c", filled.replace(ADDRESS, server.url).replace(ARCHIVE, archive)],
        cwd=folder,
        env={**os.environ, "SATCHEL_URL": server.url, "NO_PROXY": "127.0.0.1"},  # noqa: TID251  # for a child process
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.skipif(shutil.which("curl") is None or not BASH, reason="the README's commands are for bash and curl")
def test_the_first_ten_minutes_run_as_written(server: DemoServer, folder: Path) -> None:
    chapter = (ROOT / "README.md").read_text(encoding="utf-8").split("## The first ten minutes")[1].split("\n## ")[0]
    blocks = re.findall(r"^```sh\n(.*?)^```", chapter, re.MULTILINE | re.DOTALL)
    *run, broken = blocks
    done = _run("".join(run), folder, server)
    assert done.returncode == 0, done.stderr
    assert "the same" in done.stdout
    assert (folder / "back.pdf").read_bytes() == catalog_pdf()
    link = re.findall(r'"url":"([^"]+/links/[^"]+)"', done.stdout)[-1]
    assert httpx.get(link, timeout=60).content == catalog_pdf()
    refused = _run(broken, folder, server)
    assert refused.returncode == 4
    assert len(re.findall(r"^app\.yaml:\d+: error: ", refused.stdout, re.MULTILINE)) == 2, refused.stdout


@pytest.mark.skipif(shutil.which("curl") is None or not BASH, reason="the tutorial's commands are for bash and curl")
def test_files_travel_as_the_tutorial_says(server: DemoServer, folder: Path) -> None:
    done = _run("".join(_blocks(ROOT / "docs" / "tutorial" / "files-that-travel.md", "sh")), folder, server)
    assert done.returncode == 0, done.stderr + done.stdout
    lines = done.stdout.splitlines()
    assert [line for line in lines if line.startswith("PUR-")]
    assert [line for line in lines if "SATCHEL_OUTBOUND_ALLOW=127.0.0.1:9" in line]
    assert lines[-1] == "ended"
    assert (folder / "receipt.pdf").read_bytes().startswith(b"%PDF")
    assert hashlib.sha256(catalog_pdf()).hexdigest().encode() in (folder / "receipt.pdf").read_bytes()


@pytest.fixture
def expense(folder: Path) -> Path:
    """The tutorial's folder, as its reader has written it."""
    page = ROOT / "docs" / "tutorial" / "first-process.md"
    bundle = folder / "expense"
    bundle.mkdir()
    (manifest,), (process,) = _blocks(page, "yaml"), _blocks(page, "xml")
    (bundle / "app.yaml").write_text(manifest, encoding="utf-8")
    (bundle / "process.bpmn").write_text(process, encoding="utf-8")
    return bundle


@pytest.mark.skipif(not BASH, reason="the tutorial's commands are for bash")
def test_the_tutorials_process_deploys_and_refuses_what_the_page_says(
    server: DemoServer, folder: Path, expense: Path
) -> None:
    (deploy,) = _blocks(ROOT / "docs" / "tutorial" / "first-process.md", "sh")
    done = _run(deploy, folder, server)
    assert done.returncode == 0, done.stderr
    with server.client("admin") as client:
        target = {"app": "EXP", "field": "receipt"}
        too_large = client.post("/api/v1/uploads", json={**target, "size": 11 * 1024 * 1024})
        assert (too_large.status_code, too_large.json()["code"]) == (413, "too_large")
        ticket = client.post("/api/v1/uploads", json={**target, "name": "receipt.pdf", "size": 100}).json()
        text = client.put(ticket["put_url"], content=b"only text")
        assert (text.status_code, text.json()["code"]) == (422, "file_type")
        values = {"what": "Lunch", "amount": "12.50"}
        without = client.post("/api/v1/apps/EXP/instances", json={"values": values})
        assert [(fault["field"], fault["code"]) for fault in without.json()["errors"]] == [("receipt", "required")]
        four = []
        for _ in range(4):
            ticket = client.post("/api/v1/uploads", json={**target, "name": "receipt.pdf", "size": 5000}).json()
            assert client.put(ticket["put_url"], content=catalog_pdf()).status_code == 200
            four.append(ticket["id"])
        many = client.post("/api/v1/apps/EXP/instances", json={"values": {**values, "receipt": four}})
        assert [fault["code"] for fault in many.json()["errors"]] == ["too_many_files"]
        started = client.post("/api/v1/apps/EXP/instances", json={"values": {**values, "receipt": four[:3]}})
        assert started.status_code == 201, started.text
    manifest = expense / "app.yaml"
    broken = manifest.read_text(encoding="utf-8").replace("type: decimal", "type: money")
    manifest.write_text(broken.replace("receipt: require", "receipt: required"), encoding="utf-8")
    refused = _run(deploy, folder, server)
    assert refused.returncode == 4
    assert len(re.findall(r"^app\.yaml:\d+: error: ", refused.stdout, re.MULTILINE)) == 2, refused.stdout
