"""Every endpoint of the Questetra surface."""

from satchel.actions.identity import credentials
from satchel.model.actor import Actor
from satchel.surfaces.kit import auth
from satchel.surfaces.kit.endpoints import Endpoint
from satchel.surfaces.kit.exchange import Exchange
from satchel.surfaces.kit.surface import Surface
from satchel.surfaces.questetra import apps, messages, oauth, processes, task_forms, tasks
from satchel.surfaces.questetra.errors import document
from satchel.surfaces.questetra.outputs import PREFIX

BEARERS = ("token", "api_key", "oauth_access")


async def authenticate(exchange: Exchange) -> Actor | None:
    """Return who asks, by the header Authorization only: Basic with the API password, or a bearer token.

    A token is one of Satchel's own, or one that a program was given for a person.

    Raises:
        Unauthenticated: the credential is not good.
        TooManyRequests: too many wrong passwords.
    """
    scheme, _, given = (exchange.header("authorization") or "").partition(" ")
    if not scheme:
        return None
    if scheme.lower() != "bearer":
        actor = await auth.authenticate(exchange)
    else:
        exchange.secret = given.strip()
        actor = await credentials.by_token(exchange.context, exchange.secret, kinds=BEARERS, address=exchange.address)
    exchange.known_actor = actor.by_rights_only() if actor is not None else None
    return exchange.known_actor


ENDPOINTS: tuple[Endpoint, ...] = (
    *processes.ENDPOINTS,
    *apps.ENDPOINTS,
    *tasks.ENDPOINTS,
    *task_forms.ENDPOINTS,
    *messages.ENDPOINTS,
    *oauth.ENDPOINTS,
)

SURFACE = Surface(prefix=PREFIX, endpoints=ENDPOINTS, document=document, authenticate=authenticate)
