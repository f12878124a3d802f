"""What a client trips over is found in schemas, and what it can live with is not."""

from typing import Any

import pytest

from house.openapi_changes import changes
from house.schema_changes import Change

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "integer"}
NULL: Schema = {"type": "null"}
TASK: Schema = {"$ref": "#/components/schemas/Task"}


def members(*required: str, **properties: object) -> Schema:
    return {"type": "object", "properties": properties, "required": list(required)}


def document(request: object, reply: object, **schemas: object) -> Schema:
    """Return a description of one operation that takes and answers JSON."""
    operation = {
        "requestBody": {"content": {"application/json": {"schema": request}}},
        "responses": {"200": {"description": "", "content": {"application/json": {"schema": reply}}}},
    }
    return {"openapi": "3.1.0", "paths": {"/tasks": {"post": operation}}, "components": {"schemas": schemas}}


def found_in(before: Schema, after: Schema) -> list[str]:
    return [text_of(one) for one in changes(before, after)]


def text_of(one: Change) -> str:
    """Return a change without the operation, which is always the same."""
    mark = "" if one.breaks else "note: "
    place = " ".join(part for part in (one.component, one.pointer) if part)
    values = f": {one.before or 'none'} → {one.after or 'none'}" if one.before or one.after else ""
    return f"{mark}{one.what} {place}".rstrip() + values


KIND = {"type": "object", "required": ["kind"]}
LINK: Schema = {**KIND, "properties": {"kind": {"const": "link"}, "url": TEXT}}
FILE: Schema = {**KIND, "properties": {"kind": {"const": "file"}, "size": NUMBER}}
MAIL: Schema = {**KIND, "properties": {"kind": {"const": "mail"}, "to": TEXT}}
ALTERNATIVE_ADDED = 'note: reply alternative added: object (kind "link") or object (kind "file") → object (kind "mail")'
NAMED = members(a={"type": "string", "const": "x"}, b=NUMBER)

REQUESTS: list[tuple[Any, Any, list[str]]] = [
    (TEXT, NUMBER, ["request type changed: string → integer"]),
    ({"type": "number"}, NUMBER, ["request type changed: number → integer"]),
    ({}, TEXT, ["request type changed: any → string"]),
    ({"anyOf": [TEXT, NULL]}, TEXT, ["request takes no null now: string or null → string"]),
    (TEXT, {"type": "string", "enum": ["a"]}, ['request enum narrowed: string → "a"']),
    ({"enum": ["a", "b"]}, {"enum": ["b"]}, ['request enum narrowed: "a" | "b" → "b"']),
    ({"enum": ["a", "b"]}, {"const": "b"}, ['request enum narrowed: "a" | "b" → "b"']),
    (TEXT, {**TEXT, "format": "date"}, ["request format changed: none → date"]),
    (TEXT, {**TEXT, "maxLength": 9}, ["request maxLength narrowed: none → 9"]),
    ({**TEXT, "maxLength": 9}, {**TEXT, "maxLength": 8}, ["request maxLength narrowed: 9 → 8"]),
    (TEXT, {**TEXT, "minLength": 1}, ["request minLength narrowed: 0 → 1"]),
    (TEXT, {**TEXT, "pattern": "^a"}, ['request pattern changed: none → "^a"']),
    (NUMBER, {**NUMBER, "minimum": 0}, ["request minimum narrowed: none → 0"]),
    (NUMBER, {**NUMBER, "exclusiveMinimum": 0}, ["request minimum narrowed: none → 1"]),
    (NUMBER, {**NUMBER, "multipleOf": 2}, ["request multipleOf narrowed: none → 2"]),
    ({**NUMBER, "multipleOf": 3}, {**NUMBER, "multipleOf": 6}, ["request multipleOf narrowed: 3 → 6"]),
    (members(a=TEXT), members("a", a=TEXT), ["request member became required /a"]),
    (members(), members("a", a=TEXT), ["required request member added /a: none → string"]),
    (members(a=TEXT, b=NUMBER), members(b=NUMBER), ["request member removed /a: string → none"]),
    (members(task=TEXT), members("task_id", task_id=TEXT), ["request member renamed /task: task → task_id"]),
    (
        {"type": "object"},
        {"type": "object", "additionalProperties": False},
        ["request takes no other members now: any → none"],
    ),
    (
        {"type": "object", "additionalProperties": {"type": ["string", "integer"]}},
        {"type": "object", "additionalProperties": TEXT},
        ["request type changed /*: string or integer → string"],
    ),
    ({"type": "array", "items": {}}, {"type": "array", "items": TEXT}, ["request type changed /*: any → string"]),
    ({"type": "array"}, {"type": "array", "maxItems": 5}, ["request maxItems narrowed: none → 5"]),
    ({"type": "array"}, {"type": "array", "uniqueItems": True}, ["request uniqueItems added"]),
    (
        {"type": "array", "prefixItems": [TEXT, NUMBER]},
        {"type": "array", "prefixItems": [TEXT], "items": False},
        ["request element removed /1: integer → none", "request takes no further elements now"],
    ),
    (
        {"oneOf": [LINK, FILE]},
        {"oneOf": [FILE]},
        ['request alternative removed: object (kind "link") → object (kind "file")'],
    ),
    (
        {"allOf": [members(a=TEXT), members(b=TEXT)]},
        {"allOf": [members(a=TEXT), members("b", b={**TEXT, "maxLength": 9})]},
        ["request member became required /b", "request maxLength narrowed /b: none → 9"],
    ),
    (members(a={**NUMBER, "default": 5}), members(a={**NUMBER, "default": 9}), ["note: default changed /a: 5 → 9"]),
]

