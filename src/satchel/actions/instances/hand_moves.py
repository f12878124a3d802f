"""What those who manage an app do by hand, with a reason: cancel tokens, start others, complete a task for somebody.

For what a process could not foresee, or an app got wrong. The engine decides whether an instance can be where it is
moved; its rows follow in the same transaction, with an event for each token.
"""

from collections.abc import Sequence

from satchel.actions import access
from satchel.actions.context import Context
from satchel.actions.instances.advance import record
from satchel.actions.instances.forms import Submission
from satchel.actions.instances.ledger import Ledger
from satchel.actions.instances.results import Result, following, result
from satchel.actions.instances.run import Run, change, check_revision, load
from satchel.actions.instances.tasks import complete_open, open_task
from satchel.db import instances as rows
from satchel.db import waits as wait_rows
from satchel.engine import by_hand
from satchel.engine.by_hand import HandMove, Standing
from satchel.engine.step import Step
from satchel.model.actor import Actor, Right
from satchel.model.errors import FieldFault, InvalidState, InvalidValues, NotFound
from satchel.model.ids import InstanceId, TaskId
from satchel.model.visible_text import refuse_control

MAX_REASON_CHARS = 2_000


async def standing(context: Context, actor: Actor, instance_id: InstanceId) -> Sequence[Standing]:
    """Return the tokens of an instance, oldest first; none once it has ended.

    Raises:
        NotFound, Forbidden: there is no such instance, or the actor does not manage its app.
        CorruptState: the engine's state cannot be read.
    """
    await _require_manager(context, actor, instance_id)
    async with context.database.write() as tx:  # locked, so that state and version belong together
        run = await load(context, tx, actor, instance_id, Ledger())
        if not run.instance.is_running or run.state is None:
            return []
        return by_hand.tokens(run.app.definition, run.state)


async def move(
    context: Context,
    actor: Actor,
    instance_id: InstanceId,
    wanted: HandMove,
    *,
    reason: str,
    expected: int | None = None,
) -> Sequence[Standing]:
    """Cancel tokens of a running instance and start others, all or nothing; return those that it has then.

    Raises:
        NotFound, Forbidden: there is no such instance, or the actor does not manage its app.
        PreconditionFailed: it is no longer at the revision `expected`.
        InvalidState: it does not run any more.
        InvalidValues: nothing is to be moved, there is no reason, or the instance cannot be where it would be moved;
            by element, with everything that speaks against it.
        EngineStopped: an instance that would be called cannot be started; nothing has moved.
    """
    await _require_manager(context, actor, instance_id)
    why = _checked(reason)
    if not wanted.cancel and not wanted.start:
        message = "Name tokens to cancel, or elements to start at."
        raise InvalidValues([FieldFault(field="cancel", code="required", message=message)])
    async with change(context, actor, instance_id, opens_incident=False) as run:
        await access.require_instance_right(run.tx, actor, run.app, run.instance, Right.MANAGE)
        check_revision("instance", run.instance.revision, expected)
        if not run.instance.is_running or run.state is None:
            state = run.instance.state.value
            raise InvalidState(f"{run.instance.identifier} is {state}; only running instances can be moved.")
        before = by_hand.tokens(run.app.definition, run.state)
        moved = by_hand.move(
            run.app.definition,
            run.state,
            wanted,
            now=run.now,
            values=await run.known_values(),
            new_token=run.new_token,
        )
        if not isinstance(moved, Step):
            raise InvalidValues(
                [FieldFault(field=one.element or "cancel", code=one.code, message=one.message) for one in moved]
            )
        await _write_events(run, wanted, before, why)
        await record(run, moved)
        after = by_hand.tokens(run.app.definition, moved.state)
        await _close_incidents(run, before, after)
    return after


async def complete(
    context: Context,
    actor: Actor,
    instance_id: InstanceId,
    task_id: TaskId,
    given: Submission,
    *,
    reason: str,
    outcome: str | None = None,
    expected: int | None = None,
) -> Result:
    """Complete a task in somebody's place; its event says in whose, and why.

    Raises:
        NotFound, Forbidden: there is no such task of the instance, or the actor does not manage the app.
        InvalidValues: there is no reason, or a value, an upload or the outcome is refused; nothing was saved.
        PreconditionFailed: it is no longer at the revision `expected`.
        InvalidState: it is closed.
        EngineStopped: the process cannot go on; nothing was saved, and an incident tells why.
    """
    await _require_manager(context, actor, instance_id)
    why = _checked(reason)
    async with open_task(context, actor, task_id, expected, named=given.possible_numbers) as (run, task):
        if task.instance_id != instance_id:
            raise NotFound("task", task_id)
        await access.require_instance_right(run.tx, actor, run.app, run.instance, Right.MANAGE)
        data = {"by_hand": True, "holder": task.holder_id, "reason": why}
        closed = await complete_open(run, task, given, outcome, data)
        next_one = following(run)
    return result(run, task=closed, next_task=next_one.task)


async def _require_manager(context: Context, actor: Actor, instance_id: InstanceId) -> None:
    """Pass only those who manage the app of an instance, before anything of what they ask for is looked at.

    Raises:
        NotFound, Forbidden: there is no such instance, or the actor does not manage its app.
    """
    async with context.database.read() as tx:
        instance = await rows.instance(tx, actor.account_id, instance_id)
        if instance is None:
            raise NotFound("instance", instance_id)
        app = await context.apps.version(tx, actor.account_id, instance.version_id)
        await access.require_instance_right(tx, actor, app, instance, Right.MANAGE)


def _checked(reason: str) -> str:
    """Return a reason.

    Raises:
        InvalidValues: it says nothing, or too much, or has control characters.
    """
    text = reason.strip()
    refuse_control("reason", text)
    if text and len(text) <= MAX_REASON_CHARS:
        return text
    message = f"Say why, in 1 to {MAX_REASON_CHARS} characters; the history shows it."
    raise InvalidValues([FieldFault(field="reason", code="too_long" if text else "required", message=message)])


async def _write_events(run: Run, wanted: HandMove, before: Sequence[Standing], why: str) -> None:
    known = {one.number: one for one in before}
    for number in dict.fromkeys(wanted.cancel):
        data = {"token": number, "element": known[number].element, "name": known[number].name, "reason": why}
        await run.event("token.cancelled", data=data)
    process = run.app.definition.process
    for one in wanted.start:
        flow = process.flows.get(one.place)
        node = process.nodes[one.place if flow is None else flow.target]
        over = {} if flow is None else {"flow": flow.id}
        within = {} if one.within is None else {"within": one.within}
        await run.event("token.started", data={"element": node.id, "name": node.label, **over, **within, "reason": why})


async def _close_incidents(run: Run, before: Sequence[Standing], after: Sequence[Standing]) -> None:
    """Close the incidents of what no longer waits."""
    if not run.has_incidents:
        return
    left = {one.key for one in after}
    for one in before:
        if one.key is not None and one.key not in left:
            await wait_rows.close_incidents(run.tx, run.instance.account_id, run.instance.id, one.key, run.now)
