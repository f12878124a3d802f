"""A ticket's addresses: who may use them, and what the three ways in refuse."""

import httpx
import pytest

from satchel.model.transfer.names import format_upload_metadata
from surfaces.conftest import Api
from world import PDF, TEXT, bundle, chunks, fields

UPLOADS = "/api/v1/uploads"
BOUNDARY = {"Content-Type": "multipart/form-data; boundary=b"}


async def _ticket(api: Api, size: int = 900, **wish: object) -> dict[str, object]:
    await api.world.deploy_example("file-collection")
    clerk = await api.client("clerk")
    asked = await clerk.post(UPLOADS, json={"app": "COL", "field": "files", "size": size, "name": "a.pdf", **wish})
    assert asked.status_code == 201, asked.text
    ticket: dict[str, object] = asked.json()
    return ticket


def _part(head: str, body: bytes) -> bytes:
    return f"--b\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + body + b"\r\n"


def _form(token: str, data: bytes, after: bytes = b"") -> bytes:
    return _part('name="token"', token.encode()) + _part('name="file"; filename="b.pdf"', data) + after + b"--b--\r\n"


async def test_a_form_needs_no_credential_beside_its_token(api: Api) -> None:
    ticket = await _ticket(api)
    form = ticket["form"]
    assert isinstance(form, dict)
    anyone = await api.client("anonymous")
    stale = {**BOUNDARY, "Authorization": "Bearer st_old", "Cookie": "satchel_session=ss_old"}
    sent = await anyone.post(form["url"], content=_form(form["fields"]["token"], PDF), headers=stale)
    assert (sent.status_code, sent.json()["state"], sent.json()["name"]) == (200, "uploaded", "a.pdf")


async def test_a_form_with_something_behind_its_file_is_refused_and_records_nothing(api: Api) -> None:
    ticket = await _ticket(api)
    form = ticket["form"]
    assert isinstance(form, dict)
    body = _form(form["fields"]["token"], PDF, _part('name="note"', b"x"))
    sent = await (await api.client("anonymous")).post(form["url"], content=body, headers=BOUNDARY)
    assert (sent.status_code, sent.json()["code"]) == (400, "invalid_request")
    seen = await (await api.client("clerk")).get(f"{UPLOADS}/{ticket['id']}")
    assert seen.json()["state"] == "created"


async def test_a_form_whose_token_is_wrong_or_missing_fills_nothing(api: Api) -> None:
    ticket = await _ticket(api)
    form = ticket["form"]
    assert isinstance(form, dict)
    anyone = await api.client("anonymous")
    wrong = await anyone.post(form["url"], content=_form("up_wrong", PDF), headers=BOUNDARY)
    assert wrong.status_code == 404
    bare = _part('name="file"; filename="b.pdf"', PDF) + b"--b--\r\n"
    assert (await anyone.post(form["url"], content=bare, headers=BOUNDARY)).status_code == 401


