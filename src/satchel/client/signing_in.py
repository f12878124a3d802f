"""Sessions: opened with a password, ended by a sign-out."""

from dataclasses import dataclass

import msgspec

from satchel.client.steps import Flow, Request, send
from satchel.model.api.people import Session
from satchel.model.errors import Unavailable

_PATH = "/api/v1/session"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionTokens:
    """An open session: its cookie, and the token that every change also sends."""

    cookie: str
    csrf_token: str


def sign_in(email: str, password: str) -> Flow[SessionTokens]:
    """Open a session.

    Args:
        email: an e-mail, or `account/e-mail` where the password fits several accounts.
        password: that the person chose.

    Raises:
        Refused: the password is wrong or fits several accounts, or there were too many attempts.
    """
    body = msgspec.json.encode({"email": email, "password": password})
    headers = {"Content-Type": "application/json"}
    answer = yield from send(Request(method="POST", path=_PATH, content=body, headers=headers, is_open=True))
    cookie = answer.headers.get("set-cookie", "").partition(";")[0]
    if not cookie:
        raise Unavailable("The server opened a session without a cookie; is the address right?")
    return SessionTokens(cookie=cookie, csrf_token=answer.read(Session).csrf_token)


def sign_out() -> Flow[None]:
    """End the current session."""
    yield from send(Request(method="DELETE", path=_PATH))
