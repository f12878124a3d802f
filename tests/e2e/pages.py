"""How-to pages with clients on them: their blocks of shell and Python, run as they stand there."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from e2e.conftest import DemoServer
from house.tree import ROOT

BASH = shutil.which("bash") or ""
HAS_SHELL = bool(BASH and shutil.which("curl") and shutil.which("jq"))
"""Whether this machine has what the pages' commands are for."""


def run_page(page: str, server: DemoServer, folder: Path) -> str:
    """Run a page's shell, then its Python, in a folder against a demo, and return what they print.

    Raises:
        AssertionError: one of them fails.
    """
    (folder / ".venv" / "bin").mkdir(parents=True)
    (folder / ".venv" / "bin" / "satchel").symlink_to(Path(sys.executable).parent / "satchel")
    text = (ROOT / "docs" / "howto" / page).read_text(encoding="utf-8")
    blocks = re.findall(r"^```(sh|python)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    shell = "".join(text for kind, text in blocks if kind == "sh")
    shell = shell.replace("http://127.0.0.1:8080", server.url).replace("--data demo-data", f"--data {server.data}")
    (folder / "client.py").write_text("".join(text for kind, text in blocks if kind == "python"), encoding="utf-8")
    done = subprocess.run(
        [BASH, "-euo", "pipefail", "-c", f"{shell}\n{sys.executable} client.py"],
        cwd=folder,
        env={**os.environ, "NO_PROXY": "127.0.0.1", "PYTHONIOENCODING": "utf-8"},  # noqa: TID251  # for a child process
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout
