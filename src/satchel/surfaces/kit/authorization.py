"""Whose a credential is: a bearer token, or an e-mail with its API password (Basic), as several surfaces take them."""

from base64 import b64decode
from binascii import Error as Base64Error

from satchel.actions.identity import credentials
from satchel.model.actor import Actor
from satchel.model.errors import Unauthenticated
from satchel.surfaces.kit.exchange import Exchange


async def by_authorization(exchange: Exchange, *bearers: str) -> Actor | None:
    """Return whom the header Authorization proves; None where there is none.

    Args:
        exchange: the request, which has the proof as its `secret` from now on.
        bearers: the kinds of credentials that may come as a bearer token.

    Raises:
        Unauthenticated: the credential is not good, or neither Bearer nor Basic.
        TooManyRequests: too many wrong passwords.
    """
    sent = exchange.authorization
    if sent is None:
        return None
    scheme, given = sent
    match scheme:
        case "bearer":
            return await by_token(exchange, given, *bearers)
        case "basic":
            return await _by_basic(exchange, given)
        case _:
            raise Unauthenticated(f"Authorization is Bearer or Basic, not {scheme[:20]}.")


async def by_token(exchange: Exchange, token: str, *kinds: str) -> Actor:
    """Return whose a token is.

    Raises:
        Unauthenticated: it is unknown, has ended or is of another kind.
    """
    exchange.secret = token
    return await credentials.by_token(exchange.context, token, kinds=kinds, address=exchange.address)


async def _by_basic(exchange: Exchange, given: str) -> Actor:
    email, password = basic_of(given)
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


def basic_of(given: str) -> tuple[str, str]:
    """Return the two parts of Basic's credentials.

    Raises:
        Unauthenticated: they are malformed.
    """
    try:
        email, colon, password = b64decode(given, validate=True).decode().partition(":")
    except (ValueError, Base64Error):
        raise Unauthenticated("The Basic credentials are malformed.") from None
    if not colon or "\0" in email or "\0" in password:
        raise Unauthenticated("The Basic credentials are malformed.")
    return email, password
