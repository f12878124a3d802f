"""Programs that people let act for them (OAuth2), registered by administrators."""

import msgspec

from satchel.actions.identity import oauth_clients
from satchel.model.api import people as api
from satchel.model.errors import Forbidden, InvalidValues
from satchel.surfaces.kit.endpoints import endpoint
from satchel.surfaces.kit.exchange import Exchange, Reply, json_reply
from satchel.surfaces.native.description.answers import NOTHING, makes, shows
from satchel.surfaces.native.outputs import people as outputs


class NewOAuthClient(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new OAuth2 client; a `public` one cannot keep a secret and must use PKCE."""

    name: str
    redirect_uris: list[str]
    public: bool = False


async def listing(exchange: Exchange) -> Reply:
    """List the OAuth2 clients."""
    found = await oauth_clients.listing(exchange.context, exchange.actor)
    return json_reply(api.OAuthClients(items=[outputs.oauth_client(one) for one in found], next=None))


async def create(exchange: Exchange) -> Reply:
    """Register an OAuth2 client; its secret, unless it is public, is shown only once."""
    given = await exchange.read(NewOAuthClient)
    made = await oauth_clients.register(
        exchange.context, exchange.actor, name=given.name, redirect_uris=given.redirect_uris, is_public=given.public
    )
    return json_reply(outputs.registered(made), status=201, headers={"Location": "/api/v1/oauth-clients"})


async def revoke(exchange: Exchange) -> Reply:
    """Revoke an OAuth2 client and all its tokens."""
    await oauth_clients.revoke(exchange.context, exchange.actor, exchange.number("client", "client"))
    return Reply(status=204)


ENDPOINTS = (
    endpoint("GET", "/api/v1/oauth-clients", listing, answers=shows(api.OAuthClients), refuses=(Forbidden,)),
    endpoint(
        "POST",
        "/api/v1/oauth-clients",
        create,
        body=NewOAuthClient,
        answers=makes(api.OAuthClientSecret, "Location"),
        refuses=(Forbidden, InvalidValues),
    ),
    endpoint("DELETE", "/api/v1/oauth-clients/{client}", revoke, answers=NOTHING, refuses=(Forbidden,)),
)
"""The routes of this module."""
