"""How a call is served: reads by GET and by POST, as their clients ask, changes by POST; and by whom."""

from satchel.model.errors import Forbidden
from satchel.surfaces.kit.endpoints import Endpoint, Handler, endpoint
from satchel.surfaces.kit.exchange import Exchange, Reply
from satchel.surfaces.questetra.outputs import PREFIX

READ_ONLY = "read"
"""The scope of a token that may not change anything."""


def call(path: str, handler: Handler, *, changes: bool = False, is_open: bool = False) -> tuple[Endpoint, ...]:
    """Return the routes of a call; one that changes something is not for a token with the scope `read`."""
    methods = ("POST",) if changes else ("GET", "POST")
    served = handler if is_open or not changes else _changing(handler)
    return tuple(endpoint(method, f"{PREFIX}/{path}", served, is_open=is_open) for method in methods)


def nothing() -> Reply:
    """Return the answer of a call that says nothing: 200 without a body."""
    return Reply()


def _changing(handler: Handler) -> Handler:
    async def guarded(exchange: Exchange) -> Reply | None:
        if exchange.actor.scope == READ_ONLY:
            raise Forbidden("This token may only read (scope read); ask for one with the scope any.")
        return await handler(exchange)

    guarded.__doc__ = handler.__doc__
    return guarded
