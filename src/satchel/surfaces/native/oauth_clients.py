"""Programs that people let act for them (OAuth2), registered by administrators."""

import msgspec

from satchel.actions import oauth_clients
from satchel.surfaces.kit.exchange import Exchange, Reply, endpoint, json_reply
from satchel.surfaces.native import render


class NewOAuthClient(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A program to be; `public` says that it cannot keep a secret and proves itself by PKCE."""

    name: str
    redirect_uris: list[str]
    public: bool = False


async def listing(exchange: Exchange) -> Reply:
    """List the programs that people may let act for them."""
    found = await oauth_clients.listing(exchange.context, exchange.actor)
    items = [
        {
            "id": one.id,
            "client_id": one.public_id,
            "name": one.name,
            "redirect_uris": one.redirect_uris,
            "public": one.secret_hash is None,
            "created_at": render.moment(one.created_at),
        }
        for one in found
    ]
    return json_reply({"items": items})


async def create(exchange: Exchange) -> Reply:
    """Register a program; its secret, unless it is public, is shown this once."""
    given = await exchange.read(NewOAuthClient)
    made = await oauth_clients.register(
        exchange.context, exchange.actor, name=given.name, redirect_uris=given.redirect_uris, is_public=given.public
    )
    shown = {"id": made.id, "client_id": made.public_id, "client_secret": made.secret}
    return json_reply(shown, status=201, headers={"Location": "/api/v1/oauth-clients"})


async def revoke(exchange: Exchange) -> Reply:
    """End a program and all that it was given."""
    await oauth_clients.revoke(exchange.context, exchange.actor, exchange.number("client", "client"))
    return Reply(status=204)


ENDPOINTS = (
    endpoint("GET", "/api/v1/oauth-clients", listing),
    endpoint("POST", "/api/v1/oauth-clients", create, body=NewOAuthClient),
    endpoint("DELETE", "/api/v1/oauth-clients/{client}", revoke),
)
"""The routes of this module."""
