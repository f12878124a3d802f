"""Values of the environment: what the settings of service tasks name as `env.NAME`."""

from satchel.actions.identity import environment
from satchel.model.api import environment as api
from satchel.model.api.kinds import Timestamp
from satchel.model.errors import Forbidden, InvalidValues
from satchel.surfaces.kit.endpoints import endpoint
from satchel.surfaces.kit.exchange import Exchange, Reply, json_reply
from satchel.surfaces.native import inputs
from satchel.surfaces.native.description.answers import NOTHING, shows


async def listing(exchange: Exchange) -> Reply:
    """List the values of the environment by name."""
    found = await environment.listing(exchange.context, exchange.actor)
    items = [
        api.EnvironmentValue(name=one.name, value=one.value, changed_at=Timestamp.of(one.changed_at)) for one in found
    ]
    return json_reply(api.Environment(items=items, next=None))


async def put(exchange: Exchange) -> Reply:
    """Set a value of the environment; the next attempt of each service task uses it."""
    given = await exchange.read(inputs.NewEnvironmentValue)
    await environment.put(exchange.context, exchange.actor, exchange.params["name"], given.value)
    return Reply(status=204)


async def delete(exchange: Exchange) -> Reply:
    """Delete a value of the environment; service tasks that name it stop from then on."""
    await environment.delete(exchange.context, exchange.actor, exchange.params["name"])
    return Reply(status=204)


_ONE = "/api/v1/environment/{name}"

ENDPOINTS = (
    endpoint("GET", "/api/v1/environment", listing, answers=shows(api.Environment), refuses=(Forbidden,)),
    endpoint(
        "PUT",
        _ONE,
        put,
        body=inputs.NewEnvironmentValue,
        answers=NOTHING,
        refuses=(Forbidden, InvalidValues),
    ),
    endpoint("DELETE", _ONE, delete, answers=NOTHING, refuses=(Forbidden,)),
)
"""The routes of this module."""
