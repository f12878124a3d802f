"""Finds out who asks: bearer token, API key, e-mail with API password (Basic), or a browser's session."""

from satchel.actions.identity import sessions
from satchel.model.actor import Actor
from satchel.surfaces.kit.authorization import by_authorization, by_token
from satchel.surfaces.kit.exchange import Exchange

SESSION_COOKIE = "satchel_session"
CSRF_HEADER = "x-csrf-token"
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


async def authenticate(exchange: Exchange) -> Actor | None:
    """Return who asks, or None where no credential came; the exchange knows them from now on.

    Raises:
        Unauthenticated: a credential came that is not good.
        SessionEnded: a cookie came of a session that is over.
        TooManyRequests: too many wrong passwords.
        Forbidden: a change by a session came without its CSRF token.
    """
    key = exchange.header("x-api-key")
    session = exchange.cookie(SESSION_COOKIE)
    if key is not None:
        exchange.known_actor = await by_token(exchange, key, "api_key")
    elif exchange.authorization is not None:
        exchange.known_actor = await by_authorization(exchange, "token", "api_key")
    elif session is not None:
        exchange.secret = session
        actor = await sessions.by_session(exchange.context, session, address=exchange.address)
        if exchange.method not in _SAFE_METHODS:
            await sessions.check_csrf(exchange.context, actor, session, exchange.header(CSRF_HEADER))
        exchange.known_actor = actor
    return exchange.known_actor
