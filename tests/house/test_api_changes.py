"""What a client of the API trips over since the base is found, and has to stand in the changelog."""

from typing import Any

import pytest

from house.changelog import announcement, bullets, is_announced, line
from house.openapi_changes import changes
from house.schema_changes import Change

Node = dict[str, Any]

TEXT: Node = {"type": "string"}
NUMBER: Node = {"type": "integer"}
BEARER: list[Node] = [{"bearer": []}]


def operation(*parameters: Node, status: str = "200", **more: object) -> Node:
    return {"parameters": list(parameters), "responses": {status: {"description": ""}}, **more}


def query(name: str, *, required: bool = False, **more: object) -> Node:
    return {"name": name, "in": "query", "required": required, "schema": TEXT, **more}


def document(paths: Node, **components: object) -> Node:
    return {"openapi": "3.1.0", "security": BEARER, "paths": paths, "components": components}


def tasks(node: Node) -> Node:
    """Return a description of one operation."""
    return document({"/tasks": {"get": node}})


def answer(schema: object, media: str = "application/json", **headers: Node) -> Node:
    return {"description": "", "content": {media: {"schema": schema}}, "headers": headers}


def problem(*codes: str) -> Node:
    return answer({"type": "object", "properties": {"code": {"enum": list(codes)}}}, "application/problem+json")


def replies(**by_status: Node) -> Node:
    return tasks({"responses": {name.removeprefix("s"): reply for name, reply in by_status.items()}})


def body(*, required: bool, media: str = "application/json") -> Node:
    return tasks(operation(requestBody={"required": required, "content": {media: {"schema": TEXT}}}))


PLAIN = tasks(operation())
OPEN = tasks(operation(security=[]))

