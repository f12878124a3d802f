"""Who asks: a key in `X-Api-Key` or (version 1) in the path, and the user name in `X-Username`."""

from satchel.actions.identity import named_keys
from satchel.model.actor import Actor
from satchel.model.errors import InvalidRequest, Unauthenticated
from satchel.surfaces.flokzu.addresses import KEY_PARAMETER
from satchel.surfaces.kit.exchange import Exchange
from satchel.surfaces.kit.given import refused

_TRUE, _FALSE = frozenset({"true", "1"}), frozenset({"false", "0", ""})


async def authenticate(exchange: Exchange) -> Actor | None:
    """Return who asks, None where no key came; the exchange knows them from now on.

    Only version 1 takes a key without a user name: its clients send the key alone.

    Raises:
        Unauthenticated: the key and the name are not good together, or a name is missing.
        InvalidRequest: a key or a name came twice, differently.
    """
    in_path = exchange.params.get(KEY_PARAMETER)
    in_header = _only(exchange, "x-api-key")
    if in_path is not None and in_header is not None and in_path != in_header:
        raise InvalidRequest("The key in the path and the one in X-Api-Key differ; send one of them.")
    key = in_header if in_path is None else in_path
    if not key:
        return None
    name = _only(exchange, "x-username")
    if name is None and in_path is None:
        raise Unauthenticated("X-Username is missing: a key comes with the e-mail of the user whom it acts for.")
    exchange.secret = key
    actor = await named_keys.by_key(exchange.context, key, name, address=exchange.address)
    exchange.known_actor = actor.by_rights_only()
    return exchange.known_actor


def starts_by_system(exchange: Exchange) -> bool:
    """Return whether the system is to have started what the request starts: unless `X-ForceUser` is true.

    Raises:
        InvalidRequest: it is neither true nor false.
    """
    text = (_only(exchange, "x-forceuser") or "").strip().lower()
    if text not in _TRUE | _FALSE:
        raise refused("X-ForceUser", "must be true or false")
    return text in _FALSE


def _only(exchange: Exchange, name: str) -> str | None:
    found = set(exchange.header_values(name))
    if len(found) > 1:
        raise InvalidRequest(f"{name} came twice, differently.")
    return next(iter(found), None)
