"""Every endpoint of the Questetra surface."""

from satchel.actions import processes
from satchel.model.actor import Actor
from satchel.surfaces.kit import auth
from satchel.surfaces.kit.exchange import Endpoint, Exchange, Handler, Reply, endpoint, json_reply
from satchel.surfaces.kit.sending import send_content
from satchel.surfaces.kit.surface import Surface
from satchel.surfaces.questetra.criteria import read_criteria
from satchel.surfaces.questetra.errors import document
from satchel.surfaces.questetra.params import number, read_params, refused
from satchel.surfaces.questetra.wire import PREFIX, process

MAX_START = 2**31 - 1
MAX_LIMIT = 1_000
DEFAULT_LIMIT = 1


async def authenticate(exchange: Exchange) -> Actor | None:
    """Return who asks, by the header Authorization only: Basic with the API password, or a bearer token.

    Raises:
        Unauthenticated: the credential is not good.
        TooManyRequests: too many wrong passwords.
    """
    if exchange.header("authorization") is None:
        return None
    return await auth.authenticate(exchange)


async def listing(exchange: Exchange) -> Reply:
    """List the processes that criteria find, with the items that they name."""
    given = await read_params(exchange)
    if given.get("reportId"):
        raise refused("reportId", "is not supported yet; send criteria", given["reportId"])
    start = number(given, "start", 0, high=MAX_START)
    limit = number(given, "limit", DEFAULT_LIMIT, high=MAX_LIMIT)
    context, actor = exchange.context, exchange.actor
    asked = read_criteria(given.get("criteria", ""), now=context.clock(), time_zone=actor.time_zone)
    count, found = await processes.listing(context, actor, asked.wanted, start=start, limit=limit)
    shown = [process(one, asked.shown, actor.time_zone) for one in found]
    return json_reply({"count": count, "processInstances": shown})


async def download(exchange: Exchange) -> None:
    """Send a file's bytes; both ids must belong together."""
    given = await read_params(exchange)
    file, place = number(given, "id"), number(given, "processDataInstanceId")
    what = await processes.content(exchange.context, exchange.actor, file, place)
    await send_content(exchange, exchange.actor, what, wants_inline=False)


def _read(path: str, handler: Handler) -> tuple[Endpoint, ...]:
    """Return a read call: by GET and by POST, as their clients ask."""
    return tuple(endpoint(method, f"{PREFIX}/API/{path}", handler) for method in ("GET", "POST"))


ENDPOINTS: tuple[Endpoint, ...] = (
    *_read("OR/ProcessInstance/list", listing),
    *_read("OR/ProcessInstance/File/download", download),
)

SURFACE = Surface(prefix=PREFIX, endpoints=ENDPOINTS, document=document, authenticate=authenticate)
