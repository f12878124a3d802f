"""Applications: programs that sign in to vendor surfaces with an id and a secret; made by administrators."""

from satchel.actions import applications
from satchel.actions.applications import NewSecret
from satchel.model.ids import CredentialId, UserId
from satchel.surfaces.kit.exchange import Exchange, Reply, endpoint, json_reply
from satchel.surfaces.native import render, wire


async def listing(exchange: Exchange) -> Reply:
    """List a user's applications, without their secrets."""
    user = UserId(exchange.number("user", "user"))
    found = await applications.listing(exchange.context, exchange.actor, user)
    items = [{"id": one.id, "client_id": one.client_id, "name": one.name} for one in found]
    return json_reply({"items": items, "next": None})


async def create(exchange: Exchange) -> Reply:
    """Create an application that acts for a user; its secret is in this answer and nowhere else."""
    given = await exchange.read(wire.NewApplication)
    user = UserId(exchange.number("user", "user"))
    made = await applications.create(exchange.context, exchange.actor, user, given.name, expires_at=given.expires_at)
    return json_reply(_shown(made), status=201)


async def change_secret(exchange: Exchange) -> Reply:
    """Give an application another secret; the old one and the tokens made with it end."""
    credential = CredentialId(exchange.number("credential", "credential"))
    return json_reply(
        _shown(await applications.change_secret(exchange.context, exchange.actor, credential)), status=201
    )


def _shown(made: NewSecret) -> dict[str, object]:
    return {
        "id": made.id,
        "client_id": made.client_id,
        "secret": made.secret,
        "expires_at": render.moment(made.expires_at),
    }


ENDPOINTS = (
    endpoint("GET", "/api/v1/users/{user}/applications", listing),
    endpoint("POST", "/api/v1/users/{user}/applications", create, body=wire.NewApplication),
    endpoint("POST", "/api/v1/credentials/{credential}/secret", change_secret),
)
"""The routes of this module."""
