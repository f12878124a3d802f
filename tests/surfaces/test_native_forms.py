"""Forms that bring their files along: one request does it, and one that is refused leaves nothing behind."""

import json
from collections.abc import Mapping, Sequence

import httpx
import pytest

from engine_bpmn import MESSAGE, el, message, simple, user
from surfaces.conftest import Api
from world import PDF, TEXT, bundle, chunks, fields

Parts = Sequence[tuple[str, str | tuple[str, bytes]]]
"""Names of parts, each with its text or with a file's name and bytes."""

FIELDS = fields(
    {"id": "subject", "type": "text"},
    {"id": "amount", "type": "decimal"},
    {"id": "urgent", "type": "boolean"},
    {"id": "tags", "type": "choices", "options": [{"id": "a", "label": "A"}, {"id": "b", "label": "B"}]},
    {"id": "lines", "type": "table", "columns": [{"id": "n", "label": "N", "type": "integer"}]},
    {"id": "paper", "type": "file", "max_files": 1, "accept": [".pdf"], "max_bytes": "1KiB"},
    {"id": "scans", "type": "file"},
    {"id": "hidden", "type": "file"},
)
WRITABLE = {str(one["id"]): "edit" for one in FIELDS if one["id"] != "hidden"}
MANIFEST = {
    "code": "BOX",
    "fields": FIELDS,
    "start": {"fields": WRITABLE},
    "tasks": {"a": {"assign": {"starter": True}, "fields": WRITABLE, "outcomes": [{"id": "ok", "label": "OK"}]}},
    "actions": {
        1: {"name": "New", "create": True, "inputs": ["subject", "scans"], "areas": [{"name": "Docs"}]},
        2: {"name": "Add", "inputs": ["subject", "scans", "comment"], "areas": [{"name": "Docs"}]},
    },
}
WAITING = bundle(
    {**MANIFEST, "messages": {"reply": {"inputs": ["scans", "subject"]}}},
    simple(el("intermediateCatchEvent", "w", message()), user("a"), through=("w", "a"), outside=MESSAGE),
)
START = "/api/v1/apps/BOX/instances"


@pytest.fixture
async def client(api: Api) -> httpx.AsyncClient:
    """A clerk's client, where the app is."""
    await api.world.deploy(bundle(MANIFEST))
    return await api.client("clerk")


def encoded(parts: Parts) -> bytes:
    """Return a form's body, with the boundary `b`."""
    found = b""
    for name, part in parts:
        text, data = ("", part.encode()) if isinstance(part, str) else (f'; filename="{part[0]}"', part[1])
        found += f'--b\r\nContent-Disposition: form-data; name="{name}"{text}\r\n\r\n'.encode() + data + b"\r\n"
    return found + b"--b--\r\n"


async def send(client: httpx.AsyncClient, address: str, parts: Parts, **headers: str) -> httpx.Response:
    """Send a form."""
    kind = {"Content-Type": "multipart/form-data; boundary=b"}
    return await client.post(address, content=encoded(parts), headers={**kind, **headers})


async def nothing_stayed(api: Api) -> None:
    """Check that no upload, no reservation, no file and no instance is there."""
    world = api.world
    assert await world.rows("SELECT id FROM uploads WHERE ended_at IS NULL") == []
    assert await world.rows("SELECT id FROM files UNION SELECT id FROM instances") == []
    assert ((await world.storage()).reserved_bytes, (await world.storage()).used_bytes) == (0, 0)
    assert await world.drift() == []


async def held(client: httpx.AsyncClient, instance: int) -> dict[str, list[str]]:
    """Return the names of an instance's files by field, those of the tab by area."""
    found: dict[str, list[str]] = {}
    for file in (await client.get(f"/api/v1/instances/{instance}/files")).json()["items"]:
        found.setdefault(file["field"] or f"tab:{file['area'] or ''}", []).append(file["name"])
    return found


