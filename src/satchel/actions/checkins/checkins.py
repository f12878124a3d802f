"""Check-ins: somebody was somewhere, with a comment, images, and perhaps a form that they filled in (ADR 0017).

A check-in is an instance of the account's app for them (`checkin_app`), which is deployed when it is first needed; its
images are files of that instance. A form for a check-in is the form of the first task of another app: that app is
started when the form is asked for, and its task is completed in the transaction of the check-in. A form that is never
handed in goes with its instance and its uploads (`end_forgotten`).
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal

from satchel.actions import access
from satchel.actions.apps import deploying
from satchel.actions.checkins.app import (
    ADDRESS,
    BUNDLE,
    CODE,
    IMAGES,
    LATITUDE,
    LONGITUDE,
    NOTE,
    PERSON,
    PRECISION,
    is_for_checkins,
)
from satchel.actions.context import Context
from satchel.actions.identity import users
from satchel.actions.instances import claims, lifecycle, tasks
from satchel.actions.instances.forms import Submission
from satchel.actions.instances.ledger import Ledger
from satchel.actions.instances.run import Run, load
from satchel.actions.instances.starting import create
from satchel.actions.instances.submitting import Fill, submit_form_in
from satchel.actions.lists import tasks as task_lists
from satchel.db import apps as app_rows
from satchel.db import checkins as rows
from satchel.db import files as file_rows
from satchel.db.apps import AppRow
from satchel.db.checkins import CheckInRow
from satchel.model.actor import Actor, Right, system
from satchel.model.errors import Conflict, InvalidState, NotFound
from satchel.model.files import File, FileKind
from satchel.model.ids import AccountId, AppId, InstanceId, TaskId, UserId
from satchel.model.instance import Task
from satchel.model.search.conditions import Condition, Equals

AT_ONCE = 500
"""How many forgotten forms one sweep takes away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """Where somebody was: degrees, and how many metres that may be wrong."""

    latitude: Decimal
    longitude: Decimal
    address: str | None = None
    precision: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckInForm:
    """A form that comes with a check-in: its task, and how what was filled in is read."""

    task: TaskId
    fill: Fill


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckIn:
    """A check-in as it is shown, with its stored files."""

    row: CheckInRow
    files: Sequence[File]


async def require_may(context: Context, actor: Actor) -> None:
    """Pass those who may check in; the account has its app for check-ins from then on.

    Raises:
        NotFound, Forbidden: the actor lacks the right `start` for that app.
        InvalidState: the account has an app of its code that is none for check-ins.
    """
    await _startable(context, actor)


async def _startable(context: Context, actor: Actor) -> AppRow:
    found = await _app(context, actor)
    if found is None:
        if actor.apps_with(Right.START) is not None:
            raise NotFound("app", CODE)
        with suppress(Conflict):  # somebody else was faster
            await deploying.deploy_new(context, system(actor.account_id), BUNDLE)
        found = await _app(context, actor)
    if found is None:
        raise NotFound("app", CODE)
    access.require_right(actor, Right.START, found.id, CODE)
    return found


async def _app(context: Context, actor: Actor) -> AppRow | None:
    async with context.database.read() as tx:
        found = await app_rows.app_by_code(tx, actor.account_id, CODE)
        if found is None or found.version_id is None:
            return None
        app = await context.apps.version(tx, actor.account_id, found.version_id)
    if not is_for_checkins(app.manifest):
        raise InvalidState(f"The app {CODE} of this account lacks the fields of check-ins. Deploy it with them.")
    return found


async def create_form(context: Context, actor: Actor, app_id: AppId, person: UserId) -> TaskId:
    """Start an app for a form that somebody will hand in with a check-in; return the task whose form it is.

    Raises:
        NotFound, Forbidden: the actor may not start the app or give its task to them, or it has no task.
        InvalidValues: its start form wants values.
        EngineStopped: the process cannot take its first steps.
    """
    await users.require_active(context, actor, [person])

    async def note(run: Run, task: Task) -> None:
        await rows.insert_form(run.tx, actor.account_id, task.id, run.now)

    return await task_lists.start_for(context, actor, app_id, Submission(), holder=person, then=note)


async def require_waiting(context: Context, task: TaskId, actor: Actor) -> None:
    """Pass only where a task's form waits for its check-in; that the actor may fill it in is asked elsewhere.

    Raises:
        NotFound: it does not.
    """
    async with context.database.read() as tx:
        if not await rows.is_waiting(tx, actor.account_id, task):
            raise NotFound("form for a check-in", task)


async def check_in(
    context: Context,
    actor: Actor,
    person: UserId,
    place: Location,
    *,
    note: str | None = None,
    images: Sequence[int] = (),
    form: CheckInForm | None = None,
) -> InstanceId:
    """Check somebody in; all of it or nothing.

    Args:
        person: who was there: the actor, or anybody for whom the actor has the right `manage` of the app.
        images: uploads that the actor made by `ask_image`.

    Raises:
        NotFound, Forbidden: the actor may not check in, or not for them; there is no such form of theirs.
        InvalidState: the form was handed in, or its task ended; or as `require_may`.
        InvalidValues: a value of the form, or an image, is refused.
        EngineStopped: the form's process cannot go on.
    """
    app = await _startable(context, actor)
    if person != actor.user_id and not actor.may(Right.MANAGE, app.id):
        raise NotFound("user", person)  # who checks in nobody else need not know who there is
    await users.require_active(context, actor, [person])
    given = _submission(person, place, note, images)
    if form is None:
        return (await lifecycle.start(context, actor, CODE, given)).instance.id
    async with tasks.open_task(context, actor, form.task) as (run, task):
        return await _with_form(run, task, form.fill, person, given)


