"""Every endpoint of the native API, and its description in OpenAPI."""

import re
from collections.abc import Mapping
from functools import cache

import msgspec

from satchel import __version__
from satchel.surfaces.kit.exchange import Endpoint
from satchel.surfaces.kit.problems import problem
from satchel.surfaces.kit.surface import Surface
from satchel.surfaces.native import (
    applications,
    apps,
    exports,
    files,
    instances,
    oauth_clients,
    people,
    schedules,
    searches,
    secrets,
    services,
    tasks,
    tus,
    uploads,
    webhooks,
)

ENDPOINTS: tuple[Endpoint, ...] = (
    *people.ENDPOINTS,
    *applications.ENDPOINTS,
    *oauth_clients.ENDPOINTS,
    *apps.ENDPOINTS,
    *instances.ENDPOINTS,
    *tasks.ENDPOINTS,
    *uploads.ENDPOINTS,
    *tus.ENDPOINTS,
    *files.ENDPOINTS,
    *searches.ENDPOINTS,
    *exports.ENDPOINTS,
    *schedules.ENDPOINTS,
    *services.ENDPOINTS,
    *secrets.ENDPOINTS,
    *webhooks.ENDPOINTS,
)

SURFACE = Surface(prefix="/api", endpoints=ENDPOINTS, document=problem)

_PARAMETER = re.compile(r"\{(\w+)\}")
_BY = r"by_\1"
_PROBLEM = {
    "description": "A problem document (RFC 9457).",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
_PROBLEM_SCHEMA = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What happened, to what, and what to do."},
        "code": {"type": "string", "description": "Stable; docs/reference/errors.md lists them."},
        "request_id": {"type": "string"},
    },
}


def openapi(public_url: str) -> dict[str, object]:
    """Return the API's description (OpenAPI 3.1): paths, parameters and request bodies."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Satchel",
            "version": __version__,
            "summary": "Processes in which files travel with the work.",
        },
        "servers": [{"url": public_url}],
        "security": [{"bearer": []}, {"basic": []}, {"api_key": []}, {"session": []}],
        "paths": _paths(),
        "components": {
            "schemas": {**_body_schemas(), "Problem": _PROBLEM_SCHEMA},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "basic": {"type": "http", "scheme": "basic"},
                "api_key": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
                "session": {"type": "apiKey", "in": "cookie", "name": "satchel_session"},
            },
        },
    }


@cache
def _paths() -> Mapping[str, Mapping[str, object]]:
    found: dict[str, dict[str, object]] = {}
    for endpoint in ENDPOINTS:
        found.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint)
    return found


@cache
def _body_schemas() -> Mapping[str, object]:
    bodies = [endpoint.body for endpoint in ENDPOINTS if endpoint.body is not None]
    return msgspec.json.schema_components(bodies, ref_template="#/components/schemas/{name}")[1]


def _operation(endpoint: Endpoint) -> dict[str, object]:
    name = f"{endpoint.method.lower()}_{_PARAMETER.sub(_BY, endpoint.path.removeprefix('/api/v1/'))}"
    operation: dict[str, object] = {
        "operationId": re.sub(r"\W+", "_", name).strip("_"),
        "summary": endpoint.summary,
        "tags": [endpoint.path.split("/")[3]],
        "parameters": [
            {"name": found, "in": "path", "required": True, "schema": {"type": "string"}}
            for found in _PARAMETER.findall(endpoint.path)
        ],
        "responses": {"2XX": {"description": "Done."}, "4XX": _PROBLEM, "5XX": _PROBLEM},
    }
    if endpoint.is_open:
        operation["security"] = []
    if endpoint.body is not None:
        reference = {"$ref": f"#/components/schemas/{endpoint.body.__name__}"}
        operation["requestBody"] = {"content": {"application/json": {"schema": reference}}}
    return operation
