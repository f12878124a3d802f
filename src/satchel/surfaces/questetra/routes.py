"""Every endpoint of the Questetra surface."""

from satchel.model.actor import Actor
from satchel.surfaces.kit import auth
from satchel.surfaces.kit.exchange import Endpoint, Exchange
from satchel.surfaces.kit.surface import Surface
from satchel.surfaces.questetra import apps, messages, processes, task_forms, tasks
from satchel.surfaces.questetra.errors import document
from satchel.surfaces.questetra.wire import PREFIX


async def authenticate(exchange: Exchange) -> Actor | None:
    """Return who asks, by the header Authorization only: Basic with the API password, or a bearer token.

    Raises:
        Unauthenticated: the credential is not good.
        TooManyRequests: too many wrong passwords.
    """
    if exchange.header("authorization") is None:
        return None
    return await auth.authenticate(exchange)


ENDPOINTS: tuple[Endpoint, ...] = (
    *processes.ENDPOINTS,
    *apps.ENDPOINTS,
    *tasks.ENDPOINTS,
    *task_forms.ENDPOINTS,
    *messages.ENDPOINTS,
)

SURFACE = Surface(prefix=PREFIX, endpoints=ENDPOINTS, document=document, authenticate=authenticate)
