"""Actions of Alloy's clients: numbers of the whole account, inputs that hold files, and what can be read of them."""

import base64
from collections.abc import Mapping

import httpx
import pytest

from golden.alloy_world import alloy, token
from satchel.actions.instances import lifecycle
from satchel.model.errors import InvalidBundle
from satchel.model.ids import InstanceId
from surfaces.conftest import Api
from world import PDF, bundle, fields

BASE = "/alloy/api/v2"


def app(code: str, alias: int) -> Mapping[str, bytes]:
    """Return an app with two actions that take files; the one that creates requires one."""
    return bundle(
        {
            "code": code,
            "fields": fields(
                {"id": "subject", "type": "text", "label": "Title"},
                {"id": "offer", "type": "file", "label": "The offer", "accept": [".pdf"], "max_files": 1},
                {"id": "papers", "type": "file", "label": "Papers"},
            ),
            "start": {"fields": {"subject": "edit", "offer": "require"}},
            "tasks": {"a": {"assign": {"group": "clerks"}}},
            "actions": {
                1: {"name": "New", "create": True, "alias": alias, "inputs": ["subject", "offer"]},
                2: {"name": "Add", "inputs": ["papers", "offer", "comment"], "areas": [{"name": "Documents"}]},
            },
        }
    )


def file(name: str, data: bytes = PDF, **more: object) -> dict[str, object]:
    return {"FileName": name, "Data": base64.b64encode(data).decode(), **more}


class Caller:
    """The clerk at Alloy's API."""

    def __init__(self, client: httpx.AsyncClient, secret: str) -> None:
        self.client = client
        self.headers = {"Authorization": f"bearer {secret}"}

    async def ask(self, method: str, path: str, body: object = None) -> tuple[int, str, dict[str, object]]:
        """Make a call, and return the error's code and text, and the object."""
        answer = await self.client.request(method, f"{BASE}{path}", headers=self.headers, json=body)
        found = answer.json()
        return found["errorCode"], found["errorText"], found["responseObject"] or {}

    async def rows(self, path: str) -> list[list[str]]:
        """Return the rows of a list."""
        data = (await self.ask("GET", path))[2]["Data"]
        assert isinstance(data, list)
        return data


@pytest.fixture
async def caller(api: Api) -> Caller:
    await api.world.deploy(app("ONE", 1001))
    await api.world.deploy(app("TWO", 1002))
    return Caller(await api.client("anonymous"), await token(api.world, await api.world.actor("clerk")))


async def test_an_alias_names_an_action_without_its_class_and_no_two_apps_have_one(api: Api, caller: Caller) -> None:
    body: dict[str, object] = {"Fields": {"Title": "x"}, "Attachments": [file("offer.pdf")]}

    assert (await caller.ask("POST", "", {"ActionId": 1, **body}))[0] == 110
    assert (await caller.ask("POST", "", {"ActionId": "1002", **body}))[2]["ObjectOID"] == "TWO000001"
    assert (await caller.ask("POST", "", {"ActionId": 1001, "objectClass": "ONE", **body}))[2][
        "ObjectOID"
    ] == "ONE000001"
    assert (await caller.ask("POST", "", {"ActionId": 1001, "objectClass": "TWO", **body}))[0] == 106
    for number, alias in ((1, 2), (3, 1002)):
        manifest = {"code": "NEW", "actions": {number: {"name": "x", "alias": alias}, 2: {"name": "y"}}}
        with pytest.raises(InvalidBundle) as refused:
            await api.world.deploy(bundle(manifest))
        assert [found.code for found in refused.value.findings] == ["action_alias"]
    await api.world.deploy(app("ONE", 1001))  # a later version keeps its own


