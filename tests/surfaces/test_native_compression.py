"""Replies are compressed where the client accepts it and no secret is in them."""

import gzip
import json

import httpx
import msgspec
import pytest

from satchel.model.api import calls, files, people, searches
from satchel.surfaces.kit.compression import SMALLEST_BYTES, accepts_gzip
from satchel.surfaces.native.routes import ENDPOINTS
from surfaces.conftest import Api
from world import PDF

GROUPS = "/api/v1/groups"
ACCEPTING = {"Accept-Encoding": "gzip"}
PLAIN = {"Accept-Encoding": "identity"}


async def _raw(client: httpx.AsyncClient, address: str, headers: dict[str, str]) -> tuple[httpx.Response, bytes]:
    """Return an answer and its bytes as they came."""
    client.event_hooks = {}
    async with client.stream("GET", address, headers=headers) as answer:
        return answer, b"".join([chunk async for chunk in answer.aiter_raw()])


async def _with_groups(api: Api) -> httpx.AsyncClient:
    admin = await api.client("admin")
    for number in range(40):
        assert (await admin.post(GROUPS, json={"name": f"Group {number}"})).status_code == 201
    return admin


async def test_a_long_reply_is_compressed_for_who_accepts_it(api: Api) -> None:
    admin = await _with_groups(api)
    plain, whole = await _raw(admin, GROUPS, PLAIN)
    packed, body = await _raw(admin, GROUPS, ACCEPTING)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert int(packed.headers["Content-Length"]) == len(body) < len(whole) / 4
    assert gzip.decompress(body) == whole
    assert "Content-Encoding" not in plain.headers
    assert plain.headers["Vary"] == packed.headers["Vary"] == "Accept-Encoding"
    head = await admin.head(GROUPS, headers=ACCEPTING)
    assert (head.headers["Content-Length"], head.headers["Content-Encoding"]) == (str(len(body)), "gzip")


async def test_a_short_reply_is_not(api: Api) -> None:
    answer, body = await _raw(await api.client("admin"), "/api/v1/me", ACCEPTING)
    assert "Content-Encoding" not in answer.headers
    assert len(body) < SMALLEST_BYTES


async def test_files_are_sent_as_they_are_and_in_ranges(api: Api) -> None:
    await api.world.deploy_example("product-evaluation")
    clerk = await api.world.actor("clerk")
    file = await api.world.upload(clerk, PDF * 100, name="a.pdf", field="description", app="EVA")
    await api.world.start(clerk, "EVA", product="Desk", description=[file])
    client = await api.client("clerk")
    answer, body = await _raw(client, f"/api/v1/files/{file}/content", ACCEPTING)
    assert ("Content-Encoding" in answer.headers, body) == (False, PDF * 100)
    answer, body = await _raw(client, f"/api/v1/files/{file}/content", {**ACCEPTING, "Range": "bytes=0-1999"})
    assert (answer.status_code, body) == (206, (PDF * 100)[:2000])


async def test_a_reply_that_shows_a_secret_is_never_compressed(api: Api) -> None:
    await api.world.deploy_example("product-evaluation")
    admin = await api.client("admin")
    made = await admin.post(
        "/api/v1/webhooks", json={"app": "EVA", "url": f"https://hooks.example/{'x' * 2000}"}, headers=ACCEPTING
    )
    assert made.status_code == 201
    assert len(made.content) > SMALLEST_BYTES
    assert "Content-Encoding" not in made.headers


def test_every_type_with_a_secret_is_marked() -> None:
    """Whoever adds a reply with a secret marks it; these names are what secrets are called in this API."""
    names = {"secret", "client_secret", "csrf_token", "token", "put_url", "tus_url"}
    found: set[type[msgspec.Struct]] = set()
    for endpoint in ENDPOINTS:
        for answer in endpoint.answers:
            if answer.body is not None and names & {field.name for field in msgspec.structs.fields(answer.body)}:
                found.add(answer.body)
    links = {files.Link, searches.ExportLink}
    marked = {answer.body for one in ENDPOINTS for answer in one.answers if getattr(answer.body, "holds_secret", False)}
    assert marked == found | links
    assert {people.Session, calls.WebhookSecret, files.Ticket} <= found


@pytest.mark.parametrize(
    ("header", "accepts"),
    [
        ("gzip", True),
        ("GZIP;q=0.5, identity", True),
        ("br, zstd, gzip", True),
        ("*", True),
        ("x-gzip", True),
        ("gzip;q=0", False),
        ("gzip; q=0.0, *", False),
        ("*;q=0", False),
        ("gzip;q=high", False),
        ("br", False),
        ("identity", False),
        ("", False),
    ],
)
def test_what_a_client_accepts_is_read_as_it_is_meant(header: str, accepts: bool) -> None:  # noqa: FBT001  # a table's column
    assert accepts_gzip(header) is accepts


async def test_the_description_of_the_api_is_compressed(api: Api) -> None:
    client = await api.client("anonymous")
    answer, body = await _raw(client, "/api/openapi.json", ACCEPTING)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert json.loads(gzip.decompress(body))["openapi"] == "3.1.0"
