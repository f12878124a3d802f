"""Secrets of connectors: set and forgotten by administrators, never given out."""

from satchel.actions.identity import secrets
from satchel.model.api import people as api
from satchel.model.errors import Forbidden, InvalidValues, NotFound
from satchel.surfaces.kit.endpoints import endpoint
from satchel.surfaces.kit.exchange import Exchange, Reply, json_reply
from satchel.surfaces.native import inputs
from satchel.surfaces.native.description.answers import NOTHING, shows
from satchel.surfaces.native.outputs import people as outputs


async def listing(exchange: Exchange) -> Reply:
    """List secrets by name, without their values."""
    found = await secrets.listing(exchange.context, exchange.actor)
    return json_reply(api.Secrets(items=[outputs.secret(known) for known in found], next=None))


async def put(exchange: Exchange) -> Reply:
    """Set a secret, replacing an existing one of that name, or change which apps may use it."""
    given = await exchange.read(inputs.NewSecret)
    name = exchange.params["name"]
    await secrets.put(exchange.context, exchange.actor, name, given.value, given.hosts, apps=given.apps)
    return Reply(status=204)


async def delete(exchange: Exchange) -> Reply:
    """Delete a secret; calls that name it fail from then on."""
    await secrets.delete(exchange.context, exchange.actor, exchange.params["name"])
    return Reply(status=204)


ENDPOINTS = (
    endpoint("GET", "/api/v1/secrets", listing, answers=shows(api.Secrets), refuses=(Forbidden,)),
    endpoint(
        "PUT",
        "/api/v1/secrets/{name}",
        put,
        body=inputs.NewSecret,
        answers=NOTHING,
        refuses=(Forbidden, InvalidValues, NotFound),
    ),
    endpoint("DELETE", "/api/v1/secrets/{name}", delete, answers=NOTHING, refuses=(Forbidden,)),
)
"""The routes of this module."""