NOTICED: list[tuple[str, Node, Node, list[str]]] = [
    ("operation removed", PLAIN, document({}), ["operation removed: GET /tasks"]),
    (
        "method changed",
        document({"/tasks/{task}": {"put": operation()}}),
        document({"/tasks/{task}": {"patch": operation()}}),
        ["operation renamed: PUT /tasks/{task}: PUT /tasks/{task} → PATCH /tasks/{task}"],
    ),
    (
        "path changed",
        document({"/tasks/{task}/finish": {"post": operation()}}),
        document({"/tasks/{task}/finished": {"post": operation()}}),
        ["operation renamed: POST /tasks/{task}/finish: POST /tasks/{task}/finish → POST /tasks/{task}/finished"],
    ),
    (
        "path changed beyond recognition",
        tasks(operation(operationId="list_tasks")),
        document({"/work": {"get": operation(operationId="list_tasks")}}),
        ["operation renamed: GET /tasks: GET /tasks → GET /work"],
    ),
    (
        "removed where another one was added",
        document({"/tasks/{task}/finish": {"post": operation()}}),
        document({"/tasks/{task}/finish": {"get": operation()}, "/apps": {"post": operation()}}),
        ["operation renamed: POST /tasks/{task}/finish: POST /tasks/{task}/finish → GET /tasks/{task}/finish"],
    ),
    (
        "removed where others remain or are added",
        document({"/tasks/{task}/finish": {"post": operation()}, "/tasks/{task}/finished": {"post": operation()}}),
        document({"/tasks/{task}/finished": {"post": operation()}, "/tasks/{task}/finishes": {"get": operation()}}),
        ["operation removed: POST /tasks/{task}/finish"],
    ),
    (
        "path parameter renamed",
        document({"/a/{one}": {"get": operation({"name": "one", "in": "path", "required": True, "schema": TEXT})}}),
        document({"/a/{two}": {"get": operation({"name": "two", "in": "path", "required": True, "schema": TEXT})}}),
        ["note: path parameter renamed `one`: GET /a/{two} path: one → two"],
    ),
    ("query removed", tasks(operation(query("q"))), PLAIN, ["query parameter removed `q`: GET /tasks query"]),
    (
        "required query added",
        PLAIN,
        tasks(operation(query("q", required=True))),
        ["required query parameter added `q`: GET /tasks query"],
    ),
    (
        "query became required",
        tasks(operation(query("q"))),
        tasks(operation(query("q", required=True))),
        ["query parameter became required `q`: GET /tasks query"],
    ),
    (
        "query narrowed",
        tasks(operation(query("count", schema={**NUMBER, "maximum": 200, "default": 50}))),
        tasks(operation(query("count", schema={**NUMBER, "maximum": 100, "default": 20}))),
        [
            "request maximum narrowed `count`: GET /tasks query: 200 → 100",
            "note: default changed `count`: GET /tasks query: 50 → 20",
        ],
    ),
    (
        "query spelled otherwise",
        tasks(operation(query("id", explode=True))),
        tasks(operation(query("id", explode=False))),
        ["query parameter is written otherwise `id`: GET /tasks query: form, exploded → form, joined"],
    ),
    (
        "header required, by a reference that all methods of the path share",
        PLAIN,
        document(
            {"/tasks": {"parameters": [{"$ref": "#/components/parameters/Match"}], "get": operation()}},
            parameters={"Match": {"name": "If-Match", "in": "header", "required": True, "schema": TEXT}},
        ),
        ["required header parameter added `If-Match`: GET /tasks header"],
    ),
    ("body required", PLAIN, body(required=True), ["required request body added: GET /tasks"]),
    (
        "body became required",
        body(required=False),
        body(required=True),
        ["request body became required: GET /tasks"],
    ),
    ("body removed", body(required=False), PLAIN, ["request body removed: GET /tasks"]),
    (
        "body of another media type",
        body(required=True),
        body(required=True, media="application/zip"),
        ["request media type removed `application/json`: GET /tasks body"],
    ),
    (
        "success renumbered",
        PLAIN,
        tasks(operation(status="202")),
        ["reply status removed: GET /tasks 200", "note: reply status added: GET /tasks 202"],
    ),
    (
        "reply of another media type",
        replies(s200=answer(TEXT)),
        replies(s200=answer(TEXT, "text/csv")),
        ["reply media type removed `application/json`: GET /tasks 200"],
    ),
    (
        "reply header removed",
        replies(s200=answer(TEXT, ETag={"required": True, "schema": TEXT})),
        replies(s200=answer(TEXT)),
        ["reply header removed `ETag`: GET /tasks 200 header"],
    ),
    (
        "reply header became optional",
        replies(s200=answer(TEXT, ETag={"required": True, "schema": TEXT})),
        replies(s200=answer(TEXT, etag={"schema": NUMBER})),
        [
            "reply header became optional `ETag`: GET /tasks 200 header",
            "reply type changed `ETag`: GET /tasks 200 header: string → integer",
        ],
    ),
    (
        "member of a reply, deep in it",
        replies(
            s200=answer({"type": "object", "properties": {"items": {"type": "array", "items": {"type": "object"}}}})
        ),
        replies(s200=answer({"type": "object", "properties": {"items": {"type": "array", "items": TEXT}}})),
        ["reply type changed: GET /tasks 200 application/json /items/*: object → string"],
    ),
    (
        "problem codes",
        replies(s409=problem("conflict", "claimed")),
        replies(s409=problem("conflict", "locked")),
        ["problem code removed `claimed`: GET /tasks 409", "note: problem code added `locked`: GET /tasks 409"],
    ),
    (
        "problem codes no longer listed",
        replies(s409=problem("conflict")),
        replies(s409=answer({"type": "object", "properties": {"code": TEXT}}, "application/problem+json")),
        ['note: reply enum widened: GET /tasks 409 application/problem+json /code: "conflict" → string'],
    ),
    (
        "another member of a problem",
        replies(s409=problem("a")),
        replies(s409=answer({"type": "string"}, "application/problem+json")),
        ['reply type changed: GET /tasks 409 application/problem+json: object (code "a") → string'],
    ),
    ("sign-in", OPEN, PLAIN, ['sign-in required now: GET /tasks: open → {"bearer": []}']),
    (
        "one way to sign in less",
        tasks(operation(security=[{"bearer": []}, {"basic": []}])),
        PLAIN,
        ['way to sign in removed: GET /tasks: {"basic": []}, {"bearer": []} → {"bearer": []}'],
    ),
    (
        "another header for the key",
        document({}, securitySchemes={"key": {"type": "apiKey", "in": "header"}}),
        document({}, securitySchemes={"key": {"type": "apiKey", "in": "query"}}),
        [
            'way to sign in changed: key: {"in": "header", "type": "apiKey"} → {"in": "query", "type": "apiKey"}',
        ],
    ),
    (
        "name in generated clients",
        tasks(operation(operationId="a")),
        tasks(operation(operationId="b")),
        ["note: operationId changed: GET /tasks: a → b"],
    ),
]

