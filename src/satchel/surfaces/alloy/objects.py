"""Objects: lists of a class, one by OID or GUID, and the values that classifications have."""

from collections.abc import Sequence
from dataclasses import replace

from satchel.actions.apps import deploying
from satchel.actions.identity import accounts
from satchel.actions.instances import by_name
from satchel.actions.instances.lifecycle import View
from satchel.actions.lists import by_any_field
from satchel.actions.lists.by_any_field import Condition, ListQuery
from satchel.actions.loading import LoadedApp
from satchel.model.errors import Forbidden, InvalidRequest, NotFound
from satchel.model.fields import FieldType
from satchel.surfaces.alloy import outputs
from satchel.surfaces.alloy.addresses import BASE
from satchel.surfaces.alloy.auth import sees_own_only
from satchel.surfaces.alloy.errors import no_object, unknown_class, unknown_field
from satchel.surfaces.alloy.inputs import Filter, RowQuery, read_wanted
from satchel.surfaces.alloy.names import PERSON, oid, read_guid, read_oid
from satchel.surfaces.alloy.tables import Cell, TableColumn, listed
from satchel.surfaces.alloy.values import STATES, Cells, ObjectField, field_named, object_fields
from satchel.surfaces.kit.endpoints import Endpoint, endpoint, get_or_post
from satchel.surfaces.kit.exchange import Exchange, Reply

MAX_PEOPLE = 10_000
"""The most users of a classification."""

_IMPOSSIBLE = "-1"
_PLURALS = ("es", "s")


async def class_of(exchange: Exchange, name: str) -> LoadedApp:
    """Return the app that a class is: by its code, its name or its number, in any case.

    Raises:
        Refused: the account has none.
        Forbidden: it has one that the caller may not know of.
    """
    key = name.strip().casefold()
    known = await by_name.every_app(exchange.context, exchange.actor)
    found = next((row for row in known if row.code.casefold() == key), None)
    found = found or next((row for row in known if row.name.casefold() == key or str(row.id) == key), None)
    if found is None:
        raise unknown_class(name)
    try:
        return await deploying.read(exchange.context, exchange.actor, found.code)
    except NotFound:
        raise Forbidden(f"You may not see {found.code}.") from None


async def object_of(exchange: Exchange, *, with_files: bool = True) -> View:
    """Return the object that the address names by OID or GUID; `with_files`: with all of its attachments.

    Raises:
        Refused: the account has none, or the person that an application acts for created none of that name.
        Forbidden: the caller may not see it.
    """
    given = exchange.params["oid"]
    found = await _found(exchange, given, with_files=with_files)
    if found is None or (sees_own_only(exchange) and found.instance.starter_id != exchange.actor.user_id):
        raise no_object(given.upper())
    return found


async def _found(exchange: Exchange, given: str, *, with_files: bool) -> View | None:
    uuid = read_guid(given)
    try:
        if uuid is not None:
            return await by_name.read(exchange.context, exchange.actor, uuid, with_files=with_files)
    except NotFound:
        return None
    for code, number in read_oid(given):
        try:
            identifier = f"{code}-{number}"
            return await by_name.read(exchange.context, exchange.actor, identifier, with_files=with_files)
        except NotFound:
            continue
    return None


async def listing_of_class(exchange: Exchange) -> Reply:
    """List the objects of a class."""
    app = await class_of(exchange, exchange.params["object_class"])
    wanted = await read_wanted(exchange)
    fields = object_fields(app.manifest)
    shown = fields if wanted.fields is None else [field_named(fields, name) for name in wanted.fields]
    found = await by_any_field.find(exchange.context, exchange.actor, app, _listing(exchange, app, fields, wanted))
    rows = [
        Cells(
            actor=exchange.actor,
            code=app.manifest.code,
            instance=one,
            values=one.values,
            files=found.files.get(one.id, ()),
            names=found.names,
            is_html=is_html(exchange),
        )
        for one in found.instances
    ]
    data = [[row.text(field) for field in shown] for row in rows]
    return outputs.success(exchange, {"Fields": [field.declared for field in shown], "Data": data})


def _listing(exchange: Exchange, app: LoadedApp, fields: Sequence[ObjectField], wanted: RowQuery) -> ListQuery:
    return ListQuery(
        conditions=[_condition(app, field_named(fields, one.name), one) for one in wanted.filters],
        sort=[(field_named(fields, name).column, descending) for name, descending in wanted.sort],
        search=wanted.search,
        offset=wanted.offset,
        limit=wanted.limit,
        own_only=sees_own_only(exchange),
    )


