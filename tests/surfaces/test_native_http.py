"""What HTTP itself says of requests: targets, doubled headers, digests, preconditions."""

import hashlib
from base64 import b64encode

import httpx
import pytest

from surfaces.conftest import Api
from world import TEXT


async def raw(api: Api, method: str, target: str, headers: list[tuple[str, str]] | None = None) -> tuple[int, bytes]:
    """Send a request whose target httpx would not send, and return status and body."""
    client = await api.client("clerk")
    given = [*(headers or []), ("Authorization", client.headers["authorization"]), ("Host", "127.0.0.1")]
    sent: list[dict[str, object]] = []
    path = target.partition("?")[0]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": httpx.URL("http://x").copy_with(raw_path=path.encode()).path if path.startswith("/") else path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": target.partition("?")[2].encode(),
        "headers": [(name.lower().encode(), value.encode()) for name, value in given],
        "client": ("198.51.100.7", 1),
        "server": ("127.0.0.1", 8080),
    }

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    await api.app(scope, receive, send)  # type: ignore[arg-type]  # ASGI's, as plain dictionaries
    status = sent[0]["status"]
    assert isinstance(status, int)
    return status, b"".join(bytes(one["body"]) for one in sent[1:])  # type: ignore[call-overload]  # same


@pytest.mark.parametrize("method", ["OPTIONS", "GET"])
async def test_a_target_that_is_no_path_is_not_found(api: Api, method: str) -> None:
    assert (await raw(api, method, "*"))[0] == 404


@pytest.mark.parametrize(
    "target",
    [
        "/api/v1%2fme",
        "/api%2Fv1/me",
        "//api/v1/me",
        "/api//v1/me",
        "/api/v1/apps%2fCOL",
        "/questetra//API/OR/Qgroup/list",
    ],
)
async def test_only_a_slash_separates_segments_and_none_is_empty(api: Api, target: str) -> None:
    assert (await raw(api, "GET", "/api/v1/me"))[0] == 200
    assert (await raw(api, "GET", target))[0] == 404


async def test_two_authorization_headers_are_refused(api: Api) -> None:
    status, body = await raw(api, "GET", "/api/v1/me", [("Authorization", "Bearer st_other")])

    assert status == 400
    assert b"Send one Authorization header" in body


def said(algorithm: str, data: bytes) -> str:
    return f"{algorithm}=:{b64encode(hashlib.new(algorithm.replace('-', ''), data).digest()).decode()}:"


@pytest.mark.parametrize("header", ["Content-Digest", "Repr-Digest"])
@pytest.mark.parametrize("algorithm", ["sha-256", "sha-512"])
async def test_a_body_has_the_digest_that_came_with_it(api: Api, header: str, algorithm: str) -> None:
    code = await api.world.deploy_example("file-collection")
    clerk = await api.client("clerk")
    wish = {"app": code, "field": "files", "size": len(TEXT)}
    ticket = (await clerk.post("/api/v1/uploads", json=wish)).json()

    other = await clerk.put(ticket["put_url"], content=TEXT, headers={header: said(algorithm, b"other")})
    malformed = await clerk.put(ticket["put_url"], content=TEXT, headers={header: "sha-256=x"})
    unknown = f"md5=:AAAA:, {said(algorithm, TEXT)}"
    right = await clerk.put(ticket["put_url"], content=TEXT, headers={header: unknown})

    assert (other.status_code, f"{algorithm} digest" in other.json()["detail"]) == (400, True)
    assert (malformed.status_code, right.status_code) == (400, 200)
    asked = {header: said(algorithm, b"{}"), "Content-Type": "application/json"}
    assert (await clerk.post("/api/v1/uploads", content=b'{"size": 1}', headers=asked)).status_code == 400


async def test_content_is_sent_only_if_it_is_the_one_that_if_match_names(api: Api) -> None:
    code = await api.world.deploy_example("file-collection")
    clerk = await api.client("clerk")
    upload = await api.upload("clerk", TEXT, app=code, field="files", name="a.txt")
    started = await clerk.post(f"/api/v1/apps/{code}/instances", json={"values": {"subject": "x", "files": [upload]}})
    assert started.status_code == 201, started.text
    address = f"/api/v1/files/{upload}/content"
    etag = (await clerk.get(address)).headers["ETag"]

    found = {
        given: (await clerk.get(address, headers={"If-Match": given})).status_code
        for given in (etag, "*", f'"x", {etag}', '"x"', f"W/{etag}")
    }

    assert found == {etag: 200, "*": 200, f'"x", {etag}': 200, '"x"': 412, f"W/{etag}": 412}


