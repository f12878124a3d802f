"""Bad input over HTTP: a problem document with a stable code, nothing lost, nothing half-done, never a 5xx."""

import asyncio
from datetime import timedelta

import pytest

from surfaces.conftest import Api
from world import PDF, QUOTA, bundle, fields

TEXT_APP = bundle(
    {
        "code": "DOC",
        "title": "{{ subject }}",
        "fields": fields(
            {"id": "subject", "type": "text"},
            {"id": "paper", "type": "file", "max_files": 2, "accept": [".pdf"], "min_bytes": 10, "max_bytes": 1000},
        ),
        "start": {"fields": {"subject": "require", "paper": "edit"}},
        "tasks": {"a": {"assign": {"starter": True}, "fields": {"subject": "edit", "paper": "edit"}}},
    }
)


async def _ready(api: Api) -> None:
    await api.world.deploy(TEXT_APP)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "invalid_request"),
        (b'{"values": {"subject": NaN}}', "invalid_request"),
        (b'{"values": {}, "values": {}}', "invalid_request"),
        (b'{"values": ' + b"[" * 100 + b"]" * 100 + b"}", "invalid_request"),
        (b'{"valves": {}}', "invalid_request"),
        (b'{"values": 3}', "invalid_request"),
        (b'{"values": {"subject": "a\\u0000b"}}', "invalid_request"),
        (b'{"values": {"subject": 7}}', "invalid_values"),
        (b'{"values": {"colour": "red", "subject": "x"}}', "invalid_values"),
        (b'{"values": {"subject": "x", "paper": [999]}}', "invalid_values"),
        (b'{"values": {"subject": "x", "paper": [true]}}', "invalid_values"),
        (b'{"values": {}}', "invalid_values"),
    ],
)
async def test_a_bad_body_is_refused_with_its_code_and_starts_nothing(api: Api, body: bytes, code: str) -> None:
    await _ready(api)
    client = await api.client("clerk")
    headers = {"Content-Type": "application/json"}
    answer = await client.post("/api/v1/apps/DOC/instances", content=body, headers=headers)
    assert 400 <= answer.status_code < 500
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["code"] == code
    assert problem["request_id"] == answer.headers["X-Request-Id"]
    assert (await client.get("/api/v1/instances?app=DOC")).json()["items"] == []


@pytest.mark.parametrize(
    ("data", "wish", "status", "code"),
    [
        (PDF, {"size": 2000}, 413, "too_large"),
        (PDF, {"size": 5}, 422, "file_too_small"),
        (PDF, {"size": 1000, "name": "a.exe"}, 422, "file_type"),
        (PDF, {"size": 1000, "field": "subject"}, 422, "not_a_file_field"),
        (PDF, {"size": 1000, "field": "nothing"}, 404, "not_found"),
        (PDF, {"size": -1}, 400, "invalid_request"),
        (PDF, {"size": 1000, "sha256": "abc"}, 400, "invalid_request"),
    ],
)
async def test_what_a_field_does_not_take_is_refused_with_the_ticket(
    api: Api, data: bytes, wish: dict[str, object], status: int, code: str
) -> None:
    del data
    await _ready(api)
    client = await api.client("clerk")
    answer = await client.post("/api/v1/uploads", json={"app": "DOC", "field": "paper", **wish})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (await api.world.storage()).reserved_bytes == 0


@pytest.mark.parametrize(
    ("data", "wish", "status", "code"),
    [
        (b"MZ not a PDF at all", {"name": "a.pdf"}, 422, "file_type"),
        (PDF + b"x" * 2000, {}, 413, "too_large"),
        (PDF, {"sha256": "0" * 64}, 422, "digest_mismatch"),
        (b"%PDF", {"name": "a.pdf"}, 422, "file_too_small"),
    ],
)
async def test_wrong_bytes_are_refused_and_give_their_room_back(
    api: Api, data: bytes, wish: dict[str, object], status: int, code: str
) -> None:
    await _ready(api)
    client = await api.client("clerk")
    ticket = (await client.post("/api/v1/uploads", json={"app": "DOC", "field": "paper", "size": 900, **wish})).json()
    answer = await client.put(ticket["put_url"], content=data)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    await client.delete(f"/api/v1/uploads/{ticket['id']}")
    assert (await api.world.storage()).reserved_bytes == 0


