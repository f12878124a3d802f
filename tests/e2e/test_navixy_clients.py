"""The commands of the how-to page for Navixy's clients, as they stand there, against a running demo."""

import re
from pathlib import Path

import pytest

from e2e.conftest import DemoServer
from e2e.pages import HAS_SHELL, run_page
from house.tree import ROOT
from satchel.cli.demo.samples import catalog_pdf


@pytest.mark.skipif(not HAS_SHELL, reason="the page's commands are for bash, curl and jq")
def test_the_page_s_commands_attach_a_file_to_a_task_and_check_in(server: DemoServer, tmp_path: Path) -> None:
    (tmp_path / "offer.pdf").write_bytes(catalog_pdf())
    (tmp_path / "examples").symlink_to(ROOT / "examples")

    said = run_page("navixy-clients.md", server, tmp_path)

    assert re.search(r"^task \d+ has the file$", said, re.MULTILINE), said
    assert re.search(r"^check-in \d+: gate 3, Round$", said, re.MULTILINE), said
    assert (tmp_path / "form.pdf").read_bytes().startswith(b"%PDF-")
