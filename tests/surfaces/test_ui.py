"""The web application over HTTP: which requests get its page, which its files, and how they are kept and compressed."""

import gzip
import hashlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
import pytest

from satchel.settings import read_settings
from satchel.surfaces.app import SURFACES, create_app
from satchel.surfaces.ui.pages import HEADERS
from satchel.surfaces.ui.site import Site, read_site
from world import World, open_world

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
PAGE = b'<!doctype html><title>Satchel</title><script type="module" src="/assets/main-1a2b.js"></script>'
SCRIPT = b"console.log('satchel');\n" * 20
SQUEEZED = b"as if brotli had made it"
ICON = b'<svg xmlns="http://www.w3.org/2000/svg"/>'
YEAR = "public, max-age=31536000, immutable"


def build(folder: Path) -> Path:
    """Write what a build leaves behind, and a secret beside it."""
    static = folder / "static"
    (static / "assets").mkdir(parents=True)
    (static / ".vite").mkdir()
    (static / ".vite" / "manifest.json").write_text("{}")
    (static / "index.html").write_bytes(PAGE)
    (static / "satchel.svg").write_bytes(ICON)
    (static / "assets" / "main-1a2b.js").write_bytes(SCRIPT)
    (static / "assets" / "main-1a2b.js.br").write_bytes(SQUEEZED)
    (static / "assets" / "main-1a2b.js.gz").write_bytes(gzip.compress(SCRIPT))
    (static / "assets" / "main-1a2b.css").write_bytes(b"a{}")
    (folder / "secret.txt").write_text("secret")
    return static


@asynccontextmanager
async def serving(world: World, site: Site) -> AsyncIterator[httpx.AsyncClient]:
    """Serve a site; the client names no content coding and decodes none by itself."""
    app = create_app(world.context, read_settings({}), SURFACES, site)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://127.0.0.1", headers={"Accept-Encoding": ""}
    ) as one:
        yield one


@pytest.fixture
async def client(populated_database: str, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with AsyncExitStack() as stack:
        world = await stack.enter_async_context(open_world(populated_database, tmp_path / "data"))
        yield await stack.enter_async_context(serving(world, read_site(build(tmp_path))))


async def raw(client: httpx.AsyncClient, path: str, **headers: str) -> tuple[httpx.Response, bytes]:
    """Return an answer and its bytes as they were sent."""
    async with client.stream("GET", path, headers=headers) as answer:
        return answer, b"".join([chunk async for chunk in answer.aiter_raw()])


@pytest.mark.parametrize(
    "path", ["/", "/work", "/tasks/12?tab=mine&app=EVA", "/apiary", "/index.html", "/i/EVA-41/files"]
)
async def test_a_browser_gets_the_page_at_every_address_of_the_application(
    client: httpx.AsyncClient, path: str
) -> None:
    answer = await client.get(path, headers={"Accept": BROWSER})

    assert (answer.status_code, answer.content) == (200, PAGE)
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-cache"
    assert answer.headers["Vary"] == "Accept, Accept-Encoding"


@pytest.mark.parametrize(
    "path",
    [
        "/api",
        "/api/v1/nothing",
        "/API/v1",
        "/alloy/x",
        "/flokzu/x",
        "/navixy/x",
        "/questetra/x",
        "/healthz/x",
        "/metrics/x",
    ],
)
async def test_an_address_of_a_surface_answers_a_browser_as_it_answers_a_program(
    client: httpx.AsyncClient, path: str
) -> None:
    browser = await client.get(path, headers={"Accept": BROWSER})
    program = await client.get(path, headers={"Accept": BROWSER.removeprefix("text/html,")})

    assert browser.status_code == program.status_code
    assert browser.headers["Content-Type"] == program.headers["Content-Type"]
    assert "Content-Security-Policy" not in browser.headers


@pytest.mark.parametrize(
    "accept", ["*/*", "application/json", "application/json, text/html", "text/html;q=0", "text/*", ""]
)
async def test_a_program_gets_a_problem_document_as_before(client: httpx.AsyncClient, accept: str) -> None:
    for path in ("/", "/work"):
        answer = await client.get(path, headers={"Accept": accept})
        assert answer.status_code == 404
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["code"] == "not_found"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"])
async def test_the_page_is_only_for_reading(client: httpx.AsyncClient, method: str) -> None:
    answer = await client.request(method, "/work", headers={"Accept": BROWSER})

    assert answer.status_code in (404, 405)
    assert answer.headers["Content-Type"] == "application/problem+json"


async def test_probes_answer_browsers_too(client: httpx.AsyncClient) -> None:
    for path in ("/healthz", "/readyz", "/api/openapi.json"):
        answer = await client.get(path, headers={"Accept": BROWSER})
        assert answer.headers["Content-Type"] == "application/json"


async def test_an_asset_is_kept_for_a_year_and_a_file_beside_the_page_is_asked_for_again(
    client: httpx.AsyncClient,
) -> None:
    script, icon = await client.get("/assets/main-1a2b.js"), await client.get("/satchel.svg")

    assert (script.content, script.headers["Content-Type"]) == (SCRIPT, "text/javascript; charset=utf-8")
    assert script.headers["Cache-Control"] == YEAR
    assert (icon.content, icon.headers["Content-Type"]) == (ICON, "image/svg+xml")
    assert icon.headers["Cache-Control"] == "no-cache"
    style = await client.get("/assets/main-1a2b.css", headers={"Accept": "text/css,*/*;q=0.1"})
    assert style.headers["Content-Type"] == "text/css; charset=utf-8"


@pytest.mark.parametrize("accept", [BROWSER, "*/*"])
async def test_an_asset_of_an_earlier_build_is_not_the_page(client: httpx.AsyncClient, accept: str) -> None:
    answer = await client.get("/assets/main-0000.js", headers={"Accept": accept})

    assert answer.status_code == 404
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("asked", "sent"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip;q=1.0, BR;q=0.5", "br"),
        ("br;q=0, gzip", "gzip"),
        ("gzip", "gzip"),
        ("gzip;q=what", ""),
        ("deflate, *", ""),
        ("", ""),
    ],
)
async def test_a_compressed_variant_is_sent_to_clients_that_take_it(
    client: httpx.AsyncClient, asked: str, sent: str
) -> None:
    answer, body = await raw(client, "/assets/main-1a2b.js", **{"Accept-Encoding": asked})

    assert answer.headers.get("Content-Encoding", "") == sent
    assert body == {"br": SQUEEZED, "gzip": gzip.compress(SCRIPT), "": SCRIPT}[sent]
    assert answer.headers["Content-Length"] == str(len(body))
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"


