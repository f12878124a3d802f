"""An import: starts the instances of an export's tree, with their values and files."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from satchel.client.api import AsyncClient
from satchel.client.import_fields import Fields
from satchel.client.import_journal import ImportJournal
from satchel.client.import_manifest import Lines, source_of
from satchel.client.import_one import InstanceImport
from satchel.client.import_report import ImportReport, ReportFile
from satchel.client.refusals import PathOccupied, Refused, WrongBytes
from satchel.client.tree import MANIFEST
from satchel.model.errors import InvalidRequest

_UNAUTHENTICATED = 401


class ImportRun:
    """One run.

    Args:
        client: of the target server and user.
        tree: an export's folder.
        app: the code of the app to start; None starts those that the tree names.
        names: fields of the app by id or label in the tree; others are matched by id, label and number. The
            properties of every instance can be mapped too: `title`, `identifier`, `state`, `starter`, `started_at`.
        skip: fields of the tree to leave out.
        is_lenient: whether values without a field are reported, and their files go to the attachments tab; else the
            instance is refused.
        is_numbered: whether fields are also matched by their number, as for Questetra.
    """

    def __init__(
        self,
        client: AsyncClient,
        tree: Path,
        *,
        app: str | None = None,
        names: Mapping[str, str] | None = None,
        skip: Sequence[str] = (),
        is_lenient: bool = False,
        is_numbered: bool = True,
    ) -> None:
        self._client, self._tree, self._app = client, tree, app
        self._names, self._skip = dict(names or {}), frozenset(skip)
        self._is_lenient, self._is_numbered = is_lenient, is_numbered
        self._apps: dict[str, Fields] = {}

    async def run(self) -> ImportReport:
        """Import everything and return a report.

        Raises:
            InvalidRequest: the folder is not an export, or a named field does not exist.
            Unavailable, Refused: the server is unreachable, or the credential expired; run again to continue.
        """
        if not (self._tree / MANIFEST).is_file():
            raise InvalidRequest(f"{self._tree} is not an export: it has no {MANIFEST}.")
        me = await self._client.me()
        if self._app is not None:
            (await self._fields(self._app)).check()
        source = source_of(self._tree)
        to = f"{self._client.driver.account.url.rstrip('/')}#{me.account}"
        journal = ImportJournal(self._tree / "import.jsonl", source=source, to=to)
        report_file, lines = ReportFile(self._tree), Lines(self._tree)
        try:
            for found, files in lines.read():
                report_file.report.instances += 1
                try:
                    fields = await self._fields(self._app or found.app)
                    one = InstanceImport(self._client, self._tree, journal, report_file, fields=fields, source=source)
                    await one.run(found, files)
                except (Refused, WrongBytes, PathOccupied, InvalidRequest) as error:
                    if isinstance(error, Refused) and error.status == _UNAUTHENTICATED:
                        raise
                    report_file.failed(found, error)
            report_file.report.orphans = lines.left()
        finally:
            lines.close()
            report_file.close()
            journal.close()
        return report_file.report

    async def _fields(self, code: str) -> Fields:
        if code not in self._apps:
            self._apps[code] = Fields(
                await self._client.app(code),
                names=self._names,
                skip=self._skip,
                is_lenient=self._is_lenient,
                is_numbered=self._is_numbered,
            )
        return self._apps[code]
