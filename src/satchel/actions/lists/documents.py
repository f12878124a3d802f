"""Documents: an instance as one actor may see it, with the names of all that it refers to by number."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from satchel.actions.access import EVERYTHING, Sight
from satchel.actions.context import Context
from satchel.actions.files import links
from satchel.actions.files.handed_on import told_by_place
from satchel.actions.instances import lifecycle
from satchel.actions.loading import LoadedApp
from satchel.db import accounts as people
from satchel.db import keys
from satchel.db import tasks as task_rows
from satchel.db.pool import Reader
from satchel.model.actor import Actor
from satchel.model.fields import Field
from satchel.model.ids import AccountId, FieldId, GroupId, UserId
from satchel.model.instance import Instance, Task
from satchel.model.values import Json, references


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleNames:
    """What users and groups are called: users by their e-mail (their name once they were erased)."""

    users: Mapping[UserId, str]
    groups: Mapping[GroupId, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """An instance, as far as it may be seen, and the names of its account and of everybody it refers to.

    Attributes:
        values: canonical, by field.
        tasks: those that are open.
        account: its name.
    """

    app: LoadedApp
    instance: Instance
    sight: Sight
    values: Mapping[str, object]
    tasks: Sequence[Task]
    account: str
    people: PeopleNames

    @property
    def starter(self) -> str | None:
        """Who started it; None for the system."""
        starter = self.instance.starter_id
        return None if starter is None else self.people.users.get(starter, "")


async def read(
    context: Context, actor: Actor, identifier: str
) -> tuple[Document, Mapping[FieldId | None, Sequence[Mapping[str, object]]]]:
    """Return an instance by an identifier such as `PUR-12`, and what is told of those of its files that one may see.

    The files are by field (None: the tab), as `handed_on.metadata_by_place` returns them.

    Raises:
        NotFound: there is none, or the actor may not see any of it.
    """
    async with context.database.read() as tx:
        view = await lifecycle.view(context, tx, actor, identifier)
        tasks = [task for task in view.tasks if task.is_open]
        key = tx.later(keys.newest())
        document = await _assembled(tx, view.app, view.instance, sight=view.sight, values=view.values, tasks=tasks)
    return document, told_by_place(context, view.files, links.signed(context, actor, key.result, view.files))


async def whole(tx: Reader, app: LoadedApp, instance: Instance, *, also: Collection[UserId] = ()) -> Document:
    """Return an instance, as it is given, to somebody who may see all of it.

    Args:
        tx: where names and tasks are looked up.
        app: the version that the instance runs on.
        instance: as it is, or as it was at some time.
        also: users whose names are wanted besides.
    """
    tasks = await task_rows.open_tasks_of(tx, instance.account_id, [instance.id])
    return await _assembled(tx, app, instance, sight=EVERYTHING, values=instance.values, tasks=tasks, also=also)


async def _assembled(
    tx: Reader,
    app: LoadedApp,
    instance: Instance,
    *,
    sight: Sight,
    values: Mapping[str, object],
    tasks: Sequence[Task],
    also: Collection[UserId] = (),
) -> Document:
    users = {task.holder_id for task in tasks if task.holder_id is not None} | set(also)
    users |= {instance.starter_id} if instance.starter_id is not None else set()
    account = tx.later(people.by_id(instance.account_id))
    names = await _names(tx, instance.account_id, app.manifest.fields, [values], users)
    return Document(
        app=app,
        instance=instance,
        sight=sight,
        values=values,
        tasks=tasks,
        account=account.result.name if account.result is not None else "",
        people=names,
    )


async def names_in(context: Context, actor: Actor, fields: Iterable[Field], found: Iterable[Instance]) -> PeopleNames:
    """Return what users and groups are called that the values of some instances of an app refer to."""
    async with context.database.read() as tx:
        return await _names(tx, actor.account_id, fields, [one.values for one in found], set())


async def _names(
    tx: Reader, account: AccountId, fields: Iterable[Field], values: Iterable[Mapping[str, object]], users: set[UserId]
) -> PeopleNames:
    declared, wanted = list(fields), set(users)
    for one in values:
        wanted |= set(references(declared, cast("Mapping[FieldId, Json]", one)).users)
    users_named = tx.later(people.users_numbered(account, wanted))
    groups = tx.later(people.groups_of(account))
    await tx.trip()
    return PeopleNames(
        users={user.id: user.email or user.name for user in users_named.result},
        groups={group.id: group.name for group in groups.result},
    )