async def test_one_request_starts_an_instance_with_its_values_and_files(api: Api, client: httpx.AsyncClient) -> None:
    parts: Parts = [
        ("scans", ("1.txt", TEXT)),
        ("values", json.dumps({"subject": "Words", "tags": ["b"]})),
        ("amount", "12.50"),
        ("urgent", "true"),
        ("lines", '[{"n": 4}]'),
        ("paper", ("p.pdf", PDF)),
        ("scans", ("2.txt", TEXT + b"2")),
        ("attachments", ("tab.txt", b"")),
        ("attachments[Docs]", ("area.txt", TEXT)),
        ("comment", "First."),
    ]
    started = await send(client, START, parts)

    assert started.status_code == 201, started.text
    instance = started.json()["instance"]["id"]
    seen = (await client.get(started.headers["Location"])).json()
    values = {"subject": "Words", "tags": ["b"], "amount": "12.5", "urgent": True, "lines": [{"n": 4}]}
    assert {name: value for name, value in seen["values"].items() if name in values} == values
    assert await held(client, instance) == {
        "paper": ["p.pdf"],
        "scans": ["1.txt", "2.txt"],
        "tab:": ["tab.txt"],
        "tab:Docs": ["area.txt"],
    }
    history = (await client.get(f"/api/v1/instances/{instance}/history?kind=comment")).json()["items"]
    assert [line["data"]["text"] for line in history] == ["First."]
    assert await api.world.drift() == []
    assert (await api.world.storage()).reserved_bytes == 0


async def test_parts_of_one_name_are_the_options_of_a_choice(client: httpx.AsyncClient) -> None:
    started = await send(client, START, [("tags", "b"), ("tags", "a"), ("urgent", "")])
    assert started.status_code == 201, started.text
    assert (await client.get(started.headers["Location"])).json()["values"]["tags"] == ["a", "b"]


async def test_files_join_those_of_a_field_and_replace_the_one_of_a_field_for_one(client: httpx.AsyncClient) -> None:
    parts: Parts = [("scans", ("1.txt", TEXT)), ("paper", ("1.pdf", PDF))]
    started = (await send(client, START, parts)).json()
    instance, task = started["instance"]["id"], f"/api/v1/tasks/{started['next_task']['id']}"

    again = [("scans", ("2.txt", TEXT)), ("paper", ("2.pdf", PDF))]
    assert (await send(client, f"{task}/save", again)).status_code == 200
    assert await held(client, instance) == {"scans": ["1.txt", "2.txt"], "paper": ["2.pdf"]}
    assert (await send(client, f"/api/v1/instances/{instance}/files", [("scans", ("3.txt", TEXT))])).status_code == 201

    files = (await client.get(f"/api/v1/instances/{instance}/files")).json()["items"]
    kept = next(file["id"] for file in files if file["name"] == "2.txt")
    done: Parts = [("values", json.dumps({"scans": [kept]})), ("scans", ("4.txt", TEXT)), ("outcome", "ok")]
    completed = await send(client, f"{task}/complete", done)
    assert (completed.status_code, completed.json()["task"]["outcome"]) == (200, "ok"), completed.text
    assert await held(client, instance) == {"scans": ["2.txt", "4.txt"], "paper": ["2.pdf"]}


async def test_actions_messages_and_attachments_take_files_too(api: Api) -> None:
    await api.world.deploy(WAITING)
    client = await api.client("clerk")
    created = await send(client, "/api/v1/apps/BOX/actions/1", [("attachments[Docs]", ("d.txt", TEXT))])
    assert created.status_code == 201, created.text
    path = f"/api/v1/instances/{created.json()['instance']['id']}"

    parts: Parts = [
        ("subject", "S"),
        ("scans", ("1.txt", TEXT)),
        ("comment", "C"),
        ("attachments[Docs]", ("e.txt", TEXT)),
    ]
    acted = await send(client, f"{path}/actions/2", parts)
    assert acted.status_code == 200, acted.text
    attached = await send(client, f"{path}/files", [("attachments", ("t.txt", TEXT)), ("scans", ("2.txt", TEXT))])
    assert [file["name"] for file in attached.json()["items"]] == ["2.txt", "t.txt"]
    told = await send(client, f"{path}/messages/reply", [("subject", "T"), ("scans", ("3.txt", TEXT))])
    assert told.status_code == 204, told.text

    files = await held(client, created.json()["instance"]["id"])
    assert files == {"scans": ["1.txt", "2.txt", "3.txt"], "tab:Docs": ["d.txt", "e.txt"], "tab:": ["t.txt"]}
    assert (await client.get(path)).json()["values"]["subject"] == "T"