REPLIES: list[tuple[Any, Any, list[str]]] = [
    (members(a=TEXT, b=NUMBER), members(b=NUMBER), ["reply member removed /a: string → none"]),
    (members("a", a=TEXT), members("b", b=TEXT), ["reply member renamed /a: a → b"]),
    (members(holder=TEXT, b=TEXT), members(b=TEXT, owner=NUMBER), ["reply member removed /holder: string → none"]),
    (members("a", a=TEXT), members(a=TEXT), ["reply member became optional /a"]),
    (TEXT, {"type": ["string", "null"]}, ["reply may be null now: string → string or null"]),
    (members(a=TASK), members(a={"anyOf": [TASK, NULL]}), ["reply may be null now /a: Task → Task or null"]),
    (TEXT, NUMBER, ["reply type changed: string → integer"]),
    (NUMBER, {"type": "number"}, ["reply type changed: integer → number"]),
    (TEXT, {}, ["reply type changed: string → any"]),
    (
        {**TEXT, "format": "date-time"},
        TEXT,
        ["reply format changed: date-time → none"],
    ),
    ({"enum": ["a"]}, {"enum": ["a", "b"]}, ['note: reply enum widened: "a" → "a" | "b"']),
    ({"enum": ["a"]}, TEXT, ['note: reply enum widened: "a" → string']),
    ({"const": "a"}, {"const": "b"}, ['reply enum changed: "a" → "b"']),
    (
        {"type": "array", "items": members(a=TEXT)},
        {"type": "array", "items": members()},
        ["reply member removed /*/a: string → none"],
    ),
    (
        {"type": "array", "prefixItems": [TEXT, NUMBER], "items": False},
        {"type": "array", "prefixItems": [TEXT], "items": False},
        ["reply element removed /1: integer → none"],
    ),
    (
        {"type": "object", "additionalProperties": TEXT},
        {"type": "object", "additionalProperties": NUMBER},
        ["reply type changed /*: string → integer"],
    ),
    (
        {"type": "object", "additionalProperties": TEXT},
        {"type": "object", "additionalProperties": False},
        ["reply member removed /*: string → none"],
    ),
    (
        {"type": "object", "patternProperties": {"^x-": TEXT}},
        {"type": "object", "patternProperties": {"^x-": NUMBER}},
        ["reply type changed /~1^x-~1: string → integer"],
    ),
    ({"oneOf": [LINK, FILE]}, {"oneOf": [LINK, FILE, MAIL]}, [ALTERNATIVE_ADDED]),
    (
        {"oneOf": [LINK, FILE]},
        {"oneOf": [{**FILE, "properties": {"kind": {"const": "file"}}}, LINK]},
        ["reply member removed /size: integer → none"],
    ),
    (NAMED, members(a=TEXT, b=NUMBER), ['note: reply enum widened /a: "x" → string']),
]


