"""Searches over instances, and saved searches.

A search shows instances of the apps that the actor has the right `view` for, and counts only those.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from satchel.actions.context import Context
from satchel.actions.instances.search_columns import field_prefix, title_prefix
from satchel.actions.loading import LoadedApp
from satchel.db import accounts as people
from satchel.db import apps as app_rows
from satchel.db import files as file_rows
from satchel.db.apps import AppRow
from satchel.db.lists import search as rows
from satchel.db.lists.search import COUNT_CAP, WINDOW, SavedSearch, SearchScope
from satchel.db.pool import Reader, Writer
from satchel.model.actor import Actor, Right
from satchel.model.errors import FieldFault, Forbidden, InvalidValues, NotFound
from satchel.model.fields import Field
from satchel.model.files import File
from satchel.model.ids import SearchId
from satchel.model.instance import Instance
from satchel.model.search.query import Cursor, InstanceQuery, encode_cursor, query_json
from satchel.model.search.reading import parse_pairs, parse_query
from satchel.model.visible_text import is_line

MAX_NAME_CHARS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of a search.

    Attributes:
        cursor: for the next page; None on the last.
        count: how many there are in all, if it was asked; `count_is_exact` is False where there are more.
        window: None, or how many of the newest instances a short "contains" looked at.
    """

    instances: list[Instance]
    files: list[File]
    cursor: str | None
    count: int | None
    count_is_exact: bool
    window: int | None


async def find(
    context: Context,
    actor: Actor,
    given: Sequence[tuple[str, str]] | Mapping[str, object],
    *,
    with_count: bool = False,
    with_files: bool = False,
) -> Page:
    """Return a page of the instances that a query finds, given as a query string's pairs or as a JSON object.

    Raises:
        InvalidRequest: the query is malformed.
        NotFound, Forbidden: the app that it names is not there for the actor, or not to be viewed.
    """
    async with context.database.read() as tx:
        app, query = await parsed(context, tx, actor, given)
        scope = scope_of(actor, app)
        found, is_bounded = await rows.find(tx, scope, query)
        count = await rows.count(tx, scope, query) if with_count else None
        instances = [instance for instance, _ in found[: query.limit]]
        files = (
            await file_rows.files_of_instances(tx, actor.account_id, [instance.id for instance in instances])
            if with_files
            else []
        )
    cursor = None
    if len(found) > query.limit:
        last, value = found[query.limit - 1]
        position = value if isinstance(value, str | int | Decimal | datetime) else None
        cursor = encode_cursor(query.sort, Cursor(value=position, started_at=last.started_at, id=last.id))
    return Page(
        instances=instances,
        files=files,
        cursor=cursor,
        count=None if count is None else min(count, COUNT_CAP),
        count_is_exact=count is None or count <= COUNT_CAP,
        window=WINDOW if is_bounded else None,
    )


async def parsed(
    context: Context,
    tx: Reader,
    actor: Actor,
    given: Sequence[tuple[str, str]] | Mapping[str, object],
    *,
    known: AppRow | None = None,
) -> tuple[LoadedApp | None, InstanceQuery]:
    """Return the app that a query names, if any, and the query.

    Args:
        context: of the server.
        tx: where it is looked up.
        actor: who asks.
        given: the query.
        known: the app that it names, where that was just read.

    Raises:
        InvalidRequest, NotFound, Forbidden: as `find`.
    """
    code = (
        given.get("app")
        if isinstance(given, Mapping)
        else next((value for name, value in given if name == "app"), None)
    )
    app: LoadedApp | None = None
    if isinstance(code, str) and code:
        row = known if known is not None else await app_rows.app_by_code(tx, actor.account_id, code)
        app = await context.apps.last_of(tx, actor.account_id, code, row)
        if not actor.may(Right.VIEW, app.app_id):
            if actor.knows(app.app_id):
                raise Forbidden(f"You need the right 'view' for the app {code} to search it.")
            raise NotFound("app", code)
    fields: tuple[Field, ...] = app.manifest.fields if app else ()
    zone, now = ZoneInfo(actor.time_zone), context.clock()
    if isinstance(given, Mapping):
        return app, parse_query(given, fields, now=now, time_zone=zone, user=actor.user_id)
    return app, parse_pairs(given, fields, now=now, time_zone=zone, user=actor.user_id)