@pytest.mark.parametrize(
    "body",
    [
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n' + PDF,
        (
            b'--b\r\nContent-Disposition: form-data; name="file"\r\n'
            b'Content-Disposition: form-data; name="x"\r\n\r\nx\r\n--b--\r\n'
        ),
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a\x00.pdf"\r\n\r\nx\r\n--b--\r\n',
        b"nothing like a form",
    ],
)
async def test_a_malformed_form_is_refused_and_the_ticket_can_be_used_again(api: Api, body: bytes) -> None:
    await _ready(api)
    client = await api.client("clerk")
    ticket = (
        await client.post("/api/v1/uploads", json={"app": "DOC", "field": "paper", "size": 900, "name": "a.pdf"})
    ).json()
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    address = f"{ticket['form']['url']}?token={ticket['form']['fields']['token']}"
    answer = await client.post(address, content=body, headers=headers)
    assert answer.status_code == 400, answer.text
    assert (await client.put(ticket["put_url"], content=PDF)).status_code == 200


async def test_a_ticket_is_for_one_file(api: Api) -> None:
    await _ready(api)
    client = await api.client("clerk")
    ticket = (
        await client.post("/api/v1/uploads", json={"app": "DOC", "field": "paper", "size": 900, "name": "a.pdf"})
    ).json()
    assert (await client.put(ticket["put_url"], content=PDF)).status_code == 200
    again = await client.put(ticket["put_url"], content=PDF)
    assert (again.status_code, again.json()["code"]) == (409, "invalid_state")


async def test_an_expired_ticket_is_gone(api: Api) -> None:
    await _ready(api)
    client = await api.client("clerk")
    ticket = (
        await client.post("/api/v1/uploads", json={"app": "DOC", "field": "paper", "size": 900, "name": "a.pdf"})
    ).json()
    api.world.clock.advance(timedelta(minutes=11))
    late = await client.put(ticket["put_url"], content=PDF)
    assert (late.status_code, late.json()["code"]) == (410, "upload_expired")


async def test_of_64_that_ask_at_once_exactly_as_many_get_a_ticket_as_fit(api: Api) -> None:
    await api.world.deploy_example("file-collection")
    client = await api.client("clerk")
    size = QUOTA // 10
    watching = True
    worst = 0

    async def watch() -> None:
        nonlocal worst
        while watching:
            now = await api.world.storage()
            worst = max(worst, now.used_bytes + now.reserved_bytes)
            await asyncio.sleep(0)

    async def ask() -> int:
        wish = {"app": "COL", "field": "files", "size": size}
        return (await client.post("/api/v1/uploads", json=wish)).status_code

    watcher = asyncio.create_task(watch())
    statuses = await asyncio.gather(*(ask() for _ in range(64)))
    watching = False
    await watcher
    assert sorted(statuses) == [201] * 10 + [507] * 54
    assert worst <= QUOTA


async def test_over_quota_tells_the_numbers(api: Api) -> None:
    await api.world.deploy_example("file-collection")
    client = await api.client("clerk")
    answer = await client.post("/api/v1/uploads", json={"app": "COL", "field": "files", "size": QUOTA + 1})
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (507, "over_quota")
    assert (problem["needed_bytes"], problem["used_bytes"], problem["limit_bytes"]) == (QUOTA + 1, 0, QUOTA)


