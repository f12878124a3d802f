"""Service tasks that are due, done by hand or by a program over the API; and incidents.

What service tasks do by themselves is the matter of `satchel.actions.calls.attempts`; here is how anybody with the
right `modify` sees which are waiting, hands in their result, or fails them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from satchel.actions import access
from satchel.actions.calls.newer_settings import (
    Retried,
    newer_app,
    require_fitting,
    used_by,
)
from satchel.actions.context import Context
from satchel.actions.instances import claims
from satchel.actions.instances.advance import advance
from satchel.actions.instances.claims import ClaimScope
from satchel.actions.instances.forms import Form, Submission, comment_in, submit
from satchel.actions.instances.run import Run, change
from satchel.db import calls as call_rows
from satchel.db import tasks as task_rows
from satchel.db import waits as rows
from satchel.engine.command import FailJob, FinishJob
from satchel.model.actor import Actor, Right
from satchel.model.app import Access
from satchel.model.errors import Forbidden, InvalidState, NotFound
from satchel.model.ids import IncidentId, InstanceId, JobId
from satchel.model.instance import Attempt, Incident, ServiceCall
from satchel.queue.enqueue import PERFORM_CALL, RETURN_CALL

MAX_ERROR_CODE_CHARS = 100


async def waiting(context: Context, actor: Actor, *, after: int, limit: int) -> Sequence[ServiceCall]:
    """Return a page of the service tasks that wait, of the apps that the actor may view, by id."""
    visible = actor.apps_with(Right.VIEW)
    async with context.database.read() as tx:
        return await call_rows.waiting_calls(
            tx, actor.account_id, apps=None if visible is None else sorted(visible), after=after, limit=limit
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord:
    """A service task with every attempt to do it, oldest first."""

    call: ServiceCall
    attempts: Sequence[Attempt]


async def record(context: Context, actor: Actor, call_id: JobId) -> CallRecord:
    """Return a service task and the attempts to do it.

    Raises:
        NotFound: there is none, or the actor may not view its instance; no other sight of an instance shows its calls.
    """
    call = await _call(context, actor, call_id)
    async with context.database.read() as tx:
        try:
            await access.viewable(tx, context.apps, actor, call.instance_id)
        except (NotFound, Forbidden):
            raise NotFound("service call", call_id) from None
        return CallRecord(call=call, attempts=await call_rows.attempts(tx, actor.account_id, call_id))


async def of_instance(context: Context, actor: Actor, instance_id: InstanceId) -> Sequence[ServiceCall]:
    """Return all service tasks of an instance that became due, oldest first.

    Raises:
        NotFound, Forbidden: the actor may not view the instance.
    """
    async with context.database.read() as tx:
        await access.viewable(tx, context.apps, actor, instance_id)
        return await call_rows.calls(tx, actor.account_id, instance_id)


async def finish(context: Context, actor: Actor, call_id: JobId, given: Submission) -> None:
    """Hand in the result of a service task and let the process go on.

    Raises:
        NotFound, Forbidden: the actor may not modify its instance.
        InvalidState: it does not wait any more; nothing was saved.
        InvalidValues: a value or an upload is refused; nothing was saved.
        EngineStopped: the process cannot go on; nothing was saved, and an incident tells why.
    """
    call = await _call(context, actor, call_id)
    async with change(context, actor, call.instance_id, token=call.token) as run:
        await _finish_in(run, await _still_waiting(run, actor, call), given)


async def _finish_in(run: Run, call: ServiceCall, given: Submission, *, past: IncidentId | None = None) -> None:
    """Save the result of a service task, and let the process continue; `past` is the incident that is skipped."""
    account, user = run.actor.account_id, run.actor.user_id
    service = run.app.manifest.services.get(call.element)
    inputs = service.inputs if service else ()
    form = Form(access=dict.fromkeys(inputs, Access.EDIT), scope=ClaimScope(instance=True))
    uploads = await claims.lock_named(run.tx, account, given.numbers(run.app.manifest.fields), run.instance.id)
    saved = await submit(run, form, given, uploads, complete=False)
    await comment_in(run, given.comment)
    skipped = {} if past is None else {"incident": past}
    await run.event("service.finished", data={"call": call.id, "element": call.element, **skipped, **saved.as_data()})
    await call_rows.close_call(run.tx, account, call.instance_id, call.token, state="done", now=run.now, by=user)
    await advance(run, FinishJob(token=call.token))


async def fail(context: Context, actor: Actor, call_id: JobId, code: str) -> None:
    """Say that a service task has failed: a boundary error event catches the code, or else its instance fails.

    Raises:
        NotFound, Forbidden, InvalidState, EngineStopped: as `finish`.
    """
    call = await _call(context, actor, call_id)
    async with change(context, actor, call.instance_id, token=call.token) as run:
        call = await _still_waiting(run, actor, call)
        error = code[:MAX_ERROR_CODE_CHARS]
        await run.event("service.failed", data={"call": call.id, "element": call.element, "code": error})
        await call_rows.close_call(
            run.tx,
            actor.account_id,
            call.instance_id,
            call.token,
            state="failed",
            now=run.now,
            by=actor.user_id,
            error=error,
        )
        await advance(run, FailJob(token=call.token, code=error))


async def _call(context: Context, actor: Actor, call_id: JobId) -> ServiceCall:
    async with context.database.read() as tx:
        call = await call_rows.call(tx, actor.account_id, call_id)
    if call is None:
        raise NotFound("service call", call_id)
    return call


async def _still_waiting(run: Run, actor: Actor, call: ServiceCall) -> ServiceCall:
    try:
        await access.require_instance_right(run.tx, actor, run.app, run.instance, Right.MODIFY)
    except NotFound:
        raise NotFound("service call", call.id) from None
    now = await call_rows.call(run.tx, actor.account_id, call.id)
    if now is None or now.state != "waiting":
        raise InvalidState(
            f"The service call {call.id} is {now.state if now else 'gone'}; it takes no result any more."
        )
    return now


async def incidents(
    context: Context, actor: Actor, *, instance_id: InstanceId | None, after: int, limit: int
) -> Sequence[Incident]:
    """Return a page of open incidents, of one instance or of all apps that the actor may view, by id."""
    visible = actor.apps_with(Right.VIEW)
    async with context.database.read() as tx:
        return await rows.incidents(
            tx,
            actor.account_id,
            instance_id=instance_id,
            apps=None if visible is None else sorted(visible),
            after=after,
            limit=limit,
        )


async def retry(context: Context, actor: Actor, incident_id: IncidentId, *, newest: bool = False) -> Retried:
    """Retry an incident's step, after its cause was fixed, and close it; return which settings that uses.

    `newest` uses the settings that the newest version of the app has for the service task, for it alone.

    A timer that stopped, or a task that was to fail for being late, is due again at once, and a called instance that
    has ended returns again. Where a person's own step stopped, its task is still open: closing the incident is all
    there is to do before they complete it again.

    Raises:
        NotFound, Forbidden: the actor may not modify its instance.
        InvalidState: it is closed already, or the newest settings do not fit the instance's version.
    """
    async with context.database.read() as tx:
        incident = await rows.incident(tx, actor.account_id, incident_id)
    if incident is None:
        raise NotFound("incident", incident_id)
    async with change(context, actor, incident.instance_id) as run:
        try:
            await access.require_instance_right(run.tx, actor, run.app, run.instance, Right.MODIFY)
        except NotFound:
            raise NotFound("incident", incident_id) from None
        await _require_open(run, incident_id)
        await rows.close_incident(run.tx, actor.account_id, incident_id, run.now)
        retried = await _choose_settings(run, incident, newest=newest)
        await _repeat(run, incident)
        data: dict[str, object] = {"incident": incident_id, "element": incident.element}
        if newest:
            data["settings"] = retried.version
        await run.event("incident.retried", data=data)
    return retried


async def _choose_settings(run: Run, incident: Incident, *, newest: bool) -> Retried:
    """Return which settings a retry uses, and have the newest used if they are wanted."""
    account = run.instance.account_id
    call = await call_rows.call_by_token(run.tx, account, run.instance.id, incident.token) if incident.token else None
    if call is None or call.state != "waiting":
        if newest:
            raise InvalidState(f"The incident {incident.id} is not one of a service task; there are no settings of it.")
        return Retried(version=None, newer=None)
    used = await used_by(run.context, run.tx, run.app, call)
    newer = await newer_app(run.context, run.tx, used, call)
    if newest and newer is not None:
        await require_fitting(run.tx, run.app, newer, call.element)
        await call_rows.use_settings(run.tx, account, call.id, newer.version_id)
        return Retried(version=newer.number, newer=None)
    return Retried(version=used.number, newer=None if newer is None else newer.number)


async def skip(context: Context, actor: Actor, incident_id: IncidentId, given: Submission) -> None:
    """Let the process go on past a service task that failed, with values and files set by hand instead of its result.

    Raises:
        NotFound, Forbidden, InvalidValues, EngineStopped: as `finish`.
        InvalidState: the incident is closed already, or is not one of a service task.
    """
    async with context.database.read() as tx:
        incident = await rows.incident(tx, actor.account_id, incident_id)
        call = (
            await call_rows.call_by_token(tx, actor.account_id, incident.instance_id, incident.token)
            if incident is not None and incident.token is not None
            else None
        )
    if incident is None:
        raise NotFound("incident", incident_id)
    if call is None or incident.closed_at is not None:
        async with context.database.read() as tx:
            try:
                await access.viewable(tx, context.apps, actor, incident.instance_id)
            except NotFound:
                raise NotFound("incident", incident_id) from None
        why = "is closed already" if call is not None else "is not one of a service task; retry it"
        raise InvalidState(f"The incident {incident_id} {why}.")
    async with change(context, actor, call.instance_id, token=call.token) as run:
        try:
            call = await _still_waiting(run, actor, call)
        except NotFound:
            raise NotFound("incident", incident_id) from None
        await _require_open(run, incident_id)
        await _finish_in(run, call, given, past=incident_id)


async def _require_open(run: Run, incident_id: IncidentId) -> None:
    """Require that an incident is open still, now that its instance is locked.

    Raises:
        InvalidState: somebody retried or skipped it meanwhile, or what it was about has ended.
    """
    incident = await rows.incident(run.tx, run.actor.account_id, incident_id)
    if incident is None or incident.closed_at is not None:
        raise InvalidState(f"The incident {incident_id} is closed already.")


async def _repeat(run: Run, incident: Incident) -> None:
    """Have what stopped without a person done again: it is found by the engine's token."""
    if incident.token is None:
        return
    account, instance = run.instance.account_id, run.instance.id
    for wait in await rows.waits(run.tx, account, instance):
        if wait.token != incident.token:
            continue
        if wait.kind == "timer":
            await rows.set_due(run.tx, account, instance, wait.token, run.now)
        elif wait.child_id is not None:
            run.ledger.enqueue(RETURN_CALL, instance=wait.child_id)
    call = await call_rows.call_by_token(run.tx, account, instance, incident.token)
    used = await used_by(run.context, run.tx, run.app, call) if call is not None else run.app
    service = used.manifest.services.get(call.element) if call is not None else None
    if call is not None and call.state == "waiting" and service is not None and service.task is not None:
        await call_rows.count_anew(run.tx, account, call.id, run.now)
        await call_rows.set_due(run.tx, account, call.id, None)
        run.ledger.enqueue(PERFORM_CALL, call=call.id, attempt=call.attempt + 1)
    task = await task_rows.task_by_token(run.tx, account, instance, incident.token)
    if task is not None and access.form_of(run.app, task).fail_when_late:
        await task_rows.set_failing(run.tx, account, task.id, task.due_at)
