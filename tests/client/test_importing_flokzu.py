"""Instances of a Flokzu account come into an app with values, attachments and links, each once."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import httpx
import pytest

from client.accounts import bring, contents, new_owner, values
from client.conftest import ADDRESS, Network, cut_after, lost, signed_in
from golden.flokzu_world import flokzu
from satchel.client.refusals import Refused
from satchel.client.sources.flokzu import FlokzuSource, IdentifierFile, IdentifierRange, Identifiers
from satchel.model.errors import InvalidRequest
from surfaces.conftest import Api
from world import PDF, TEXT, fields

FLOKZU = f"{ADDRESS}/flokzu/flokzuopenapi/api"
PLAN = "https://onedrive.example/plan"
LINKED = "/TAB-6-1.pdf"
HERE = {
    "code": "HER",
    "title": "{{ name }}",
    "fields": fields(
        {"id": "name", "type": "text", "label": "Product"},
        {"id": "amount", "type": "decimal", "label": "Money"},
        {"id": "paper", "type": "file", "label": "Description (PDF)"},
        {"id": "pictures", "type": "file", "label": "Pictures"},
        {
            "id": "people",
            "type": "table",
            "label": "Sender",
            "columns": [
                {"id": "mail", "label": "sender_email", "type": "text"},
                {"id": "called", "label": "sender_name", "type": "text"},
            ],
        },
    ),
    "start": {"fields": dict.fromkeys(("name", "amount", "paper", "pictures"), "edit")},
    "tasks": {"a": {"fields": {"people": "edit"}}},
}

Account = Callable[[Identifiers], FlokzuSource]


@pytest.fixture
async def account(api: Api) -> Account:
    """Makes sources of an account with one evaluation: a PDF, a plan in OneDrive, a note in the tab."""
    known = await flokzu(api)

    def made(identifiers: Identifiers) -> FlokzuSource:
        return FlokzuSource(FLOKZU, identifiers, key=str(known["clerk"]), username="clerk@acme.example")

    return made


class Kept(BytesIO):
    """A sink in memory."""

    @property
    def size(self) -> int:
        """How much has come."""
        return len(self.getvalue())

    def reset(self) -> None:
        """Begin anew."""
        self.truncate(0)
        self.seek(0)


async def test_numbered_instances_come_with_values_tables_attachments_and_links_once(
    api: Api, network: Network, account: Account, tmp_path: Path
) -> None:
    owner = await new_owner(api, network, HERE)
    source = account(IdentifierRange("EVA", "1-120"))
    filled, report = await bring(network, owner, source, tmp_path / "tree", "HER", names={"Amount": "amount"})
    assert (filled.instances, filled.absent, filled.fetched, filled.links, filled.failed) == (1, 119, 2, 1, 0)
    assert (report.started, report.moved, report.failures) == (1, 1, [])  # the field takes no links
    held = {("paper", "TAB-6-1.pdf"): PDF, (None, "note.txt"): TEXT, (None, "plan.dwg"): PLAN}
    assert await contents(owner, "HER") == {"Drill": held}
    assert await values(owner, "HER") == {
        "Drill": {"name": "Drill", "amount": "12.5", "people": [{"called": "John Doe"}]}
    }
    (drill,) = [one async for one in owner.search({"app": "HER"}, with_files=True)]
    assert {file.kind for file in drill.files} == {"stored", "onedrive"}

    again, second = await bring(network, owner, source, tmp_path / "tree", "HER", names={"Amount": "amount"})
    assert (again.fetched, again.kept) == (0, 2)
    assert (second.started, second.there, second.files, second.links) == (0, 1, 0, 0)
    assert await contents(owner, "HER") == {"Drill": held}


async def test_identifiers_of_a_file_are_taken_and_those_that_are_nobodys_reported(
    api: Api, network: Network, account: Account, tmp_path: Path
) -> None:
    named = tmp_path / "ids.csv"
    named.write_bytes('\ufeffReference;State\r\n\r\nEVA-1;open\r\n"EVA-77",x\r\nnonsense\r\n'.encode())
    owner = await new_owner(api, network, HERE)
    filled, report = await bring(network, owner, account(IdentifierFile(named)), tmp_path / "tree", "HER")
    assert (filled.instances, report.started) == (1, 1)
    assert [(one["instance"], one["code"]) for one in filled.failures] == [
        ("EVA-77", "flokzu_not_found"),
        ("nonsense", "flokzu_not_found"),
    ]
    for wrong in ("5-1", "1", "a-b"):
        with pytest.raises(InvalidRequest, match="1-500"):
            IdentifierRange("EVA", wrong)


async def test_an_attachments_address_is_asked_for_when_its_bytes_are(
    api: Api, network: Network, account: Account
) -> None:
    source = account(IdentifierRange("EVA", "1-1"))
    async with signed_in(network, "", []) as client:
        client.driver.account.url = FLOKZU
        page = await client.driver.run(source.page(None))
        api.world.clock.advance(timedelta(hours=1))  # the address that came with the page has expired
        file = next(one for one in page.items[0].files if one.name == "TAB-6-1.pdf")
        sink = Kept()
        await client.driver.run(source.fetch(file, sink))
    assert sink.getvalue() == PDF
    assert "links" not in json.dumps([file.source, file.url])


async def test_redirects_are_followed_without_the_key_and_a_break_is_taken_up_where_it_was(
    api: Api, network: Network, account: Account, tmp_path: Path
) -> None:
    def led(request: httpx.Request, _answer: httpx.Response) -> httpx.Response:
        return httpx.Response(307, headers={"location": str(request.url)})

    network.fail("GET", LINKED, led)
    network.fail("GET", LINKED, cut_after(10))
    owner = await new_owner(api, network, HERE)
    filled, _ = await bring(network, owner, account(IdentifierRange("EVA", "1-1")), tmp_path / "tree", "HER")
    assert (filled.fetched, filled.failed) == (2, 0)
    asked = [one for one in network.asked if one.url.path.endswith(LINKED)]
    assert [one.headers.get("range") for one in asked] == [None, None, "bytes=10-"]
    assert not any({"x-api-key", "x-username", "authorization"} & set(one.headers) for one in asked)


@pytest.mark.parametrize(
    "address",
    [
        "https://files.example/a\nb",
        "https://files.example/a b",
        "https://[::1",
        "https://files.example:99999/x",
        "https://\u00fc..example/x",
        "https:///x",
    ],
)
async def test_an_address_that_is_none_is_one_line_of_the_report(
    address: str, api: Api, network: Network, account: Account, tmp_path: Path
) -> None:
    def changed(_request: httpx.Request, answer: httpx.Response) -> httpx.Response:
        spoilt = re.sub(rf'"url": ?"[^"]*{LINKED}[^"]*"', lambda _: f'"url": {json.dumps(address)}', answer.text)
        assert spoilt != answer.text
        return httpx.Response(200, content=spoilt.encode())

    for _ in range(3):  # the listing, and each fetch
        network.fail("GET", "/process/instance", changed)
    owner = await new_owner(api, network, HERE)

    filled, report = await bring(network, owner, account(IdentifierRange("EVA", "1-1")), tmp_path / "tree", "HER")

    assert (filled.fetched, [one["code"] for one in filled.failures]) == (1, ["bad_address"])
    assert report.started == 1


@pytest.mark.parametrize("elsewhere", ["http://169.254.169.254/x", "file:///etc/passwd", "https://me@files.example/x"])
async def test_addresses_that_lead_astray_are_not_asked(
    elsewhere: str, api: Api, network: Network, account: Account, tmp_path: Path
) -> None:
    def led(_request: httpx.Request, _answer: httpx.Response) -> httpx.Response:
        return httpx.Response(302, headers={"location": elsewhere})

    network.fail("GET", LINKED, led)
    owner = await new_owner(api, network, HERE)
    filled, report = await bring(network, owner, account(IdentifierRange("EVA", "1-1")), tmp_path / "tree", "HER")
    assert (filled.fetched, [one["code"] for one in filled.failures]) == (1, ["bad_address"])
    assert {one.url.host for one in network.asked} == {"127.0.0.1"}
    assert report.started == 1


async def test_a_file_whose_address_refuses_is_one_line_of_the_report_and_its_instance_is_started(
    api: Api, network: Network, account: Account, tmp_path: Path
) -> None:
    for _ in range(12):
        network.fail("GET", LINKED, lost)
    owner = await new_owner(api, network, HERE)

    filled, report = await bring(network, owner, account(IdentifierRange("EVA", "1-1")), tmp_path / "tree", "HER")

    assert (filled.fetched, [one["code"] for one in filled.failures]) == (1, ["unreachable"])
    assert "the connection was reset" in str(filled.failures[0]["message"])
    assert report.started == 1

    network.faults.clear()
    again, second = await bring(network, owner, account(IdentifierRange("EVA", "1-1")), tmp_path / "tree", "HER")
    assert (again.fetched, again.kept, second.started, second.files) == (1, 1, 0, 1)


@pytest.mark.parametrize(
    "spoilt", [{"attachments": [{"attachmentId": "x", "superType": [1]}]}, {"fields": 5}, {"initiationDate": 7}]
)
async def test_an_instance_of_another_shape_is_one_line_of_the_report(
    spoilt: dict[str, object], api: Api, network: Network, account: Account, tmp_path: Path
) -> None:
    def changed(_request: httpx.Request, answer: httpx.Response) -> httpx.Response:
        return httpx.Response(200, json={"status": "OK", "data": {**answer.json()["data"], **spoilt}})

    network.fail("GET", "/process/instance", changed)
    named = tmp_path / "ids"
    named.write_text("EVA-1\nEVA-1\n")
    owner = await new_owner(api, network, HERE)

    filled, report = await bring(network, owner, account(IdentifierFile(named)), tmp_path / "tree", "HER")

    assert [(one["instance"], one["code"]) for one in filled.failures] == [("EVA-1", "unexpected_reply")]
    assert (filled.instances, report.started) == (1, 1)


async def test_a_server_that_leads_round_in_circles_is_left(
    api: Api, network: Network, account: Account, tmp_path: Path
) -> None:
    def round_again(request: httpx.Request, _answer: httpx.Response) -> httpx.Response:
        return httpx.Response(302, headers={"location": str(request.url)})

    for _ in range(6):
        network.fail("GET", LINKED, round_again)
    owner = await new_owner(api, network, HERE)
    filled, _ = await bring(network, owner, account(IdentifierRange("EVA", "1-1")), tmp_path / "tree", "HER")
    assert [one["code"] for one in filled.failures] == ["led_astray"]


async def test_a_wrong_key_ends_the_run(api: Api, network: Network, account: Account, tmp_path: Path) -> None:
    owner = await new_owner(api, network, HERE)
    account(IdentifierRange("EVA", "1-1"))
    wrong = FlokzuSource(FLOKZU, IdentifierRange("EVA", "1-3"), key="wrong", username="clerk@acme.example")
    with pytest.raises(Refused) as refused:
        await bring(network, owner, wrong, tmp_path / "tree", "HER")
    assert refused.value.status == 401
    assert not (tmp_path / "tree").exists()
