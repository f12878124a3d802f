"""The Navixy surface: form templates that are made, changed and taken away by its calls."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.actions.apps import deploying
from satchel.actions.identity import accounts, hashes
from satchel.model.actor import Right
from satchel.model.app_yaml.field_settings import FIELD_ID, RESERVED_NAMES
from satchel.surfaces.navixy.names import to_ours, to_theirs
from surfaces.conftest import Api
from surfaces.navixy_client import Navixy, open_navixy, refusal, session
from world import PDF

Template = dict[str, Any]

FIELDS: list[Template] = [
    {"id": "head", "type": "separator", "label": "Goods", "required": False},
    {
        "id": "Text-1",
        "type": "text",
        "label": "Name",
        "description": "Who",
        "required": True,
        "min_length": 1,
        "max_length": 255,
    },
    {
        "id": "111-aaa-whatever",
        "type": "checkbox_group",
        "label": "Checks",
        "required": False,
        "group": [{"label": "a"}, {"label": "b"}],
        "min_checked": 0,
        "max_checked": 2,
    },
    {"id": "drop", "type": "dropdown", "label": "Kind", "required": False, "options": [{"label": "x"}, {"label": "y"}]},
    {"id": "RADIO", "type": "radio_group", "label": "Way", "required": False, "options": [{"label": "up"}]},
    {
        "id": "date",
        "type": "date",
        "label": "Day",
        "required": False,
        "disable_future": False,
        "disable_past": False,
    },
    {"id": "title", "type": "rating", "label": "Stars", "required": False, "max_stars": 5},
    {
        "id": "file1",
        "type": "file",
        "label": "Papers",
        "required": False,
        "max_file_size": 65536,
        "min_file_size": 1,
        "allowed_extensions": ["pdf"],
    },
    {"id": "photos", "type": "photo", "label": "Photos", "required": False, "max_files": 3},
    {"id": "sign", "type": "signature", "label": "Signature", "required": False},
]
DELIVERY: Template = {"label": "Delivery", "fields": FIELDS, "submit_in_zone": False, "default": False}
VALUES: Template = {
    "Text-1": {"type": "text", "value": "Ann\nBee"},
    "111-aaa-whatever": {"type": "checkbox_group", "values": [False, True]},
    "drop": {"type": "dropdown", "value_index": 1},
    "RADIO": {"type": "radio_group", "value_index": 0},
    "date": {"type": "date", "value": "2026-01-31"},
    "title": {"type": "rating", "value": 3},
}


@pytest.fixture
async def navixy(api: Api) -> Navixy:
    """The surface, with a clerk who has the right `manage` for every app besides."""
    await accounts.grant(api.world.context, api.world.admin, api.world.groups["clerks"], Right.MANAGE, app=None)
    return await open_navixy(api, await api.client("anonymous"))


async def _create(navixy: Navixy, **changed: object) -> int:
    answer = (await navixy.call("form/template/create", template={**DELIVERY, **changed})).json()
    assert answer["success"] is True, answer
    return int(answer["id"])


async def _read(navixy: Navixy, number: int) -> Template:
    found: Template = (await navixy.call("form/template/read", template_id=number)).json()["value"]
    return found


async def _task(navixy: Navixy, template: int) -> Navixy:
    made = (await navixy.call("task/create", task={"form_template_id": template}, create_form=True)).json()
    return Navixy(navixy.api, navixy.client, navixy.hash, int(made["id"]))


async def test_a_template_is_read_as_it_was_made_and_its_forms_take_every_type(navixy: Navixy) -> None:
    template = await _create(navixy)
    read = await _read(navixy, template)
    assert read["fields"] == FIELDS
    assert (read["label"], read["version"], read["default"], read["submit_in_zone"]) == ("Delivery", 1, False, False)
    task = await _task(navixy, template)
    paper = await task.uploaded(PDF, field_id="file1", filename="a.pdf")
    values = {**VALUES, "file1": {"type": "file", "file_ids": [paper]}}

    assert (await task.submit(**values)).json() == {"success": True}

    form = (await navixy.call("task/form/read", task_id=task.task)).json()
    assert form["value"]["values"] == values
    assert [one["id"] for one in form["value"]["fields"]] == [one["id"] for one in FIELDS]
    assert form["files"][0]["bindings"]["form_field"]["field_id"] == "file1"
    missing = await task.submit(**{"Text-1": {"type": "text", "value": ""}})
    assert [(one["field_id"], one["code"]) for one in missing.json()["errors"]] == [("Text-1", 1)]
    wrong = await task.submit(**{"RADIO": {"type": "radio_group", "value_index": 1}, "No-Such": {}})
    assert [(one["field_id"], one["code"]) for one in wrong.json()["errors"]] == [("RADIO", 4), ("No-Such", 8)]
    assert refusal(await navixy.call("task/status/update", task_id=task.task, status="done")) == (403, 13)
    mine = int(navixy.api.world.people["clerk"])
    assert (await navixy.call("task/assign", task_id=task.task, tracker_id=mine)).json()["success"] is True
    assert (await navixy.call("task/status/update", task_id=task.task, status="done")).json() == {"success": True}


async def test_a_field_with_an_id_of_theirs_takes_files(navixy: Navixy) -> None:
    paper = {**FIELDS[7], "id": "Paper-1"}
    task = await _task(navixy, await _create(navixy, fields=[paper]))
    number = await task.uploaded(PDF, field_id="Paper-1", filename="a.pdf")
    waiting = (await navixy.call("task/form/read", task_id=task.task)).json()["files"]
    assert [one["bindings"]["form_field"]["field_id"] for one in waiting] == ["Paper-1"]
    assert (await task.submit(**{"Paper-1": {"type": "file", "file_ids": [number]}})).json() == {"success": True}
    read = (await navixy.call("task/form/read", task_id=task.task)).json()
    assert read["value"]["values"] == {"Paper-1": {"type": "file", "file_ids": [number]}}


async def test_a_description_is_kept_word_for_word(navixy: Navixy) -> None:
    said = "# a: 'b' \"c\" {{ d }}\r\n\t\\u0041 \u2028\ufffe\N{GRINNING FACE}&<>"
    read = await _read(navixy, await _create(navixy, description=said))
    assert read["description"] == said.replace("\r\n", "\n")


async def test_a_changed_template_is_a_version_and_leaves_its_forms_as_they_are(navixy: Navixy) -> None:
    template = await _create(navixy)
    task = await _task(navixy, template)
    options = [{"label": "y"}, {"label": "z"}, {"label": "x"}]
    fields = [FIELDS[1], {**FIELDS[3], "options": options}, {**FIELDS[5], "id": "new"}]
    changed = {**DELIVERY, "id": template, "label": "Delivery 2", "description": "More", "fields": fields}

    assert (await navixy.call("form/template/update", template=changed)).json() == {"success": True}

    read = await _read(navixy, template)
    assert (read["label"], read["description"], read["version"]) == ("Delivery 2", "More", 2)
    assert read["fields"] == fields
    form = (await navixy.call("task/form/read", task_id=task.task)).json()["value"]
    assert (form["label"], form["template_version"], len(form["fields"])) == ("Delivery", 1, len(FIELDS))
    newer = await _task(navixy, template)
    given = {"Text-1": VALUES["Text-1"], "drop": {"type": "dropdown", "value_index": 0}}
    assert (await newer.submit(**given)).json() == {"success": True}
    manifest = (await deploying.read(navixy.api.world.context, navixy.api.world.admin, "FORM1")).manifest
    kinds = manifest.field("drop")
    assert kinds is not None
    assert [(one.id, one.label) for one in kinds.limits.options] == [("o2", "y"), ("o3", "z"), ("o1", "x")]
    again = {**changed, "fields": [{**FIELDS[5], "id": "Text-1"}]}
    refused = await navixy.call("form/template/update", template=again)
    assert refusal(refused) == (400, 7)
    assert refused.json()["errors"][0]["parameter"] == "template.fields"


async def test_a_deleted_template_starts_nothing_more_and_its_forms_go_on_without_it(navixy: Navixy) -> None:
    template = await _create(navixy)
    task = await _task(navixy, template)

    assert (await navixy.call("form/template/delete", template_id=template)).json() == {"success": True}

    assert refusal(await navixy.call("form/template/read", template_id=template)) == (400, 201)
    assert refusal(await navixy.call("form/template/delete", template_id=template)) == (400, 201)
    assert refusal(await navixy.call("task/create", template_id=template)) == (400, 201)
    assert template not in [one["id"] for one in (await navixy.call("form/template/list")).json()["list"]]
    form = (await navixy.call("task/form/read", task_id=task.task)).json()["value"]
    assert "template_id" not in form
    assert (await task.submit(**VALUES)).json() == {"success": True}
    found = await (await navixy.api.client("clerk")).get("/api/v1/instances?app=FORM1")
    assert len(found.json()["items"]) == 1
    assert await _create(navixy) != template


async def test_an_app_that_was_deployed_is_neither_changed_nor_deleted_here(navixy: Navixy) -> None:
    (deployed,) = (await navixy.call("form/template/list")).json()["list"]
    changed = {**DELIVERY, "id": deployed["id"]}
    assert refusal(await navixy.call("form/template/update", template=changed)) == (400, 230)
    assert refusal(await navixy.call("form/template/delete", template_id=deployed["id"])) == (400, 230)
    world = navixy.api.world
    template = await _create(navixy)
    (newest,) = await deploying.versions(world.context, world.admin, "FORM1")
    more = newest.bpmn.replace(b'<bpmn:endEvent id="ended"', b'<bpmn:userTask id="more" /><bpmn:endEvent id="ended"')
    flow = b'sourceRef="fill" targetRef="ended" />'
    path = b'sourceRef="fill" targetRef="more" /><bpmn:sequenceFlow id="on" sourceRef="more" targetRef="ended" />'
    await deploying.deploy(
        world.context, world.admin, {"app.yaml": newest.manifest, "process.bpmn": more.replace(flow, path)}
    )
    changed = {**DELIVERY, "id": template}
    assert refusal(await navixy.call("form/template/update", template=changed)) == (400, 230)
    assert refusal(await navixy.call("form/template/delete", template_id=template)) == (400, 230)
    unknown = {**DELIVERY, "id": 2**40}
    assert refusal(await navixy.call("form/template/update", template=unknown)) == (400, 201)


async def test_templates_are_made_by_those_who_manage_every_app(navixy: Navixy) -> None:
    template = await _create(navixy)
    for who, of_hers in (("viewer", (403, 13)), ("stranger", (400, 201))):
        given = await session(navixy.api, who)
        assert refusal(await navixy.call("form/template/create", given, template=DELIVERY)) == (403, 13)
        changed = {**DELIVERY, "id": template}
        assert refusal(await navixy.call("form/template/update", given, template=changed)) == of_hers
        assert refusal(await navixy.call("form/template/delete", given, template_id=template)) == of_hers
    rival = navixy.api.world.rival
    assert rival.user_id is not None
    theirs = (await hashes.open_for(navixy.api.world.context, rival, rival.user_id)).secret
    assert refusal(await navixy.call("form/template/update", theirs, template={**DELIVERY, "id": template})) == (
        400,
        201,
    )
    assert (await navixy.call("form/template/create", theirs, template=DELIVERY)).json()["success"] is True


async def test_what_is_wrong_with_a_template_is_said_by_its_name(navixy: Navixy) -> None:
    text, checks, drop, day, stars, file, photos = (FIELDS[number] for number in (1, 2, 3, 5, 6, 7, 8))
    wrong: list[tuple[str, Template]] = [
        ("default", {"default": None}),
        ("label", {"label": ""}),
        ("label", {"label": "x" * 101}),
        ("label", {"label": "two\nlines"}),
        ("description", {"description": "x\x85"}),
        ("fields.description", {"fields": [{**FIELDS[1], "description": "\x7f"}]}),
        ("fields", {"fields": None}),
        ("fields", {"fields": []}),
        ("fields", {"fields": [1]}),
        ("fields", {"fields": [{**text, "id": f"f{number}"} for number in range(129)]}),
        ("fields", {"fields": [{**file, "id": f"f{number}"} for number in range(17)]}),
        ("fields.id", {"fields": [text, text]}),
        ("fields.id", {"fields": [{**text, "id": "a b"}]}),
        ("fields.id", {"fields": [{**text, "id": "x" * 20}]}),
        ("fields.type", {"fields": [{**text, "type": "number"}]}),
        ("fields.max_length", {"fields": [{**text, "max_length": None}]}),
        ("fields.max_length", {"fields": [{**text, "max_length": 1025}]}),
        ("fields.min_length", {"fields": [{**text, "min_length": 0}]}),
        ("fields.group", {"fields": [{**checks, "group": []}]}),
        ("fields.max_checked", {"fields": [{**checks, "max_checked": 3}]}),
        ("fields.options.label", {"fields": [{**drop, "options": [{"label": 1}]}]}),
        ("fields.disable_past", {"fields": [{**day, "disable_past": "often"}]}),
        ("fields.max_stars", {"fields": [{**stars, "max_stars": 11}]}),
        ("fields.max_file_size", {"fields": [{**file, "max_file_size": 16_777_217}]}),
        ("fields.allowed_extensions", {"fields": [{**file, "allowed_extensions": []}]}),
        ("fields.allowed_extensions", {"fields": [{**file, "allowed_extensions": ["../x"]}]}),
        ("fields.max_files", {"fields": [{**photos, "max_files": 7}]}),
    ]
    for name, changed in wrong:
        answer = await navixy.call("form/template/create", template={**DELIVERY, **changed})
        assert refusal(answer) == (400, 7), (changed, answer.text)
        assert [one["parameter"] for one in answer.json()["errors"]] == [f"template.{name}"], changed
    assert len((await navixy.call("form/template/list")).json()["list"]) == 1


@given(st.from_regex(r"[A-Za-z0-9_-]{1,19}", fullmatch=True) | st.sampled_from([*sorted(RESERVED_NAMES), "id__text"]))
def test_every_field_id_of_theirs_is_one_of_ours_and_comes_back(theirs: str) -> None:
    ours = to_ours(theirs)
    assert FIELD_ID.fullmatch(ours)
    assert ours not in RESERVED_NAMES
    assert to_theirs(ours) == theirs


@given(st.from_regex(FIELD_ID, fullmatch=True))
def test_every_field_id_of_ours_is_found_by_what_they_call_it(ours: str) -> None:
    assert ours in RESERVED_NAMES or to_ours(to_theirs(ours)) == ours
