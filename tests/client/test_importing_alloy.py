"""The objects of an Alloy class come into an app with values, attachments and links, each once."""

import json
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from client.accounts import bring, contents, new_owner, values
from client.conftest import ADDRESS, Network, cut_after, replaced
from golden.alloy_world import LOREM, alloy
from satchel.client.refusals import Refused
from satchel.client.sources import alloy as module
from satchel.client.sources.alloy import AlloySource
from satchel.model.errors import InvalidRequest
from surfaces.conftest import Api
from world import fields

ALLOY = f"{ADDRESS}/alloy/api"
HERE = {
    "code": "HER",
    "title": "{{ summary }}",
    "fields": fields(
        {"id": "summary", "type": "text", "label": "Summary"},
        {"id": "story", "type": "multiline", "label": "Story"},
        {"id": "haste", "type": "choice", "label": "Urgency", "options": [{"id": "h", "label": "immediate"}]},
        {"id": "price", "type": "decimal", "label": "Original cost"},
        {"id": "evidence", "type": "file", "label": "Proof"},
    ),
    "start": {"fields": dict.fromkeys(("summary", "haste", "price", "evidence"), "edit")},
    "tasks": {"a": {"fields": {"summary": "edit"}}},
}
JSON = {"content-type": "application/json"}
BODY = {"FileName": "scan ä.txt", "Description": "From the scanner", "Data": "U2Nhbg=="}
LINK = {"FileName": "https://files.example/plan.dwg", "IsLink": True, "Description": "The plan"}


@pytest.fixture
async def source(api: Api) -> AlloySource:
    """The class of tickets, signed in to as an application; one has a described file and a link in its tab too."""
    known = await alloy(api)
    client = await api.client("anonymous")
    headers = {"Authorization": f"Bearer {known['robot']}"}
    added = await client.put("/alloy/api/v2/Object/T000001/Attachments", json=[BODY, LINK], headers=headers)
    assert added.json()["success"]
    form = {"client_id": str(known["client_id"]), "client_secret": str(known["client_secret"])}
    return AlloySource(ALLOY, "Tickets", form)


def _report(tree: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (tree / "import-report.jsonl").read_text().splitlines()]


async def test_objects_come_with_values_attachments_descriptions_and_links(
    api: Api, network: Network, source: AlloySource, tmp_path: Path
) -> None:
    owner = await new_owner(api, network, HERE)
    filled, report = await bring(network, owner, source, tmp_path / "tree", "HER", names={"Description": "story"})
    assert (filled.fetched, filled.links, filled.failed, report.failures) == (2, 1, 0, [])
    assert (report.started, report.files, report.links) == (2, 2, 1)
    assert await contents(owner, "HER") == {
        "Printer is on fire": {
            ("evidence", "Lorem.txt"): LOREM,
            (None, "scan ä.txt"): b"Scan",
            (None, "plan.dwg"): "https://files.example/plan.dwg",
        },
        "Mouse squeaks": {},
    }
    found = await values(owner, "HER")
    assert found["Printer is on fire"] == {
        "summary": "Printer is on fire",
        "story": "It burns.\n2 < 3 & hot",
        "haste": "h",
        "price": "100.5",
    }
    (printer,) = [one async for one in owner.search({"app": "HER", "title": "Printer"})]
    described = {file.name: file.description for file in await owner.files(printer.id)}
    assert described["scan ä.txt"] == "From the scanner"
    assert described["plan.dwg"] == "The plan"


async def test_what_has_no_place_is_in_the_report_and_where_it_comes_from_in_the_first_comment(
    api: Api, network: Network, source: AlloySource, tmp_path: Path
) -> None:
    owner = await new_owner(api, network, HERE)
    _, report = await bring(network, owner, source, tmp_path / "tree", "HER")
    lines = _report(tmp_path / "tree")
    left = {(line["identifier"], line["field"]): line["value"] for line in lines if line["kind"] == "left_out"}
    assert left["T000001", "description"] == "It burns.\n2 < 3 & hot"
    assert left["T000002", "urgency"] == "Low"  # an option that there is not
    assert report.fields["Description"] == 1
    assert lines[-1] == {"kind": "totals", "instances": 2, "started": 2, "there": 0, "files": 2, "links": 1} | {
        "moved": 0,
        "orphans": 0,
        "left_out": report.fields.total(),
        "failed": 0,
    }
    (printer,) = [one async for one in owner.search({"app": "HER", "title": "Printer"})]
    history = await (await api.client("rival")).get(f"/api/v1/instances/{printer.id}/history")
    told = next(event["data"]["text"] for event in history.json()["items"] if event["kind"] == "comment")
    assert told.startswith(f"Imported from {ALLOY}: T000001, started 20")
    assert "scan ä.txt: attached 20" in told