@pytest.mark.parametrize(("old", "new", "expected"), REQUESTS)
def test_a_request_that_takes_less_is_found(old: Any, new: Any, expected: list[str]) -> None:
    assert found_in(document(old, {}, Task=TEXT), document(new, {}, Task=TEXT)) == expected


@pytest.mark.parametrize(("old", "new", "expected"), REPLIES)
def test_a_reply_that_a_client_cannot_read_as_before_is_found(old: Any, new: Any, expected: list[str]) -> None:
    schema = members(a=TEXT)
    assert found_in(document({}, old, Task=schema), document({}, new, Task=schema)) == expected


DATES: list[Schema] = [{**TEXT, "format": "date"}, {**TEXT, "format": "date-time"}]
SILENT_REPLIES: list[tuple[Any, Any]] = [
    (members(a=TEXT), members(a=TEXT, b=TEXT)),
    (members(a=TEXT), members("a", a=TEXT)),
    ({"type": ["string", "null"]}, TEXT),
    ({"type": "number"}, NUMBER),
    ({}, TEXT),
    (TEXT, {**TEXT, "format": "date", "maxLength": 10}),
    ({**TEXT, "maxLength": 10, "pattern": "^a"}, TEXT),
    ({"enum": ["a", "b"]}, {"enum": ["a"]}),
    ({"anyOf": [TEXT, NULL]}, {"type": ["null", "string"]}),
    ({"anyOf": [{"const": "a"}, {"const": "b"}]}, {"type": "string", "enum": ["b", "a"]}),
    ({"oneOf": [LINK, FILE]}, {"anyOf": [FILE, LINK]}),
    ({"oneOf": [LINK, FILE]}, LINK),
    (members("a", "b", a=TEXT, b=TEXT), {"allOf": [members("a", a=TEXT), members("b", b=TEXT)]}),
    (TASK, members(a=TEXT)),
    (members(a=TEXT), {"$ref": "#/components/schemas/Task", "description": "moved into a component"}),
    ({**TEXT, "description": "one"}, {**TEXT, "description": "another", "examples": ["x"]}),
    (
        {"type": "array", "prefixItems": [TEXT], "items": False},
        {"type": "array", "prefixItems": [TEXT, NUMBER], "items": False},
    ),
    (
        {"type": "array", "prefixItems": [TEXT], "items": TEXT},
        {"type": "array", "prefixItems": [TEXT], "items": False},
    ),
    (members(a={**TEXT, "writeOnly": True}), members()),
    (members(a={**TEXT, "default": "x"}), members(a={**TEXT, "default": "y"})),
    (TEXT, {"type": "string", "enum": ["a"]}),
    ({"anyOf": DATES}, {"anyOf": DATES[::-1]}),
    ({"anyOf": DATES}, DATES[1]),
    (TASK, {"allOf": [TASK, members("b", b=TEXT)]}),
    ({"allOf": [TASK, members("b", b=TEXT)]}, {"allOf": [members("b", b=TEXT), TASK], "title": "Longer"}),
]


@pytest.mark.parametrize(("old", "new"), SILENT_REPLIES)
def test_a_reply_that_says_the_same_or_more_is_none_of_the_clients_business(old: Any, new: Any) -> None:
    schema = members(a=TEXT)
    assert found_in(document({}, old, Task=schema), document({}, new, Task=schema)) == []