FIRST: tuple[str, tuple[str, bytes]] = ("scans", ("good.txt", TEXT))
REFUSED: Mapping[str, tuple[Parts, int, str]] = {
    "a file of a wrong type": ([FIRST, ("paper", ("a.pdf", TEXT))], 422, "file_type"),
    "a name of a wrong type": ([FIRST, ("paper", ("a.txt", PDF))], 422, "file_type"),
    "a file that is too large": ([FIRST, ("paper", ("a.pdf", PDF + bytes(2000)))], 413, "too_large"),
    "a field that the form hides": ([FIRST, ("hidden", ("a.txt", TEXT))], 422, "invalid_values"),
    "a field that there is not": ([FIRST, ("other", ("a.txt", TEXT))], 422, "invalid_values"),
    "a field without files": ([FIRST, ("subject", ("a.txt", TEXT))], 422, "not_a_file_field"),
    "a value that is none": ([FIRST, ("amount", "much")], 422, "invalid_values"),
    "a text for no field": ([FIRST, ("other", "x")], 422, "invalid_values"),
    "two files where one fits": ([FIRST, ("paper", ("a.pdf", PDF)), ("paper", ("b.pdf", PDF))], 422, "invalid_values"),
    "values that are no JSON": ([FIRST, ("values", "{")], 400, "invalid_request"),
    "values that are no object": ([FIRST, ("values", "[1]")], 400, "invalid_request"),
    "values that are a file": ([FIRST, ("values", ("v.json", b"{}"))], 400, "invalid_request"),
    "a value given twice": ([FIRST, ("values", '{"subject": "a"}'), ("subject", "b")], 400, "invalid_request"),
    "a comment given twice": ([FIRST, ("comment", "a"), ("comment", "b")], 400, "invalid_request"),
    "an attachment that is no number": ([FIRST, ("attachments", "/etc/passwd")], 400, "invalid_request"),
    "an upload that is nobody's": ([FIRST, ("attachments", "4711")], 422, "invalid_values"),
    "a path in the place of a file": ([FIRST, ("values", '{"scans": [{"filepath": "/x"}]}')], 422, "invalid_values"),
    "bytes without a name": ([FIRST, ("scans", ("", b"x"))], 400, "invalid_request"),
    "an outcome at a start": ([FIRST, ("outcome", "ok")], 422, "invalid_values"),
    "an area that is none": ([FIRST, ("attachments[" + "x" * 201 + "]", ("a.txt", TEXT))], 400, "invalid_request"),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_a_part_that_is_refused_takes_everything_with_it(api: Api, client: httpx.AsyncClient, case: str) -> None:
    parts, status, code = REFUSED[case]
    answer = await send(client, START, parts)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    await nothing_stayed(api)


async def test_a_form_that_is_malformed_cut_short_or_has_no_length_leaves_nothing(
    api: Api, client: httpx.AsyncClient
) -> None:
    whole = encoded([FIRST, ("subject", "S"), ("scans", ("2.txt", TEXT))])
    kind = {"Content-Type": "multipart/form-data; boundary=b"}
    for body, headers, status, code in (
        (whole[:-6], kind, 400, "invalid_request"),
        (whole.replace(b'name="subject"', b"nameless"), kind, 400, "invalid_request"),
        (whole, {"Content-Type": "multipart/form-data"}, 400, "invalid_request"),
        (whole, {**kind, "Content-Length": str(len(whole) + 5)}, 400, "body_cut_short"),
        (whole, {**kind, "Content-Encoding": "gzip"}, 415, "unsupported_media"),
    ):
        answer = await client.post(START, content=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
        await nothing_stayed(api)

    endless = await client.post(START, content=chunks(whole), headers=kind)
    assert (endless.status_code, endless.json()["code"]) == (411, "length_required")
    await nothing_stayed(api)


async def test_a_form_that_does_not_fit_the_quota_is_refused_at_its_first_file(
    api: Api, client: httpx.AsyncClient
) -> None:
    room = (await api.world.storage()).limit_bytes
    asked = await send(client, START, [FIRST, ("scans", ("b.bin", bytes(room)))])
    assert (asked.status_code, asked.json()["code"]) == (507, "over_quota")
    await nothing_stayed(api)


async def test_files_of_forms_do_not_count_among_those_that_wait(api: Api) -> None:
    few = [{**one, "max_unclaimed": 1} if one["id"] == "scans" else one for one in FIELDS]
    await api.world.deploy(bundle({**MANIFEST, "fields": few}))
    client = await api.client("clerk")
    waiting = await api.upload("clerk", TEXT, app="BOX", field="scans", name="w.txt")
    parts: Parts = [("scans", (f"{number}.txt", TEXT)) for number in range(5)]
    started = await send(client, START, [*parts, ("scans", str(waiting))])
    assert started.status_code == 201, started.text
    files = await held(client, started.json()["instance"]["id"])
    assert files["scans"] == ["w.txt", *(f"{number}.txt" for number in range(5))]


async def test_a_form_cannot_claim_another_s_upload(api: Api, client: httpx.AsyncClient) -> None:
    theirs = await api.upload("admin", TEXT, app="BOX", field="scans", name="t.txt")
    answer = await send(client, START, [FIRST, ("scans", str(theirs))])
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "unknown_upload")
    living = await api.world.rows("SELECT id, state FROM uploads WHERE ended_at IS NULL")
    assert living == [(theirs, "uploaded")]


async def test_who_may_not_leaves_nothing(api: Api, client: httpx.AsyncClient) -> None:
    del client
    for who, status in (("viewer", 403), ("stranger", 404), ("anonymous", 401), ("rival", 404)):
        answer = await send(await api.client(who), START, [FIRST])
        assert answer.status_code == status, answer.text
    await nothing_stayed(api)


async def test_a_form_under_a_key_is_done_once_however_it_is_cut(api: Api, client: httpx.AsyncClient) -> None:
    key = {"Idempotency-Key": "k"}
    first = await send(client, START, [FIRST, ("subject", "S")], **key)
    body = encoded([FIRST, ("subject", "S")]).replace(b"--b", b"--other")
    kind = {"Content-Type": "multipart/form-data; boundary=other"}
    again = await client.post(START, content=body, headers={**kind, **key})
    assert (first.status_code, again.status_code, again.content) == (201, 201, first.content)
    assert "Idempotency-Replayed" in again.headers
    others: list[Parts] = [[("scans", ("good.txt", TEXT + b"!")), ("subject", "S")], [FIRST, ("subject", "T")]]
    for parts in others:
        other = await send(client, START, parts, **key)
        assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert await api.world.rows("SELECT count(*) FROM instances") == [(1,)]
    assert await api.world.rows("SELECT id FROM uploads WHERE ended_at IS NULL") == []
    assert await api.world.drift() == []


TYPES = (
    "application/json",
    "multipart/form-data; boundary=b",
    "multipart/mixed; boundary=b",
    "multipart/related; boundary=b",
    "application/x-www-form-urlencoded",
    "text/plain",
    "application/octet-stream",
    "",
)
CLAIM = {"values": {"scans": [{"filepath": "/etc/passwd", "originalFilename": "x"}], "files": {"scans": "x"}}}


async def test_a_body_is_never_read_as_what_it_is_not_said_to_be(api: Api) -> None:
    await api.world.deploy(WAITING)
    waiting = (await send(await api.client("clerk"), START, [])).json()["instance"]["id"]
    await api.world.deploy(bundle(MANIFEST))
    client = await api.client("clerk")
    started = (await send(client, START, [])).json()
    task = started["next_task"]["id"]
    form = encoded([FIRST, ("subject", "S")])
    theirs = await api.upload("admin", TEXT, app="BOX", field="scans", name="t.txt")
    routes = (
        START,
        f"/api/v1/tasks/{task}/save",
        f"/api/v1/tasks/{task}/complete",
        f"/api/v1/instances/{waiting}/actions/2",
        f"/api/v1/instances/{waiting}/messages/reply",
        f"/api/v1/instances/{waiting}/files",
    )
    for route in routes:
        for kind in TYPES:
            stolen = {"uploads": [theirs]} if route.endswith("/files") else {"values": {"scans": [theirs]}}
            for body in (form, json.dumps(CLAIM).encode(), json.dumps(stolen).encode()):
                if kind.startswith("multipart/form-data") and body is form:
                    continue
                headers = {"Content-Type": kind} if kind else {}
                answer = await client.post(route, content=body, headers=headers)
                expected = (400, 422) if kind.startswith(("application/json", "multipart/form-data")) else (415,)
                assert answer.status_code in expected, (route, kind, answer.text)
                assert answer.headers["content-type"] == "application/problem+json"
    assert await api.world.rows("SELECT id FROM files") == []
    assert await api.world.rows("SELECT id, state FROM uploads") == [(theirs, "uploaded")]
    assert (await api.world.storage()).reserved_bytes == len(TEXT)
    assert await api.world.drift() == []
