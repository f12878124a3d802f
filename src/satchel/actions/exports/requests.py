"""Exports: begun, looked at, fetched, deleted (files.md §2 keeps their bytes; `export_freeze` makes them).

An export is its owner's; administrators of the account see them all. A user who fetches one needs the rights `view` and
`export` for every app in it at that moment: losing one ends the export for them at once.
"""

from dataclasses import dataclass
from datetime import timedelta

from satchel.actions import access
from satchel.actions.context import Context
from satchel.actions.history import write_event
from satchel.actions.lists import search
from satchel.db import accounts as user_rows
from satchel.db import exports as rows
from satchel.db.pool import Reader
from satchel.model.actor import Actor, Right, system
from satchel.model.errors import Conflict, FieldFault, Forbidden, Gone, InvalidState, InvalidValues, NotFound
from satchel.model.ids import ExportId, FieldId, SearchId
from satchel.model.search.query import query_json
from satchel.model.transfer.exports import Export, ExportState, Selection
from satchel.queue.enqueue import PREPARE_EXPORT

LEASE = timedelta(minutes=2)
"""How long the maker of an export is taken to be alive without a sign of life; a page takes seconds."""

MOST_LIVING = 50
"""How many exports a user may have at once."""

_AT_ONCE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRequest:
    """What somebody wants exported: a query or a saved search, and what of the instances."""

    selection: Selection
    search: SearchId | None = None


async def checked(context: Context, actor: Actor, request: ExportRequest) -> Selection:
    """Return what a request takes, its query in canonical form.

    Raises:
        InvalidRequest: the query is malformed.
        InvalidValues: the app has no such file field.
        NotFound: the saved search or the app is not there for the actor.
        Forbidden: the right `export` is missing, for the app or (where the query names none) for any.
    """
    selection = request.selection
    given = selection.query
    if request.search is not None:
        given = (await search.saved(context, actor, request.search)).query
    async with context.database.read() as tx:
        app, query = await search.parsed(context, tx, actor, given)
    if app is not None:
        access.require_right(actor, Right.EXPORT, app.app_id, app.manifest.code)
        known = {field.id for field in app.file_fields}
        unknown = [field for field in selection.fields or () if field not in known]
        if unknown:
            message = f"The app {app.manifest.code} has no such file field."
            raise InvalidValues([FieldFault(field=str(f), code="not_a_file_field", message=message) for f in unknown])
    elif actor.apps_with(Right.EXPORT) == frozenset():
        raise Forbidden("You need the right 'export' for an app. Ask an administrator to grant it.")
    return Selection(
        query={name: value for name, value in query_json(query).items() if name != "limit"},
        fields=None if selection.fields is None else tuple(dict.fromkeys(FieldId(f) for f in selection.fields)),
        attachments=selection.attachments,
        values=selection.values,
    )


async def begin(context: Context, actor: Actor, request: ExportRequest) -> ExportId:
    """Begin an export; a job makes it.

    Raises:
        InvalidRequest, InvalidValues, NotFound, Forbidden: as `checked`.
        Conflict: the actor has too many exports; delete some.
    """
    if actor.user_id is None:
        raise Forbidden("Only users can start exports.")
    selection = await checked(context, actor, request)
    now = context.clock()
    async with context.database.write() as tx:
        await user_rows.lock_user(tx, actor.account_id, actor.user_id)  # so that no two count at once
        if await rows.count_living(tx, actor.account_id, actor.user_id) >= MOST_LIVING:
            raise Conflict(f"You have {MOST_LIVING} exports. Delete one that you no longer need.")
        created = await rows.insert_export(
            tx,
            actor.account_id,
            actor.user_id,
            selection=selection,
            search=request.search,
            due_at=now + LEASE,
            now=now,
            expires_at=now + context.policy.export_lifetime,
        )
        await write_event(tx, context, actor, "export.begun", {"export": created, "query": dict(selection.query)})
        await context.queue.enqueue(tx, PREPARE_EXPORT, {"account": actor.account_id, "export": created})
    return created


async def read(context: Context, actor: Actor, export_id: ExportId) -> Export:
    """Return an export of the actor's.

    Raises:
        NotFound: there is none, or it is somebody else's.
        Gone: it has expired or was deleted.
    """
    async with context.database.read() as tx:
        return await _own(tx, actor, export_id)


async def _own(tx: Reader, actor: Actor, export_id: ExportId) -> Export:
    found = await rows.export(tx, actor.account_id, export_id)
    if found is None or not (actor.is_admin or found.owner_id == actor.user_id):
        raise NotFound("export", export_id)
    if found.state is ExportState.ENDED:
        raise Gone(f"The export {export_id} has expired or was deleted. Start a new one.")
    return found


async def all_exports(context: Context, actor: Actor, *, after: int, limit: int) -> list[Export]:
    """Return a page of the actor's exports, to administrators of everybody's, by id."""
    async with context.database.read() as tx:
        owner = None if actor.is_admin else actor.user_id
        return await rows.exports(tx, actor.account_id, owner=owner, after=after, limit=limit)


async def fetchable(context: Context, actor: Actor, export_id: ExportId) -> Export:
    """Return an export whose archive the actor may fetch now.

    Raises:
        NotFound, Gone: as `read`; also once it is past its time.
        InvalidState: it is not ready, or it failed.
        Forbidden: the actor has lost a right that its making needed; begin a new one.
    """
    found = await read(context, actor, export_id)
    if found.state is ExportState.PREPARING:
        raise InvalidState(f"The export {export_id} is not ready yet. Try again shortly.")
    if found.state is ExportState.FAILED:
        raise InvalidState(f"The export {export_id} failed: {found.error} Start a new one.")
    if found.expires_at <= context.clock():
        raise Gone(f"The export {export_id} has expired. Start a new one.")
    if not all(actor.may(r, app) for app in found.progress.app_ids for r in (Right.VIEW, Right.EXPORT)):
        raise Forbidden("You have lost the right to export an app whose files are in this export. Start a new one.")
    return found


async def note_fetched(context: Context, actor: Actor, export: Export, *, by_link: bool = False) -> None:
    """Write into the history that an export's archive is fetched."""
    async with context.database.write() as tx:
        data = {"export": export.id, "files": export.progress.files, "by_link": by_link}
        await write_event(tx, context, actor, "export.downloaded", data)


async def delete(context: Context, actor: Actor, export_id: ExportId) -> None:
    """End an export; its files' bytes are no longer kept for it.

    Raises:
        NotFound, Gone: as `read`.
    """
    async with context.database.write() as tx:
        await rows.lock_export(tx, actor.account_id, export_id)
        found = await _own(tx, actor, export_id)
        await rows.set_ended(tx, actor.account_id, found.id, context.clock())
        await write_event(tx, context, actor, "export.deleted", {"export": export_id})


async def expire(context: Context) -> int:
    """End the exports, of all accounts, that are past their time; return how many there were."""
    now, backoff = context.clock(), context.backoff
    async with context.database.read() as tx:
        due = await rows.expired_exports(tx, now, _AT_ONCE, backoff.paused("expired export", now))

    async def end(known: rows.DueExport) -> None:
        async with context.database.write() as tx:
            found = await rows.lock_export(tx, known.account_id, known.id)
            if found is None or found.state is ExportState.ENDED or found.expires_at > now:
                return
            await rows.set_ended(tx, known.account_id, known.id, now)
            await write_event(tx, context, system(known.account_id), "export.expired", {"export": known.id})

    await backoff.each("expired export", due, end, key=lambda it: it.id, clock=context.clock)
    return len(due)
