"""The commands of the how-to page for Navixy's clients, as they stand there, against a running demo."""

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
PAGE = ROOT / "docs" / "howto" / "navixy-clients.md"


@pytest.mark.skipif(
    not (BASH and shutil.which("curl") and shutil.which("jq")), reason="the page's commands are for bash, curl and jq"
)
def test_the_page_s_commands_attach_a_file_to_a_task(server: DemoServer, tmp_path: Path) -> None:
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "satchel").symlink_to(Path(sys.executable).parent / "satchel")
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    (tmp_path / "offer.pdf").write_bytes(catalog_pdf())
    shell = "".join(re.findall(r"^```sh\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL))
    shell = shell.replace("http://127.0.0.1:8080", server.url).replace("--data demo-data", f"--data {server.data}")

    done = subprocess.run(
        [BASH, "-euo", "pipefail", "-c", shell],
        cwd=tmp_path,
        env={**os.environ, "NO_PROXY": "127.0.0.1"},  # noqa: TID251  # for a child process
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert done.returncode == 0, done.stderr + done.stdout
    assert re.search(r"^task \d+ has the file$", done.stdout, re.MULTILINE), done.stdout
    assert (tmp_path / "form.pdf").read_bytes().startswith(b"%PDF-")
