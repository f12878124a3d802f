"""The native API described in OpenAPI 3.1, made of its endpoints and of the types that they read and write."""

import re
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus

import msgspec

from satchel import __version__
from satchel.model.api.kinds import VALUE
from satchel.model.errors import (
    BadFile,
    BodyCutShort,
    BodyTooSlow,
    Busy,
    Conflict,
    DatabaseUnavailable,
    DiskFull,
    Forbidden,
    IdempotencyKeyReused,
    InvalidRequest,
    LengthRequired,
    NotFound,
    OverQuota,
    PreconditionFailed,
    SatchelError,
    SessionEnded,
    TooLarge,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
    UnsupportedMedia,
)
from satchel.surfaces.kit.endpoints import Answer, Endpoint
from satchel.surfaces.kit.errors import INTERNAL
from satchel.surfaces.native.description.headers import REQUEST_HEADERS, RESPONSE_HEADERS
from satchel.surfaces.native.description.schemas import parameters_of, reply_types, request_types, schemas_of
from satchel.surfaces.native.errors import MEDIA_TYPE

Json = dict[str, object]

CHANGES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
"""The methods that a session has to send its CSRF token with."""

_PARAMETER = re.compile(r"\{(\w+)\}")
_BY = r"by_\1"

_ANYWHERE = (InvalidRequest, Unavailable, DatabaseUnavailable)
_SIGNED_IN = (Unauthenticated, SessionEnded, TooManyRequests)
_WITH_BODY = (BodyCutShort, BodyTooSlow, TooLarge, UnsupportedMedia)
_WITH_FILES = (LengthRequired, BadFile, OverQuota, DiskFull)
_ONCE = (Busy, Conflict, IdempotencyKeyReused, *_WITH_BODY)

_TEXT_PARAMETERS: Mapping[str, str] = {
    "app": "The app's code.",
    "name": "A name; at links it is for people to read only.",
    "token": "The link's signed token.",
    "message": "The message's name.",
}
"""The parameters of paths that are no numbers."""

_BYTES: Mapping[str, object] = {"type": "string", "format": "binary"}
_OPEN_OBJECT: Mapping[str, object] = {
    "type": "object",
    "additionalProperties": {"$ref": f"#/components/schemas/{VALUE}"},
}
"""JSON whose members another API defines."""

_IDENTIFIER: Mapping[str, object] = {
    "anyOf": [{"type": "integer", "format": "int64", "minimum": 1}, {"type": "string", "pattern": "^[A-Z0-9]+-[0-9]+$"}]
}


def openapi(endpoints: Sequence[Endpoint]) -> Json:
    """Return the description of an API: every operation with its parameters, bodies, answers and refusals.

    It is the same wherever the API is served: its addresses are relative to the server that gave it.
    """
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Satchel",
            "version": __version__,
            "summary": "Processes in which files travel with the work.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}, {"basic": []}, {"api_key": []}, {"session": []}],
        "paths": _paths(endpoints),
        "components": {
            "schemas": {
                **schemas_of(request_types(endpoints), reply_types(endpoints)),
                "Problem": _problem_schema(),
                VALUE: _value_schema(),
            },
            "parameters": _shared_parameters(endpoints),
            "headers": RESPONSE_HEADERS,
            "responses": _refusals(endpoints),
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "A token or an API key."},
                "basic": {"type": "http", "scheme": "basic", "description": "An e-mail and its API password."},
                "api_key": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
                "session": {"type": "apiKey", "in": "cookie", "name": "satchel_session"},
                "csrf": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "X-CSRF-Token",
                    "description": "What a session sends with every change: the `csrf_token` of `/session`.",
                },
            },
        },
    }


def _problem_schema() -> Json:
    value = {"$ref": f"#/components/schemas/{VALUE}"}
    return {
        "type": "object",
        "description": "Why a request was refused (RFC 9457). Some codes come with further members.",
        "required": ["type", "title", "status", "detail", "code", "request_id"],
        "properties": {
            "type": {"type": "string", "format": "uri-reference"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string", "description": "What happened, to what, and what to do."},
            "code": {"type": "string", "description": "Stable; docs/reference/errors.md lists them."},
            "request_id": {"type": "string", "description": "Names the request in the server's log."},
            "pointer": {"type": "string", "description": "The member or parameter that is wrong (RFC 6901)."},
            "errors": {
                "type": "array",
                "description": "One for each member, parameter or field that is wrong.",
                "items": {
                    "type": "object",
                    "required": ["message"],
                    "properties": {
                        "message": {"type": "string"},
                        "pointer": {"type": "string"},
                        "field": {"type": "string", "description": "A field's id, `lines/2/quantity` in a table."},
                        "code": {"type": "string", "description": "Stable, such as `required`."},
                    },
                },
            },
            "findings": {
                "type": "array",
                "description": "What is wrong with a bundle.",
                "items": {"$ref": "#/components/schemas/Finding"},
            },
        },
        "additionalProperties": value,
    }


def _value_schema() -> Json:
    value = {"$ref": f"#/components/schemas/{VALUE}"}
    return {
        "description": "Any JSON. As a field's value: its type says which; decimals are text, files are numbers.",
        "anyOf": [
            {"type": ["string", "number", "boolean", "null"]},
            {"type": "array", "items": value},
            {"type": "object", "additionalProperties": value},
        ],
    }


def _paths(endpoints: Sequence[Endpoint]) -> Mapping[str, Json]:
    found: dict[str, Json] = {}
    for endpoint in endpoints:
        found.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint)
    return found