SILENT: list[tuple[str, Node, Node]] = [
    ("operation added", document({}), PLAIN),
    ("optional query added", PLAIN, tasks(operation(query("q")))),
    ("query no longer required", tasks(operation(query("q", required=True))), tasks(operation(query("q")))),
    ("spelling written out", tasks(operation(query("q"))), tasks(operation(query("q", style="form", explode=True)))),
    ("body no longer required", body(required=True), body(required=False)),
    ("optional body added", PLAIN, body(required=False)),
    ("body of any media type", body(required=True), body(required=True, media="*/*")),
    (
        "media type with a parameter",
        replies(s200=answer(TEXT, "text/csv")),
        replies(s200=answer(TEXT, "text/csv;charset=utf-8")),
    ),
    (
        "problem codes listed",
        replies(s409=answer({"type": "object", "properties": {"code": TEXT}}, "application/problem+json")),
        replies(s409=problem("conflict")),
    ),
    ("no sign-in any more", PLAIN, OPEN),
    ("one way to sign in more", PLAIN, tasks(operation(security=[{"bearer": []}, {"basic": []}]))),
    ("range of statuses made exact", tasks(operation(status="2XX")), tasks(operation(status="201"))),
    ("status made a range", tasks(operation(status="404")), tasks(operation(status="4XX"))),
    (
        "parameter moved into a component",
        tasks(operation(query("q"))),
        document({"/tasks": {"get": operation({"$ref": "#/components/parameters/Q"})}}, parameters={"Q": query("q")}),
    ),
    (
        "header in other capitals",
        tasks(operation({"name": "If-Match", "in": "header", "schema": TEXT})),
        tasks(operation({"name": "if-match", "in": "header", "schema": TEXT})),
    ),
]


@pytest.mark.parametrize(
    ("before", "after", "expected"), [case[1:] for case in NOTICED], ids=[one[0] for one in NOTICED]
)
def test_what_a_client_notices_is_named_with_its_place(before: Node, after: Node, expected: list[str]) -> None:
    found = [f"{'' if one.breaks else 'note: '}{line(one)}" for one in changes(before, after)]
    assert found == expected


@pytest.mark.parametrize(("before", "after"), [case[1:] for case in SILENT], ids=[one[0] for one in SILENT])
def test_what_a_client_does_not_notice_is_not_named(before: Node, after: Node) -> None:
    assert changes(before, after) == []


def test_the_same_change_of_many_operations_is_named_once() -> None:
    def all_of(*codes: str) -> Node:
        get = {"get": {"responses": {"404": {"$ref": "#/components/responses/Gone"}}}}
        paths = {f"/{number}": get for number in range(6)}
        return document(paths, responses={"Gone": problem(*codes)})

    found = changes(all_of("a", "b"), all_of("a"))
    assert [line(one) for one in found] == ["problem code removed `b`: GET /0, GET /1, GET /2, GET /3 and 2 more 404"]


def test_a_shared_schema_is_named_with_some_of_its_operations() -> None:
    def shared(*names: str) -> Node:
        schema = {"type": "object", "properties": dict.fromkeys(names, TEXT)}
        reply = {"responses": {"200": answer({"$ref": "#/components/schemas/Task"})}}
        return document({f"/{number}": {"get": reply} for number in range(5)}, schemas={"Task": schema})

    found = changes(shared("due_at", "title"), shared("title"))
    assert [line(one) for one in found] == [
        "reply member removed: Task in GET /0, GET /1, GET /2, GET /3 and 1 more /due_at: string → none"
    ]


