"""Problem documents (RFC 9457): what the native API answers to whatever Satchel refuses."""

from collections.abc import Mapping
from http import HTTPStatus

import msgspec

from satchel.model.errors import ErrorKind, SatchelError
from satchel.surfaces.kit.errors import INTERNAL, UNEXPECTED, headers_of
from satchel.surfaces.kit.exchange import Exchange, Reply

MEDIA_TYPE = "application/problem+json"

_BEARER = 'Bearer realm="Satchel"'
_BASIC = 'Basic realm="Satchel", charset="UTF-8"'


def document(error: SatchelError | None, exchange: Exchange) -> Reply:
    """Return the problem document of an error; None stands for one that nobody expected."""
    if error is None:
        body = _problem(500, INTERNAL, UNEXPECTED, exchange.request_id)
        return Reply(status=500, headers={"Content-Type": MEDIA_TYPE}, body=body)
    status = error.kind.value
    headers = {"Content-Type": MEDIA_TYPE, **headers_of(error)}
    if error.kind is ErrorKind.UNAUTHENTICATED:
        headers["WWW-Authenticate"] = _challenge(exchange)
    body = _problem(status, error.code, error.message, exchange.request_id, error.members)
    return Reply(status=status, headers=headers, body=body)


def _challenge(exchange: Exchange) -> str:
    """Return what to sign in with: Basic only to those who tried it, for at its sight a browser opens a dialog."""
    tried = (exchange.header("authorization") or "").strip().lower()
    return f"{_BASIC}, {_BEARER}" if tried.startswith("basic ") else _BEARER


def _problem(
    status: int, code: str, detail: str, request_id: str, members: Mapping[str, object] | None = None
) -> bytes:
    """Return a problem document as JSON; `members` never replace the standard ones."""
    try:
        title = HTTPStatus(status).phrase
    except ValueError:
        title = "Checksum Mismatch"
    body = {
        **(members or {}),
        "type": f"/api/problems/{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": request_id,
    }
    return msgspec.json.encode(body, enc_hook=str)