async def test_a_second_run_adds_only_what_is_new_and_nothing_twice(
    api: Api, network: Network, source: AlloySource, tmp_path: Path
) -> None:
    owner = await new_owner(api, network, HERE)
    await bring(network, owner, source, tmp_path / "tree", "HER")
    before = await contents(owner, "HER")
    downloads = network.times("GET", "/download")
    filled, report = await bring(network, owner, source, tmp_path / "tree", "HER")
    assert (filled.fetched, filled.kept, report.started, report.there) == (0, 2, 0, 2)
    assert (report.files, report.links, network.times("GET", "/download")) == (0, 0, downloads)
    assert await contents(owner, "HER") == before

    client = await api.client("anonymous")
    headers = {"Authorization": f"Bearer {source._token}"}
    late = {"FileName": "late.txt", "Data": "TGF0ZQ=="}
    await client.put("/alloy/api/v2/Object/T000002/Attachments", json=late, headers=headers)
    _, again = await bring(network, owner, source, tmp_path / "tree", "HER")
    assert (again.started, again.files, again.failures) == (0, 1, [])
    after = await contents(owner, "HER")
    assert after["Mouse squeaks"] == {(None, "late.txt"): b"Late"}
    assert after["Printer is on fire"] == before["Printer is on fire"]


async def test_a_folder_that_was_brought_into_one_app_is_not_brought_into_another(
    api: Api, network: Network, source: AlloySource, tmp_path: Path
) -> None:
    owner = await new_owner(api, network, HERE)
    await new_owner(api, network, {**HERE, "code": "OTH"})
    await bring(network, owner, source, tmp_path / "tree", "HER")
    _, report = await bring(network, owner, source, tmp_path / "tree", "OTH")
    assert (report.failed, report.there, report.failures[0]["code"]) == (2, 0, "invalid_request")
    assert await contents(owner, "OTH") == {}


async def test_conditions_choose_and_pages_pass_over_nothing(
    api: Api, network: Network, source: AlloySource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAGE", 3)
    clerk = await api.world.actor("clerk")
    for number in range(7):
        await api.world.start(clerk, "T", summary=f"More {number}", urgency="low")
    owner = await new_owner(api, network, HERE)
    form = {"client_id": source._sign_in["client_id"], "client_secret": source._sign_in["client_secret"]}
    chosen = AlloySource(ALLOY, "T", form, ["Urgency=Low", "Created_Date >= 2020"])
    _, report = await bring(network, owner, chosen, tmp_path / "tree", "HER")
    assert report.started == 8
    assert set(await contents(owner, "HER")) == {"Mouse squeaks", *(f"More {number}" for number in range(7))}
    with pytest.raises(InvalidRequest, match="Status=Closed"):
        AlloySource(ALLOY, "T", form, ["Urgency"])


async def test_a_server_that_tells_only_what_is_documented_is_understood(
    api: Api, network: Network, source: AlloySource, tmp_path: Path
) -> None:
    """No Size, Area or Field: a file of a field is then one of the tab. No version 1: long texts are HTML."""

    def unknown(_request: httpx.Request, _answer: httpx.Response) -> httpx.Response:
        said = {"success": False, "errorCode": 17, "errorText": "Field Size is unknown.", "responseObject": None}
        return httpx.Response(200, json=said)

    network.fail("GET", "}", lambda _request, _answer: httpx.Response(404, text="There is no version 1."))
    network.fail("POST", "/Attachments", unknown)
    network.fail("GET", "/download", cut_after(2))
    owner = await new_owner(api, network, HERE)
    filled, report = await bring(network, owner, source, tmp_path / "tree", "HER")
    assert (filled.fetched, filled.failed, report.failures) == (2, 0, [])
    assert (await contents(owner, "HER"))["Printer is on fire"][None, "Lorem.txt"] == LOREM
    left = {line["value"] for line in _report(tmp_path / "tree") if line.get("field") == "description"}
    assert left == {"<p>It burns.<br>2 &lt; 3 &amp; hot</p>"}


async def test_an_error_under_status_200_is_no_file_and_the_next_run_fetches_it(
    api: Api, network: Network, source: AlloySource, tmp_path: Path
) -> None:
    def refused(request: httpx.Request, _answer: httpx.Response) -> httpx.Response:
        said = {"success": False, "errorCode": 101, "errorText": "You may not.", "responseObject": None}
        return replaced(json.dumps(said).encode())(request, httpx.Response(200, headers=JSON))

    network.fail("GET", "/download", refused)
    owner = await new_owner(api, network, HERE)
    filled, report = await bring(network, owner, source, tmp_path / "tree", "HER")
    assert (filled.fetched, filled.failed, filled.failures[0]["code"]) == (1, 1, "alloy_101")
    assert (report.started, report.files) == (2, 1)
    filled, report = await bring(network, owner, source, tmp_path / "tree", "HER")
    assert (filled.fetched, filled.failed, report.files, report.failures) == (1, 0, 1, [])
    assert len((await contents(owner, "HER"))["Printer is on fire"]) == 3


async def test_a_token_that_ends_is_renewed_and_a_wrong_secret_ends_the_run(
    api: Api, network: Network, source: AlloySource, tmp_path: Path
) -> None:
    async def hours() -> None:
        api.world.clock.advance(timedelta(hours=9))

    owner = await new_owner(api, network, HERE)
    network.first = hours
    filled, _ = await bring(network, owner, source, tmp_path / "a", "HER")
    assert (filled.fetched, filled.failed) == (2, 0)
    wrong = AlloySource(f"{ALLOY}/v2/", "Tickets", {"username": "clerk@acme.example", "password": "wrong"})
    with pytest.raises(Refused, match=r"The sign-in at Alloy failed.*invalid_grant"):
        await bring(network, owner, wrong, tmp_path / "b", "HER")
    assert not (tmp_path / "b").exists()
