"""Clients as Flokzu's users write them, from the how-to page as it stands there, against a running demo."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from e2e.conftest import DemoServer
from house.tree import ROOT
from satchel.cli.samples import catalog_pdf

BASH = shutil.which("bash") or ""
PAGE = ROOT / "docs" / "howto" / "flokzu-clients.md"


@pytest.mark.skipif(
    not (BASH and shutil.which("curl") and shutil.which("jq")), reason="the page's commands are for bash, curl and jq"
)
def test_the_page_s_clients_create_attach_read_and_fetch(server: DemoServer, tmp_path: Path) -> None:
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "satchel").symlink_to(Path(sys.executable).parent / "satchel")
    (tmp_path / "offer.pdf").write_bytes(catalog_pdf())
    blocks = re.findall(r"^```(sh|python)\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    shell = "".join(text for kind, text in blocks if kind == "sh")
    shell = shell.replace("http://127.0.0.1:8080", server.url).replace("--data demo-data", f"--data {server.data}")
    (tmp_path / "client.py").write_text("".join(text for kind, text in blocks if kind == "python"))

    done = subprocess.run(
        [BASH, "-euo", "pipefail", "-c", f"{shell}\n{sys.executable} client.py"],
        cwd=tmp_path,
        env={**os.environ, "NO_PROXY": "127.0.0.1"},  # noqa: TID251  # for a child process
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert done.returncode == 0, done.stderr + done.stdout
    assert re.search(r"^PUR-\d+ has the file$", done.stdout, re.MULTILINE), done.stdout
    assert re.search(rf"^PUR-\d+ 310 catalog.pdf {len(catalog_pdf())}$", done.stdout, re.MULTILINE), done.stdout
    assert "Amount: 149.75\n" in done.stdout


def test_a_served_app_tells_in_flokzu_s_format(server: DemoServer) -> None:
    wish = {"app": "PUR", "url": "https://hooks.example/flokzu", "format": "flokzu", "events": ["save", "task_done"]}
    with server.client("admin") as admin:
        made = admin.post("/api/v1/webhooks", json=wish)
        assert made.status_code == 201, made.text
        assert admin.delete(f"/api/v1/webhooks/{made.json()['id']}").status_code == 204