# What the changelog has to say.

COMPLETE = "POST /api/v1/tasks/{task}/complete"
WHOLE = Change(what="operation removed", breaks=True, operations=(COMPLETE,))
MEMBER = Change(
    what="reply member removed",
    breaks=True,
    operations=(COMPLETE,),
    part="200 application/json",
    pointer="/next/due_at",
    name="due_at",
)
SHARED = Change(
    what="reply member removed", breaks=True, operations=("GET /a", "GET /b"), component="Task", name="due_at"
)
BOTH = Change(what="problem code removed", breaks=True, operations=("GET /a", "GET /b"), part="409", name="claimed")


@pytest.mark.parametrize(
    ("change", "bullet"),
    [
        (WHOLE, "`POST /tasks/{task}/complete` is gone."),
        (WHOLE, "`POST /api/v1/tasks/{id}/complete` is gone."),
        (MEMBER, "`POST /tasks/{task}/complete` answers without `due_at`."),
        (MEMBER, "`POST /tasks/{task}/complete` answers without `/next/due_at`."),
        (MEMBER, "Every operation answers without `due_at`."),
        (MEMBER, "Every member of what `POST /tasks/{task}/complete` answers has a new name."),
        (SHARED, "A `Task` has no `due_at`."),
        (SHARED, "`GET /a` and `GET /b` answer without `due_at`."),
        (BOTH, "`GET /a` and `GET /b` no longer answer with `claimed`."),
    ],
)
def test_a_bullet_announces_what_it_names(change: Change, bullet: str) -> None:
    assert is_announced(change, ["Something else.", bullet])


@pytest.mark.parametrize(
    ("change", "bullet"),
    [
        (WHOLE, "POST /tasks/{task}/complete is gone."),
        (WHOLE, "`POST /tasks/{task}/claim` is gone."),
        (MEMBER, "`POST /tasks/{task}/complete` answers less."),
        (MEMBER, "`GET /tasks` answers without `due_at`."),
        (SHARED, "A `Task` is smaller."),
        (SHARED, "`GET /a` answers without `due_at`."),
        (BOTH, "`GET /a` no longer answers with `claimed`."),
        (BOTH, "`GET /a` and `GET /b` have fewer codes."),
    ],
)
def test_a_bullet_announces_nothing_else(change: Change, bullet: str) -> None:
    assert not is_announced(change, ["Something else.", bullet])


def test_several_bullets_together_announce_a_change_of_several_operations() -> None:
    assert is_announced(BOTH, ["`GET /a`: `claimed` is gone.", "`GET /b`: `claimed` is gone."])
    assert not is_announced(BOTH, ["`GET /a`: `claimed` is gone.", "`GET /b`: `other` is gone."])


@pytest.mark.parametrize("change", [WHOLE, MEMBER, SHARED, BOTH])
def test_the_line_that_is_proposed_announces_the_change(change: Change) -> None:
    assert is_announced(change, bullets(f"## [Unreleased]\n\n### Changed\n\n{announcement(change)}\n"))


def test_only_bullets_that_the_base_did_not_release_count() -> None:
    log = "# Log\n\n- no\n\n## [Unreleased]\n\n### Changed\n\n- one\n  more\n- two\n\n## [0.2.0] - 2026\n\n- three\n"
    assert bullets(log) == ["one more", "two"]
    assert bullets(log, "## [Unreleased]\n\n- one\n\n## [0.1.0]\n") == ["one more", "two", "three"]
    assert bullets(log, "## [Unreleased]\n\n## [0.2.0] - 2026\n") == ["one more", "two"]


def test_a_bullet_that_the_base_has_already_does_not_count() -> None:
    log = "## [Unreleased]\n\n### Changed\n\n- one\n  more\n- two\n"
    assert bullets(log, "## [Unreleased]\n\n### Changed\n\n- one more\n") == ["two"]


def test_what_was_added_announces_no_break() -> None:
    log = "## [Unreleased]\n\n### Added\n\n- one\n- two\n\n### Removed\n\n- three\n"
    assert bullets(log) == ["three"]
