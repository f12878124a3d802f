"""Query strings of the native API: what no address takes is refused by name, and nothing is ignored."""

import re

import pytest

from satchel.surfaces.kit.endpoints import Endpoint
from satchel.surfaces.native.routes import ENDPOINTS
from surfaces.conftest import Api

LINKS = (
    "/api/v1/links/{token}/{name}",
    "/api/v1/export-links/{token}/{name}",
    "/api/v1/notifications/stop/{token}",
)


def _address(endpoint: Endpoint) -> str:
    return re.sub(r"\{\w+\}", "999999", endpoint.path)


async def test_every_route_but_links_refuses_a_parameter_that_it_does_not_know(api: Api) -> None:
    admin = await api.client("admin")
    for endpoint in ENDPOINTS:
        headers = {"Tus-Resumable": "1.0.0", "Content-Type": "application/json"}
        answer = await admin.request(
            endpoint.method, f"{_address(endpoint)}?nonsense=1", headers=headers, content=b"{}"
        )
        refusal = (400, b"") if endpoint.method == "HEAD" else (400, b"nonsense")
        if endpoint.path in LINKS:
            assert answer.status_code == 403, answer.text
            continue
        assert answer.status_code == refusal[0], (endpoint.method, endpoint.path, answer.text)
        assert refusal[1] in answer.content, (endpoint.method, endpoint.path, answer.text)


@pytest.mark.parametrize(
    ("address", "pointer", "meant"),
    [
        ("/tasks?filtr=mine", "/filtr", "did you mean filter?"),
        ("/users?limt=1", "/limt", "did you mean limit?"),
        ("/incidents?after=17", "/after", "known are: cursor, instance, limit."),
        ("/searches/999999/criteria?item=1", "/item", "did you mean items?"),
        ("/instances?titel=x", "/titel", "did you mean title?"),
        ("/me?x=1", "/x", "There is no such parameter."),
    ],
)
async def test_the_refusal_names_what_was_probably_meant(api: Api, address: str, pointer: str, meant: str) -> None:
    answer = await (await api.client("admin")).get(f"/api/v1{address}")
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (400, "invalid_request")
    [error] = problem["errors"]
    assert error["pointer"] == pointer
    assert error["message"].endswith(meant)


@pytest.mark.parametrize(
    ("address", "pointer"),
    [
        ("/tasks?filter=theirs", "/filter"),
        ("/tasks?limit=0", "/limit"),
        ("/tasks?limit=201", "/limit"),
        ("/tasks?limit=1e1", "/limit"),
        ("/tasks?limit=%D9%A3", "/limit"),
        ("/users?cursor=-1", "/cursor"),
        ("/users?cursor=9223372036854775808", "/cursor"),
        ("/users?limit=5&limit=6", "/limit"),
        ("/instances?count=yes", "/count"),
        ("/instances?include=everything", "/include"),
        ("/incidents?instance=0", "/instance"),
        ("/files/999999/content?disposition=open", "/disposition"),
    ],
)
async def test_a_parameter_out_of_range_is_refused_by_name(api: Api, address: str, pointer: str) -> None:
    answer = await (await api.client("admin")).get(f"/api/v1{address}")
    assert (answer.status_code, answer.json()["code"], answer.json()["pointer"]) == (400, "invalid_request", pointer)