def _condition(app: LoadedApp, field: ObjectField, given: Filter) -> Condition:
    text = given.value
    if field.column.own == "number" and text.strip():
        codes = {code: number for code, number in read_oid(text) if code == app.manifest.code}
        text = str(codes.get(app.manifest.code, _IMPOSSIBLE))
    elif field.column.own == "uuid" and text.strip():
        uuid = read_guid(text)
        if uuid is None:
            raise InvalidRequest(f"{field.name} must be compared with a GUID.", pointer="/filters")
        text = str(uuid)
    elif field.column.own == "state":
        text = text.strip()
    return Condition(column=field.column, operation=given.operation, text=text)


def is_html(exchange: Exchange) -> bool:
    """Return whether texts of several lines are HTML: not in version 1, which is asked for by its address."""
    words = [word for word in str(exchange.scope.get("raw_path", b"").decode("latin-1")).lower().split("/") if word]
    return words[2:3] != ["v1"]


async def read(exchange: Exchange) -> Reply:
    """Return one object with all its fields."""
    view = await object_of(exchange)
    cells = Cells(
        actor=exchange.actor,
        code=view.app.manifest.code,
        instance=view.instance,
        values=view.values,
        files=view.files,
        names=await by_any_field.names(exchange.context, exchange.actor, view.app, view.instance),
        is_html=is_html(exchange),
    )
    fields = [
        field
        for field in object_fields(view.app.manifest)
        if field.column.field is None or view.sight.shows(field.column.field.id)
    ]
    found = [(field.name, field.caption, cells.text(field)) for field in fields]
    return outputs.success(exchange, outputs.items(found))


async def dictionary(exchange: Exchange) -> Reply:
    """List the values that a classification of a class may have."""
    wanted = await read_wanted(exchange, "objectClass", "refField")
    name, field_name = wanted.others.get("objectclass", ""), wanted.others.get("reffield", "")
    if not name or not field_name:
        raise InvalidRequest("Name objectClass and refField.", pointer="/objectClass")
    app = await class_of(exchange, name)
    field = _classification(object_fields(app.manifest), field_name)
    rows: list[list[Cell]] = [
        [rank, value, described] for rank, (value, described) in enumerate(await _classified(exchange, field), start=1)
    ]
    columns = (
        TableColumn(name="Rank", type="int", caption="Rank"),
        TableColumn(name=field.name, type="string", caption=field.caption),
        TableColumn(name="Description", type="string", caption="Description"),
    )
    return outputs.success(exchange, listed(exchange.actor, columns, rows, replace(wanted, search=None)))


def _classification(fields: Sequence[ObjectField], name: str) -> ObjectField:
    """Return a field by its name, or by the plural of it (`Statuses`)."""
    names = [name, *(name[: -len(ending)] for ending in _PLURALS if name.lower().endswith(ending))]
    known = {key: field for field in fields for key in (field.name.casefold(), field.caption.casefold())}
    found = next((known[one.strip().casefold()] for one in names if one.strip().casefold() in known), None)
    if found is None:
        raise unknown_field(name)
    return found


async def _classified(exchange: Exchange, field: ObjectField) -> list[tuple[str, str]]:
    ours = field.column.field
    if field.column.own == "state":
        return [(text, state.value) for state, text in STATES.items()]
    if field.column.own == "starter" or (ours is not None and ours.type is FieldType.USER):
        people = await accounts.users(exchange.context, exchange.actor, after=0, limit=MAX_PEOPLE)
        return [(user.name, oid(PERSON, user.id)) for user in people if user.is_active]
    if ours is not None and ours.type is FieldType.GROUP:
        return [
            (group.name, str(group.id)) for group in (await accounts.people(exchange.context, exchange.actor)).groups
        ]
    if ours is not None and ours.limits.options:
        return [(option.label, option.id) for option in ours.limits.options]
    raise InvalidRequest(f"{field.name} is no classification: it takes any value.", pointer="/refField")


ENDPOINTS: tuple[Endpoint, ...] = (
    *get_or_post(f"{BASE}/dictionary", dictionary),
    endpoint("GET", f"{BASE}/object/{{oid}}", read),
    *get_or_post(f"{BASE}/{{object_class}}", listing_of_class),
)
"""The routes of this module."""
