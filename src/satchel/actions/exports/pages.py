"""What an export is made of, a page of instances at a time: which files, under which names, with which lines.

A file goes along where the actor sees it (the right `view`, as in any search) and may export its app. Files of apps
that they may view but not export are counted, never named.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from satchel.actions.context import Context
from satchel.actions.files import checksums
from satchel.actions.lists import search
from satchel.actions.loading import LoadedApp
from satchel.db import apps as app_rows
from satchel.model.actor import Actor, Right
from satchel.model.digest import Digest
from satchel.model.files import File
from satchel.model.ids import AppId, InstanceId
from satchel.model.instance import Instance
from satchel.model.search.query import moment_json
from satchel.model.transfer.exports import Selection, instance_folder
from satchel.model.transfer.names import FolderNames
from satchel.model.values import in_full

_AT_ONCE = 8
"""How many instances are described before others have their turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedFile:
    """A file of an export.

    Attributes:
        path: its name in the archive; None where it is kept elsewhere or its bytes are missing.
        line: what the manifest says of it, as JSON.
        is_missing: whether the store has no bytes for it.
    """

    file: File
    path: str | None
    line: str
    is_missing: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedInstance:
    """An instance of an export with its files; `line` has its values, as JSON."""

    instance: Instance
    folder: str
    items: list[ExportedFile]
    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportPage:
    """A page of an export.

    Attributes:
        left_out: how many files the actor may see but not export.
        crcs: of the bytes of all files that have a path.
        cursor: for the next page; None on the last.
        window: how many of the newest instances a short "contains" looked at, if it did.
    """

    listed: list[ExportedInstance]
    left_out: int
    crcs: dict[Digest, int]
    cursor: str | None
    window: int | None

    @property
    def app_ids(self) -> set[AppId]:
        """The apps that files or values were taken of."""
        return {listed.instance.app_id for listed in self.listed}


async def page_of(
    context: Context,
    actor: Actor,
    selection: Selection,
    *,
    cursor: str | None,
    limit: int,
    with_crcs: bool = True,
) -> ExportPage:
    """Return a page of what a selection takes, as the actor may have it now.

    Without CRCs, those of the page are 0, and whether the store has the bytes is not looked at.

    Raises:
        InvalidRequest, NotFound, Forbidden: as `search.find`.
    """
    given: dict[str, object] = {**selection.query, "limit": limit}
    if cursor is not None:
        given["cursor"] = cursor
    found = await search.find(context, actor, given, with_files=True)
    may = {i.app_id: actor.may(Right.EXPORT, i.app_id) for i in found.instances}
    taken = [instance for instance in found.instances if may[instance.app_id]]
    files: dict[InstanceId, list[File]] = {instance.id: [] for instance in found.instances}
    for file in found.files:
        if selection.takes(file.field_id):
            files[file.instance_id].append(file)
    sizes = {
        file.digest: file.size_bytes
        for instance in taken
        for file in files[instance.id]
        if file.digest is not None and file.size_bytes is not None
    }
    crcs = await checksums.crcs(context, actor.account_id, sizes) if with_crcs else dict.fromkeys(sizes, 0)
    async with context.database.read() as tx:
        apps = {i.version_id: await context.apps.version(tx, actor.account_id, i.version_id) for i in taken}
        names = await app_rows.names(tx, actor.account_id, sorted({i.app_id for i in taken}))
    listed: list[ExportedInstance] = []
    for number, i in enumerate(taken):
        if number % _AT_ONCE == 0:
            await asyncio.sleep(0)  # a page takes tens of milliseconds: others' bytes go out meanwhile
        app, name = apps[i.version_id], names.get(i.app_id, "")
        listed.append(_listed(context, i, app, name=name, files=files[i.id], crcs=crcs))
    return ExportPage(
        listed=listed,
        left_out=sum(len(files[instance.id]) for instance in found.instances if not may[instance.app_id]),
        crcs=crcs,
        cursor=found.cursor,
        window=found.window,
    )


def _listed(
    context: Context,
    instance: Instance,
    app: LoadedApp,
    *,
    name: str,
    files: Sequence[File],
    crcs: Mapping[Digest, int],
) -> ExportedInstance:
    folder = instance_folder(instance.id, name, instance.title)
    names = FolderNames()
    items: list[ExportedFile] = []
    for file in files:
        is_missing = file.digest is not None and file.digest not in crcs
        path = None if file.digest is None or is_missing else f"{folder}/{names.take(file.name)}"
        line = _file_line(context, instance, app, file, path, is_missing=is_missing)
        items.append(ExportedFile(file=file, path=path, line=line, is_missing=is_missing))
    return ExportedInstance(instance=instance, folder=folder, items=items, line=_instance_line(instance, app, name))


def _file_line(
    context: Context, instance: Instance, app: LoadedApp, file: File, path: str | None, *, is_missing: bool
) -> str:
    line: dict[str, object] = {
        "path": path,
        "id": file.id,
        "uuid": str(file.uuid),
        "instance": instance.id,
        "identifier": instance.identifier,
        "app": app.manifest.code,
        "field": file.field_id,
        "area": file.area,
        "kind": file.kind.value,
        "name": file.name,
        "description": file.description,
        "size": file.size_bytes,
        "media_type": file.media_type,
        "sha256": file.digest,
        "url": file.url,
        "created_at": moment_json(file.created_at),
        "created_by": file.created_by,
        "source": f"{context.policy.public_url}/api/v1/files/{file.id}/content" if file.digest else file.url,
    }
    if is_missing:
        line["error"] = "bytes_missing"
    return _json(line)


def _instance_line(instance: Instance, app: LoadedApp, name: str) -> str:
    ended: datetime | None = instance.ended_at
    return _json(
        {
            "id": instance.id,
            "uuid": str(instance.uuid),
            "identifier": instance.identifier,
            "app": app.manifest.code,
            "app_name": name,
            "title": instance.title,
            "state": instance.state.value,
            "starter": instance.starter_id,
            "started_at": moment_json(instance.started_at),
            "ended_at": None if ended is None else moment_json(ended),
            "values": in_full(app.manifest.fields, instance.values),
        }
    )


def _json(data: object) -> str:
    return msgspec.json.encode(data).decode()
