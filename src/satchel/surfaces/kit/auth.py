"""Finds out who asks: bearer token, API key, e-mail with API password (Basic), or a browser's session."""

from base64 import b64decode
from binascii import Error as Base64Error
from http.cookies import CookieError, SimpleCookie

from satchel.actions.identity import credentials
from satchel.model.actor import Actor
from satchel.model.errors import Unauthenticated
from satchel.surfaces.kit.exchange import Exchange

SESSION_COOKIE = "satchel_session"
CSRF_HEADER = "x-csrf-token"
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


async def authenticate(exchange: Exchange) -> Actor | None:
    """Return who asks, or None where no credential came; the exchange knows them from now on.

    Raises:
        Unauthenticated: a credential came that is not good.
        TooManyRequests: too many wrong passwords.
        Forbidden: a change by a session came without its CSRF token.
    """
    key = exchange.header("x-api-key")
    authorization = exchange.header("authorization")
    session = _cookie(exchange)
    if key is not None:
        exchange.known_actor = await _by_token(exchange, key, "api_key")
    elif authorization is not None:
        scheme, _, given = authorization.partition(" ")
        match scheme.lower():
            case "bearer":
                exchange.known_actor = await _by_token(exchange, given.strip(), "token", "api_key")
            case "basic":
                exchange.known_actor = await _by_basic(exchange, given)
            case _:
                raise Unauthenticated(f"Authorization is Bearer or Basic, not {scheme[:20]}.")
    elif session is not None:
        actor = await _by_token(exchange, session, "session")
        if exchange.method not in _SAFE_METHODS:
            await credentials.check_csrf(exchange.context, actor, exchange.header(CSRF_HEADER))
        exchange.known_actor = actor
    return exchange.known_actor


async def _by_token(exchange: Exchange, token: str, *kinds: str) -> Actor:
    exchange.secret = token
    return await credentials.by_token(exchange.context, token, kinds=kinds, address=exchange.address)


async def _by_basic(exchange: Exchange, given: str) -> Actor:
    email, password = _basic(given)
    exchange.secret = password
    context, known = exchange.context, exchange.parts.known_passwords
    proved = known.find(email, password)
    if proved is not None:
        try:
            return await credentials.by_known_password(context, *proved, address=exchange.address)
        except Unauthenticated:
            known.forget(email, password)  # replaced, perhaps: ask again, and count it if it is wrong
    actor = await credentials.by_password(context, email, password, kind="api_password", address=exchange.address)
    if actor.credential_id is not None:
        known.keep(email, password, actor.account_id, actor.credential_id)
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