def _operation(endpoint: Endpoint) -> Json:
    name = f"{endpoint.method.lower()}_{_PARAMETER.sub(_BY, endpoint.path.removeprefix('/api/v1/'))}"
    operation: Json = {
        "operationId": re.sub(r"\W+", "_", name).strip("_"),
        "summary": endpoint.summary,
        "tags": [endpoint.path.split("/")[3]],
        "parameters": [*_path_parameters(endpoint), *_query_parameters(endpoint), *_header_parameters(endpoint)],
        "responses": {**_answers(endpoint), **_refused(endpoint)},
    }
    security = _security(endpoint)
    if security is not None:
        operation["security"] = security
    content = _request_content(endpoint)
    if content:
        operation["requestBody"] = {"content": content, "required": endpoint.body is None or _is_needed(endpoint.body)}
    return operation


def _security(endpoint: Endpoint) -> list[Json] | None:
    """Return what signs a request in; None where it is what the whole API says."""
    if endpoint.is_open:
        return []
    if endpoint.method not in CHANGES:
        return None
    return [{"bearer": []}, {"basic": []}, {"api_key": []}, {"session": [], "csrf": []}]


def _request_content(endpoint: Endpoint) -> Json:
    if endpoint.body is not None:
        reference: Json = {"$ref": f"#/components/schemas/{endpoint.body.__name__}"}
        content: Json = {"application/json": {"schema": reference}}
        if endpoint.takes_form:
            content["multipart/form-data"] = {"schema": _form_schema(endpoint.body)}
        return content
    content = {}
    for media_type in endpoint.takes:
        schema: Json = {"type": "string", "format": "binary"}
        if media_type == "multipart/form-data":
            schema = {
                "type": "object",
                "required": ["file"],
                "properties": {"token": {"type": "string"}, "file": {"type": "string", "format": "binary"}},
            }
        content[media_type] = {"schema": schema}
    return content


def _form_schema(body: type[msgspec.Struct]) -> Json:
    """Return the parts of a form that brings its files along; those of fields are named by their ids."""
    parts: Json = {
        "attachments": {
            "type": "array",
            "description": "Files for the attachments tab, and numbers of uploads. A file for an area of it is a part"
            " named `attachments[AREA]`.",
            "items": {"anyOf": [_BYTES, {"type": "integer", "format": "int64", "minimum": 1}]},
        }
    }
    known = {field.name for field in msgspec.structs.fields(body)}
    if "values" in known:
        parts["values"] = {"type": "string", "description": "Values by field id, as JSON; or each as a part."}
        parts["comment"] = {"type": "string"}
    if "outcome" in known:
        parts["outcome"] = {"type": "string"}
    return {
        "type": "object",
        "description": "A part with a file name is a file for the field that it is named by, beside what that holds;"
        " one without is that field's value.",
        "properties": parts,
        "additionalProperties": {"anyOf": [_BYTES, {"type": "string"}]},
    }


def _is_needed(body: type[msgspec.Struct]) -> bool:
    return any(field.required for field in msgspec.structs.fields(body))


def _path_parameters(endpoint: Endpoint) -> list[Json]:
    found: list[Json] = []
    for name in _PARAMETER.findall(endpoint.path):
        schema: Mapping[str, object] = {"type": "integer", "format": "int64", "minimum": 1}
        told = f"The number of the {name}."
        if name in _TEXT_PARAMETERS:
            schema, told = {"type": "string", "minLength": 1}, _TEXT_PARAMETERS[name]
        elif (endpoint.method, endpoint.path) == ("GET", "/api/v1/instances/{instance}"):
            schema, told = _IDENTIFIER, "The number of the instance, or its identifier."
        found.append({"name": name, "in": "path", "required": True, "description": told, "schema": schema})
    return found


def _query_parameters(endpoint: Endpoint) -> list[Json]:
    found = [] if endpoint.query is None else parameters_of(endpoint.query)
    if endpoint.path == "/api/v1/instances":
        found.append(
            {
                "name": "field",
                "in": "query",
                "required": False,
                "description": "Conditions on searchable fields of the app, each a parameter: `field.amount=12.50`, "
                "`field.amount.from=10`, `field.amount.to=99.5`, `field.supplier.contains=acme`.",
                "style": "form",
                "explode": True,
                "schema": {"type": "object", "additionalProperties": {"type": "string"}},
            }
        )
    return found


