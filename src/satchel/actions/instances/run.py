"""The working set of one change: a locked instance, its values and files, and what the transaction owes at its end.

`change` is how every change of an existing instance begins: it locks the instance's row first (the lock order of
architecture §2), yields a `Run`, and saves it. What a run owes (bytes to the quota, jobs to the queue, one event) is
kept in its ledger and settled last, the quota's row at the very end.
"""

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from satchel.actions.context import Context
from satchel.actions.history import write_event
from satchel.actions.instances.incidents import note_stop
from satchel.actions.instances.ledger import Ledger
from satchel.actions.instances.notifications import Notification, webhook_event_of
from satchel.actions.instances.search_columns import searched
from satchel.actions.loading import LoadedApp
from satchel.db import files as file_rows
from satchel.db import instances as rows
from satchel.db import working_set
from satchel.db.pool import Writer
from satchel.db.trips import Later
from satchel.db.working_set import WorkingSet
from satchel.model.actor import Actor
from satchel.model.errors import EngineStopped, NotFound, PreconditionFailed
from satchel.model.files import File
from satchel.model.ids import FieldId, FileId, InstanceId, TaskId, TokenId, UserId, uuid7
from satchel.model.instance import Instance, InstanceState, Task
from satchel.model.submitted_forms import SubmittedForm
from satchel.model.template import render_title
from satchel.model.uploads import Upload
from satchel.model.values import typed_values

TAB_FILES = 100
"""A larger attachments tab is read only by a change that needs it: adding one more file to 10,000 does not."""


