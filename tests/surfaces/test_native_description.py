"""The API's description, and what belongs to no surface."""

import json
import re

from satchel.surfaces.native.routes import ENDPOINTS
from surfaces.conftest import Api


async def test_every_route_stands_in_the_description_and_every_reference_in_it_leads_somewhere(api: Api) -> None:
    answer = await (await api.client("anonymous")).get("/api/openapi.json")
    assert answer.status_code == 200, answer.text
    described = answer.json()
    routes = {(method.upper(), path) for path, item in described["paths"].items() for method in item}
    assert routes == {(one.method, one.path) for one in ENDPOINTS}
    referred = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(described)))
    assert {"Problem", "Filled"} <= referred <= set(described["components"]["schemas"])


async def test_the_process_says_that_it_runs_and_that_it_can_work(api: Api) -> None:
    anyone = await api.client("anonymous")
    for path in ("/healthz", "/readyz"):
        answer = await anyone.get(path)
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_an_address_that_nobody_serves_is_a_problem_with_an_id(api: Api) -> None:
    answer = await (await api.client("anonymous")).get("/nowhere")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["X-Request-Id"] == answer.json()["request_id"]


async def test_a_method_that_a_path_does_not_have_names_those_that_it_has(api: Api) -> None:
    answer = await (await api.client("anonymous")).put("/api/v1/apps")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == "GET, POST"