async def test_bodies_that_say_that_they_are_too_long_are_refused_before_they_come(api: Api) -> None:
    ticket = await _ticket(api, size=100)
    anyone = await api.client("anonymous")
    form = ticket["form"]
    assert isinstance(form, dict)
    long = PDF + b"x" * 100_000
    for method, address, headers, body in (
        ("PUT", ticket["put_url"], {}, long),
        ("POST", form["url"], BOUNDARY, _form(form["fields"]["token"], long)),
        (
            "PATCH",
            ticket["tus_url"],
            {"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"},
            long,
        ),
    ):
        answer = await anyone.request(method, str(address), content=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large"), method
    seen = await (await api.client("clerk")).get(f"{UPLOADS}/{ticket['id']}")
    assert seen.json()["state"] == "created"


async def _send(api: Api, ticket: dict[str, object], protocol: str, data: bytes, name: str) -> httpx.Response:
    """Send a whole file in one of a ticket's protocols, without saying its length before it comes where that goes."""
    anyone, form = await api.client("anonymous"), ticket["form"]
    assert isinstance(form, dict)
    if protocol == "form":
        body = _form(form["fields"]["token"], data).replace(b"b.pdf", name.encode())
        return await anyone.post(form["url"], content=body, headers=BOUNDARY)
    if protocol == "put":
        disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
        return await anyone.put(str(ticket["put_url"]), content=chunks(data), headers=disposition)
    tus = {"Tus-Resumable": "1.0.0"}
    said = format_upload_metadata({"filename": name})
    length = min(len(data), LIMIT)
    made = await anyone.post(
        str(ticket["tus_url"]), headers={**tus, "Upload-Length": str(length), "Upload-Metadata": said}
    )
    assert made.status_code == 201, made.text
    piece = {**tus, "Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}
    return await anyone.patch(str(ticket["tus_url"]), content=chunks(data), headers=piece)


LIMIT = 1000


@pytest.mark.parametrize("protocol", ["form", "put", "tus"])
@pytest.mark.parametrize(
    ("data", "name", "code"),
    [
        (PDF.ljust(LIMIT + 20_000), "a.pdf", "too_large"),
        (PDF.ljust(LIMIT + 100_000), "a.pdf", "too_large"),
        (TEXT, "a.pdf", "file_type"),
        (PDF, "a.txt", "file_type"),
        (b"%PDF-", "a.pdf", "file_too_small"),
    ],
)
async def test_a_body_that_is_refused_ends_nothing_whatever_is_wrong_with_it(
    api: Api, protocol: str, data: bytes, name: str, code: str
) -> None:
    files = fields({"id": "paper", "type": "file", "accept": [".pdf"], "min_bytes": 10})
    await api.world.deploy(bundle({"code": "ANY", "fields": files, "start": {"fields": {"paper": "edit"}}}))
    clerk = await api.client("clerk")
    ticket = (await clerk.post(UPLOADS, json={"app": "ANY", "field": "paper", "size": LIMIT})).json()

    refused = await _send(api, ticket, protocol, data, name)

    assert refused.json()["code"] == code, refused.text
    assert (await clerk.get(f"{UPLOADS}/{ticket['id']}")).json()["state"] == "created"
    assert (await clerk.get("/api/v1/storage")).json()["reserved_bytes"] == LIMIT
    right = (
        PDF.ljust(LIMIT) if code == "too_large" else PDF
    )  # for tus, the announced length stands: no whole was refused
    sent = await _send(api, ticket, protocol, right, "right.pdf")
    assert sent.is_success, sent.text
    seen = (await clerk.get(f"{UPLOADS}/{ticket['id']}")).json()
    assert (seen["state"], seen["name"], seen["size"]) == ("uploaded", "right.pdf", len(right))


async def test_a_signature_that_is_refused_ends_nothing(api: Api) -> None:
    signed = fields({"id": "sign", "type": "signature", "max_bytes": 60_000})
    await api.world.deploy(bundle({"code": "SIG", "fields": signed, "start": {"fields": {"sign": "edit"}}}))
    clerk = await api.client("clerk")
    ticket = (await clerk.post(UPLOADS, json={"app": "SIG", "field": "sign", "size": 60_000})).json()
    address = f"{UPLOADS}/{ticket['id']}"
    assert (await clerk.post(f"{address}/signature", json={"path": "no path"})).status_code == 422
    assert (await clerk.put(f"{address}/content", content=TEXT)).json()["code"] == "file_not_image"
    assert (await clerk.get(address)).json()["state"] == "created"
    assert (await clerk.post(f"{address}/signature", json={"path": "M 1 1 L 20 20"})).status_code == 200


async def test_the_one_who_asked_uses_a_ticket_without_its_token_and_others_do_not_know_it(api: Api) -> None:
    ticket = await _ticket(api)
    address = f"{UPLOADS}/{ticket['id']}"
    assert (await (await api.client("clerk")).put(f"{address}/content", content=PDF)).status_code == 200
    for who, status in (("anonymous", 401), ("admin", 404), ("rival", 404)):
        assert (await (await api.client(who)).get(address)).status_code == status


async def test_a_name_in_utf_8_comes_through_the_disposition(api: Api) -> None:
    await api.world.deploy_example("file-collection")
    clerk = await api.client("clerk")
    ticket = (await clerk.post(UPLOADS, json={"app": "COL", "field": "files", "size": 900})).json()
    headers = {b"Content-Disposition": 'attachment; filename="Übersicht.pdf"'.encode()}
    sent = await clerk.put(ticket["put_url"], content=PDF, headers=headers)
    assert sent.json()["name"] == "Übersicht.pdf"


async def test_an_idempotency_key_does_not_keep_a_files_bytes_in_memory(api: Api) -> None:
    size = 9 * 1024 * 1024
    ticket = await _ticket(api, size=size)
    form = ticket["form"]
    assert isinstance(form, dict)
    body = _form(form["fields"]["token"], b"%PDF-1.7\n".ljust(size, b"x"))
    headers = {**BOUNDARY, "Idempotency-Key": "k"}
    sent = await (await api.client("clerk")).post(form["url"], content=body, headers=headers)
    assert (sent.status_code, sent.json()["size"]) == (200, size)


async def test_tus_refuses_another_version_an_unknown_checksum_and_a_wrong_offset(api: Api) -> None:
    ticket = await _ticket(api)
    anyone, address = await api.client("anonymous"), str(ticket["tus_url"])
    assert (await anyone.head(address)).status_code == 412
    piece = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}
    for more, status in (
        ({"Upload-Offset": "5"}, 409),
        ({"Upload-Offset": "-1"}, 400),
        ({"Upload-Checksum": "crc32 AAAA"}, 400),
        ({"Upload-Checksum": "sha1 AAAA"}, 460),
        ({"Content-Type": "application/pdf"}, 415),
        ({"Tus-Resumable": "0.2.2"}, 412),
    ):
        answer = await anyone.patch(address, content=b"%PDF-", headers={**piece, **more})
        assert answer.status_code == status, (more, answer.text)
        assert answer.headers["Tus-Resumable"] == "1.0.0"
    assert (await anyone.patch(address, content=PDF[:9], headers=piece)).headers["Upload-Offset"] == "9"
    assert (await anyone.head(address, headers=piece)).headers["Upload-Offset"] == "9"


@pytest.mark.parametrize("method", ["HEAD", "POST", "PATCH", "DELETE"])
@pytest.mark.parametrize("version", [None, "0.2.2", "1", "1.0.0, 2.0.0"])
async def test_tus_names_the_version_that_it_supports_to_clients_of_another(
    api: Api, method: str, version: str | None
) -> None:
    ticket = await _ticket(api)
    anyone, address = await api.client("anonymous"), str(ticket["tus_url"])
    headers = {"Content-Type": "application/offset+octet-stream", "Upload-Offset": "0", "Upload-Length": "9"}
    headers |= {} if version is None else {"Tus-Resumable": version}

    answer = await anyone.request(method, address, headers=headers, content=b"" if method == "HEAD" else PDF)

    assert answer.status_code == 412
    assert (answer.headers["Tus-Version"], answer.headers["Tus-Resumable"]) == ("1.0.0", "1.0.0")
    if method != "HEAD":
        said = "Tus-Resumable is missing" if version is None else f"Tus-Resumable: {version} is not supported"
        assert answer.json()["code"] == "unsupported_version"
        assert answer.json()["detail"] == f"{said}. Send Tus-Resumable: 1.0.0."
    untouched = await anyone.head(address, headers={"Tus-Resumable": "1.0.0"})
    assert (untouched.status_code, untouched.headers["Upload-Offset"]) == (200, "0")


@pytest.mark.parametrize("length", [{}, {"Upload-Length": "9"}])
@pytest.mark.parametrize("deferred", ["true", "0", "2", "1, 1", ""])
async def test_a_deferred_length_is_said_by_one_and_nothing_else(
    api: Api, length: dict[str, str], deferred: str
) -> None:
    ticket = await _ticket(api)
    anyone, version = await api.client("anonymous"), {"Tus-Resumable": "1.0.0"}

    answer = await anyone.post(str(ticket["tus_url"]), headers={**version, **length, "Upload-Defer-Length": deferred})

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert "Upload-Defer-Length" in answer.json()["detail"]


async def test_a_length_is_either_said_or_deferred(api: Api) -> None:
    ticket = await _ticket(api)
    anyone, version = await api.client("anonymous"), {"Tus-Resumable": "1.0.0"}
    for said in ({}, {"Upload-Length": "9", "Upload-Defer-Length": "1"}):
        answer = await anyone.post(str(ticket["tus_url"]), headers={**version, **said})
        assert (answer.status_code, "either" in answer.json()["detail"]) == (400, True)


@pytest.mark.parametrize("length", [{"Upload-Length": str(len(PDF))}, {"Upload-Defer-Length": "1"}])
async def test_tus_tells_the_metadata_that_an_upload_was_created_with_as_it_was_sent(
    api: Api, length: dict[str, str]
) -> None:
    ticket = await _ticket(api, name=None)
    anyone, address = await api.client("anonymous"), str(ticket["tus_url"])
    version = {"Tus-Resumable": "1.0.0"}
    assert "Upload-Metadata" not in (await anyone.head(address, headers=version)).headers
    said = "filename w5xiZXIucGRm,is_confidential,filetype YXBwbGljYXRpb24vcGRm"
    created = await anyone.post(address, headers={**version, **length, "Upload-Metadata": said})
    assert created.status_code == 201, created.text
    assert (await anyone.head(address, headers=version)).headers["Upload-Metadata"] == said
    piece = {**version, "Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}
    whole = {**piece, "Upload-Length": str(len(PDF))}
    assert (await anyone.patch(address, content=PDF, headers=whole)).status_code == 204
    assert (await anyone.head(address, headers=version)).headers["Upload-Metadata"] == said
    kept = await (await api.client("clerk")).get(f"{UPLOADS}/{ticket['id']}")
    assert (kept.json()["state"], kept.json()["name"]) == ("uploaded", "Über.pdf")


async def _send_nameless(api: Api, accept: list[str], data: bytes, declared: str | None) -> httpx.Response:
    """PUT bytes without a name to a field that takes some extensions."""
    files = fields({"id": "paper", "type": "file", **({"accept": accept} if accept else {})})
    await api.world.deploy(
        bundle(
            {"code": "ANY", "title": "x", "fields": files, "start": {"fields": {"paper": "edit"}}, "tasks": {"a": {}}}
        )
    )
    wish = {"app": "ANY", "field": "paper", "size": len(data)}
    asked = await (await api.client("clerk")).post(UPLOADS, json=wish)
    headers = {} if declared is None else {"Content-Type": declared}
    return await (await api.client("anonymous")).put(asked.json()["put_url"], content=data, headers=headers)


@pytest.mark.parametrize(
    ("accept", "data", "declared", "name"),
    [
        ([".pdf"], PDF, None, "file.pdf"),
        ([".pdf"], PDF, "text/plain", "file.pdf"),
        ([".txt"], TEXT, None, "file.txt"),
        ([".csv"], b"a,b\n1,2\n", "text/csv", "file.csv"),
        ([], b"\x00\x01\x02", None, "file"),
    ],
)
async def test_bytes_without_a_name_are_called_by_their_type(
    api: Api, accept: list[str], data: bytes, declared: str | None, name: str
) -> None:
    sent = await _send_nameless(api, accept, data, declared)
    assert (sent.status_code, sent.json().get("name")) == (200, name), sent.text


@pytest.mark.parametrize("declared", [None, "application/pdf"])
async def test_bytes_without_a_name_of_another_type_are_still_refused(api: Api, declared: str | None) -> None:
    sent = await _send_nameless(api, [".pdf"], TEXT, declared)
    assert (sent.status_code, sent.json()["code"]) == (422, "file_type")


async def test_a_method_override_stands_for_patch_and_delete(api: Api) -> None:
    ticket = await _ticket(api)
    anyone, address = await api.client("anonymous"), str(ticket["tus_url"])
    headers = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}
    sent = await anyone.post(address, content=PDF[:9], headers={**headers, "X-HTTP-Method-Override": "PATCH"})
    assert (sent.status_code, sent.headers["Upload-Offset"]) == (204, "9")
    ended = await anyone.post(address, headers={**headers, "X-HTTP-Method-Override": "DELETE"})
    assert ended.status_code == 204
    assert (await api.world.storage()).reserved_bytes == 0
