"""Options of fields that have them from a list of the app or from another app, for those who fill a form in."""

from collections.abc import Sequence

from satchel.actions.instances import options
from satchel.actions.instances.options import MAX_OPTIONS, FoundOption
from satchel.model.api import apps as api
from satchel.model.errors import Forbidden, InvalidState, NotFound
from satchel.model.ids import FieldId, TaskId
from satchel.surfaces.kit.endpoints import endpoint
from satchel.surfaces.kit.exchange import Exchange, Reply, json_reply
from satchel.surfaces.native import inputs
from satchel.surfaces.native.description.answers import shows


async def of_start(exchange: Exchange) -> Reply:
    """List the options of a field of the form that starts an instance."""
    asked = await exchange.read(inputs.WantedOptions)
    found = await options.of_start(
        exchange.context,
        exchange.actor,
        exchange.params["app"],
        FieldId(exchange.params["field"]),
        begins=asked.begins,
        values=inputs.mapping(asked.values, "/values"),
    )
    return _listed(found)


async def of_task(exchange: Exchange) -> Reply:
    """List the options of a field of a task's form."""
    asked = await exchange.read(inputs.WantedOptions)
    found = await options.of_task(
        exchange.context,
        exchange.actor,
        TaskId(exchange.number("task", "task")),
        FieldId(exchange.params["field"]),
        begins=asked.begins,
        values=inputs.mapping(asked.values, "/values"),
    )
    return _listed(found)


def _listed(found: Sequence[FoundOption]) -> Reply:
    items = [api.Option(id=one.id, label=one.label) for one in found[:MAX_OPTIONS]]
    return json_reply(api.Options(items=items, more=len(found) > MAX_OPTIONS))


ENDPOINTS = (
    endpoint(
        "POST",
        "/api/v1/apps/{app}/options/{field}",
        of_start,
        body=inputs.WantedOptions,
        answers=shows(api.Options),
        refuses=(NotFound, Forbidden, InvalidState),
    ),
    endpoint(
        "POST",
        "/api/v1/tasks/{task}/options/{field}",
        of_task,
        body=inputs.WantedOptions,
        answers=shows(api.Options),
        refuses=(NotFound,),
    ),
)
"""The routes of this module."""
