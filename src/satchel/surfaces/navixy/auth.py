"""Who asks: a hash in the header `Authorization: NVX <hash>`, in the body or in the query; and how one is had."""

from collections.abc import Sequence
from dataclasses import replace

from satchel.actions.identity import hashes
from satchel.model.actor import Actor
from satchel.model.errors import Conflict, InvalidRequest, InvalidValues, TooManyRequests, Unauthenticated
from satchel.model.ids import AccountId
from satchel.surfaces.kit.endpoints import Endpoint, Handler, get_or_post
from satchel.surfaces.kit.exchange import Exchange, Reply
from satchel.surfaces.kit.given import refused
from satchel.surfaces.navixy import errors, outputs
from satchel.surfaces.navixy.addresses import BASE
from satchel.surfaces.navixy.inputs import Inputs, wants_iso

SCHEME = "nvx"
LONGEST_PASSWORD = 1_000


async def authenticate(exchange: Exchange) -> Actor | None:
    """Return who asks; the exchange knows them from now on.

    Raises:
        Unauthenticated: no hash came, or it is nobody's.
        InvalidRequest: two different ones came.
        TooManyRequests: they, or their address, have made as many requests as a second allows.
    """
    count_request(exchange, "address", exchange.address)
    exchange.secret = await _hash(exchange)
    actor = await hashes.by_hash(exchange.context, exchange.secret, address=exchange.address)
    count_request(exchange, "user", actor.account_id, actor.user_id, actor.scope)  # a user's keys and sessions apart
    exchange.known_actor = actor.by_rights_only()
    return exchange.known_actor


def count_request(exchange: Exchange, *who: object) -> None:
    """Count a request against `navixy_requests_per_second`.

    Raises:
        TooManyRequests: there were as many in this second as are allowed.
    """
    now, most = exchange.context.clock(), exchange.context.policy.navixy_requests_per_second
    try:
        exchange.parts.rates.count(who, now, most=most)
    except TooManyRequests:
        errors.speak(exchange, errors.RATE)
        raise


def counted(endpoints: Sequence[Endpoint]) -> tuple[Endpoint, ...]:
    """Return endpoints of which those that are open count their requests too; `authenticate` counts the others."""
    return tuple(replace(one, handler=_counting(one.handler)) if one.is_open else one for one in endpoints)


def _counting(handler: Handler) -> Handler:
    async def counting(exchange: Exchange) -> Reply | None:
        count_request(exchange, "address", exchange.address)
        return await handler(exchange)

    return counting


async def _hash(exchange: Exchange) -> str:
    given = await Inputs.read(exchange)
    sent = exchange.authorization
    in_input = given.raw("hash")
    if sent is None:
        if not isinstance(in_input, str) or not in_input:
            raise _wrong(exchange)
        return in_input
    scheme, in_header = sent
    if scheme != SCHEME or not in_header:
        raise _wrong(exchange)
    if in_input is not None and in_input != in_header:
        raise refused("hash", "is given twice, with different values")
    return in_header


def _wrong(exchange: Exchange) -> Unauthenticated:
    errors.speak(exchange, {Unauthenticated: 3})
    return Unauthenticated()


async def sign_in(exchange: Exchange) -> Reply:
    """Open a session with login and password."""
    given = await Inputs.read(exchange)
    login, password = given.text("login"), given.text("password", longest=LONGEST_PASSWORD)
    errors.speak(exchange, errors.SIGN_IN)
    dealer = AccountId(given.integer("dealer_id")) if "dealer_id" in given else None
    made = await hashes.sign_in(exchange.context, login, password, address=exchange.address, account=dealer)
    return outputs.success(type="authenticated", hash=made.secret)


async def renew(exchange: Exchange) -> Reply:
    """Let the session live on."""
    await hashes.renew(exchange.context, exchange.actor)
    return outputs.success()


async def log_out(exchange: Exchange) -> Reply:
    """End the session."""
    await hashes.end(exchange.context, exchange.actor)
    return outputs.success()


async def create_key(exchange: Exchange) -> Reply:
    """Create an API key."""
    title = (await Inputs.read(exchange)).text("title", longest=hashes.MAX_TITLE_CHARS)
    try:
        made = await hashes.create_key(exchange.context, exchange.actor, title)
    except InvalidValues as error:
        raise InvalidRequest(error.message, pointer="/title") from None
    except Conflict:
        errors.speak(exchange, {Conflict: 268})
        raise
    created = outputs.date(exchange, exchange.context.clock(), await wants_iso(exchange))
    return outputs.success(value={"hash": made.secret, "create_date": created, "title": title})


async def list_keys(exchange: Exchange) -> Reply:
    """List the API keys; a hash is shown only when its key is made."""
    iso = await wants_iso(exchange)
    found = await hashes.keys(exchange.context, exchange.actor)
    shown = [
        {"hash": str(one.id), "create_date": outputs.date(exchange, one.created_at, iso), "title": one.title}
        for one in found
    ]
    return outputs.success(list=shown)


async def delete_key(exchange: Exchange) -> Reply:
    """End an API key."""
    given = await Inputs.read(exchange)
    name = "api_key" if "api_key" in given else "key"
    await hashes.delete_key(exchange.context, exchange.actor, given.text(name, longest=64))
    return outputs.success()


ENDPOINTS: tuple[Endpoint, ...] = (
    *get_or_post(f"{BASE}/user/auth", sign_in, is_open=True),
    *get_or_post(f"{BASE}/user/session/renew", renew),
    *get_or_post(f"{BASE}/user/logout", log_out),
    *get_or_post(f"{BASE}/api/key/create", create_key),
    *get_or_post(f"{BASE}/api/key/list", list_keys),
    *get_or_post(f"{BASE}/api/key/delete", delete_key),
    *get_or_post(f"{BASE}/user/api_key/list", list_keys),
    *get_or_post(f"{BASE}/user/api_key/delete", delete_key),
)
"""The routes of this module."""
