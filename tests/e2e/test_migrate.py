"""Corrections against a real server: `satchel migrate`, and the story of somebody who manages an app."""

from collections.abc import Callable, Mapping
from pathlib import Path
from subprocess import CompletedProcess

import httpx

from e2e.conftest import DemoServer, command, eventually
from engine_bpmn import document, el, flow, path, simple, user
from world import bundle

Run = Callable[..., CompletedProcess[str]]
TELL = el("serviceTask", "tell")


def deployed(folder: Path, process: bytes, **manifest: object) -> str:
    folder.mkdir(exist_ok=True)
    for name, data in bundle({"code": "MOV", "start": {}, **manifest}, process).items():
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


def decided(word: str, check: str) -> bytes:
    """Return a process whose decision compares the outcome with a word, between two more steps."""
    return document(
        el("startEvent", "start"),
        *(user(name) for name in ("decide", "accept", "reject")),
        check,
        el("exclusiveGateway", "which", default="which_reject"),
        el("endEvent", "end"),
        path("start", "check", "decide", "which"),
        flow("which", "accept", f"outcome == '{word}'") + flow("which", "reject"),
        path("accept", "end") + path("reject", "end"),
    )


def test_somebody_who_manages_an_app_corrects_it_and_what_runs_of_it(server: DemoServer, tmp_path: Path) -> None:
    signed = ("--url", server.url, "--token", server.token("admin"))

    def run(*arguments: str) -> CompletedProcess[str]:
        return command(*arguments, *signed)

    with server.client("admin") as client:
        wrong_address(server, client, run, tmp_path)
        misspelt_outcome(client, run, tmp_path)


def wrong_address(server: DemoServer, client: httpx.Client, run: Run, folder: Path) -> None:
    """A call to a wrong address stops, and works with the settings of the corrected version."""
    process = simple(TELL, user("after"), through=("tell", "after"))

    def version(url: str) -> str:
        task = {"kind": "rest", "method": "GET", "url": url}
        return deployed(folder / "tell", process, code="TELL", services={"tell": task})

    assert run("deploy", version("http://127.0.0.1:9/")).returncode == 0
    number = client.post("/api/v1/apps/TELL/instances", json={}).json()["instance"]["id"]
    (stopped,) = eventually(lambda: client.get(f"/api/v1/incidents?instance={number}").json()["items"])
    corrected = run("deploy", version("{{ env.erp_url }}/"))
    assert "env.erp_url is not set on this server" in corrected.stderr + corrected.stdout
    address = f"http://127.0.0.1:{server.receiver_port}"
    assert command("admin", "env", "erp_url", address, "--data", str(server.data)).returncode == 0
    assert "unknown_env" not in run("deploy", version("{{ env.erp_url }}/")).stdout
    retried = run("incidents", "--retry", str(stopped["id"]), "--newest")
    assert "retried with the settings of version 3" in retried.stdout, retried.stderr
    eventually(lambda: [one for one in tasks_of(client, number) if one["element"] == "after"])
    assert client.get(f"/api/v1/incidents?instance={number}").json()["items"] == []


def misspelt_outcome(client: httpx.Client, run: Run, folder: Path) -> None:
    """A misspelt outcome is warned of; what runs moves to the corrected version, or is moved by hand."""
    form: Mapping[str, object] = {"outcomes": [{"id": "yes", "label": "Yes"}, {"id": "no", "label": "No"}]}
    parts: dict[str, object] = {"code": "FIX", "tasks": {"decide": form}}
    first = run("deploy", deployed(folder / "misspelt", decided("jes", user("check")), **parts))
    assert (first.returncode, "unknown_outcome" in first.stdout + first.stderr) == (0, True)
    names = [client.post("/api/v1/apps/FIX/instances", json={}).json()["instance"]["identifier"] for _ in range(20)]
    for name in names[:18]:
        assert run("complete", name, "check", "--reason", "it was checked on paper").returncode == 0

    parts["services"] = {"check": {"kind": "manual"}}
    second = run("deploy", deployed(folder / "right", decided("yes", el("serviceTask", "check")), **parts))
    assert "unknown_outcome" not in second.stdout + second.stderr
    assert "20 instances run on earlier versions" in second.stderr
    assert "18 can move unchanged, 2 need a mapping, 0 cannot move" in second.stderr
    looked = run("migrate", "FIX")
    assert looked.returncode == 4
    assert [line.split("\t")[1] for line in looked.stdout.splitlines()] == names[18:]
    moved = run("migrate", "FIX", "--apply")
    assert (moved.returncode, "18 moved, 2 stay" in moved.stderr) == (4, True), moved.stderr
    for name in names[18:]:
        alone = run("tokens", name, "--cancel", "check", "--reason", "the check is a service now")
        assert (alone.returncode, "Start another step as well" in alone.stderr) == (4, True)
        by_hand = run(
            "tokens", name, "--cancel", "check", "--start", "decide", "--reason", "the check is a service now"
        )
        assert by_hand.stdout.split("\t")[1] == "decide", by_hand.stderr
    again = run("migrate", "FIX", "--apply")
    assert (again.returncode, "2 moved, 0 stay" in again.stderr) == (0, True), again.stderr

    done = run("complete", names[19], "decide", "--outcome", "yes", "--reason", "nobody else is here")
    assert done.returncode == 0, done.stderr
    number = client.get(f"/api/v1/instances/{names[19]}").json()["id"]
    assert [one["element"] for one in tasks_of(client, number)] == ["accept"]
    history = client.get(f"/api/v1/instances/{number}/history").json()["items"]
    kinds = [one["kind"] for one in history if one["kind"].startswith(("token.", "task.", "instance."))]
    assert kinds == ["instance.started", "token.cancelled", "token.started", "instance.moved", "task.completed"]
    assert [one["data"]["reason"] for one in history if "reason" in one["data"]] == [
        "the check is a service now",
        "the check is a service now",
        "nobody else is here",
    ]


def test_a_deploy_moves_what_runs_if_it_is_asked_to(server: DemoServer, tmp_path: Path) -> None:
    signed = ("--url", server.url, "--token", server.token("admin"))
    folder = deployed(tmp_path / "app", simple(user("a")), code="RUN")
    assert command("deploy", folder, *signed).returncode == 0
    with server.client("admin") as client:
        number = client.post("/api/v1/apps/RUN/instances", json={}).json()["instance"]["id"]
        moved = command("deploy", folder, "--move-running", *signed)
        assert (moved.returncode, "to version 2: 1 moved, 0 stay" in moved.stderr) == (0, True), moved.stderr
        assert client.get(f"/api/v1/instances/{number}").json()["version"] == 2


def tasks_of(client: httpx.Client, number: int) -> list[dict[str, object]]:
    """Return the open tasks of an instance."""
    found = client.get(f"/api/v1/instances/{number}").json()["tasks"]
    return [one for one in found if one["closed_at"] is None]
