"""Documents: an instance as one actor may see it, with the names of all that it refers to by number."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from satchel.actions import instances
from satchel.actions.context import Context
from satchel.actions.instances import View
from satchel.db import accounts as people
from satchel.db.pool import Reader
from satchel.model.actor import Actor
from satchel.model.fields import Field
from satchel.model.ids import FieldId, GroupId, InstanceId, UserId
from satchel.model.instance import Instance
from satchel.model.values import Json, references


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleNames:
    """What users and groups are called: users by their e-mail (their name once they were erased)."""

    users: Mapping[UserId, str]
    groups: Mapping[GroupId, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """An instance with the name of its account and of everybody whom its start, values and tasks refer to."""

    view: View
    account: str
    people: PeopleNames

    @property
    def starter(self) -> str | None:
        """Who started it; None for the system."""
        starter = self.view.instance.starter_id
        return None if starter is None else self.people.users.get(starter, "")


async def read(context: Context, actor: Actor, instance: InstanceId | str) -> Document:
    """Return an instance, told by its number or by an identifier such as `PUR-12`, as a document.

    Raises:
        NotFound: there is none, or the actor may not see any of it.
    """
    if isinstance(instance, str):
        view = await instances.read_by_identifier(context, actor, instance)
    else:
        view = await instances.read(context, actor, instance)
    starter = view.instance.starter_id
    users = {task.holder_id for task in view.tasks if task.holder_id is not None}
    users |= {starter} if starter is not None else set()
    async with context.database.read() as tx:
        account = await people.account(tx, actor.account_id)
        names = await _names(tx, actor, view.app.manifest.fields, [view.values], users)
    return Document(view=view, account=account.name, people=names)


async def names_in(context: Context, actor: Actor, fields: Iterable[Field], found: Iterable[Instance]) -> PeopleNames:
    """Return what users and groups are called that the values of some instances of an app refer to."""
    async with context.database.read() as tx:
        return await _names(tx, actor, fields, [one.values for one in found], set())


async def _names(
    tx: Reader, actor: Actor, fields: Iterable[Field], values: Iterable[Mapping[str, object]], users: set[UserId]
) -> PeopleNames:
    declared, wanted = list(fields), set(users)
    for one in values:
        canonical: dict[FieldId, Json] = {FieldId(name): value for name, value in one.items()}  # type: ignore[misc]  # as stored
        wanted |= set(references(declared, canonical).users)
    found: dict[UserId, str] = {}
    for number in sorted(wanted):
        user = await people.user(tx, actor.account_id, number)
        if user is not None:
            found[number] = user.email or user.name
    groups = {group.id: group.name for group in await people.groups(tx, actor.account_id)}
    return PeopleNames(users=found, groups=groups)