async def test_an_input_that_holds_files_takes_attachments_by_its_id_or_label(api: Api, caller: Caller) -> None:
    code, text, _ = await caller.ask("POST", "", {"ActionId": 1001, "Attachments": [file("offer.txt", b"text")]})
    assert (code, "offer" in text) == (113, True)
    assert (await caller.ask("POST", "", {"ActionId": 1001, "Fields": {"Title": "x"}}))[0] == 107
    made = (await caller.ask("POST", "", {"ActionId": 1001, "Attachments": [file("offer.pdf", Description="Best")]}))[2]
    oid = made["ObjectOID"]

    run = f"/object/{oid}/action/2"
    both = [file("a.txt", b"a", AttachmentArea="PAPERS"), file("new.pdf", AttachmentArea="the offer"), file("tab.pdf")]
    assert (await caller.ask("POST", run, {"Comment": "more", "Attachments": both}))[0] == 0
    link = {"FileName": "x:y", "IsLink": True, "AttachmentArea": "papers"}
    assert (await caller.ask("POST", run, {"Attachments": [link]}))[0] == 110

    listed = await caller.rows(f"/object/{oid}/attachments?par_fields=Name,Field,Area,Description&par_sort_asc=Name")
    assert listed == [
        ["a.txt", "Papers", "", ""],
        ["new.pdf", "The offer", "", ""],
        ["tab.pdf", "", "Documents", ""],
    ]
    fields_first = await caller.rows(f"/object/{oid}/attachments?par_fields=Name&par_sort_asc=Field,Name")
    assert fields_first == [["tab.pdf"], ["a.txt"], ["new.pdf"]]
    details = await caller.rows(f"/activities/{oid}?par_fields=Activity,Details")
    assert details[0][0] == "Instance started"
    assert details[1][0] == "Add"
    assert "Papers" in details[1][1]
    assert "a.txt" in details[1][1]
    assert ["Comment", "more"] in details
    assert await api.world.drift() == []


async def test_links_of_any_scheme_are_kept_and_an_ended_object_keeps_its_attachments(api: Api) -> None:
    known = await alloy(api)
    caller = Caller(await api.client("anonymous"), str(known["clerk"]))
    attachments = "/object/T000001/attachments"
    targets = ["javascript:alert(1)", "urn:isbn:1", "\\\\server\\share\\a.txt"]
    assert (await caller.ask("PUT", attachments, [{"FileName": one, "IsLink": True} for one in targets]))[0] == 0
    links = await caller.rows(f"{attachments}?Type=Link&par_fields=Name")
    assert sorted(one for (one,) in links) == sorted(targets)

    ((number,),) = await caller.rows(f"{attachments}?Name=Lorem.txt&par_fields=ID")
    one = f"{attachments}/{number}"
    assert (await caller.ask("PATCH", one, {"Description": "a\x1bb"}))[0] == 113
    numbers = await api.world.rows("SELECT id FROM instances WHERE identifier = 'T-1'")
    clerk = await api.world.actor("clerk")
    await lifecycle.cancel_instance(api.world.context, clerk, InstanceId(int(str(numbers[0][0]))), why="over")
    for method, path, body in (
        ("PATCH", one, {"Description": "late"}),
        ("DELETE", one, None),
        ("PUT", attachments, file("late.txt")),
    ):
        assert (await caller.ask(method, path, body))[0] == 106, method
    assert (await caller.ask("GET", f"{one}/content"))[2]["FileName"] == "Lorem.txt"
    assert [row for row in await caller.rows("/activities/T000001?par_fields=Details") if "over" in row[0]]


async def test_texts_of_errors_have_none_of_our_own_nouns(api: Api) -> None:
    known = await alloy(api)
    caller = Caller(await api.client("anonymous"), str(known["clerk"]))
    run = "/object/T000001/action/11"
    texts = [
        (await caller.ask("POST", run, {"Attachments": [file("a.txt", AttachmentArea=area)]}))[1]
        for area in ("Nowhere", "Pictures")
    ]
    texts += [(await caller.ask("PUT", "/object/T000001/attachments", {"FileName": "a", "Data": "?"}))[1]]
    assert all(texts)
    for text in texts:
        assert not [word for word in ("pload", "laim", "icket ") if word in text], text
