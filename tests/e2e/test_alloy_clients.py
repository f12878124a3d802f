"""Clients as Alloy's users write them, from the how-to page as it stands there, against a running demo."""

import re
from pathlib import Path

import pytest

from e2e.conftest import DemoServer
from e2e.pages import HAS_SHELL, run_page
from satchel.cli.demo.samples import catalog_pdf


@pytest.mark.skipif(not HAS_SHELL, reason="the page's commands are for bash, curl and jq")
def test_the_page_s_clients_sign_in_create_attach_and_fetch(server: DemoServer, tmp_path: Path) -> None:
    (tmp_path / "offer.pdf").write_bytes(catalog_pdf())

    said = run_page("alloy-clients.md", server, tmp_path)

    assert "Link: https://www.example.com/\nFile: note.txt\nFile: offer.pdf\n" in said
    assert re.search(r"^PUR\d{6} has offer.pdf\s*$", said, re.MULTILINE), said
    line = rf"^PUR\d{{6}} Desk lamp übersicht.pdf {len(catalog_pdf())} True$"
    assert re.search(line, said, re.MULTILINE), said
