"""What those who manage an app do by hand: cancel tokens of an instance, start others, complete a task for somebody."""

from satchel.actions.instances import hand_moves
from satchel.engine.by_hand import HandMove, Standing, StartAt
from satchel.model.api import tokens as api
from satchel.model.api.instances import WorkResult
from satchel.model.errors import EngineStopped, Forbidden, InvalidState, InvalidValues
from satchel.model.ids import ElementId, InstanceId, TaskId
from satchel.surfaces.kit.endpoints import endpoint
from satchel.surfaces.kit.exchange import Exchange, Reply, json_reply
from satchel.surfaces.kit.ignored import ignored
from satchel.surfaces.native import inputs
from satchel.surfaces.native.description.answers import CHANGED, FORM, IF_MATCH, shows
from satchel.surfaces.native.outputs.instances import work_result


def _id(exchange: Exchange) -> InstanceId:
    return InstanceId(exchange.number("instance", "instance"))


async def tokens(exchange: Exchange) -> Reply:
    """List the tokens of an instance: the places where it stands."""
    found = await hand_moves.standing(exchange.context, exchange.actor, _id(exchange))
    return json_reply(api.Tokens(items=[_token(one) for one in found], next=None))


async def move(exchange: Exchange) -> Reply:
    """Cancel tokens of an instance and start others, all or nothing, with a reason; return those that it has then."""
    given = await exchange.read(inputs.HandMove)
    wanted = HandMove(
        cancel=tuple(given.cancel),
        start=tuple(StartAt(place=ElementId(one.at), within=one.within) for one in given.start),
    )
    found = await hand_moves.move(
        exchange.context, exchange.actor, _id(exchange), wanted, reason=given.reason, expected=exchange.revision()
    )
    return json_reply(api.Tokens(items=[_token(one) for one in found], next=None))


async def complete(exchange: Exchange) -> Reply:
    """Complete a task in its holder's place, with a reason."""
    given = await exchange.read(inputs.CompletedByHand)
    submission = given.submission()
    done = await hand_moves.complete(
        exchange.context,
        exchange.actor,
        _id(exchange),
        TaskId(exchange.number("task", "task")),
        submission,
        reason=given.reason,
        outcome=given.outcome,
        expected=exchange.revision(),
    )
    return json_reply(work_result(done, exchange.actor, submission), headers=ignored(submission))


def _token(one: Standing) -> api.Token:
    return api.Token(
        id=one.number,
        element=one.element,
        name=one.name,
        kind=one.kind.value,
        mode=one.mode.value,
        within=one.scope or None,
        part_of=one.host or None,
        flow=one.flow,
        may=["cancel"] if one.can_be_cancelled else [],
    )


_INSTANCE = "/api/v1/instances/{instance}"

ENDPOINTS = (
    endpoint("GET", f"{_INSTANCE}/tokens", tokens, answers=shows(api.Tokens), refuses=(Forbidden,)),
    endpoint(
        "POST",
        f"{_INSTANCE}/tokens",
        move,
        body=inputs.HandMove,
        headers=IF_MATCH,
        answers=shows(api.Tokens),
        refuses=(Forbidden, InvalidState, InvalidValues, EngineStopped, *CHANGED),
    ),
    endpoint(
        "POST",
        f"{_INSTANCE}/tasks/{{task}}/complete",
        complete,
        body=inputs.CompletedByHand,
        headers=IF_MATCH,
        answers=shows(WorkResult),
        refuses=(*FORM, *CHANGED, EngineStopped),
    ),
)
"""The routes of this module."""
