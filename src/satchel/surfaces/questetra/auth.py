"""Who asks: by the header Authorization alone, with an API password or a bearer token; and what a token may do."""

from collections.abc import Sequence
from dataclasses import replace

from satchel.model.actor import Actor
from satchel.model.errors import Forbidden
from satchel.surfaces.kit.authorization import by_authorization
from satchel.surfaces.kit.endpoints import Endpoint, Handler
from satchel.surfaces.kit.exchange import Exchange, Reply

BEARERS = ("token", "api_key", "oauth_access")
"""What may come as a bearer token: one of Satchel's own, or one that a program was given for a person."""

READ_ONLY = "read"
"""The scope of a token that may not change anything."""


async def authenticate(exchange: Exchange) -> Actor | None:
    """Return who asks, None where no credential came; the exchange knows them from now on.

    Raises:
        Unauthenticated: the credential is not good.
        TooManyRequests: too many wrong passwords.
    """
    actor = await by_authorization(exchange, *BEARERS)
    exchange.known_actor = actor.by_rights_only() if actor is not None else None
    return exchange.known_actor


def by_scope(endpoints: Sequence[Endpoint]) -> tuple[Endpoint, ...]:
    """Return endpoints of which those that change something are not for a token with the scope `read`.

    A call that reads is made by GET or by POST, one that changes something by POST alone.
    """
    reads = {one.path for one in endpoints if one.method == "GET"}
    return tuple(
        one if one.is_open or one.path in reads else replace(one, handler=_changing(one.handler)) for one in endpoints
    )


def _changing(handler: Handler) -> Handler:
    async def guarded(exchange: Exchange) -> Reply | None:
        if exchange.actor.scope == READ_ONLY:
            raise Forbidden("This token may only read (scope read); ask for one with the scope any.")
        return await handler(exchange)

    return guarded
