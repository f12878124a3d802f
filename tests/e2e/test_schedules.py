"""`satchel schedules` against a real server whose administrator chose a directory."""

import os
import time
from pathlib import Path

import pytest

from e2e.conftest import DemoServer, free_port
from satchel.db.embedded_cluster import remove_database

WAIT_S = 60.0


def test_a_saved_search_goes_into_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "exports"
    folder.mkdir()
    monkeypatch.setenv("SATCHEL_EXPORT_DIRECTORY", str(folder))
    server = DemoServer(tmp_path / "data", free_port())
    server.start()
    try:
        with server.client() as client:
            search = client.post("/api/v1/searches", json={"name": "all", "query": {"app": "EVA"}}).json()["id"]
        signed = ("--url", server.url, "--token", server.token("integrator"))
        added = server.command("schedules", "add", str(search), "nightly", *signed)
        assert (added.returncode, added.stdout.strip().isdigit()) == (0, True), added.stderr
        number = added.stdout.strip()
        assert server.command("schedules", "run", number, *signed).returncode == 0
        end = time.monotonic() + WAIT_S
        told = ""
        while time.monotonic() < end and "\tdone\t" not in told:
            told = server.command("schedules", "runs", number, *signed).stdout
        assert "\tdone\t" in told
        assert f"{number}\t{search}\tnightly\t02:30\t1\t" in server.command("schedules", "list", *signed).stdout
        assert server.command("schedules", "remove", number, *signed).returncode == 0
        refused = server.command("schedules", "run", number, *signed)
        assert (refused.returncode, "There is no schedule" in refused.stderr) == (1, True)
    finally:
        server.stop()
        remove_database(server.data)  # root's lies outside the folder
    names = [name for _, _, files in os.walk(folder) for name in files]
    assert "manifest-000001.jsonl" in names
    assert any(name.endswith(".pdf") for name in names)
