"""`satchel migrate` against a real server: a look, a mapping, and the move by its worker."""

from pathlib import Path

from e2e.conftest import DemoServer, command
from engine_bpmn import simple, user
from world import bundle


def deployed(folder: Path, process: bytes) -> str:
    folder.mkdir(exist_ok=True)
    for name, data in bundle({"code": "MOV", "start": {}}, process).items():
        (folder / name).write_bytes(data)
    return str(folder)


def test_running_instances_move_after_a_look(server: DemoServer, tmp_path: Path) -> None:
    signed = ("--url", server.url, "--token", server.token("admin"))
    first = deployed(tmp_path / "first", simple(user("a")))
    assert command("deploy", first, *signed).returncode == 0
    with server.client("admin") as client:
        started = client.post("/api/v1/apps/MOV/instances", json={})
        assert started.status_code == 201, started.text
    second = command("deploy", deployed(tmp_path / "second", simple(user("approve"), through=("approve",))), *signed)
    assert "1 instance runs on earlier versions: satchel migrate MOV" in second.stderr

    looked = command("migrate", "MOV", *signed)
    assert (looked.returncode, "needs_mapping\ta\t" in looked.stdout) == (4, True), looked.stderr
    wrong = command("migrate", "MOV", "--map", "a=nowhere", *signed)
    assert (wrong.returncode, "no element nowhere" in wrong.stderr) == (1, True), wrong.stderr
    mapped = command("migrate", "MOV", "--map", "a=approve", *signed)
    assert (mapped.returncode, "1 by the mapping" in mapped.stderr) == (0, True), mapped.stderr
    done = command("migrate", "MOV", "--map", "a=approve", "--apply", *signed)
    assert (done.returncode, "1 moved, 0 stay" in done.stderr) == (0, True), done.stderr
    assert "0 move unchanged" in command("migrate", "MOV", *signed).stderr
    assert command("migrate", "MOV", "--map", "a", *signed).returncode == 2
