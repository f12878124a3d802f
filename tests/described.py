"""Holds every answer of the native API against the API's description: status, codes, media types, and JSON to the
last member. Clients of the tests do so with each answer that they receive.
"""

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import httpx
from jsonschema import Draft202012Validator, FormatChecker

from satchel.surfaces.native.description.document import openapi
from satchel.surfaces.native.routes import ENDPOINTS

PREFIX = "/api/v1/"
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_MIXED = FormatChecker(formats=())


@_MIXED.checks("date-time")
def _is_moment(value: object) -> bool:
    return not isinstance(value, str) or _MOMENT.fullmatch(value) is not None


@cache
def _document() -> Any:
    document = json.loads(json.dumps(openapi(ENDPOINTS)))
    for schema in document["components"]["schemas"].values():
        if "properties" in schema and "additionalProperties" not in schema:
            schema["additionalProperties"] = False  # what is not described must not be there
    return document


@cache
def _routes() -> list[tuple[re.Pattern[str], str]]:
    """Return the paths as patterns, those without parameters first."""
    paths = sorted(_document()["paths"], key=lambda path: (path.count("{"), path))
    return [(re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), path) for path in paths]


@cache
def _validator(reference: str) -> Any:
    components = {"schemas": _document()["components"]["schemas"]}
    return Draft202012Validator({"$ref": reference, "components": components}, format_checker=_MIXED)


@cache
def _problems(name: str) -> Any:
    response = _document()["components"]["responses"][name]
    (content,) = response["content"].values()
    components = {"schemas": _document()["components"]["schemas"]}
    return Draft202012Validator({**content["schema"], "components": components}, format_checker=_MIXED)


def require_described(method: str, path: str, status: int, headers: Mapping[str, str], body: bytes | None) -> None:
    """Fail the test if an answer does what the description does not say.

    Args:
        method: the request's, after X-HTTP-Method-Override.
        path: without the query string.
        status: the answer's.
        headers: the answer's.
        body: the answer's, None where it is not looked at.
    """
    if not path.startswith(PREFIX):
        return
    route = next((known for pattern, known in _routes() if pattern.fullmatch(path)), None)
    operations = _document()["paths"].get(route, {})
    operation = operations.get(method.lower()) or (operations.get("get") if method == "HEAD" else None)
    if operation is None:
        assert status in (404, 405), f"{method} {path} is not described and answers {status}"
        return
    where = f"{method} {route} {status}"
    assert str(status) in operation["responses"], f"{where} is not described: {(body or b'')[:300]!r}"
    if method != "HEAD" and status != httpx.codes.NOT_MODIFIED:
        _require_body(where, operation["responses"][str(status)], headers, body)


def _require_body(where: str, response: Mapping[str, Any], headers: Mapping[str, str], body: bytes | None) -> None:
    if "$ref" in response:
        _require_json(where, _problems(response["$ref"].rpartition("/")[2]), body)
        return
    content: Mapping[str, Any] = response.get("content", {})
    media_type = headers.get("content-type", "").partition(";")[0]
    assert content or not body, f"{where} has a body that is not described: {(body or b'')[:300]!r}"
    assert not content or media_type in content or "*/*" in content, f"{where} is {media_type}, which is not described"
    reference = content.get(media_type, {}).get("schema", {}).get("$ref")
    if reference is not None:
        _require_json(where, _validator(reference), body)


def _require_json(where: str, validator: Any, body: bytes | None) -> None:
    found = None if body is None else next(validator.iter_errors(json.loads(body)), None)
    assert found is None, f"{where} at {found.json_path}: {found.message[:600]}"


def _is_json(answer: httpx.Response) -> bool:
    return "json" in answer.headers.get("content-type", "")


def _method(request: httpx.Request) -> str:
    override = request.headers.get("X-HTTP-Method-Override")
    return override.upper() if override and request.method == "POST" else request.method


def check(answer: httpx.Response) -> None:
    """Fail the test if an answer is not as the description says; as httpx's event hook `response`."""
    body = answer.read() if _is_json(answer) else None
    require_described(_method(answer.request), answer.request.url.path, answer.status_code, answer.headers, body)


async def check_async(answer: httpx.Response) -> None:
    """Do as `check` does, for clients of asyncio."""
    body = await answer.aread() if _is_json(answer) else None
    require_described(_method(answer.request), answer.request.url.path, answer.status_code, answer.headers, body)
