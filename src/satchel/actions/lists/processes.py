"""Instances with all that a list of another vendor shows of them: app, starter, where they stand, files; by offset."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import cast

from satchel.actions import access
from satchel.actions.context import Context
from satchel.actions.files import attached
from satchel.actions.files.attached import Content
from satchel.actions.lists import search
from satchel.actions.loading import LoadedApp
from satchel.db import apps as app_rows
from satchel.db import files as file_rows
from satchel.db.apps import AppRow
from satchel.db.lists import positions as position_rows
from satchel.db.lists import search as rows
from satchel.db.lists import starters as starter_rows
from satchel.db.lists.search import SearchScope
from satchel.db.lists.starters import Starter
from satchel.db.pool import Reader
from satchel.engine.graph import BOUNDARIES
from satchel.model.actor import Actor
from satchel.model.errors import Forbidden, InvalidRequest, NotFound
from satchel.model.fields import Field, FieldType
from satchel.model.files import File
from satchel.model.ids import AppId, ElementId, FieldId, FileId, GroupId, InstanceId, UserId, data_item_id
from satchel.model.instance import Instance
from satchel.model.search.criteria import is_contained
from satchel.model.search.query import Cursor, InstanceQuery, query_json
from satchel.model.values import Json, references

ME = "me"

_STEP = 1_000
_NO_CAP = 2**31 - 2


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceFilter:
    """Which instances are asked for.

    Attributes:
        app: the number of one app, or None for all.
        query: conditions as `satchel.model.search.reading` takes them, without app, fields and limit.
        values: what fields, by number, must contain (texts, several choices) or be (all others); `ME` is the actor.
    """

    app: int | None = None
    query: Mapping[str, object] = field(default_factory=dict[str, object])
    values: Mapping[int, str] = field(default_factory=dict[int, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedInstance:
    """An instance and what belongs to it.

    Attributes:
        starter: who started it, or None where the system did.
        is_starred: whether the actor gave it a star.
        nodes: the names of the elements at which it stands: open tasks, waits, calls and incidents, the oldest first.
        users, groups: the names of those that its values name, by number.
        files: of its fields and its tab, by place.
    """

    instance: Instance
    app: LoadedApp
    row: AppRow
    starter: Starter | None
    is_starred: bool
    nodes: tuple[str, ...]
    files: tuple[File, ...]
    users: Mapping[UserId, str]
    groups: Mapping[GroupId, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class InstancePage:
    """A page of instances.

    Attributes:
        count: how many there are in all that the actor may see.
        app: the newest version of the app that was asked for, if one was.
    """

    count: int
    found: list[ListedInstance]
    app: LoadedApp | None


async def listing(context: Context, actor: Actor, wanted: InstanceFilter, *, start: int, limit: int) -> InstancePage:
    """Return how many instances the actor may see of those wanted, and those from `start` on, `limit` at most.

    Raises:
        InvalidRequest: a condition is malformed.
        NotFound, Forbidden: the app is not there for the actor, or not to be viewed.
    """
    async with context.database.read() as tx:
        app, query = await resolved(context, tx, actor, wanted)
        scope = search.scope_of(actor, app)
        found, count = list[Instance](), None
        if start == 0 and limit:
            found, is_all = await _from(tx, scope, query, start, limit)
            count = len(found) if is_all else None
        if count is None:
            count = await rows.count(tx, scope, query, cap=_NO_CAP)
            if 0 < start < count and limit:
                found, _ = await _from(tx, scope, query, start, limit)
        return InstancePage(count=count, found=await with_parts(context, tx, actor, found), app=app)


async def native_query(
    context: Context, actor: Actor, wanted: InstanceFilter, shown: Sequence[int]
) -> tuple[dict[str, object], list[FieldId]]:
    """Return the native query that finds what is wanted, and the ids of fields by their numbers.

    Raises:
        InvalidRequest, NotFound, Forbidden: as `listing`.
    """
    async with context.database.read() as tx:
        app, query = await resolved(context, tx, actor, wanted)
    fields = () if app is None else app.manifest.fields
    return query_json(query), [field.id for field in fields if field.number in shown]


async def resolved(
    context: Context, tx: Reader, actor: Actor, wanted: InstanceFilter
) -> tuple[LoadedApp | None, InstanceQuery]:
    """Return the app that is asked for, if one is, and the query.

    Raises:
        InvalidRequest, NotFound, Forbidden: as `listing`.
    """
    given = dict(wanted.query)
    if wanted.app is None:
        if wanted.values:
            raise InvalidRequest("Conditions on fields require their app.", pointer="/fields")
        return await search.parsed(context, tx, actor, given)
    row = await _row(tx, actor, wanted.app)
    app = await context.apps.newest_of(tx, actor.account_id, row.code, row)
    given["app"] = app.manifest.code
    conditions: dict[str, object] = {}
    for number, value in wanted.values.items():
        known = app.manifest.field_number(number)
        if known is None:
            raise InvalidRequest(f"The app has no field with the number {number}.", pointer="/fields")
        conditions[known.id] = _condition(known, value, actor)
    if conditions:
        given["fields"] = conditions
    return await search.parsed(context, tx, actor, given, known=row)


async def numbered(context: Context, tx: Reader, actor: Actor, number: int) -> LoadedApp:
    """Return the newest version of the app with a number.

    Raises:
        NotFound: there is none that the actor knows of.
    """
    row = await _row(tx, actor, number)
    return await context.apps.newest_of(tx, actor.account_id, row.code, row)


async def _row(tx: Reader, actor: Actor, number: int) -> AppRow:
    row = await app_rows.app(tx, actor.account_id, AppId(number))
    if row is None or not actor.knows(row.id):
        raise NotFound("app", number)
    return row


def _condition(known: Field, value: str, actor: Actor) -> dict[str, object]:
    if known.is_file_type or known.type in (FieldType.TABLE, FieldType.SEPARATOR):
        raise InvalidRequest(f"A {known.type} is not compared with a value.", pointer="/fields", given=value)
    if is_contained(known):
        return {"contains": value}
    if known.type is FieldType.DATETIME:
        return {"from": value, "to": value}  # a day is all of it
    if known.type is FieldType.BOOLEAN and value in ("true", "false"):
        return {"equals": value == "true"}
    if known.type is FieldType.USER and value == ME and actor.user_id is not None:
        return {"equals": actor.user_id}
    return {"equals": value}


async def _from(
    tx: Reader, scope: SearchScope, query: InstanceQuery, start: int, limit: int
) -> tuple[list[Instance], bool]:
    """Return a page by offset, and whether nothing follows it.

    The pages before it are walked by their cursors, a step at a time.
    """
    left, kept, cursor = start, list[Instance](), None
    while len(kept) < limit:
        step = min(_STEP, left or limit - len(kept))
        found, _ = await rows.find(tx, scope, replace(query, limit=step, cursor=cursor))
        page = found[:step]
        if left:
            left -= len(page)
        else:
            kept += [instance for instance, _ in page]
        if len(found) <= step:
            return kept, True
        last, value = page[-1]
        position = value if isinstance(value, str | int | Decimal | datetime) else None
        cursor = Cursor(value=position, started_at=last.started_at, id=last.id)
    return kept, False


async def with_parts(context: Context, tx: Reader, actor: Actor, found: Sequence[Instance]) -> list[ListedInstance]:
    """Return instances, which the actor may see, with what belongs to them."""
    account, ids = actor.account_id, [instance.id for instance in found]
    if not ids:
        return []
    asked_apps = tx.later(app_rows.numbered(account, sorted({one.app_id for one in found})))
    asked_starred = tx.later(starter_rows.starred(account, actor.user_id, ids))
    asked_positions = tx.later(position_rows.positions(account, ids))
    asked_files = tx.later(file_rows.of_instances(account, ids))
    apps = {one.id: await context.apps.version(tx, account, one.version_id) for one in found}
    known = {one.starter_id for one in found if one.starter_id is not None}
    named = [references(apps[one.id].manifest.fields, _values(one)) for one in found]
    users = {*known, *(user for one in named for user in one.users)}
    asked_people = tx.later(starter_rows.starters(account, sorted(users)))
    asked_groups = tx.later(starter_rows.group_names(account, sorted({g for one in named for g in one.groups})))
    await tx.trip()
    people, starred = asked_people.result, asked_starred.result
    rows_of_apps = {row.id: row for row in asked_apps.result}
    nodes: dict[InstanceId, list[str]] = {}
    for at in asked_positions.result:
        name = at.name or _name_at(apps[at.instance_id], at.element)
        if name is not None:
            nodes.setdefault(at.instance_id, []).append(name)
    held: dict[InstanceId, list[File]] = {}
    for file in asked_files.result:
        held.setdefault(file.instance_id, []).append(file)
    names = {number: person.name for number, person in people.items()}
    return [
        ListedInstance(
            instance=one,
            app=apps[one.id],
            row=rows_of_apps[one.app_id],
            starter=people.get(one.starter_id) if one.starter_id is not None else None,
            is_starred=one.id in starred,
            nodes=tuple(nodes.get(one.id, ())),
            files=tuple(held.get(one.id, ())),
            users=names,
            groups=asked_groups.result,
        )
        for one in found
    ]


def _name_at(app: LoadedApp, element: ElementId) -> str | None:
    """Return the name of an element where a token waits; None for a boundary event, whose activity has the token."""
    node = app.definition.process.nodes.get(element)
    return None if node is None or node.kind in BOUNDARIES else node.label


def _values(instance: Instance) -> Mapping[FieldId, Json]:
    return cast("Mapping[FieldId, Json]", instance.values)  # canonical, as they were stored


async def read(context: Context, actor: Actor, instance_id: int) -> ListedInstance:
    """Return an instance that the actor may view.

    Raises:
        NotFound, Forbidden: the actor may not view it.
    """
    async with context.database.read() as tx:
        _, instance = await access.viewable(tx, context.apps, actor, InstanceId(instance_id))
        return (await with_parts(context, tx, actor, [instance]))[0]


async def star(context: Context, actor: Actor, instance_id: int, *, is_starred: bool) -> None:
    """Mark an instance with a star that only the actor sees, or take it away.

    Raises:
        NotFound, Forbidden: the actor may not view it.
    """
    if actor.user_id is None:
        raise Forbidden("Only users can set stars.")
    async with context.database.write() as tx:
        _, instance = await access.viewable(tx, context.apps, actor, InstanceId(instance_id))
        if not await starter_rows.set_star(tx, actor.account_id, actor.user_id, instance.id, is_starred=is_starred):
            raise NotFound("instance", instance_id)


async def content(context: Context, actor: Actor, file_id: int, field_instance: int) -> Content:
    """Return what is needed to send a file's bytes, if it stands in that field of that instance.

    Raises:
        NotFound: there is no such file for the actor, or it stands elsewhere.
        Gone, Conflict: as `satchel.actions.files.attached.content`.
    """
    async with context.database.read() as tx:
        file, app, instance = await attached.find(context, tx, actor, FileId(file_id))
    place = app.manifest.field(file.field_id) if file.field_id is not None else None
    if place is None or data_item_id(instance.id, place.number) != field_instance:
        raise NotFound("file", file_id)
    return attached.stored(file)
