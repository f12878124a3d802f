"""One instance of an import: started once, its values set, its files and links added, each once."""

import os
import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from satchel.client.api import AsyncClient
from satchel.client.import_fields import FILE_TYPES, PEOPLE, Fields, NoField, UnfitError, fitting, is_empty
from satchel.client.import_journal import ImportJournal
from satchel.client.import_manifest import ManifestFile, ManifestInstance
from satchel.client.import_origin import origin
from satchel.client.import_report import ReportFile
from satchel.client.refusals import PathOccupied, Refused, WrongBytes
from satchel.client.tree import open_plain
from satchel.model.errors import BadFile, InvalidRequest
from satchel.model.transfer.names import clean_upload_name

_UNAUTHENTICATED = 401
_MEDIA_TYPE = re.compile(r"[\w!#$&^.+-]{1,80}/[\w!#$&^.+-]{1,80}(;[ -~]{0,80})?", re.ASCII)
_OWN = ("title", "identifier", "state", "starter", "started_at")
"""Properties of every instance that can fill a field."""


@dataclass(frozen=True, slots=True)
class _Placed:
    """A file, the id of its target field (None: the attachments tab), and whether the start form accepts it."""

    file: ManifestFile
    field: str | None
    is_at_start: bool


class InstanceImport:
    """Imports one instance after the other into a server.

    Args:
        client: of the server and user.
        tree: an export's folder.
        journal: the completed steps.
        report: of the run.
        fields: of the app to start.
        source: the tree's source.
    """

    def __init__(
        self,
        client: AsyncClient,
        tree: Path,
        journal: ImportJournal,
        report: ReportFile,
        *,
        fields: Fields,
        source: str,
    ) -> None:
        self._client, self._tree, self._journal, self._report = client, tree, journal, report
        self._fields, self._source = fields, source

    async def run(self, found: ManifestInstance, files: Sequence[ManifestFile]) -> None:
        """Start an instance unless an earlier run has, and complete its remaining steps.

        A refused file is recorded in the report, and the others continue.

        Raises:
            Refused, WrongBytes, PathOccupied, InvalidRequest: it is not started; all of it is left to the next run.
        """
        report, name = self._report.report, f"instance/{found.id}"
        before = (self._journal.body(name) or {}).get("app")
        if before not in (None, self._fields.app.code):
            raise InvalidRequest(
                f"An earlier run imported it into the app {before}. Use another folder for another app."
            )
        placed = [one for file in files if (one := self._place(found, file)) is not None]
        values = self._values(found, {one.file.field for one in placed})
        at_start = [one for one in placed if one.is_at_start]
        number = self._journal.made(name)
        if number is None:
            number = await self._start(found, values, at_start, origin(self._source, found, files))
            report.started += 1
            report.files += len((self._journal.body(name) or {}).get("files") or ())  # type: ignore[arg-type]  # as begun
        else:
            report.there += 1
        await self._set(found, values, number)
        numbers = cast("Mapping[str, int]", (self._journal.body(name) or {}).get("files", {}))
        for one in placed:
            try:
                if str(one.file.id) in numbers:
                    await self._describe(one.file, numbers[str(one.file.id)])
                else:
                    await self._add(one, number)
            except (Refused, WrongBytes, PathOccupied, InvalidRequest) as error:
                if isinstance(error, Refused) and error.status == _UNAUTHENTICATED:
                    raise
                self._report.failed(found, error, one.file)

    def _place(self, found: ManifestInstance, file: ManifestFile) -> _Placed | None:
        """Return the target of a file; None if it is left out."""
        is_stored = file.url is None
        if is_stored and file.path is None:
            return None
        held = self._fields.named(file.field, found.labels)
        if held is NoField.SKIPPED:
            return None
        if isinstance(held, NoField):
            if held is NoField.UNKNOWN:
                self._report.moved(found, file, "the app has no such field")
            return _Placed(file, None, is_stored)
        if self._fields.is_lenient and (held.type not in FILE_TYPES or not (is_stored or held.allow_links)):
            why = "the field accepts no links" if held.type in FILE_TYPES else "the field accepts no files"
            self._report.moved(found, file, why)
            return _Placed(file, None, is_stored)
        return _Placed(file, held.id, is_stored and self._fields.is_open(held))

    def _values(self, found: ManifestInstance, with_files: AbstractSet[str | None]) -> dict[str, object]:
        """Return the values that the app can hold, by field id; all others are reported."""
        own = {name: getattr(found, name) for name in _OWN if self._fields.is_mapped(name)}
        values: dict[str, object] = {}
        for name, value in {**own, **found.values}.items():
            held = None if is_empty(value) else self._fields.named(name, found.labels)
            if held is None or held is NoField.SKIPPED or name in with_files:
                continue
            why = ""
            if isinstance(held, NoField):
                why = "the app has no such field"
            elif held.type in PEOPLE:
                why = "users and groups differ there"
            elif held.type in FILE_TYPES:
                why = "the field holds files"
            elif held.id in values:
                why = f"the field {held.id} has a value already"
            else:
                try:
                    values[held.id] = fitting(held, value)
                except UnfitError as error:
                    if self._fields.is_lenient:
                        why = str(error)
                    else:
                        values[held.id] = value  # the server reports what is wrong with it
            if why:
                self._report.left(found, name, value, why)
        return values

    async def _start(
        self, found: ManifestInstance, values: Mapping[str, object], files: Sequence[_Placed], comment: str
    ) -> int:
        """Start an instance once, whether or not an earlier run's request arrived; return its number."""
        name = f"instance/{found.id}"
        body, is_new = self._journal.body(name), False
        if not body:
            body, is_new = await self._body(values, files) | {"comment": comment}, True
            self._journal.begin(name, body)
        try:
            number = await self._client.start(
                self._fields.app.code,
                cast("Mapping[str, object]", body["values"]),
                attachments=cast("Sequence[int]", body["attachments"]),
                comment=cast("str | None", body.get("comment")),
                key=self._journal.key(name),
            )
        except Refused:
            if is_new:
                self._journal.begin(name, {})  # certainly not performed: the next run makes another body
            raise
        self._journal.finish(name, number)
        return number

    async def _body(self, values: Mapping[str, object], files: Sequence[_Placed]) -> dict[str, object]:
        given = {id_: value for id_, value in values.items() if self._is_open(id_)}
        attachments: list[int] = []
        numbers: dict[str, object] = {}
        for one in files:
            area = one.file.area if one.field is None else None
            number = await self._upload(one.file, app=self._fields.app.code, field=one.field, area=area)
            numbers[str(one.file.id)] = number
            if one.field is None:
                attachments.append(number)
            else:
                cast("list[int]", given.setdefault(one.field, [])).append(number)
        return {"app": self._fields.app.code, "values": given, "attachments": attachments, "files": numbers}

    def _is_open(self, field: str) -> bool:
        return any(known.id == field and self._fields.is_open(known) for known in self._fields.app.fields)

    async def _set(self, found: ManifestInstance, values: Mapping[str, object], number: int) -> None:
        """Set the values that the start form does not accept."""
        name = f"values/{found.id}"
        later = {id_: value for id_, value in values.items() if not self._is_open(id_)}
        if not later or self._journal.made(name) is not None:
            return
        revision = (await self._client.instance(number)).revision
        await self._client.change_values(number, later, revision=revision)
        self._journal.finish(name, number)

    async def _add(self, one: _Placed, number: int) -> None:
        """Add a file that the start form did not accept, or one that is kept elsewhere."""
        file, name = one.file, f"file/{one.file.id}"
        made = self._journal.made(name)
        if made is not None:
            if file.url is None:
                await self._describe(file, made)
            return
        if file.url is not None:
            await self._client.add_link(
                number,
                file.url,
                kind=file.kind,
                name=_name(file),
                description=file.description,
                field=one.field,
                area=file.area,
                key=self._journal.key(name),
            )
            self._journal.finish(name, number)
            self._report.report.links += 1
            return
        await self._attach(one, number)

    async def _attach(self, one: _Placed, number: int) -> None:
        file, name = one.file, f"file/{one.file.id}"
        body, is_new = self._journal.body(name), False
        if not body:
            upload = await self._upload(file, instance=number, field=one.field, area=file.area)
            body, is_new = {"upload": upload}, True
            self._journal.begin(name, body)
        upload = cast("int", body["upload"])
        try:
            await self._client.attach(number, [upload], field=one.field, area=file.area, key=self._journal.key(name))
        except Refused:
            if is_new:
                self._journal.begin(name, {})
            raise
        self._journal.finish(name, upload)
        self._report.report.files += 1
        await self._describe(file, upload)

    async def _describe(self, file: ManifestFile, number: int) -> None:
        """Restore a file's description; a file and its upload have the same number."""
        name = f"description/{file.id}"
        if file.description and self._journal.made(name) is None:
            await self._client.describe(number, description=file.description)
            self._journal.finish(name, number)

    async def _upload(
        self,
        file: ManifestFile,
        *,
        app: str | None = None,
        instance: int | None = None,
        field: str | None = None,
        area: str | None = None,
    ) -> int:
        """Upload a file of the tree and return its number.

        Raises:
            PathOccupied: it does not exist, or is a link.
            WrongBytes: its digest is not that of the manifest.
        """
        with os.fdopen(open_plain(self._tree, file.path or ""), "rb") as source:
            sent = await self._client.upload(
                source, app=app, instance=instance, field=field, area=area, name=_name(file), media_type=_type(file)
            )
        if file.sha256 not in (None, sent.sha256):
            raise WrongBytes(f"{file.path} differs from the manifest: its digest is {sent.sha256}.")
        return sent.id


def _name(file: ManifestFile) -> str:
    """Return a name that a server accepts, whatever the source called the file."""
    try:
        return clean_upload_name(file.name)
    except BadFile:
        return "file"


def _type(file: ManifestFile) -> str | None:
    """Return the media type, if it is one."""
    return file.media_type if file.media_type is not None and _MEDIA_TYPE.fullmatch(file.media_type) else None
