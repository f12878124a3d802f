"""A server's refusals, as errors with the server's code; and errors of the client itself."""

from collections.abc import Mapping
from typing import cast

import msgspec

from satchel.model.errors import ErrorKind, SatchelError, Unavailable

MOST_CHARS = 500
"""How much of a reply that is not a problem document is quoted."""


_UNAUTHENTICATED = 401
_NOBODY = frozenset({"navixy_3", "navixy_4", "alloy_100"})
"""Vendors' codes for an invalid credential, under any status of HTTP."""


class Refused(SatchelError):
    """A server refused a request.

    Attributes:
        status: of HTTP.
        code: the server's stable code (docs/reference/errors.md), or `http_404` if it sent none.
        members: the rest of its problem document.
        location: of a redirect, if it is one.
        server: scheme, host and port that refused; empty if unknown.
    """

    location: str | None = None
    server: str = ""

    def __init__(self, status: int, code: str, message: str, members: Mapping[str, object] | None = None) -> None:
        super().__init__(message)
        self.members = {name: value for name, value in (members or {}).items() if value is not None}
        self.status = status
        self.code = code  # type: ignore[misc]  # it is the server's


class UnexpectedReply(Unavailable):
    """A reply is not what the request was for; the address is probably that of another kind of server.

    Attributes:
        code: `unexpected_reply`.
    """

    code = "unexpected_reply"

    def __init__(self, why: str) -> None:
        super().__init__(f"The server's answer is not what was expected ({why}); is the address right?")


class WrongBytes(SatchelError):
    """The received bytes have another digest or length than those sent; they were discarded. Fetch them again."""

    code = "wrong_bytes"


class LocalDiskFull(SatchelError):
    """The local disk is full."""

    code = "no_room_here"
    kind = ErrorKind.STORAGE

    def __init__(self, what: str) -> None:
        super().__init__(f"The disk is full: {what} cannot be written. Free space, then continue with --resume.")


class PathOccupied(SatchelError):
    """The path of a folder or file is occupied by a link, or something of another kind; links are never followed."""

    code = "in_the_way"
    kind = ErrorKind.CONFLICT

    def __init__(self, what: str) -> None:
        super().__init__(f"The path {what} is occupied by a link, or a file for a folder. Move it away, then continue.")


def refusal(status: int, media_type: str, body: bytes) -> Refused:
    """Return a refusing reply as an error: from a problem document, a vendor's errors, or any other body."""
    said: object = None
    if "json" in media_type:
        try:
            said = msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            said = None
    if isinstance(said, dict):
        members = cast("dict[str, object]", said)
        known = _vendors(status, members)
        if known is not None:
            return known
        code, detail = members.pop("code", None), members.pop("detail", None)
        if isinstance(code, str) and isinstance(detail, str):
            return Refused(status, code, detail, {name: members[name] for name in members if name.isidentifier()})
        listed = members.get("errors")
        errors = cast("list[object]", listed) if isinstance(listed, list) else []
        first = errors[0] if errors else None
        if isinstance(first, dict):
            error = cast("dict[str, object]", first)
            text = " ".join(str(error.get(name) or "") for name in ("type", "input")).strip()
            return Refused(status, f"http_{status}", f"The server refused: {text}", {"errors": errors})
    text = body.decode(errors="replace").strip()[:MOST_CHARS]
    return Refused(status, f"http_{status}", f"The server answered {status}{': ' + text if text else '.'}")


def _vendors(status: int, said: Mapping[str, object]) -> Refused | None:
    """Return the error in an envelope of Navixy, Alloy or Flokzu; None for others."""
    inner = said.get("status")
    if isinstance(inner, dict):
        error = cast("dict[str, object]", inner)
        code, text = f"navixy_{error.get('code')}", error.get("description")
    elif "errorCode" in said:
        code, text = f"alloy_{said['errorCode']}", said.get("errorText")
    elif inner == "ERROR":
        code, text = f"flokzu_{said.get('code')}", said.get("message")
    else:
        return None
    return Refused(_UNAUTHENTICATED if code in _NOBODY else status, code, str(text or f"It answered {status}."))