def _header_parameters(endpoint: Endpoint) -> list[Json]:
    names = list(endpoint.headers)
    if endpoint.method == "POST" and not endpoint.is_open:
        names.append("Idempotency-Key")
    return [{"$ref": f"#/components/parameters/{_parameter_name(name)}"} for name in names]


def _parameter_name(header: str) -> str:
    return header.replace("!", ".required")


def _shared_parameters(endpoints: Sequence[Endpoint]) -> Mapping[str, Json]:
    """Return the request headers that some endpoint reads."""
    names = {"Idempotency-Key", *(name for endpoint in endpoints for name in endpoint.headers)}
    return {
        _parameter_name(name): {
            "name": name.removesuffix("!"),
            "in": "header",
            "required": name.endswith("!"),
            **REQUEST_HEADERS[name.removesuffix("!")],
        }
        for name in sorted(names)
    }


def _answers(endpoint: Endpoint) -> Json:
    return {str(answer.status): _answer(endpoint, answer) for answer in endpoint.answers}


def _answer(endpoint: Endpoint, answer: Answer) -> Json:
    described: Json = {"description": answer.note or HTTPStatus(answer.status).phrase}
    content: Json = {}
    if answer.body is not None:
        content["application/json"] = {"schema": {"$ref": f"#/components/schemas/{answer.body.__name__}"}}
    for media_type in answer.media_types:
        content[media_type] = {"schema": _OPEN_OBJECT if media_type == "application/json" else _BYTES}
    if content:
        described["content"] = content
    names = ["X-Request-Id", *answer.headers]
    if endpoint.method == "POST" and not endpoint.is_open:
        names.append("Idempotency-Replayed")
    described["headers"] = _headers(names)
    return described


def refusals_of(endpoint: Endpoint) -> Mapping[int, tuple[str, ...]]:
    """Return the codes that an endpoint may refuse a request with, by status."""
    kinds: list[type[SatchelError]] = [*_ANYWHERE, *endpoint.refuses]
    if not endpoint.is_open:
        kinds += _SIGNED_IN
        if endpoint.method in CHANGES:
            kinds.append(Forbidden)  # a session without its CSRF token
    if _PARAMETER.search(endpoint.path):
        kinds.append(NotFound)
    if endpoint.body is not None or endpoint.takes:
        kinds += _WITH_BODY
    if endpoint.takes_form:
        kinds += _WITH_FILES
    if endpoint.method == "POST" and not endpoint.is_open:
        kinds += _ONCE
    if any(name.startswith("If-Match") for name in endpoint.headers):
        kinds.append(PreconditionFailed)
    found: dict[int, set[str]] = {500: {INTERNAL}}
    for kind in kinds:
        found.setdefault(kind.kind.value, set()).update(_codes(kind))
    return {status: tuple(sorted(codes)) for status, codes in sorted(found.items())}


def _codes(kind: type[SatchelError]) -> Iterable[str]:
    return getattr(kind, "codes", (kind.code,))


def _refused(endpoint: Endpoint) -> Json:
    return {
        str(status): {"$ref": f"#/components/responses/{_refusal_name(status, codes)}"}
        for status, codes in refusals_of(endpoint).items()
    }


def _refusal_name(status: int, codes: tuple[str, ...]) -> str:
    return f"{status}-{'-'.join(codes)}"


def _refusals(endpoints: Sequence[Endpoint]) -> Mapping[str, Json]:
    """Return one response for each status with each set of codes that some endpoint has."""
    found: dict[str, Json] = {}
    for endpoint in endpoints:
        for status, codes in refusals_of(endpoint).items():
            found[_refusal_name(status, codes)] = {
                "description": f"Refused: {', '.join(codes)}.",
                "content": {
                    MEDIA_TYPE: {
                        "schema": {
                            "allOf": [
                                {"$ref": "#/components/schemas/Problem"},
                                {
                                    "type": "object",
                                    "properties": {
                                        "status": {"type": "integer", "const": status},
                                        "code": {"type": "string", "enum": list(codes)},
                                    },
                                },
                            ]
                        }
                    }
                },
                "headers": _refusal_headers(status, codes),
            }
    return dict(sorted(found.items()))


def _refusal_headers(status: int, codes: Sequence[str]) -> Json:
    names = ["X-Request-Id"]
    if Busy.code in codes or Unavailable.code in codes:
        names.append("Retry-After")
    names += {401: ["WWW-Authenticate"], 416: ["Content-Range"], 429: ["Retry-After"]}.get(status, [])
    return _headers(names)


def _headers(names: Iterable[str]) -> Json:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
