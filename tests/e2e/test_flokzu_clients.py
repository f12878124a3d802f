"""Clients as Flokzu's users write them, from the how-to page as it stands there, against a running demo."""

import re
from pathlib import Path

import pytest

from e2e.conftest import DemoServer
from e2e.pages import HAS_SHELL, run_page
from satchel.cli.demo.samples import catalog_pdf


@pytest.mark.skipif(not HAS_SHELL, reason="the page's commands are for bash, curl and jq")
def test_the_page_s_clients_create_attach_read_and_fetch(server: DemoServer, tmp_path: Path) -> None:
    (tmp_path / "offer.pdf").write_bytes(catalog_pdf())

    said = run_page("flokzu-clients.md", server, tmp_path)

    assert re.search(r"^PUR-\d+ has the file$", said, re.MULTILINE), said
    assert re.search(rf"^PUR-\d+ 310.00 catalog.pdf {len(catalog_pdf())}$", said, re.MULTILINE), said
    assert "Amount: 149.75\n" in said


def test_a_served_app_tells_in_flokzu_s_format(server: DemoServer) -> None:
    wish = {"app": "PUR", "url": "https://hooks.example/flokzu", "format": "flokzu", "events": ["save", "task_done"]}
    with server.client("admin") as admin:
        made = admin.post("/api/v1/webhooks", json=wish)
        assert made.status_code == 201, made.text
        assert admin.delete(f"/api/v1/webhooks/{made.json()['id']}").status_code == 204