async def test_a_link_has_one_spelling_and_tells_no_other_page_of_itself(api: Api) -> None:
    code = await api.world.deploy_example("file-collection")
    clerk, nobody = await api.client("clerk"), await api.client("anonymous")
    upload = await api.upload("clerk", TEXT, app=code, field="files", name="a.txt")
    await clerk.post(f"/api/v1/apps/{code}/instances", json={"values": {"subject": "x", "files": [upload]}})
    url = (await clerk.post(f"/api/v1/files/{upload}/links", json={})).json()["url"]
    token = url.split("/")[-2]

    opened = await nobody.get(url)
    others = [
        (await nobody.get(url.replace(token, spelt))).status_code
        for spelt in (f"{token}=", f"{token[:8]}!{token[8:]}", token[:-1] + chr(ord(token[-1]) ^ 1))
    ]

    assert (opened.status_code, opened.headers["Referrer-Policy"]) == (200, "no-referrer")
    assert others == [403, 403, 403]


async def test_a_concatenation_of_uploads_is_refused(api: Api) -> None:
    code = await api.world.deploy_example("file-collection")
    clerk = await api.client("clerk")
    ticket = (await clerk.post("/api/v1/uploads", json={"app": code, "field": "files", "size": 4})).json()
    asked = {"Tus-Resumable": "1.0.0", "Upload-Length": "4", "Upload-Concat": "partial"}

    refused = await clerk.post(ticket["tus_url"], headers=asked)

    assert (refused.status_code, "Upload-Concat is not supported" in refused.json()["detail"]) == (400, True)


@pytest.mark.parametrize(
    "host", ["api.example.com:443", "a..b", "-a.example", "api.example.com.", "[::1]", "::0001", "1.2.3", "x:y"]
)
async def test_a_host_that_no_address_can_have_is_refused_for_a_secret(api: Api, host: str) -> None:
    admin = await api.client("admin")

    refused = await admin.put(
        "/api/v1/secrets/erp", json={"value": "a-long-value-of-a-key", "hosts": ["api.example.com", host]}
    )

    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "hosts")


@pytest.mark.parametrize("host", ["api.example.com", "::1", "10.0.0.7", "a_b.internal", "localhost"])
async def test_a_host_of_an_address_may_be_named_for_a_secret(api: Api, host: str) -> None:
    admin = await api.client("admin")

    assert (
        await admin.put("/api/v1/secrets/erp", json={"value": "a-long-value-of-a-key", "hosts": [host]})
    ).status_code in (200, 204)


@pytest.mark.parametrize("text", ["\x1b[2J", "a\x00b", "a\x9bb"])
async def test_comments_and_names_of_tokens_have_no_control_characters(api: Api, text: str) -> None:
    code = await api.world.deploy_example("file-collection")
    clerk = await api.client("clerk")
    me = (await clerk.get("/api/v1/me")).json()["id"]

    comment = await clerk.post(f"/api/v1/apps/{code}/instances", json={"values": {"subject": "x"}, "comment": text})
    name = await clerk.post(f"/api/v1/users/{me}/credentials", json={"kind": "token", "name": text})
    lines = {"values": {"subject": "x"}, "comment": "one\n\ttwo\r\n"}

    assert {comment.status_code, name.status_code} <= {400, 422}
    started = await clerk.post(f"/api/v1/apps/{code}/instances", json=lines)
    assert started.status_code == 201
    instance = started.json()["instance"]["id"]
    link = {"kind": "link", "url": "https://a.example/x", "description": "fine\n"}
    made = await clerk.post(f"/api/v1/instances/{instance}/files", json=link)
    assert made.status_code == 201, made.text
    refused = {
        "description": await clerk.post(f"/api/v1/instances/{instance}/files", json={**link, "description": text}),
        "search": await clerk.post("/api/v1/searches", json={"name": text, "query": {}}),
        "reason": await clerk.post(f"/api/v1/instances/{instance}/cancel", json={"reason": text}),
    }
    assert {answer.status_code for answer in refused.values()} <= {400, 422}, refused