@dataclass(slots=True, kw_only=True)
class Run:
    """One locked instance within one transaction; mutable, and gone with it.

    Attributes:
        values: canonical JSON by field id.
        files: the instance's files that are not deleted; those of a large attachments tab only where `files_of_tab` was
            asked for them.
        has_tab: whether all files of the attachments tab are among them.
        state: the engine's state; None before the start.
        starter_name: of the user who started it; empty where nobody did.
        task: the one that the change is about, as it was when the instance was locked; None where there is none.
        named: the numbers named beforehand, which may be those of uploads.
        uploads: those of `named` for this instance, and all of it that have not ended; locked. None where none were
            named.
        saved: the instance as it is in the database, or as what was put off will make it.
        insert: the statement that creates it; None where it was there before.
        is_touched: whether something of it changed that is not in its row, such as a file.
        has_uploads, has_incidents, has_webhooks: whether tickets for it may be open; incidents of it; and whether its
            app may have webhooks that are active.
        open_tasks: the engine's tokens of the tasks that are open since its last step; None where this run made none.
    """

    context: Context
    tx: Writer
    actor: Actor
    app: LoadedApp
    instance: Instance
    now: datetime
    values: dict[str, object]
    files: list[File]
    state: bytes | None
    ledger: Ledger
    starter_name: str
    saved: Instance
    saved_state: bytes | None = None
    loaded_files: frozenset[tuple[FileId, FieldId | None, str]] = frozenset()
    has_tab: bool = True
    task: Task | None = None
    named: frozenset[int] = frozenset()
    uploads: list[Upload] | None = None
    insert: Later[int] | None = None
    is_touched: bool = False
    has_uploads: bool = True
    has_incidents: bool = True
    has_webhooks: bool = True
    is_deleted: bool = False
    open_tasks: frozenset[TokenId] | None = None

    def has_changes(self) -> bool:
        """Return whether values or files are others than when the instance was loaded, or saved last."""
        return self.values != self.saved.values or _places(self.files) != self.loaded_files

    def files_in(self, field_id: FieldId) -> list[File]:
        """Return the files of a field in order."""
        return [file for file in self.files if file.field_id == field_id]

    async def files_at(self, place: FieldId | None) -> list[File]:
        """Return the files of a field (None: the attachments tab) in order."""
        return await self.files_of_tab() if place is None else self.files_in(place)

    async def files_of_tab(self, *, by: UserId | None = None) -> list[File]:
        """Return the files of the attachments tab in order; `by`: only those that a user added."""
        account, instance = self.instance.account_id, self.instance.id
        if not self.has_tab and by is not None:
            return await file_rows.files_of_tab(self.tx, account, instance, by=by)
        if not self.has_tab:
            known = {file.id for file in self.files}
            loaded = await file_rows.files_of_tab(self.tx, account, instance)
            older = [file for file in loaded if file.id not in known]
            self.add_files(older)
            self.loaded_files |= _places(older)
            self.has_tab = True
        tab = [file for file in self.files if file.field_id is None]
        return tab if by is None else [file for file in tab if file.created_by == by]

    def add_files(self, files: Sequence[File]) -> None:
        """Note files that stand in the instance from now on."""
        if files:
            self.files = _in_order([*self.files, *files])

    def forget_files(self, numbers: Collection[FileId]) -> None:
        """Note that files do not stand in the instance any more."""
        if numbers:
            self.files = [file for file in self.files if file.id not in numbers]

    def move_files(self, positions: Mapping[FileId, int]) -> None:
        """Note other positions of files."""
        if positions:
            moved = [replace(file, position=positions.get(file.id, file.position)) for file in self.files]
            self.files = _in_order(moved)

    async def read_files(self) -> None:
        """Read the files again, after a change that was made past this run."""
        account, instance = self.instance.account_id, self.instance.id
        self.files, self.has_tab = await self.tx.ask(file_rows.to_change(account, instance, tab_at_most=TAB_FILES))

    def files_of(self, numbers: Sequence[FileId]) -> list[File]:
        """Return the files with these numbers, in the order of their places."""
        return [file for file in self.files if file.id in numbers]

    def new_uuid(self) -> UUID:
        """Return a fresh UUID."""
        return uuid7(self.now, self.context.entropy)

    def new_token(self) -> TokenId:
        """Return a fresh name for a visit of the engine to an element."""
        return TokenId(self.context.entropy(9).hex())

    async def known_values(self) -> dict[str, object]:
        """Return what expressions and templates see: typed values, file names by file field, the built-in names."""
        typed = typed_values(self.app.manifest.fields, self.values)
        values: dict[str, object] = {str(name): value for name, value in typed.items()}
        for file_field in self.app.file_fields:
            values[file_field.id] = [file.name for file in self.files_in(file_field.id)]
        values.update(
            identifier=self.instance.identifier,
            instance_id=self.instance.id,
            title=self.instance.title,
            starter=self.starter_name,
            started_at=self.instance.started_at,
            app=self.app.manifest.code,
        )
        return values

    async def event(
        self,
        kind: str,
        *,
        task: TaskId | None = None,
        file: FileId | None = None,
        data: Mapping[str, object] | None = None,
        submitted: SubmittedForm | None = None,
    ) -> None:
        """Write a line of this instance's history, and remember the webhooks to notify of it.

        Args:
            submitted: the form that was submitted by it (`forms.as_submitted`).
        """
        self.is_touched |= kind.startswith("file.")
        happening = webhook_event_of(kind, task, self.has_changes) if self.has_webhooks else None
        recorded = await write_event(
            self.tx,
            self.context,
            self.actor,
            kind,
            data,
            instance=self.instance.id,
            task=task,
            file=file,
            submitted=submitted,
            told_as=None if happening is None else (self.app.app_id, happening.value),
        )
        if happening is not None and recorded is not None:
            notification = Notification(
                happening=happening,
                recorded=recorded,
                kind=kind,
                at=self.now,
                user_id=self.actor.user_id,
                task_id=task,
                instance_id=self.instance.id,
            )
            self.ledger.notifications.append(notification)

    async def save(self) -> None:
        """Write the instance's row with its title and search columns, and the engine's state if it moved.

        An instance of which nothing changed keeps its row and its revision.
        """
        is_new = self.insert is not None and not self.insert.is_sent
        if not is_new and not self._has_moved():
            return
        title = render_title(self.app.title, await self.known_values()) or self.instance.identifier
        revision = self.saved.revision + (0 if is_new else 1)
        self.instance = replace(self.instance, title=title, values=dict(self.values), revision=revision)
        found_by = searched(self.app, title, self.values)
        if self.insert is None or not self.insert.amend(
            rows.insert_instance(self.instance, engine_state=self.state, searched=found_by)
        ):
            moved = None if self.state == self.saved_state else self.state
            rows.save_instance(self.tx, self.instance, engine_state=moved, searched=found_by)
        self.saved, self.saved_state = self.instance, self.state
        self.loaded_files, self.is_touched = _places(self.files), False
        self.ledger.made.saved(self.instance)

    def _has_moved(self) -> bool:
        """Return whether anything that belongs to the instance changed since it was loaded, or saved last."""
        now, before = self.instance, self.saved
        is_same = (now.state, now.ended_at, self.state) == (before.state, before.ended_at, self.saved_state)
        return self.is_touched or not is_same or self.has_changes()

    def close(self, state: InstanceState) -> None:
        """Make the instance ended, cancelled or failed."""
        self.instance = replace(self.instance, state=state, ended_at=self.now)


def _in_order(files: Sequence[File]) -> list[File]:
    """Return files by field (the attachments tab last) and position."""
    return sorted(files, key=lambda file: (file.field_id is None, file.field_id or "", file.position, file.id))


def _places(files: Sequence[File]) -> frozenset[tuple[FileId, FieldId | None, str]]:
    return frozenset((file.id, file.field_id, file.name) for file in files)


async def load(context: Context, tx: Writer, actor: Actor, instance_id: InstanceId, ledger: Ledger) -> Run:
    """Lock an instance and return it as a run.

    Raises:
        NotFound: the account has no such instance.
    """
    run = await load_if_there(context, tx, actor, instance_id, ledger)
    if run is None:
        raise NotFound("instance", instance_id)
    return run


