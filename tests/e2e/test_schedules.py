"""`satchel schedules` against a real server whose administrator chose a directory."""

import os

from e2e.conftest import DemoServer, command, eventually


def test_a_saved_search_goes_into_a_folder(server: DemoServer) -> None:
    with server.client() as client:
        search = client.post("/api/v1/searches", json={"name": "all", "query": {"app": "EVA"}}).json()["id"]
    signed = ("--url", server.url, "--token", server.token("integrator"))
    added = command("schedules", "add", str(search), "nightly", *signed)
    assert (added.returncode, added.stdout.strip().isdigit()) == (0, True), added.stderr
    number = added.stdout.strip()
    assert command("schedules", "run", number, *signed).returncode == 0
    eventually(lambda: "\tdone\t" in command("schedules", "runs", number, *signed).stdout)
    assert f"{number}\t{search}\tnightly\t02:30\t1\t" in command("schedules", "list", *signed).stdout
    assert command("schedules", "remove", number, *signed).returncode == 0
    refused = command("schedules", "run", number, *signed)
    assert (refused.returncode, "There is no schedule" in refused.stderr) == (1, True)
    names = [name for _, _, files in os.walk(server.exports) for name in files]
    assert "manifest-000001.jsonl" in names
    assert any(name.endswith(".pdf") for name in names)
