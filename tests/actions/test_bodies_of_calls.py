"""Values in the bodies of calls: rendered by where they stand, so that the document around them stays whole."""

import json
from collections.abc import AsyncIterator, Mapping

import pytest

from calling import allow
from engine_bpmn import el, simple, user
from peers import Peer, peer
from satchel.actions.apps import deploying
from satchel.actions.apps.deploying import Deployed
from satchel.model.actor import Actor
from satchel.model.errors import InvalidBundle
from world import TEXT, World, bundle, fields

SENDER = [
    {"id": "sender_email", "label": "E-mail", "type": "text"},
    {"id": "sender_name", "label": "Name", "type": "text"},
    {"id": "age", "label": "Age", "type": "integer"},
    {"id": "sum", "label": "Sum", "type": "decimal", "digits": 2},
]
FIELDS = fields(
    {"id": "name", "type": "text"},
    {"id": "amount", "type": "decimal"},
    {"id": "count", "type": "integer"},
    {"id": "ready", "type": "boolean"},
    {"id": "day", "type": "date"},
    {"id": "sender", "type": "table", "columns": SENDER},
    {"id": "tags", "type": "choices", "options": [{"id": "a", "label": "A"}, {"id": "b", "label": "B"}]},
    {"id": "doc", "type": "file", "max_files": 1},
)
NAMES = ("name", "amount", "count", "ready", "day", "sender", "tags", "doc")
ROWS = [{"sender_name": "John Doe", "age": 4}, {"sender_email": "m@x.example", "sum": "12.50"}]
WHOLE = [
    {"sender_email": "", "sender_name": "John Doe", "age": 4, "sum": None},
    {"sender_email": "m@x.example", "sender_name": "", "age": None, "sum": "12.50"},
]


@pytest.fixture
async def other(world: World) -> AsyncIterator[Peer]:
    async with peer() as made:
        allow(world, made)
        yield made


async def deploy(world: World, url: str, **task: object) -> Deployed:
    service = {"kind": "rest", "method": "POST", "url": url, **task}
    start = {"fields": dict.fromkeys(NAMES, "edit")}
    manifest = {"code": "RST", "fields": FIELDS, "start": start, "services": {"s": service}}
    process = simple(el("serviceTask", "s"), user("u"), through=("s", "u"))
    return await deploying.deploy(world.context, world.admin, bundle(manifest, process))


async def sent(world: World, clerk: Actor, other: Peer, task: Mapping[str, object], **values: object) -> str:
    """Return what a call sends for some values."""
    deployed = await deploy(world, other.url("/"), **task)
    assert [finding.code for finding in deployed.warnings] == []
    await world.perform(await world.start(clerk, "RST", **values))
    return other.requests[-1].body.decode()


EVERY = ", ".join(f'"{name}": {{{{ {name} }}}}' for name in NAMES)
QUOTED = ", ".join(f'"{name}": "<{{{{ {name} }}}}>"' for name in NAMES)


async def test_in_json_a_value_outside_of_quotes_is_a_json_value(world: World, clerk: Actor, other: Peer) -> None:
    given = {"name": '1, "admin": true', "amount": "12.50", "count": 3, "ready": False, "day": "2026-01-31"}
    await deploy(world, other.url("/"))
    doc = await world.upload(clerk, TEXT, name="a.txt", field="doc", app="RST")

    body = await sent(
        world, clerk, other, {"body": "text", "text": f"{{{EVERY}}}"}, **given, sender=ROWS, tags=["b", "a"], doc=[doc]
    )

    found = json.loads(body, parse_float=str)
    file = found.pop("doc")
    assert (file["name"], file["size"]) == ("a.txt", len(TEXT))
    assert found == {**given, "amount": "12.5", "sender": WHOLE, "tags": ["a", "b"]}
    assert list(found["sender"][0]) == ["sender_email", "sender_name", "age", "sum"]


async def test_in_json_nothing_is_null_or_an_empty_list_outside_of_quotes(
    world: World, clerk: Actor, other: Peer
) -> None:
    body = await sent(world, clerk, other, {"body": "text", "text": f"{{{EVERY}}}"})
    assert json.loads(body) == {**dict.fromkeys(NAMES), "sender": [], "tags": []}


