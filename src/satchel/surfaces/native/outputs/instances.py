"""Instances and tasks."""

from msgspec import structs

from satchel.actions import allowed
from satchel.actions.access import form_of
from satchel.actions.instances.forms import Submission
from satchel.actions.instances.lifecycle import View
from satchel.actions.instances.results import InstanceSummary, Result
from satchel.actions.instances.tasks import TaskView
from satchel.actions.lists.search import Page
from satchel.actions.lists.work import WorkCounts, WorkItem, WorkPage
from satchel.db.events import Event
from satchel.model.actor import Actor
from satchel.model.api import files as file_api
from satchel.model.api import instances as api
from satchel.model.api.kinds import Timestamp
from satchel.model.ids import InstanceId
from satchel.model.instance import Instance, Task, Wait
from satchel.surfaces.native.outputs.apps import form
from satchel.surfaces.native.outputs.files import attachments, by_field, file


def instance(row: Instance) -> api.Instance:
    """Return what an instance is, without its values."""
    return api.Instance(
        id=row.id,
        identifier=row.identifier,
        title=row.title,
        state=row.state,
        uuid=str(row.uuid),
        app=row.identifier.rpartition("-")[0],
        app_id=row.app_id,
        starter=row.starter_id,
        started_at=Timestamp.of(row.started_at),
        ended_at=Timestamp.of_optional(row.ended_at),
        parent=row.parent_id,
        revision=row.revision,
    )


def view(seen: View, actor: Actor) -> api.InstanceView:
    """Return an instance with what its reader may see of its values, files, tasks and waits, and do with it."""
    may = allowed.of_files(actor, seen.app, seen.instance, seen.tasks)
    return api.InstanceView(
        **structs.asdict(instance(seen.instance)),
        sight=seen.sight.kind,
        version=seen.app.number,
        values=seen.values,
        files=by_field(seen.app, seen.files, may),
        attachments=attachments(seen.files, may),
        tasks=[task(found, actor) for found in seen.tasks],
        waits=[_wait(found) for found in seen.waits],
        may=allowed.of_instance(actor, seen.instance, seen.tasks),
    )


def _wait(row: Wait) -> api.Wait:
    return api.Wait(kind=row.kind, element=row.element, name=row.name, due_at=Timestamp.of_optional(row.due_at))


def found(page: Page, *, with_count: bool, with_files: bool) -> api.FoundInstances:
    """Return a page of a search."""
    held: dict[InstanceId, list[file_api.File]] = {}
    for one in page.files if with_files else ():
        held.setdefault(one.instance_id, []).append(file(one))
    rows = [
        api.FoundInstance(
            **structs.asdict(instance(row)),
            values=row.values,
            files=held.get(row.id, []) if with_files else (),
        )
        for row in page.instances
    ]
    return api.FoundInstances(
        items=rows,
        next=page.cursor,
        total=api.Total(value=page.count or 0, exact=page.count_is_exact) if with_count else None,
        window=None if page.window is None else page.window,
    )


def task(row: Task, actor: Actor) -> api.Task:
    """Return what a task is, without its form, and what somebody may do with it."""
    return api.Task(
        id=row.id,
        instance=row.instance_id,
        element=row.element,
        name=row.name,
        state=row.state,
        holder=row.holder_id,
        in_place_of=row.in_place_of,
        group=row.group_id,
        due_at=Timestamp.of_optional(row.due_at),
        opened_at=Timestamp.of(row.opened_at),
        closed_at=Timestamp.of_optional(row.closed_at),
        closed_by=row.closed_by,
        outcome=row.outcome,
        variables=row.variables,
        revision=row.revision,
        may=allowed.of_task(actor, row),
    )


def work_items(page: WorkPage, actor: Actor) -> api.WorkItems:
    """Return a page of a work list."""
    count = page.count
    return api.WorkItems(
        items=[_work_item(item, actor) for item in page.items],
        next=page.cursor,
        total=None if count is None else api.Total(value=count[0], exact=count[1]),
    )


def _work_item(item: WorkItem, actor: Actor) -> api.WorkItem:
    row = item.row
    return api.WorkItem(
        **structs.asdict(task(row.task, actor)),
        identifier=row.identifier,
        title=row.title,
        app=row.app_code,
        app_name=row.app_name,
        version=row.version,
        starter=row.starter_id,
        starter_name=row.starter_name,
        holder_name=row.holder_name,
        group_name=row.group_name,
        files=item.files,
        overdue=item.is_overdue,
    )


def task_counts(found: WorkCounts) -> api.TaskCounts:
    """Return how many tasks wait for a person."""
    return api.TaskCounts(mine=found.mine, overdue=found.overdue, offered=found.offered)


def task_view(seen: TaskView, actor: Actor) -> api.TaskView:
    """Return a task with its form and what the form shows."""
    may = allowed.of_files(actor, seen.app, seen.instance, [seen.task])
    return api.TaskView(
        **structs.asdict(task(seen.task, actor)),
        sight=seen.sight.kind,
        identifier=seen.instance.identifier,
        title=seen.instance.title,
        app=seen.app.manifest.code,
        form=form(seen.app, seen.task.element, form_of(seen.app, seen.task), seen.state),
        values=seen.values,
        files=by_field(seen.app, seen.files, may),
        attachments=attachments(seen.files, may),
    )


def work_result(done: Result, actor: Actor, given: Submission) -> api.WorkResult:
    """Return what came of a start, a completion or an action, for which something was given."""
    return api.WorkResult(
        task=None if done.task is None else task(done.task, actor),
        instance=_summary(done.instance),
        next_task=None if done.next_task is None else task(done.next_task, actor),
        made=[_summary(one) for one in done.made],
        ignored=given.ignored or (),
    )


def _summary(row: InstanceSummary) -> api.InstanceSummary:
    return api.InstanceSummary(id=row.id, identifier=row.identifier, title=row.title, state=row.state)


def event(row: Event) -> api.Event:
    """Return a line of history."""
    return api.Event(
        id=row.id,
        at=Timestamp.of(row.at),
        kind=row.kind,
        instance=row.instance_id,
        task=row.task_id,
        file=row.file_id,
        user=row.user_id,
        address=row.address,
        data=row.data,
    )