async def load_if_there(
    context: Context, tx: Writer, actor: Actor, instance_id: InstanceId, ledger: Ledger
) -> Run | None:
    """Lock an instance and return it as a run; None if the account has none, or it was deleted just now.

    For another instance than the one that a change is about: that one must not fail because the other is gone.
    """
    return await run_of(
        context, tx, actor, working_set.ask_for(tx, actor.account_id, instance_id, tab_at_most=TAB_FILES), ledger
    )


async def run_of(context: Context, tx: Writer, actor: Actor, asked: WorkingSet, ledger: Ledger) -> Run | None:
    """Return what was asked for as a run; None if there is no such instance."""
    await tx.trip()
    locked, about = asked.locked.result, asked.about.result
    if locked is None or about is None:
        return None
    instance, (files, has_tab) = locked.instance, asked.files.result
    app = await context.apps.version(tx, actor.account_id, instance.version_id)
    return Run(
        context=context,
        tx=tx,
        actor=actor,
        app=app,
        instance=instance,
        now=context.clock(),
        values=dict(instance.values),
        files=files,
        state=about.state,
        ledger=ledger,
        starter_name=locked.starter_name,
        saved=instance,
        saved_state=about.state,
        loaded_files=_places(files),
        has_tab=has_tab,
        task=None if asked.task is None else asked.task.result,
        named=asked.named,
        uploads=None if asked.uploads is None else asked.uploads.result,
        has_uploads=about.has_uploads,
        has_incidents=about.has_incidents,
        has_webhooks=about.has_webhooks,
    )


@asynccontextmanager
async def change(
    context: Context,
    actor: Actor,
    instance_id: InstanceId,
    *,
    token: TokenId | None = None,
    also: InstanceId | None = None,
    named: Sequence[int] = (),
    opens_incident: bool = True,
) -> AsyncGenerator[Run]:
    """Yield a locked instance for one change, save it, and settle what the change owes.

    When the engine stops, nothing of the change is kept, an incident is opened in a transaction of its own, and the
    error goes on to the caller.

    Args:
        token: the engine's token that the change is about, for the incident.
        also: another instance that the change will load; of two, the one with the smaller number is locked first.
        named: numbers that may be those of uploads that the change claims; they are locked with the instance.
        opens_incident: whether an incident is opened; False leaves that to the caller.

    Raises:
        NotFound: the account has no such instance.
        EngineStopped: the process cannot go on from here.
    """
    try:
        async with context.database.write() as tx:
            ledger = Ledger()
            if also is not None and also < instance_id:
                await rows.lock_instance(tx, actor.account_id, also)
            asked = working_set.ask_for(
                tx, actor.account_id, instance_id, named=possible_numbers(named), tab_at_most=TAB_FILES
            )
            run = await run_of(context, tx, actor, asked, ledger)
            if run is None:
                raise NotFound("instance", instance_id)
            yield run
            await finish(run)
    except EngineStopped as stopped:
        if opens_incident:
            await note_stop(context, actor, instance_id, token, stopped)
        raise


@asynccontextmanager
async def change_of_task(
    context: Context,
    actor: Actor,
    task_id: TaskId,
    *,
    named: Sequence[int] = (),
    opens_incident: bool = True,
) -> AsyncGenerator[Run]:
    """Yield the locked instance of a task for one change, as `change` does; `Run.task` is there.

    Raises:
        NotFound: the account has no such task.
        EngineStopped: the process cannot go on from here.
    """
    run: Run | None = None
    try:
        async with context.database.write() as tx:
            asked = working_set.ask_for(
                tx, actor.account_id, None, task=task_id, named=possible_numbers(named), tab_at_most=TAB_FILES
            )
            run = await run_of(context, tx, actor, asked, Ledger())
            if run is None or run.task is None:
                raise NotFound("task", task_id)
            yield run
            await finish(run)
    except EngineStopped as stopped:
        if opens_incident and run is not None and run.task is not None:
            await note_stop(context, actor, run.instance.id, run.task.token, stopped)
        raise


def possible_numbers(named: Sequence[int]) -> list[int]:
    """Return those of some numbers that can be those of uploads."""
    return [number for number in named if 0 < number < 2**63]


async def finish(run: Run) -> None:
    """Save a run and settle what it owes: the end of a change."""
    if not run.is_deleted:
        await run.save()
    await run.ledger.settle(run.context, run.tx, run.actor)


def check_revision(what: str, current: int, expected: int | None) -> None:
    """Refuse a change that was made for another revision; None means that any will do.

    Raises:
        PreconditionFailed: the thing changed meanwhile.
    """
    if expected is not None and expected != current:
        raise PreconditionFailed(what, str(current))