async def test_in_json_a_value_in_quotes_is_escaped_text(world: World, clerk: Actor, other: Peer) -> None:
    task = {"body": "text", "text": f'{{"back\\\\": "\\"{{{{ name }}}}\\"", {QUOTED}}}'}
    name = 'a "b"\\'

    body = json.loads(await sent(world, clerk, other, task, name=name, amount="12.50", tags=["a", "b"], sender=ROWS))

    assert (body["back\\"], body["name"], body["amount"]) == (f'"{name}"', f"<{name}>", "<12.5>")
    assert (body["tags"], json.loads(body["sender"][1:-1])) == ("<a, b>", WHOLE)
    assert (body["day"], body["doc"], body["count"]) == ("<>", "<>", "<>")


@pytest.mark.parametrize("kind", ["xml", "plain"])
async def test_in_xml_and_plain_text_nothing_is_nothing_and_a_table_is_text(
    world: World, clerk: Actor, other: Peer, kind: str
) -> None:
    task = {"body": "text", "type": kind, "text": "<a b='{{ day }}'>{{ amount }}|{{ sender }}|{{ doc }}</a>"}

    body = await sent(world, clerk, other, task, sender=ROWS[:1])

    table = json.dumps(WHOLE[:1], separators=(",", ":"))
    assert body == f"<a b=''>|{table.replace(chr(34), '&quot;') if kind == 'xml' else table}|</a>"


async def test_parameters_have_whole_rows_and_empty_lists_as_well(world: World, clerk: Actor, other: Peer) -> None:
    parameters = dict.fromkeys(NAMES, "")
    task = {"parameters": {name: name for name in parameters}, "headers": {"X-Rows": "{{ sender }}"}}
    body = json.loads(await sent(world, clerk, other, task, sender=ROWS, amount="12.50"))
    assert (body["sender"], list(body["sender"][0])) == (WHOLE, ["sender_email", "sender_name", "age", "sum"])
    assert (body["tags"], body["name"], body["amount"]) == ([], None, "12.5")
    assert json.loads(other.requests[-1].headers["x-rows"]) == WHOLE


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        ("json", '{"a": {{ sender }}', "line 1, column"),
        ("json", '{"a": "{{ name }}" "b": 1}', "line 1, column"),
        ("json", '{"a": {{ count }} {{ count }}}', "line 1, column"),
        ("xml", "<a>{{ name }}", "line 1, column"),
    ],
)
async def test_deploying_warns_of_a_text_that_cannot_be_read(world: World, kind: str, text: str, said: str) -> None:
    (found,) = (await deploy(world, "http://example.com/", body="text", type=kind, text=text)).warnings
    assert (found.code, found.severity, found.file) == ("text_body", "warning", "app.yaml")
    assert found.line is not None
    assert said in found.message


@pytest.mark.parametrize(
    ("url", "code", "severity"),
    [
        ("ftp://files.example/x", "bad_address", "error"),
        ("/orders", "bad_address", "error"),
        ("https://me:secret@erp.example/{{ name }}", "bad_address", "error"),
        ("https://erp.example/../{{ name }}", "bad_address", "error"),
        ("http://10.0.0.7/orders", "forbidden_address", "warning"),
        ("http://[::1]:9/{{ name }}", "forbidden_address", "warning"),
        ("https://erp.example/{{ name }}?a={{ amount }}", None, None),
        ("https://{{ name }}/orders", None, None),
        ("{{ name }}", None, None),
    ],
)
async def test_deploying_says_of_an_address_in_app_yaml_that_it_cannot_be_called(
    world: World, url: str, code: str | None, severity: str | None
) -> None:
    try:
        findings = (await deploy(world, url)).warnings
    except InvalidBundle as refused:
        findings = refused.findings
    assert [(found.code, found.severity, found.line is not None) for found in findings] == (
        [] if code is None else [(code, severity, True)]
    )
