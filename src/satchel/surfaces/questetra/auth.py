"""Who asks: by the header Authorization alone, with an API password or a bearer token; and what a token may do."""

from satchel.model.actor import Actor
from satchel.surfaces.kit.authorization import by_authorization
from satchel.surfaces.kit.exchange import Exchange

BEARERS = ("token", "api_key", "oauth_access")
"""What may come as a bearer token: one of Satchel's own, or one that a program was given for a person."""


async def authenticate(exchange: Exchange) -> Actor | None:
    """Return who asks, None where no credential came; the exchange knows them from now on.

    Raises:
        Unauthenticated: the credential is not good.
        TooManyRequests: too many wrong passwords.
    """
    actor = await by_authorization(exchange, *BEARERS)
    exchange.known_actor = actor.by_rights_only() if actor is not None else None
    return exchange.known_actor