SILENT_REQUESTS: list[tuple[Any, Any]] = [
    (members(a=TEXT), members(a=TEXT, b=TEXT)),
    (members("a", a=TEXT), members(a=TEXT)),
    (members(a={**TEXT, "readOnly": True}), members()),
    (NUMBER, {"type": "number"}),
    (TEXT, {}),
    (TEXT, {"anyOf": [TEXT, NULL]}),
    ({**TEXT, "maxLength": 5, "format": "date"}, {**TEXT, "maxLength": 6}),
    ({**TEXT, "minLength": 2, "pattern": "^a"}, {**TEXT, "minLength": 0}),
    ({**NUMBER, "exclusiveMinimum": 0}, {**NUMBER, "minimum": 1}),
    ({**NUMBER, "multipleOf": 6}, {**NUMBER, "multipleOf": 3}),
    ({"enum": ["a"]}, {"enum": ["b", "a"]}),
    ({"type": "string", "enum": ["a"]}, TEXT),
    (LINK, {"oneOf": [FILE, LINK]}),
    ({"type": "object", "additionalProperties": False}, {"type": "object"}),
    ({**members(), "additionalProperties": False}, {**members(a=TEXT), "additionalProperties": False}),
    (
        {"type": "array", "uniqueItems": True, "items": {**TEXT, "pattern": "^a", "maxLength": 4}},
        {"type": "array", "uniqueItems": True, "items": {**TEXT, "pattern": "^a", "maxLength": 5}},
    ),
    ({**TEXT, "pattern": "^a", "maxLength": 4}, {**TEXT, "pattern": "^a", "maxLength": 5}),
    (
        {"type": "array", "prefixItems": [TEXT], "items": False},
        {"type": "array", "prefixItems": [TEXT, NUMBER], "items": False},
    ),
    ({"type": "array", "maxItems": 5, "uniqueItems": True}, {"type": "array", "items": {}}),
    ({"type": "array", "prefixItems": [TEXT], "items": False}, {"type": "array", "prefixItems": [TEXT, NUMBER]}),
]


@pytest.mark.parametrize(("old", "new"), SILENT_REQUESTS)
def test_a_request_that_takes_the_same_or_more_is_none_of_the_clients_business(old: Any, new: Any) -> None:
    assert found_in(document(old, {}), document(new, {})) == []


def test_a_change_of_elements_has_the_name_of_their_list() -> None:
    before, after = (members(tags={"type": "array", "items": kind}) for kind in (TEXT, NUMBER))
    (found,) = changes(document({}, before), document({}, after))
    assert (found.pointer, found.name) == ("/tags/*", "tags")


def test_a_shared_schema_is_reported_once_for_each_way_that_it_goes() -> None:
    before = document(TASK, {"type": "array", "items": TASK}, Task=members(a=TEXT))
    after = document(TASK, {"type": "array", "items": TASK}, Task=members(a=NUMBER))
    expected = ["request type changed Task /a: string → integer", "reply type changed Task /a: string → integer"]
    assert found_in(before, after) == expected


def test_a_schema_inside_a_shared_schema_is_reported_under_its_own_name() -> None:
    outer = members(tasks={"type": "array", "items": TASK})
    page = {"$ref": "#/components/schemas/Page"}
    before = document({}, page, Page=outer, Task=members(a=TEXT))
    after = document({}, page, Page=outer, Task=members())
    assert found_in(before, after) == ["reply member removed Task /a: string → none"]


def test_what_is_added_to_a_shared_schema_is_compared_apart_from_it() -> None:
    before = document({}, {"allOf": [TASK, members("b", b=TEXT)]}, Task=members(a=TEXT))
    after = document({}, {"allOf": [TASK, members(b=TEXT)]}, Task=members())
    expected = ["reply member removed Task /a: string → none", "reply member became optional /b"]
    assert sorted(found_in(before, after)) == sorted(expected)


def test_schemas_that_contain_themselves_are_compared_to_their_end() -> None:
    def tree(leaf: Schema) -> Schema:
        return members(children={"type": "array", "items": TASK}, leaf=leaf)

    assert found_in(document({}, TASK, Task=tree(TEXT)), document({}, TASK, Task=tree(NUMBER))) == [
        "reply type changed Task /leaf: string → integer"
    ]


def test_a_schema_that_contains_itself_may_get_another_name() -> None:
    def tree(name: str, leaf: Schema) -> Schema:
        return members(children={"type": "array", "items": {"$ref": f"#/components/schemas/{name}"}}, leaf=leaf)

    before = document({}, TASK, Task=tree("Task", TEXT))
    after = document({}, {"$ref": "#/components/schemas/Work"}, Work=tree("Work", NUMBER))
    assert found_in(before, after) == ["reply type changed /leaf: string → integer"]


def test_a_reference_that_leads_nowhere_is_named() -> None:
    broken = document({}, {"$ref": "#/components/schemas/Gone"})
    with pytest.raises(KeyError, match="#/components/schemas/Gone leads nowhere"):
        changes(broken, document({}, TEXT))
