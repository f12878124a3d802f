"""The scripts of examples/questetra, run as their readers run them, against a demo with its sample files."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from e2e.conftest import DemoServer, command
from house.tree import ROOT
from satchel.cli.demo.samples import SAMPLES

SCRIPTS = ROOT / "examples" / "questetra"
COLLECTED = {
    "Test": ("ques-kun-01.png", "README.txt"),
    "Price lists": ("prices.csv", "prices.xlsx"),
    "Catalog": ("catalog.pdf",),
    "Site photo": ("site-photo.jpg",),
}
"""The files of the demo's processes by subject; one more has none, and one has a link besides, which is no file."""

pytestmark = pytest.mark.skipif(
    any(shutil.which(tool) is None for tool in ("bash", "curl", "jq")), reason="the shell scripts need curl and jq"
)


@pytest.fixture
def folder(server: DemoServer, tmp_path: Path) -> Path:
    """A reader's copy of the scripts; of the server, which other tests use too, they ask for what the demo made."""
    copied = Path(shutil.copytree(SCRIPTS, tmp_path / "questetra"))
    criteria = copied / "process-criteria.txt"
    with server.client("technician") as client:
        technician = client.get("/api/v1/me").json()["id"]
    text = criteria.read_text(encoding="utf-8")
    criteria.write_text(text.replace("  <states>", f"  <init-quser-id>{technician}</init-quser-id>\n  <states>"))
    assert criteria.read_text(encoding="utf-8") != text
    return copied


def _run(
    script: str, folder: Path, server: DemoServer, *, password: str | None = None, limit: int = 10
) -> subprocess.CompletedProcess[str]:
    login = json.loads((server.data / "demo.json").read_text())["integrator"]
    command = [sys.executable, script] if script.endswith(".py") else [f"./{script}"]
    ours = {
        "QUESTETRA_URL": f"{server.url}/questetra",
        "QUESTETRA_EMAIL": login["email"],
        "QUESTETRA_API_PASSWORD": password or login["api_password"],
        "QUESTETRA_LIMIT": str(limit),
        "NO_PROXY": "127.0.0.1",
    }
    environment = {**os.environ, **ours}  # noqa: TID251  # handed on to a child process
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120
    )


def _expected(server: DemoServer) -> dict[str, bytes]:
    with server.client("technician") as client:
        asked: dict[str, str | int] = {"app": "COL", "starter": "me", "limit": 200}
        found = client.get("/api/v1/instances", params=asked).json()["items"]
    app = "For test: file download"
    numbers = {item["title"]: item["id"] for item in found}
    return {
        f"{numbers[subject]}_{app}_({subject})/{name}": SAMPLES[name]()
        for subject, names in COLLECTED.items()
        for name in names
    }


def _tree(folder: Path) -> Mapping[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


@pytest.mark.parametrize("suffix", [("py", "file_py"), ("sh", "file")])
@pytest.mark.parametrize("name", ["download", "download_all"])
def test_the_scripts_leave_a_folder_per_process_with_the_bytes_of_its_files(
    server: DemoServer, folder: Path, name: str, suffix: tuple[str, str]
) -> None:
    ending, target = suffix

    done = _run(f"{name}.{ending}", folder, server, limit=2)

    assert done.returncode == 0, done.stderr
    assert (done.stdout, done.stderr) == ("", "")
    assert _tree(folder / target) == _expected(server)
    assert len(list((folder / target).iterdir())) == len(COLLECTED)


@pytest.mark.parametrize("script", ["download.py", "download_all.sh"])
def test_a_script_with_a_wrong_password_says_so_and_leaves_nothing(
    server: DemoServer, folder: Path, script: str
) -> None:
    done = _run(script, folder, server, password="wrong")

    assert done.returncode != 0
    assert "401" in done.stderr or "unauthenticated" in done.stderr
    assert not (folder / "file").exists()
    assert not (folder / "file_py").exists()


def test_an_administrator_registers_a_program_and_ends_it_by_command(server: DemoServer) -> None:
    admin = ("admin", "oauth-client")
    data = ("--data", str(server.data))
    made = command(*admin, "create", "Looker", "--redirect-uri", "https://looker.example/back", *data)
    assert made.returncode == 0, made.stderr
    client_id = made.stdout.split()[1]
    listed = command(*admin, "list", *data).stdout
    number, rest = listed.strip().split(maxsplit=1)
    assert rest == f"{client_id} Looker (with a secret) https://looker.example/back"
    page = httpx.get(
        f"{server.url}/questetra/oauth2/authorize", params={"client_id": client_id, "response_type": "code"}, timeout=60
    )
    assert (page.status_code, "Allow Looker?" in page.text) == (200, True)
    assert command(*admin, "revoke", number, *data).stdout == f"revoked {number}\n"
    assert command(*admin, "create", "Bad", "--redirect-uri", "http://looker.example/", *data).returncode == 1