async def test_each_variant_has_its_own_etag(client: httpx.AsyncClient) -> None:
    tags = set()
    for coding in ("br", "gzip", ""):
        answer, _ = await raw(client, "/assets/main-1a2b.js", **{"Accept-Encoding": coding})
        tags.add(answer.headers["ETag"])

    assert len(tags) == 3
    assert f'"{hashlib.sha256(SCRIPT).hexdigest()[:32]}"' in tags


@pytest.mark.parametrize("path", ["/", "/work", "/satchel.svg", "/assets/main-1a2b.js"])
async def test_what_the_browser_has_already_is_not_sent_again(client: httpx.AsyncClient, path: str) -> None:
    first = await client.get(path, headers={"Accept": BROWSER})
    again = await client.get(path, headers={"Accept": BROWSER, "If-None-Match": f'"old", W/{first.headers["ETag"]}'})
    other = await client.get(path, headers={"Accept": BROWSER, "If-None-Match": '"old"'})

    assert (again.status_code, again.content) == (304, b"")
    for name in ("ETag", "Cache-Control", "Vary"):
        assert again.headers[name] == first.headers[name]
    assert "Content-Length" not in again.headers
    assert (other.status_code, other.content) == (200, first.content)


@pytest.mark.parametrize("path", ["/", "/satchel.svg", "/assets/main-1a2b.js"])
async def test_head_answers_with_the_headers_of_get(client: httpx.AsyncClient, path: str) -> None:
    read = await client.get(path, headers={"Accept": BROWSER})
    asked = await client.head(path, headers={"Accept": BROWSER})

    assert (asked.status_code, asked.content) == (200, b"")
    own = {"x-request-id"}
    assert {k: v for k, v in asked.headers.items() if k not in own} == {
        k: v for k, v in read.headers.items() if k not in own
    }


@pytest.mark.parametrize("path", ["/", "/satchel.svg", "/assets/main-1a2b.js"])
async def test_a_page_may_load_only_its_own_scripts_and_may_not_be_framed(client: httpx.AsyncClient, path: str) -> None:
    headers = (await client.get(path, headers={"Accept": BROWSER})).headers

    assert {name: headers.get(name) for name in HEADERS} == dict(HEADERS)
    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["Referrer-Policy"] == headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    [
        "/assets/../../secret.txt",
        "/assets/%2e%2e/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/assets/..%5c..%5csecret.txt",
        "//secret.txt",
        "/assets/main-1a2b.js%00.css",
        "/assets//main-1a2b.js",
        "/.vite/manifest.json",
        "/assets",
        "/assets/main-1a2b.js.br",
    ],
)
async def test_no_address_reaches_another_file(client: httpx.AsyncClient, path: str) -> None:
    url = httpx.URL("http://127.0.0.1").copy_with(raw_path=path.encode())
    answer = await client.get(url, headers={"Accept": "*/*"})

    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"


async def test_requests_for_the_application_are_counted_and_named_like_all_others(client: httpx.AsyncClient) -> None:
    answers = [await client.get("/", headers={"Accept": BROWSER}) for _ in range(2)]

    assert len({answer.headers["X-Request-Id"] for answer in answers}) == 2
    assert 'satchel_requests_total{status="2xx"} 2' in (await client.get("/metrics")).text


async def test_a_checkout_without_the_build_says_what_to_do(populated_database: str, tmp_path: Path) -> None:
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "satchel.svg").write_bytes(ICON)
    async with open_world(populated_database, tmp_path / "data") as world:
        for site in (read_site(tmp_path / "nothing"), read_site(tmp_path / "static")):
            async with serving(world, site) as client:
                page = await client.get("/work", headers={"Accept": BROWSER})
                program = await client.get("/")
                icon = await client.get("/satchel.svg")
            assert (page.status_code, page.headers["Content-Type"]) == (503, "text/plain; charset=utf-8")
            assert "make web" in page.text
            assert page.headers["Cache-Control"] == "no-store"
            assert (program.status_code, icon.status_code) == (404, 404)
