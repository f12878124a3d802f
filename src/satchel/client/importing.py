"""An import: the instances of a tree that an export made, started anew with their values and files."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import msgspec

from satchel.client import wire
from satchel.client.api import AsyncClient
from satchel.client.import_journal import ImportJournal
from satchel.client.ledger import INSTANCES, REPORT
from satchel.client.refusals import InTheWay, Refused, WrongBytes
from satchel.client.tree import MANIFEST, open_plain
from satchel.model.errors import InvalidRequest, SatchelError

_PEOPLE = frozenset({"user", "group"})
_FILES = frozenset({"file", "photo", "signature"})
_UNAUTHENTICATED = 401
_OPEN = frozenset({"edit", "require"})


class ManifestFile(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a manifest."""

    id: int
    instance: int
    name: str
    path: str | None = None
    field: str | None = None
    area: str | None = None
    kind: str = "stored"
    description: str = ""
    media_type: str | None = None
    sha256: str | None = None
    url: str | None = None


class ManifestInstance(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the list of instances."""

    id: int
    app: str
    title: str = ""
    values: Mapping[str, object] = {}


@dataclass(slots=True, kw_only=True)
class ImportReport:
    """What a run did; `left_out` names values that mean nothing elsewhere, `failures` what was refused."""

    instances: int = 0
    started: int = 0
    there: int = 0
    files: int = 0
    links: int = 0
    failed: int = 0
    left_out: list[dict[str, object]] = field(default_factory=list[dict[str, object]])
    failures: list[dict[str, object]] = field(default_factory=list[dict[str, object]])


class Import:
    """One run.

    Args:
        client: of the server and user that the instances are started on.
        tree: an export's folder.
        app: the code of the app to start; None starts those that the tree names.
        names: the id of a field there by its id here; what is not named keeps its id, and a number is looked up.
        skip: fields of the tree that are not taken.
    """

    def __init__(
        self,
        client: AsyncClient,
        tree: Path,
        *,
        app: str | None = None,
        names: Mapping[str, str] | None = None,
        skip: Sequence[str] = (),
    ) -> None:
        self._client, self._tree, self._app = client, tree, app
        self._names, self._skip = dict(names or {}), frozenset(skip)
        self._apps: dict[str, wire.AppDetail] = {}
        self.report = ImportReport()

    async def run(self) -> ImportReport:
        """Import everything and return what was done.

        Raises:
            InvalidRequest: the folder holds no export.
            Unavailable, Refused: the server is gone, or the credential ended; run again to go on.
        """
        if not (self._tree / MANIFEST).is_file():
            raise InvalidRequest(f"{self._tree} holds no export: there is no {MANIFEST}.")
        me = await self._client.me()
        source = msgspec.json.decode((self._tree / REPORT).read_bytes(), type=dict[str, object]).get("source")
        to = f"{self._client.driver.account.url.rstrip('/')}#{me.account}"
        journal = ImportJournal(self._tree / "import.jsonl", source=str(source), to=to)
        try:
            for found, files in _instances(self._tree):
                self.report.instances += 1
                try:
                    await self._one(journal, found, files)
                except (Refused, WrongBytes, InTheWay, InvalidRequest) as error:
                    self._fail(found, error)
        finally:
            journal.close()
        return self.report

    def _fail(self, found: ManifestInstance, error: SatchelError) -> None:
        if isinstance(error, Refused) and error.status == _UNAUTHENTICATED:
            raise error
        self.report.failed += 1
        errors = cast("Sequence[object]", error.members.get("errors") or ())
        self.report.failures.append(
            {
                "instance": found.id,
                "title": found.title,
                "code": error.code,
                "message": error.message,
                "errors": list(errors),
            }
        )

    async def _one(self, journal: ImportJournal, found: ManifestInstance, files: Sequence[ManifestFile]) -> None:
        app = await self._app_of(self._app or found.app)
        stored = [file for file in files if file.kind == "stored" and file.path is not None]
        at_start = [file for file in stored if self._is_at_start(app, file)]
        name = f"instance/{found.id}"
        number = journal.made(name)
        if number is None:
            number = await self._start(journal, app, found, at_start)
            self.report.started += 1
            self.report.files += len(at_start)
        else:
            self.report.there += 1
        await self._values(journal, app, found, number)
        numbers = cast("Mapping[str, int]", (journal.body(name) or {}).get("files", {}))
        for file in at_start:
            if str(file.id) in numbers:
                await self._describe(journal, file, numbers[str(file.id)])
        for file in files:
            if file not in at_start and not isinstance(self._field(app, file.field), _Skipped):
                await self._add(journal, app, file, number)

    async def _app_of(self, code: str) -> wire.AppDetail:
        if code not in self._apps:
            self._apps[code] = await self._client.app(code)
        return self._apps[code]

    async def _start(
        self, journal: ImportJournal, app: wire.AppDetail, found: ManifestInstance, files: Sequence[ManifestFile]
    ) -> int:
        """Start an instance once, whatever became of an earlier run's request; return its number."""
        name = f"instance/{found.id}"
        body, is_new = journal.body(name), False
        if not body:
            body, is_new = await self._body(app, found, files), True
            journal.begin(name, body)
        values = cast("Mapping[str, object]", body["values"])
        attachments = cast("Sequence[int]", body["attachments"])
        try:
            number = await self._client.start(app.code, values, attachments=attachments, key=journal.key(name))
        except Refused:
            if is_new:
                journal.begin(name, {})  # certainly not done: the next run makes another body
            raise
        journal.finish(name, number)
        return number

    def _field(self, app: wire.AppDetail, name: str | None) -> "wire.Field | _Skipped | None":
        """Return the field there of one here; None is the attachments tab.

        Raises:
            InvalidRequest: there is none.
        """
        if name is None:
            return None
        if name in self._skip:
            return _SKIPPED
        wanted = self._names.get(name, name)
        for known in app.fields:
            if known.id == wanted or (wanted.isdigit() and known.number == int(wanted)):
                return known
        raise InvalidRequest(
            f"The app {app.code} has no field {wanted}. Say which: --map {name}=FIELD, or --skip {name}."
        )

    def _is_at_start(self, app: wire.AppDetail, file: ManifestFile) -> bool:
        known = self._field(app, file.field)
        if isinstance(known, _Skipped):
            return False
        return known is None or _is_open(app, known)

    async def _body(
        self, app: wire.AppDetail, found: ManifestInstance, files: Sequence[ManifestFile]
    ) -> dict[str, object]:
        values: dict[str, object] = {}
        for known, value in self._given(app, found):
            if _is_open(app, known):
                values[known.id] = value
        attachments: list[int] = []
        numbers: dict[str, object] = {}
        for file in files:
            held = self._field(app, file.field)
            if isinstance(held, wire.Field):
                number = await self._upload(file, app=app.code, field=held.id)
                cast("list[int]", values.setdefault(held.id, [])).append(number)
            else:
                number = await self._upload(file, app=app.code, area=file.area)
                attachments.append(number)
            numbers[str(file.id)] = number
        return {"values": values, "attachments": attachments, "files": numbers}

    def _given(self, app: wire.AppDetail, found: ManifestInstance) -> Iterator[tuple[wire.Field, object]]:
        """Give the values that mean something there; users and groups are others in another account."""
        for name, value in found.values.items():
            known = self._field(app, name)
            if value is None or not isinstance(known, wire.Field) or known.type in _FILES:
                continue
            if known.type in _PEOPLE:
                self.report.left_out.append({"instance": found.id, "field": name, "value": value})
                continue
            yield known, _plain(known, value)

    async def _values(self, journal: ImportJournal, app: wire.AppDetail, found: ManifestInstance, number: int) -> None:
        """Set what the start form does not take."""
        name = f"values/{found.id}"
        later = {known.id: value for known, value in self._given(app, found) if not _is_open(app, known)}
        if not later or journal.made(name) is not None:
            return
        revision = (await self._client.instance(number)).revision
        await self._client.change_values(number, later, revision=revision)
        journal.finish(name, number)

    async def _add(self, journal: ImportJournal, app: wire.AppDetail, file: ManifestFile, number: int) -> None:
        """Add a file that the start form does not take, or one that is kept elsewhere."""
        name = f"file/{file.id}"
        made = journal.made(name)
        if made is not None:
            if file.url is None:
                await self._describe(journal, file, made)
            return
        known = self._field(app, file.field)
        place = known.id if isinstance(known, wire.Field) else None
        if file.url is not None:
            await self._client.add_link(
                number,
                file.url,
                kind=file.kind,
                name=file.name,
                description=file.description,
                field=place,
                area=file.area,
                key=journal.key(name),
            )
            journal.finish(name, number)
            self.report.links += 1
            return
        if file.path is None:
            return
        body = journal.body(name)
        if not body:
            body = {"upload": await self._upload(file, instance=number, field=place, area=file.area)}
            journal.begin(name, body)
        upload = cast("int", body["upload"])
        await self._client.attach(number, [upload], field=place, area=file.area, key=journal.key(name))
        journal.finish(name, upload)
        self.report.files += 1
        await self._describe(journal, file, upload)

    async def _describe(self, journal: ImportJournal, file: ManifestFile, number: int) -> None:
        """Give a file the description that it had; a file and its upload share their number."""
        name = f"description/{file.id}"
        if file.description and journal.made(name) is None:
            await self._client.describe(number, description=file.description)
            journal.finish(name, number)

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
            InTheWay: it is not there, or a link.
            WrongBytes: it is not what the manifest says.
        """
        with os.fdopen(open_plain(self._tree, file.path or ""), "rb") as source:
            sent = await self._client.upload(
                source, app=app, instance=instance, field=field, area=area, name=file.name, media_type=file.media_type
            )
        if file.sha256 not in (None, sent.sha256):
            raise WrongBytes(f"{file.path} is not what the manifest says: its digest is {sent.sha256}.")
        return sent.id


class _Skipped:
    """What stands for a field that is not taken."""


_SKIPPED = _Skipped()


def _is_open(app: wire.AppDetail, known: wire.Field) -> bool:
    return app.start.get("fields", {}).get(known.id) in _OPEN


def _plain(known: wire.Field, value: object) -> object:
    """Return a value as it is set; Questetra shows choices with what they are called."""
    if known.type in ("choice", "choices") and isinstance(value, list):
        ids = [
            cast("Mapping[str, object]", one).get("value") if isinstance(one, dict) else one
            for one in cast("list[object]", value)
        ]
        return ids if known.type == "choices" else next(iter(ids), None)
    return value


def _instances(tree: Path) -> Iterator[tuple[ManifestInstance, list[ManifestFile]]]:
    """Give each instance with its files: both lists go by the instance's number, so that one walk is enough."""
    with (tree / INSTANCES).open("rb") as instances, (tree / MANIFEST).open("rb") as manifest:
        lines = (msgspec.json.decode(line, type=ManifestFile) for line in manifest)
        waiting = next(lines, None)
        for text in instances:
            found = msgspec.json.decode(text, type=ManifestInstance)
            files: list[ManifestFile] = []
            while waiting is not None and waiting.instance <= found.id:
                if waiting.instance == found.id:
                    files.append(waiting)
                waiting = next(lines, None)
            yield found, files