@pytest.mark.parametrize("header", ["bytes=abc", "bytes=5-2", "pages=1-2", "bytes=", "bytes=-"])
async def test_a_range_that_means_nothing_is_not_followed(api: Api, header: str) -> None:
    await _ready(api)
    number = await api.upload("clerk", PDF, app="DOC", field="paper", name="a.pdf")
    client = await api.client("clerk")
    await client.post("/api/v1/apps/DOC/instances", json={"values": {"subject": "x", "paper": [number]}})
    answer = await client.get(f"/api/v1/files/{number}/content", headers={"Range": header})
    assert (answer.status_code, answer.content) == (200, PDF)


async def test_a_range_behind_the_end_is_told_how_long_the_file_is(api: Api) -> None:
    await _ready(api)
    number = await api.upload("clerk", PDF, app="DOC", field="paper", name="a.pdf")
    client = await api.client("clerk")
    await client.post("/api/v1/apps/DOC/instances", json={"values": {"subject": "x", "paper": [number]}})
    answer = await client.get(f"/api/v1/files/{number}/content", headers={"Range": "bytes=99999-"})
    assert (answer.status_code, answer.headers["Content-Range"]) == (416, f"bytes */{len(PDF)}")


@pytest.mark.parametrize(
    "path", ["instances/0", "instances/99999999999999999999", "tasks/x", "files/-1", "uploads/1e3"]
)
async def test_an_id_that_can_be_none_is_unknown(api: Api, path: str) -> None:
    answer = await (await api.client("admin")).get(f"/api/v1/{path}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_wrong_passwords_and_unknown_tokens_are_refused_alike(api: Api) -> None:
    client = await api.client("anonymous")
    for email in ("admin@acme.example", "nobody@acme.example"):
        answer = await client.post("/api/v1/session", json={"email": email, "password": "wrong password"})
        assert (answer.status_code, answer.json()["detail"]) == (401, "The e-mail or the password is wrong.")
    answer = await client.get("/api/v1/me", headers={"Authorization": "Bearer st_nothing"})
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


async def test_the_same_key_does_a_request_once(api: Api) -> None:
    await _ready(api)
    client = await api.client("clerk")
    headers = {"Idempotency-Key": "order-1"}
    body = {"values": {"subject": "once"}}
    first = await client.post("/api/v1/apps/DOC/instances", json=body, headers=headers)
    second = await client.post("/api/v1/apps/DOC/instances", json=body, headers=headers)
    other = await client.post("/api/v1/apps/DOC/instances", json={"values": {"subject": "other"}}, headers=headers)
    assert (first.status_code, second.status_code, second.content) == (201, 201, first.content)
    assert second.headers["Idempotency-Replayed"] == "true"
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert len((await client.get("/api/v1/instances?app=DOC")).json()["items"]) == 1


async def test_a_change_of_what_changed_meanwhile_is_refused(api: Api) -> None:
    await _ready(api)
    client = await api.client("clerk")
    number = (await client.post("/api/v1/apps/DOC/instances", json={"values": {"subject": "a"}})).json()["instance"][
        "id"
    ]
    etag = (await client.get(f"/api/v1/instances/{number}")).headers["ETag"]
    change = {"values": {"subject": "b"}}
    address = f"/api/v1/instances/{number}/values"
    assert (await client.patch(address, json=change)).status_code == 428
    assert (await client.patch(address, json=change, headers={"If-Match": etag})).status_code == 200
    stale = await client.patch(address, json=change, headers={"If-Match": etag})
    assert (stale.status_code, stale.json()["code"]) == (412, "changed_meanwhile")


@pytest.mark.parametrize("url", ["https://[::1", "ftp://files.example/a", "https://", "javascript:alert(1)"])
async def test_a_link_that_is_no_web_address_is_refused(api: Api, url: str) -> None:
    await _ready(api)
    client = await api.client("clerk")
    number = (await client.post("/api/v1/apps/DOC/instances", json={"values": {"subject": "a"}})).json()["instance"][
        "id"
    ]
    answer = await client.post(f"/api/v1/instances/{number}/files", json={"kind": "link", "url": url})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_values")
