"""Tasks with forms of a Navixy account come into an app with values and files, each once."""

from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from client.accounts import bring, contents, new_owner, values
from client.conftest import ADDRESS, Network
from satchel.actions.identity import credentials
from satchel.client.refusals import Refused
from satchel.client.sources import navixy as module
from satchel.client.sources.navixy import NavixySource
from surfaces.conftest import Api
from surfaces.navixy_client import Navixy, open_navixy
from world import PASSWORD, fields

NAVIXY = f"{ADDRESS}/navixy/v2"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)
HERE = {
    "code": "HER",
    "title": "{{ what }}",
    "fields": fields(
        {"id": "what", "type": "text", "label": "What"},
        {"id": "note", "type": "text", "label": "Note"},
        {"id": "condition", "type": "integer", "label": "Condition"},
        {"id": "kind", "type": "choice", "label": "Kind", "options": [{"id": "b", "label": "Y"}]},
        {"id": "tests", "type": "choices", "label": "Checks", "options": [{"id": "one", "label": "Q"}]},
        {"id": "papers", "type": "file", "label": "Papers"},
    ),
    "start": {"fields": dict.fromkeys(("what", "note", "condition", "kind", "tests", "papers"), "edit")},
    "tasks": {"a": {"fields": {"what": "edit"}}},
}
NAMES = {"title": "what", "stars": "condition", "checks": "tests", "file1": "papers"}
VALUES = {
    "note": {"type": "text", "value": "broken"},
    "stars": {"type": "rating", "value": 4},
    "kind": {"type": "dropdown", "value_index": 1},
    "checks": {"type": "checkbox_group", "values": [False, True]},
}


@pytest.fixture
async def navixy(api: Api) -> Navixy:
    """A task whose form was submitted with a file, and with one more that no field here is for."""
    made = await open_navixy(api, await api.client("anonymous"))
    file = await made.uploaded(b"%PDF-1.7 paper")
    photo = await made.uploaded(PNG, field_id="photos", filename="photo.png")
    await made.uploaded(b"never submitted", filename="draft.txt")
    told = {**VALUES, "file1": {"type": "file", "file_ids": [file]}, "photos": {"type": "photo", "file_ids": [photo]}}
    answer = await made.submit("task/form/submit", **told)
    assert answer.json() == {"success": True}, answer.text
    return made


async def test_tasks_come_with_values_and_files_once(
    api: Api, network: Network, navixy: Navixy, tmp_path: Path
) -> None:
    owner = await new_owner(api, network, HERE)
    source = NavixySource(NAVIXY, {"hash": navixy.hash})
    filled, report = await bring(network, owner, source, tmp_path / "tree", "HER", names=NAMES)
    assert (filled.instances, filled.fetched, filled.failed, report.failures) == (1, 2, 0, [])
    assert (report.started, report.files, report.moved) == (1, 2, 1)
    ((title, held),) = (await contents(owner, "HER")).items()
    assert held == {("papers", "actual_file_name.png"): b"%PDF-1.7 paper", (None, "photo.png"): PNG}
    assert await values(owner, "HER") == {
        title: {"what": title, "note": "broken", "condition": 4, "kind": "b", "tests": ["one"]}
    }
    assert report.fields["task.external_id"] == 1

    again, second = await bring(network, owner, source, tmp_path / "tree", "HER", names=NAMES)
    assert (again.fetched, again.kept, second.started, second.there, second.files) == (0, 2, 0, 1, 0)
    assert await contents(owner, "HER") == {title: held}


async def test_a_template_chooses_and_pages_pass_over_nothing(
    api: Api, network: Network, navixy: Navixy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAGE", 3)
    clerk = await api.world.actor("clerk")
    for _ in range(6):
        await api.world.start(clerk, "NAV")
    app = (await navixy.call("form/template/list")).json()["list"][0]["id"]
    owner = await new_owner(api, network, HERE)
    other = NavixySource(NAVIXY, {"hash": navixy.hash}, template=app + 1)
    filled, _ = await bring(network, owner, other, tmp_path / "none", "HER", names=NAMES)
    assert filled.instances == 0
    source = NavixySource(NAVIXY, {"hash": navixy.hash}, template=app)
    filled, report = await bring(
        network, owner, source, tmp_path / "tree", "HER", names={**NAMES, "identifier": "note"}
    )
    assert (filled.instances, report.started) == (7, 7)


async def test_a_login_signs_in_anew_when_its_session_ends_and_addresses_are_fresh(
    api: Api, network: Network, navixy: Navixy, tmp_path: Path
) -> None:
    clerk = navixy.api.world.people["clerk"]
    await credentials.set_password(api.world.context, api.world.admin, clerk, PASSWORD)
    source = NavixySource(NAVIXY, {"login": "clerk@acme.example", "password": PASSWORD})
    owner = await new_owner(api, network, HERE)

    def ended(_request: httpx.Request, _answer: httpx.Response) -> httpx.Response:
        api.world.clock.advance(timedelta(days=40))
        said = {"success": False, "status": {"code": 4, "description": "User or API key not found or session ended"}}
        return httpx.Response(400, json=said)

    network.fail("POST", "/task/form/read", ended)
    filled, _ = await bring(network, owner, source, tmp_path / "tree", "HER", names=NAMES)
    assert (filled.fetched, filled.failed) == (2, 0)
    assert network.times("POST", "/user/auth") == 2

    wrong = NavixySource(NAVIXY, {"hash": "0" * 32})
    with pytest.raises(Refused) as refused:
        await bring(network, owner, wrong, tmp_path / "other", "HER", names=NAMES)
    assert (refused.value.status, refused.value.code) == (401, "navixy_4")


async def test_a_task_that_goes_away_meanwhile_is_reported_and_the_others_come(
    api: Api, network: Network, navixy: Navixy, tmp_path: Path
) -> None:
    clerk = await api.world.actor("clerk")
    await api.world.start(clerk, "NAV")

    def gone(_request: httpx.Request, _answer: httpx.Response) -> httpx.Response:
        return httpx.Response(400, json={"success": False, "status": {"code": 201, "description": "Not found"}})

    network.fail("POST", "/task/form/read", gone)
    owner = await new_owner(api, network, HERE)
    source = NavixySource(NAVIXY, {"hash": navixy.hash})
    filled, report = await bring(network, owner, source, tmp_path / "tree", "HER", names=NAMES)
    assert (filled.instances, filled.failed, filled.failures[0]["code"], report.started) == (1, 1, "navixy_201", 1)
