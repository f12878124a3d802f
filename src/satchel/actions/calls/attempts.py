"""Does service tasks by itself: attempts, what follows from their failure, and the record of both.

An attempt begins in a transaction that writes its row, works, and ends in another one that checks under the
instance's lock that the attempt is still its own. A job that runs twice, or comes late, changes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from satchel.actions.calls import files, mail, rest
from satchel.actions.calls import instance as instance_tasks
from satchel.actions.calls import message as message_tasks
from satchel.actions.calls.users import ServiceJob
from satchel.actions.context import Context
from satchel.actions.history import write_event
from satchel.actions.identity import environment
from satchel.actions.instances.advance import advance
from satchel.actions.instances.run import Run, change
from satchel.db import calls as rows
from satchel.db import instances as instance_rows
from satchel.db import waits as wait_rows
from satchel.engine.command import SERVICE_FAILED, FailJob, FinishJob
from satchel.model.actor import Actor, system
from satchel.model.app import Service
from satchel.model.errors import Busy, EngineStopped, InvalidValues, NotFound, OverQuota, SatchelError, Unavailable
from satchel.model.ids import AccountId, JobId
from satchel.model.instance import ServiceCall
from satchel.model.notifications import NotificationKind
from satchel.model.services import FilesTask, InstanceTask, MailTask, MessageTask, OnFailure, RestTask
from satchel.outbound.failure import CallFailed
from satchel.queue.enqueue import PERFORM_CALL

AT_ONCE = 100
"""How many due attempts one tick enqueues."""

_RUN_BYTES = 12
_TEMPORARY = (Busy, Unavailable, OverQuota)


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedAttempt:
    """An attempt that has begun.

    Attributes:
        run: names the job that makes it.
    """

    actor: Actor
    call: ServiceCall
    service: Service
    number: int
    run: str


async def enqueue_due(context: Context) -> int:
    """Enqueue the attempts whose pause is over, in all accounts, and return how many there were."""
    now, backoff = context.clock(), context.backoff
    async with context.database.read() as tx:
        due = await rows.due_calls(tx, now, AT_ONCE, backoff.paused("call", now))

    async def enqueue(known: ServiceCall) -> None:
        async with context.database.write() as tx:
            if await instance_rows.lock_instance(tx, known.account_id, known.instance_id) is None:
                return
            call = await rows.call(tx, known.account_id, known.id)
            if call is None or call.state != "waiting" or call.due_at is None or call.due_at > now:
                return
            await rows.set_due(tx, call.account_id, call.id, None)
            arguments = {"account": call.account_id, "call": call.id, "attempt": call.attempt + 1}
            await context.queue.enqueue(tx, PERFORM_CALL, arguments)

    await backoff.each("call", due, enqueue, key=lambda it: it.id, clock=context.clock)
    return len(due)


async def perform(context: Context, account: AccountId, call_id: JobId, attempt: int) -> None:
    """Make one attempt of a service task, or take over the one of a worker that died.

    Does nothing if that attempt has ended, so that it may be repeated.
    """
    begun = await _begin(context, account, call_id, attempt)
    if begun is None:
        return
    try:
        begun = replace(begun, service=await environment.filled_in(context, account, begun.service))
        await _work(context, begun)
    except EngineStopped as stopped:  # the incident is there by now
        await _record_failure(context, begun, stopped.reason, stopped.message)
    except SatchelError as error:
        await _failed(context, begun, error)
    except Exception as error:
        # A fault of ours is recorded as any failed attempt, so that nothing waits unseen; the queue logs it.
        name = type(error).__name__
        message = f"The server failed in a way that it did not foresee ({name}); its log says more."
        await _failed(context, begun, CallFailed("fault", message, is_temporary=True))
        raise


async def _begin(context: Context, account: AccountId, call_id: JobId, attempt: int) -> StartedAttempt | None:
    actor = system(account)
    async with context.database.read() as tx:
        known = await rows.call(tx, account, call_id)
    if known is None:
        return None
    async with context.database.write() as tx:
        instance = await instance_rows.lock_instance(tx, account, known.instance_id)
        call = await rows.call(tx, account, call_id)
        if instance is None or call is None or call.state != "waiting" or call.attempt not in (attempt - 1, attempt):
            return None
        if call.attempt == attempt:
            made = await rows.attempts(tx, account, call_id)
            if not made or made[-1].state != "running":
                return None
        used = instance.version_id if call.settings_version_id is None else call.settings_version_id
        app = await context.apps.version(tx, account, used)
        service = app.manifest.services.get(call.element)
        if service is None or service.task is None:
            return None
        run = context.entropy(_RUN_BYTES).hex()
        await rows.begin_attempt(tx, account, call_id, attempt, run=run, now=context.clock())
    return StartedAttempt(actor=actor, call=call, service=service, number=attempt, run=run)


async def _work(context: Context, begun: StartedAttempt) -> None:
    """Do what the task says; what reaches out does so before the instance is locked for the result."""
    task, call = begun.service.task, begun.call
    job = ServiceJob(
        actor=begun.actor,
        instance_id=call.instance_id,
        call_id=call.id,
        service=begun.service,
        version_id=call.settings_version_id,
    )
    other: instance_tasks.OtherInstance | None = None
    outcome: rest.RestResult | None = None
    details: dict[str, object] | None = None
    if isinstance(task, InstanceTask | MessageTask):
        other = await instance_tasks.other_instance(context, job, task)
    elif isinstance(task, RestTask):
        outcome = await rest.call(context, job, task)
        details = outcome.details
    elif isinstance(task, MailTask):
        details = await mail.send(context, job, task)
    also = other.instance_id if other is not None else None
    async with change(context, begun.actor, call.instance_id, token=call.token, also=also) as run:
        if not await _is_own(run, begun, details):
            return
        if isinstance(task, InstanceTask) and other is not None:
            details = await instance_tasks.perform(run, other, task, call.element)
        elif isinstance(task, MessageTask) and other is not None:
            details = await message_tasks.perform(run, other, task)
        elif isinstance(task, RestTask) and outcome is not None:
            details = await rest.save(run, task, outcome)
        elif isinstance(task, FilesTask):
            details = await files.perform(run, task)
        await _finish(run, begun, details or {})


async def _is_own(run: Run, begun: StartedAttempt, details: Mapping[str, object] | None = None) -> bool:
    """Return whether the service task still waits for this attempt; what came too late is only noted."""
    account, call_id = run.instance.account_id, begun.call.id
    call = await rows.call(run.tx, account, call_id)
    if call is not None and call.state == "waiting" and call.attempt == begun.number:
        made = await rows.attempts(run.tx, account, call_id)
        if made and made[-1].run == begun.run and made[-1].state == "running":
            return True
    await rows.end_attempt(run.tx, account, call_id, begun.run, state="dropped", now=run.now, details=details)
    return False


async def _finish(run: Run, begun: StartedAttempt, details: dict[str, object]) -> None:
    account, call = run.instance.account_id, begun.call
    await rows.end_attempt(run.tx, account, call.id, begun.run, state="done", now=run.now, details=details)
    said = {name: value for name, value in details.items() if name != "request"}  # which is the attempt's alone
    await run.event("service.finished", data={"call": call.id, "element": call.element, **said})
    await rows.close_call(run.tx, account, call.instance_id, call.token, state="done", now=run.now)
    await advance(run, FinishJob(token=call.token))


async def _failed(context: Context, begun: StartedAttempt, error: SatchelError) -> None:
    """Record a failed attempt; have it made again after a pause, or do what the app says of failure for good."""
    retry, call = begun.service.retry, begun.call
    try:
        async with change(context, begun.actor, call.instance_id, token=call.token) as run:
            if not await _is_own(run, begun):
                return
            failed = begun.number - call.counted_from
            due_at = run.now + _pause(begun, error)
            is_last = failed >= retry.attempts or due_at > call.counted_since + retry.deadline
            await _end_failed(run, begun, error, _message(error))
            if _may_succeed_later(error) and not is_last:
                await rows.set_due(run.tx, call.account_id, call.id, due_at)
                return
            await _give_up(run, begun, error)
    except NotFound:
        return
    except EngineStopped as stopped:  # the incident is there by now
        await _record_failure(context, begun, stopped.reason, stopped.message)
    except (Busy, Unavailable):
        raise  # nothing could be written: the queue repeats the job
    except SatchelError as hindrance:
        await _stop(context, begun, error, hindrance.code, _message(hindrance))
    except Exception as hindrance:
        # As in `perform`: else the queue would repeat the job, and with it the call, for ever.
        await _stop(context, begun, error, "fault", f"The server failed ({type(hindrance).__name__}).")
        raise


async def _end_failed(run: Run, begun: StartedAttempt, error: SatchelError, message: str) -> None:
    await rows.end_attempt(
        run.tx,
        run.instance.account_id,
        begun.call.id,
        begun.run,
        state="failed",
        now=run.now,
        reason=_reason(error),
        message=message,
        details=error.members if isinstance(error, CallFailed) else None,
    )


def _pause(begun: StartedAttempt, error: SatchelError) -> timedelta:
    """Return how long to wait for the next attempt: as the app says, and at least as long as the other side asks."""
    pause = begun.service.retry.next_pause(begun.number - begun.call.counted_from)
    asked = error.retry_after_s if isinstance(error, CallFailed) else None
    return max(pause, timedelta(seconds=asked)) if asked is not None else pause


def _may_succeed_later(error: SatchelError) -> bool:
    return error.is_temporary if isinstance(error, CallFailed) else isinstance(error, _TEMPORARY)


def _reason(error: SatchelError) -> str:
    return error.reason if isinstance(error, CallFailed) else error.code


async def _give_up(run: Run, begun: StartedAttempt, error: SatchelError) -> None:
    call, how = begun.call, begun.service.on_failure
    if how is OnFailure.CONTINUE and begun.service.otherwise:
        try:
            await instance_tasks.set_from(run, run, begun.service.otherwise)
        except InvalidValues as refused:
            # Nothing was set: somebody has to choose a value, or fix the app.
            message = f"{_message(error)} What is set otherwise was refused: {_message(refused)}"
            await _open_incident(run, begun, "otherwise_refused", message)
            return
    if how is OnFailure.INCIDENT:
        await _open_incident(run, begun, _reason(error), _message(error))
        return
    data = {"call": call.id, "element": call.element, "code": _reason(error), "message": _message(error)}
    await run.event("service.failed", data=data)
    state = "failed" if how is OnFailure.ERROR else "done"
    await rows.close_call(
        run.tx, call.account_id, call.instance_id, call.token, state=state, now=run.now, error=_reason(error)
    )
    is_error = how is OnFailure.ERROR
    await advance(run, FailJob(token=call.token, code=SERVICE_FAILED) if is_error else FinishJob(token=call.token))


async def _stop(context: Context, begun: StartedAttempt, error: SatchelError, code: str, hindrance: str) -> None:
    """Open an incident for a task that gave up, where what its app says of that cannot be done either."""
    try:
        async with change(context, begun.actor, begun.call.instance_id, token=begun.call.token) as run:
            if not await _is_own(run, begun):
                return
            message = f"{_message(error)} The process cannot continue either: {hindrance}"
            await _end_failed(run, begun, error, message)
            await _open_incident(run, begun, code, message)
    except NotFound:
        return


async def _open_incident(run: Run, begun: StartedAttempt, code: str, message: str) -> None:
    call = begun.call
    await wait_rows.insert_incident(
        run.tx,
        call.account_id,
        call.instance_id,
        element=call.element,
        token=call.token,
        code=code,
        message=message,
        details={"call": call.id, "attempts": begun.number},
        now=run.now,
        channel=run.app.manifest.channel(NotificationKind.INCIDENT),
    )
    data = {"call": call.id, "element": call.element, "code": code, "message": message}
    await run.event("incident.opened", data=data)


async def _record_failure(context: Context, begun: StartedAttempt, reason: str, message: str) -> None:
    """Note that the process could not go on from an attempt whose work was rolled back."""
    async with context.database.write() as tx:
        call = begun.call
        if await instance_rows.lock_instance(tx, call.account_id, call.instance_id) is None:
            return
        await rows.end_attempt(
            tx,
            call.account_id,
            call.id,
            begun.run,
            state="failed",
            now=context.clock(),
            reason=reason,
            message=message,
        )
        data = {"call": call.id, "element": call.element, "code": reason}
        await write_event(tx, context, begun.actor, "service.stopped", data, instance=call.instance_id)


def _message(error: SatchelError) -> str:
    """Return what went wrong, with every field that refused something."""
    if isinstance(error, InvalidValues):
        return "; ".join([error.message, *(f"{fault.field}: {fault.message}" for fault in error.faults)])
    return error.message