def _submission(person: UserId, place: Location, note: str | None, images: Sequence[int]) -> Submission:
    said: dict[str, object] = {
        PERSON: int(person),
        LATITUDE: format(place.latitude, "f"),
        LONGITUDE: format(place.longitude, "f"),
        ADDRESS: place.address or None,
        PRECISION: place.precision,
        NOTE: note or None,
        IMAGES: list(images),
    }
    return Submission(values={field: value for field, value in said.items() if value is not None})


async def _with_form(run: Run, task: Task, fill: Fill, person: UserId, given: Submission) -> InstanceId:
    """Hand a form in and start its check-in in the same transaction, with the uploads of both locked at once."""
    account = task.account_id
    if task.holder_id != person or not await rows.is_waiting(run.tx, account, task.id):
        raise NotFound("form for a check-in", task.id)
    if not run.actor.may(Right.MODIFY, task.app_id):
        access.require_holder(run.actor, task)
    app = await run.context.apps.newest(run.tx, account, CODE)
    if (row := await app_rows.app_by_code(run.tx, account, CODE)) is not None:
        access.require_in_service(row)
    form = access.form_of(run.app, task)
    filled = fill(run.app.manifest.fields, form)
    named = [*filled.numbers(run.app.manifest.fields), *given.numbers(app.manifest.fields)]
    uploads = await claims.lock_named(run.tx, account, named, run.instance.id, with_start=True)
    completes = not form.outcomes
    await submit_form_in(run, task, filled, uploads, completes=completes)
    if completes:
        await tasks.complete_in(run, task, None)
    checkin = await create(run.context, run.tx, run.actor, app, run.ledger)
    await lifecycle.start_created(checkin, given, uploads)
    await rows.submit_form(run.tx, account, task.id, checkin.instance.id)
    return checkin.instance.id


async def read(context: Context, actor: Actor, number: InstanceId) -> CheckIn:
    """Return a check-in that the actor may view.

    Raises:
        NotFound: there is none for them.
    """
    found, _ = await listed(context, actor, [Equals(column="id", values=[Decimal(number)])], limit=1)
    if not found:
        raise NotFound("check-in", number)
    return found[0]


async def listed(
    context: Context,
    actor: Actor,
    conditions: Sequence[Condition],
    *,
    sorts: Sequence[tuple[str, bool]] = (),
    offset: int = 0,
    limit: int,
) -> tuple[list[CheckIn], int]:
    """Return a page of the check-ins that the actor may view, and how many there are in all.

    Args:
        sorts: names of `satchel.db.checkins.COLUMNS`, and whether each descends.
    """
    app = await _app(context, actor)
    if app is None or not actor.may(Right.VIEW, app.id):
        return [], 0
    async with context.database.read() as tx:
        found = await rows.listed(tx, actor.account_id, app.id, conditions, sorts=sorts, offset=offset, limit=limit)
        count = await rows.counted(tx, actor.account_id, app.id, conditions)
        files = await file_rows.files_of_instances(tx, actor.account_id, [row.id for row in found])
    stored = [file for file in files if file.kind is FileKind.STORED]
    shown = [CheckIn(row=row, files=[file for file in stored if file.instance_id == row.id]) for row in found]
    return shown, count


async def form_of(context: Context, actor: Actor, number: InstanceId) -> TaskId:
    """Return the task whose form was handed in with a check-in.

    Raises:
        NotFound: there is no such check-in for the actor, or it has no form.
    """
    found = await read(context, actor, number)
    if found.row.form_id is None:
        raise NotFound("form of check-in", number)
    return found.row.form_id


async def checkin_of(context: Context, task: Task) -> InstanceId | None:
    """Return the check-in that a task's form was handed in with; the caller has checked that the task may be seen."""
    async with context.database.read() as tx:
        return await rows.checkin_of(tx, task.account_id, task.id)


async def delete(context: Context, actor: Actor, numbers: Sequence[InstanceId]) -> None:
    """Delete check-ins with their images, and the instances of their forms; all of them or none.

    Raises:
        NotFound: one is no check-in that the actor may know of.
        Forbidden: the actor lacks the right `delete` for it or its form.
    """
    app = await _app(context, actor)
    async with context.database.write() as tx:
        forms = await rows.forms_of(tx, actor.account_id, numbers)
        ledger = Ledger()
        for number in sorted({*numbers, *forms}):
            run = await load(context, tx, actor, number, ledger)
            if app is None or (number in numbers and run.instance.app_id != app.id):
                raise NotFound("check-in", number)
            await lifecycle.delete_in(run)
        await ledger.settle(context, tx, actor)


async def end_forgotten(context: Context) -> int:
    """Delete the instances of forms that no check-in came for in time; return how many forms there were.

    One whose task was done all the same, by other ways, is an ordinary instance from then on.
    """
    now, backoff = context.clock(), context.backoff
    async with context.database.read() as tx:
        paused = backoff.paused("forgotten form", now)
        due = await rows.forgotten(tx, now - context.policy.start_upload_lifetime, AT_ONCE, paused)

    async def end(known: tuple[AccountId, TaskId]) -> None:
        account, task_id = known
        try:
            async with tasks.open_task(context, system(account), task_id) as (run, _):
                if await rows.is_waiting(run.tx, account, task_id):
                    await lifecycle.delete_in(run)
        except (InvalidState, NotFound):
            async with context.database.write() as tx:
                await rows.drop_form(tx, account, task_id)

    await backoff.each("forgotten form", due, end, key=lambda it: it[1], clock=context.clock)
    return len(due)
