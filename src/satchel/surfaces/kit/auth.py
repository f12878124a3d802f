"""Finds out who asks: bearer token, API key, e-mail with API password (Basic), or a browser's session."""

from base64 import b64decode
from binascii import Error as Base64Error
from http.cookies import CookieError, SimpleCookie

from satchel.actions import credentials
from satchel.model.actor import Actor
from satchel.model.errors import Unauthenticated
from satchel.surfaces.kit.exchange import Exchange

SESSION_COOKIE = "satchel_session"
CSRF_HEADER = "x-csrf-token"
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


async def authenticate(exchange: Exchange) -> Actor | None:
    """Return who asks, or None where no credential came.

    Raises:
        Unauthenticated: a credential came that is not good.
        TooManyRequests: too many wrong passwords.
        Forbidden: a change by a session came without its CSRF token.
    """
    context, address = exchange.context, exchange.address
    key = exchange.header("x-api-key")
    if key is not None:
        return await credentials.by_token(context, key, kinds=("api_key",), address=address)
    authorization = exchange.header("authorization")
    if authorization is not None:
        scheme, _, given = authorization.partition(" ")
        match scheme.lower():
            case "bearer":
                return await credentials.by_token(context, given.strip(), kinds=("token", "api_key"), address=address)
            case "basic":
                email, password = _basic(given)
                return await credentials.by_password(context, email, password, kind="api_password", address=address)
            case _:
                raise Unauthenticated(f"Authorization is Bearer or Basic, not {scheme[:20]}.")
    session = _cookie(exchange)
    if session is None:
        return None
    actor = await credentials.by_token(context, session, kinds=("session",), address=address)
    if exchange.method not in _SAFE_METHODS:
        await credentials.check_csrf(context, actor, exchange.header(CSRF_HEADER))
    return actor


def _basic(given: str) -> tuple[str, str]:
    try:
        email, colon, password = b64decode(given.strip(), validate=True).decode().partition(":")
    except (ValueError, Base64Error):
        raise Unauthenticated("The Basic credentials are malformed.") from None
    if not colon or "\0" in email or "\0" in password:
        raise Unauthenticated("The Basic credentials are malformed.")
    return email, password


def _cookie(exchange: Exchange) -> str | None:
    header = exchange.header("cookie")
    if header is None:
        return None
    try:
        found = SimpleCookie(header).get(SESSION_COOKIE)
    except CookieError:
        return None
    return found.value if found is not None else None
