"""The Navixy surface as its users meet it: the seed's curl calls and the scripts of examples/navixy, on a socket."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from golden.navixy_world import PICTURE, navixy
from house.tree import ROOT
from satchel.settings import read_settings
from satchel.surfaces.app import create_app
from surfaces.conftest import Api

EXAMPLES = ROOT / "examples" / "navixy"
BOTH = [pytest.param(strict, id=f"strict-{strict}") for strict in (False, True)]

# As printed, but for the space behind the first backslash, which no shell takes; the real address, hash and numbers.
JSON_CALL = """curl -X POST '{url}/navixy/v2/fsm/task/form/file' \\
    -H 'Content-Type: application/json' \\
    -d '{{"hash": "{hash}", "task_id": {task}, "field_id": "{field}", "size": {size}}}'"""
QUERY_CALL = "curl '{url}/navixy/v2/fsm/task/form/file?hash={hash}&task_id={task}&field_id={field}&size={size}'"
CALLS = (JSON_CALL, QUERY_CALL, JSON_CALL.replace("/fsm", ""), QUERY_CALL.replace("/fsm", ""))

UPLOAD = (
    "------WebKitFormBoundaryePkpFF7tjBAqx29L\n"
    'Content-Disposition: form-data; name="token"\n'
    "\n"
    "{token}\n"
    "------WebKitFormBoundaryePkpFF7tjBAqx29L\n"
    'Content-Disposition: form-data; name="{part}"; filename="actual_file_name.png"\n'
    "Content-Type: image/png\n"
    "\n"
    "{contents}\n"
    "------WebKitFormBoundaryePkpFF7tjBAqx29L--\n"
)


class Shell:
    """Runs commands as a user of the server would, one after the other."""

    def __init__(self, api: Api, known: Mapping[str, object], folder: Path) -> None:
        self.url, self.known, self.folder = str(api.url), known, folder
        self.calls = 0

    async def run(self, *command: str, **environment: str) -> str:
        """Run a command and return what it printed; it must have gone well."""
        done = await asyncio.to_thread(
            subprocess.run,
            command,
            cwd=self.folder,
            env={**os.environ, "NO_PROXY": "*", **environment},  # noqa: TID251  # for a child process
            capture_output=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    async def create(self, call: str = JSON_CALL, /, **given: object) -> tuple[int, dict[str, object]]:
        """Make one of the seed's calls and return the HTTP status and what was answered."""
        asked = {"url": self.url, "hash": self.known["hash_clerk"], "task": self.known["task"]}
        script = call.format(**{**asked, "field": "file1", "size": 10, **given})
        body, _, status = (await self.run("bash", "-c", script + " -sS -w '\\n%{http_code}'")).rpartition("\n")
        answer: dict[str, object] = json.loads(body)
        return int(status), answer

    async def refused(self, call: str = JSON_CALL, /, **given: object) -> tuple[int, object]:
        """Make a call that is refused and return the HTTP status and the code."""
        status, answer = await self.create(call, **given)
        assert answer["success"] is False
        described = answer["status"]
        assert isinstance(described, dict)
        return status, described["code"]

    async def call(self, path: str, who: str = "clerk", **given: object) -> None:
        """Make another call, which must be granted."""
        body = json.dumps({"hash": self.known[f"hash_{who}"], "task_id": self.known["task"], **given})
        answer = await self.run("curl", "-sS", f"{self.url}/navixy/v2/{path}", "--json", body)
        assert json.loads(answer) == {"success": True}, answer


@pytest.fixture
async def shell(request: pytest.FixtureRequest, api: Api, tmp_path: Path) -> Shell:
    """The world of the transcripts behind a real socket; its form was submitted once."""
    policy = replace(api.world.context.policy, navixy_strict=getattr(request, "param", False))
    api.world.context = replace(api.world.context, policy=policy)
    api.app = create_app(api.world.context, read_settings({}))
    made = Shell(api, await navixy(api), tmp_path)
    await made.call("task/form/submit", values={})
    return made


@pytest.mark.parametrize("shell", BOTH, indirect=True)
async def test_the_seeds_calls_and_its_upload_go_by_curl(shell: Shell) -> None:
    for call, part in zip(CALLS, ("file", "file1", "file1", "file"), strict=True):
        status, answer = await shell.create(call, size=len(PICTURE))
        assert (status, answer["success"]) == (200, True)
        place = answer["value"]
        assert isinstance(place, dict)
        head, tail = UPLOAD.replace("\n", "\r\n").split("{contents}")
        body = head.format(token=place["fields"]["token"], part=part).encode() + PICTURE + tail.encode()
        (shell.folder / "body").write_bytes(body)
        sent = await shell.run(
            *("curl", "-sS", "-X", "POST", "-H", "Host: bla.org", "-H", "Origin: http://bla.org", "-H"),
            "Content-Type: multipart/form-data; boundary=----WebKitFormBoundaryePkpFF7tjBAqx29L",
            *("--data-binary", "@body", str(place["url"])),
        )
        assert json.loads(sent) == {"success": True}
        await shell.call("task/form/values/update", values={"file1": {"type": "file", "file_ids": [place["file_id"]]}})


@pytest.mark.parametrize("shell", BOTH, indirect=True)
async def test_each_of_the_seeds_six_errors_is_had_by_curl(shell: Shell) -> None:
    for call in CALLS:
        assert await shell.refused(call, task=2**40) == (400, 201)
        assert await shell.refused(call, field="nothing") == (400, 201)
        assert await shell.refused(call, field="note") == (409, 231)
        assert await shell.refused(call, size=16_777_217) == (413, 271)
    for field in ("file1", "photos"):
        assert (await shell.create(field=field, size=15_000_000))[0] == 200
    for call in CALLS:
        assert await shell.refused(call, size=15_000_000) == (402, 268)
    for _ in range(5):
        assert (await shell.create())[0] == 200
    for call in CALLS:
        assert await shell.refused(call) == (400, 267)
    await shell.call("task/assign", "manager", tracker_id=shell.known["clerk"])
    await shell.call("task/status/update", status="done")
    for call in CALLS:
        assert await shell.refused(call) == (400, 255)


@pytest.mark.parametrize("script", ["attach.sh", "attach.py"])
async def test_the_example_scripts_attach_a_file(shell: Shell, script: str) -> None:
    known = shell.known
    (shell.folder / "Plan Ä.png").write_bytes(PICTURE)
    what = (str(known["task"]), "file1", "Plan Ä.png")
    url = f"{shell.url}/navixy/v2/fsm"
    if script.endswith(".sh"):
        command = ("bash", str(EXAMPLES / script), *what)
        address = (await shell.run(*command, NAVIXY_URL=url, NAVIXY_HASH=str(known["hash_clerk"]))).strip()
        assert (await shell.run("curl", "-sS", "-o", "fetched", "-w", "%{http_code}", address)) == "200"
        assert (shell.folder / "fetched").read_bytes() == PICTURE
    else:
        signed = ("clerk@acme.example", str(known["password"]))
        said = await shell.run(sys.executable, str(EXAMPLES / script), *signed, *what, NAVIXY_URL=url)
        assert said.strip().endswith("the same")
