"""Applications: programs that sign in to vendor surfaces with an id and a secret; made by administrators."""

from satchel.actions.identity import applications
from satchel.model.api import people as api
from satchel.model.errors import Forbidden, InvalidValues
from satchel.model.ids import CredentialId, UserId
from satchel.surfaces.kit.endpoints import endpoint
from satchel.surfaces.kit.exchange import Exchange, Reply, json_reply
from satchel.surfaces.native import inputs
from satchel.surfaces.native.description.answers import makes, shows
from satchel.surfaces.native.outputs import people as outputs


async def listing(exchange: Exchange) -> Reply:
    """List a user's applications, without their secrets."""
    user = UserId(exchange.number("user", "user"))
    found = await applications.listing(exchange.context, exchange.actor, user)
    return json_reply(api.Applications(items=[outputs.application(one) for one in found], next=None))


async def create(exchange: Exchange) -> Reply:
    """Create an application that acts for a user; its secret is shown only once."""
    given = await exchange.read(inputs.NewApplication)
    user = UserId(exchange.number("user", "user"))
    made = await applications.create(exchange.context, exchange.actor, user, given.name, expires_at=given.expires_at)
    return json_reply(outputs.application_secret(made), status=201)


async def change_secret(exchange: Exchange) -> Reply:
    """Replace an application's secret; the old one and its tokens end."""
    credential = CredentialId(exchange.number("credential", "credential"))
    made = await applications.change_secret(exchange.context, exchange.actor, credential)
    return json_reply(outputs.application_secret(made), status=201)


ENDPOINTS = (
    endpoint(
        "GET",
        "/api/v1/users/{user}/applications",
        listing,
        answers=shows(api.Applications),
        refuses=(Forbidden,),
    ),
    endpoint(
        "POST",
        "/api/v1/users/{user}/applications",
        create,
        body=inputs.NewApplication,
        answers=makes(api.ApplicationSecret),
        refuses=(Forbidden, InvalidValues),
    ),
    endpoint(
        "POST",
        "/api/v1/credentials/{credential}/secret",
        change_secret,
        answers=makes(api.ApplicationSecret),
        refuses=(Forbidden,),
    ),
)
"""The routes of this module."""
