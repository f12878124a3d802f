"""Pages of other origins: those that the operator names may call the native API with a token, and nothing else."""

from contextlib import AsyncExitStack

import httpx
import pytest

from satchel.model.errors import InvalidSettings
from satchel.settings import read_settings
from satchel.surfaces.app import create_app
from surfaces.conftest import Api
from surfaces.doors import client_from
from world import TEXT

PAGE = "https://app.example"
ASKED = {"Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "tus-resumable,upload-offset"}


@pytest.fixture
async def open_api(api: Api) -> Api:
    """The application for pages of one origin."""
    settings = read_settings({"SATCHEL_CORS_ORIGINS": f"{PAGE},http://127.0.0.1:3000"})
    api.app = create_app(api.world.context, settings)
    return api


async def test_no_page_may_call_until_the_operator_names_it(api: Api) -> None:
    clerk = await api.client("clerk")

    preflight = await clerk.options("/api/v1/me", headers={"Origin": PAGE, **ASKED})
    answer = await clerk.get("/api/v1/me", headers={"Origin": PAGE})

    assert "access-control-allow-origin" not in {**preflight.headers, **answer.headers}


async def test_a_named_page_gets_answers_errors_and_their_headers(open_api: Api) -> None:
    clerk, nobody = await open_api.client("clerk"), await open_api.client("anonymous")

    async with client_from(open_api, "198.51.100.9") as browser:
        preflight = await browser.options("/api/v1/me", headers={"Origin": PAGE, **ASKED})
    answer = await clerk.get("/api/v1/me", headers={"Origin": PAGE})
    refused = await nobody.get("/api/v1/me", headers={"Origin": PAGE})

    assert preflight.status_code == 204
    assert "PATCH" in preflight.headers["Access-Control-Allow-Methods"]
    assert {"Authorization", "Tus-Resumable", "Upload-Offset"} <= {
        *preflight.headers["Access-Control-Allow-Headers"].split(", ")
    }
    assert [one.headers["Access-Control-Allow-Origin"] for one in (preflight, answer, refused)] == [PAGE] * 3
    assert (answer.status_code, refused.status_code) == (200, 401)
    assert "ETag" in answer.headers["Access-Control-Expose-Headers"]
    assert "Origin" in answer.headers.get_list("Vary")
    assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize(
    "origin", ["https://other.example", "https://app.example.evil.example", "null", f"{PAGE}:8443"]
)
async def test_another_page_gets_nothing(open_api: Api, origin: str) -> None:
    answer = await (await open_api.client("clerk")).get("/api/v1/me", headers={"Origin": origin})

    assert "Access-Control-Allow-Origin" not in answer.headers
    assert "Origin" in answer.headers.get_list("Vary")


@pytest.mark.parametrize(
    "path", ["/", "/healthz", "/questetra/API/OR/Quser/list", "/navixy/v2/user/auth", "/alloy/api"]
)
async def test_other_addresses_stay_closed(open_api: Api, path: str) -> None:
    answer = await (await open_api.client("clerk")).get(path, headers={"Origin": PAGE})

    assert "Access-Control-Allow-Origin" not in answer.headers


async def test_a_session_of_the_browser_counts_for_no_page_of_another_origin(open_api: Api) -> None:
    transport = httpx.ASGITransport(app=open_api.app)
    async with AsyncExitStack() as stack:
        client = httpx.AsyncClient(
            transport=transport, base_url="http://127.0.0.1:8080", cookies={"satchel_session": "ss_x"}
        )
        await stack.enter_async_context(client)

        here = await client.get("/api/v1/me")
        there = await client.get("/api/v1/me", headers={"Origin": PAGE})

    assert [one.json()["code"] for one in (here, there)] == ["session_ended", "unauthenticated"]


async def test_a_page_uploads_by_tus(open_api: Api) -> None:
    code = await open_api.world.deploy_example("file-collection")
    clerk, page = await open_api.client("clerk"), await open_api.client("anonymous")
    wish = {"app": code, "field": "files", "size": len(TEXT)}
    ticket = (await clerk.post("/api/v1/uploads", json=wish, headers={"Origin": PAGE})).json()
    tus = {"Tus-Resumable": "1.0.0", "Origin": PAGE}
    await page.post(ticket["tus_url"], headers={**tus, "Upload-Length": str(len(TEXT))})

    piece = {**tus, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    sent = await page.patch(ticket["tus_url"], content=TEXT, headers=piece)

    assert (sent.status_code, sent.headers["Access-Control-Allow-Origin"]) == (204, PAGE)
    assert "Upload-Offset" in sent.headers["Access-Control-Expose-Headers"]


@pytest.mark.parametrize("origin", ["*", "app.example", "https://app.example/", "https://App.example", "https://a b"])
def test_an_origin_is_what_a_browser_sends(origin: str) -> None:
    with pytest.raises(InvalidSettings, match="must be origins"):
        read_settings({"SATCHEL_CORS_ORIGINS": origin})