def scope_of(actor: Actor, app: LoadedApp | None) -> SearchScope:
    """Return where an actor's search looks."""
    prefixes = {"title": title_prefix(actor.account_id)}
    if app is not None:
        for slot in app.slots:
            field = app.manifest.field(slot.field_id)
            if field is not None:
                prefixes[field.id] = field_prefix(actor.account_id, app.app_id, field.id)
    return SearchScope(
        account=actor.account_id,
        app=app.app_id if app else None,
        visible=actor.apps_with(Right.VIEW) if app is None else None,
        slots={slot.field_id: slot for slot in app.slots} if app else {},
        prefixes=prefixes,
    )


async def save(
    context: Context, actor: Actor, name: str, given: Mapping[str, object], groups: Sequence[int]
) -> SearchId:
    """Keep a query under a name, for oneself and for some groups.

    Raises:
        InvalidRequest: the query is malformed.
        InvalidValues: the name is empty or too long, or there is no such group.
        Forbidden: the system keeps none.
    """
    if actor.user_id is None:
        raise Forbidden("Only users can save searches.")
    async with context.database.write() as tx:
        query = await _checked(context, tx, actor, name=name, given=given, groups=groups)
        created = await rows.insert_search(
            tx, actor.account_id, actor.user_id, name=name, query=query, now=context.clock()
        )
        await rows.share_search(tx, actor.account_id, created, groups)
    return created


async def _checked(
    context: Context, tx: Writer, actor: Actor, *, name: str, given: Mapping[str, object], groups: Sequence[int]
) -> dict[str, object]:
    faults: list[FieldFault] = []
    if len(name) > MAX_NAME_CHARS or not is_line(name):
        message = f"A name has 1 to {MAX_NAME_CHARS} printable characters."
        faults.append(FieldFault(field="name", code="length", message=message))
    unknown = set(groups) - await people.keep_groups(tx, actor.account_id, groups)
    faults += [
        FieldFault(field="groups", code="unknown_group", message=f"There is no group {g}.") for g in sorted(unknown)
    ]
    if faults:
        raise InvalidValues(faults)
    _, query = await parsed(context, tx, actor, given)
    return query_json(query)


async def change(
    context: Context, actor: Actor, search: SearchId, *, name: str, given: Mapping[str, object], groups: Sequence[int]
) -> None:
    """Give one's saved search a name, a query and groups.

    Raises:
        NotFound: there is none that the actor may see.
        Forbidden: it is somebody else's.
        InvalidRequest, InvalidValues: as `save`.
    """
    async with context.database.write() as tx:
        await _own(tx, actor, search)
        query = await _checked(context, tx, actor, name=name, given=given, groups=groups)
        await rows.update_search(tx, actor.account_id, search, name=name, query=query, now=context.clock())
        await rows.share_search(tx, actor.account_id, search, groups)


async def delete(context: Context, actor: Actor, search: SearchId) -> None:
    """Remove one's saved search.

    Raises:
        NotFound, Forbidden: as `change`.
    """
    async with context.database.write() as tx:
        await _own(tx, actor, search)
        await rows.delete_search(tx, actor.account_id, search)


async def saved(context: Context, actor: Actor, search: SearchId) -> SavedSearch:
    """Return a saved search that is the actor's or shared with a group of theirs.

    Raises:
        NotFound: there is none.
    """
    async with context.database.read() as tx:
        found = await rows.saved_search(tx, actor.account_id, search)
    if found is None or not _may_see(actor, found):
        raise NotFound("search", search)
    return found


async def all_saved(context: Context, actor: Actor, *, after: int, limit: int) -> list[SavedSearch]:
    """Return a page of the saved searches that are the actor's or shared with their groups, by id."""
    async with context.database.read() as tx:
        return await rows.saved_searches(
            tx, actor.account_id, actor.user_id, sorted(actor.group_ids), after=after, limit=limit
        )


def _may_see(actor: Actor, search: SavedSearch) -> bool:
    return search.owner_id == actor.user_id or any(group in actor.group_ids for group in search.groups)


async def _own(tx: Reader, actor: Actor, search: SearchId) -> None:
    found = await rows.saved_search(tx, actor.account_id, search)
    if found is None or not _may_see(actor, found):
        raise NotFound("search", search)
    if found.owner_id != actor.user_id:
        raise Forbidden("This search belongs to another user. Save your own.")
