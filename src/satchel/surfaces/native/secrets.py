"""Secrets of connectors: set and forgotten by administrators, never given out."""

from satchel.actions import secrets
from satchel.surfaces.kit.exchange import Exchange, Reply, endpoint, json_reply
from satchel.surfaces.native import render, wire


async def listing(exchange: Exchange) -> Reply:
    """List secrets by name, without their values."""
    found = await secrets.listing(exchange.context, exchange.actor)
    items = [
        {"name": known.name, "hosts": list(known.hosts), "changed_at": render.moment(known.changed_at)}
        for known in found
    ]
    return json_reply({"items": items})


async def put(exchange: Exchange) -> Reply:
    """Set a secret, in place of the one of that name if there is one."""
    given = await exchange.read(wire.NewSecret)
    await secrets.put(exchange.context, exchange.actor, exchange.params["name"], given.value, given.hosts)
    return Reply(status=204)


async def delete(exchange: Exchange) -> Reply:
    """Forget a secret; calls that name it fail from now on."""
    await secrets.delete(exchange.context, exchange.actor, exchange.params["name"])
    return Reply(status=204)


ENDPOINTS = (
    endpoint("GET", "/api/v1/secrets", listing),
    endpoint("PUT", "/api/v1/secrets/{name}", put, body=wire.NewSecret),
    endpoint("DELETE", "/api/v1/secrets/{name}", delete),
)
"""The routes of this module."""
