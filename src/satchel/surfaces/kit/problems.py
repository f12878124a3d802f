"""Problem documents (RFC 9457): what the native API answers to whatever Satchel refuses."""

from collections.abc import Mapping
from http import HTTPStatus

import msgspec

from satchel.model.errors import Kind, MethodNotAllowed, RangeNotSatisfiable, SatchelError, TooManyRequests

MEDIA_TYPE = "application/problem+json"
INTERNAL = "internal_error"


def problem(error: SatchelError, request_id: str) -> tuple[int, dict[str, str], bytes]:
    """Return status, headers and body of an error."""
    status = error.kind.value
    headers = {"Content-Type": MEDIA_TYPE}
    if error.kind is Kind.UNAUTHENTICATED:
        headers["WWW-Authenticate"] = 'Bearer realm="Satchel", Basic realm="Satchel", charset="UTF-8"'
    if isinstance(error, TooManyRequests):
        headers["Retry-After"] = error.retry_at.strftime("%a, %d %b %Y %H:%M:%S GMT")
    if isinstance(error, MethodNotAllowed):
        headers["Allow"] = ", ".join(error.allowed)
    if isinstance(error, RangeNotSatisfiable):
        headers["Content-Range"] = f"bytes */{error.size_bytes}"
    return status, headers, document(status, error.code, error.message, request_id, error.members)


def document(
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
