"""The client library's page, its examples run one after the other as they are written."""

import os
import re
import subprocess
import sys
from pathlib import Path

from e2e.conftest import DemoServer
from house.tree import ROOT

PAGE = ROOT / "docs" / "howto" / "client.md"


def test_the_examples_of_the_client_library_run_as_written(server: DemoServer, tmp_path: Path) -> None:
    examples = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert len(examples) >= 6
    preface = f"url, token = {server.url!r}, {server.token('integrator')!r}\n"
    for number, example in enumerate(examples):
        program = tmp_path / f"example_{number}.py"
        program.write_text(preface + example, encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-W", "error", str(program)],
            cwd=tmp_path,
            env={**os.environ, "NO_PROXY": "127.0.0.1"},  # noqa: TID251  # handed on to a child process
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, example + done.stderr
    fetched = [path.name for path in (tmp_path / "fetched").iterdir()]
    assert any(name.endswith("_offer.txt") for name in fetched)
    assert not any(name.endswith(".part") for name in fetched)
