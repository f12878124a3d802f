"""Processes of a Questetra server come into an app with values and files, found by label, each once."""

from pathlib import Path

import pytest

from client.accounts import contents, new_owner
from client.conftest import ADDRESS, Network
from client.starting import Start
from satchel.client import searches
from satchel.client.api import AsyncClient
from satchel.client.filling import fill
from satchel.client.import_report import ImportReport
from satchel.client.importing import ImportRun
from satchel.client.layout import FolderLayout
from satchel.client.progress import ExportReport
from satchel.client.sources.questetra import QuestetraSource
from surfaces.conftest import Api
from world import fields

QUESTETRA = f"{ADDRESS}/questetra"
HERE = {
    "code": "HER",
    "title": "{{ named }}",
    "fields": fields(
        {"id": "named", "type": "text", "label": "Named"},
        {"id": "papers", "type": "file", "label": "Files"},
    ),
    "start": {"fields": {"named": "edit", "papers": "edit"}},
    "tasks": {"a": {"fields": {"named": "edit"}}},
}


@pytest.fixture
async def owner(api: Api, network: Network) -> AsyncClient:
    """The owner of an empty app in the other account."""
    return await new_owner(api, network, HERE)


@pytest.mark.parametrize("name", ["Subject", "1", "title"])
async def test_processes_come_with_values_and_files_once_whatever_their_field_is_called_by(
    name: str, client: AsyncClient, owner: AsyncClient, start: Start, tmp_path: Path
) -> None:
    await start("One", {"a.txt": b"1", "b.txt": b"2"})
    await start("Two")
    criteria = searches.criteria_of({"app": (await client.app("COL")).id})
    source = QuestetraSource(QUESTETRA, criteria, with_values=True)

    async def run() -> tuple[ExportReport, ImportReport]:
        client.driver.account.url = QUESTETRA
        filled = await fill(
            client.driver, source, tmp_path / "tree", layout=FolderLayout("{identifier}"), about={}, resume=True
        )
        work = ImportRun(owner, tmp_path / "tree", app="HER", names={name: "named"}, is_lenient=True)
        return filled, await work.run()

    filled, report = await run()
    assert (filled.fetched, report.started, report.files, report.failures) == (2, 2, 2, [])
    held = {("papers", "a.txt"): b"1", ("papers", "b.txt"): b"2"}
    assert await contents(owner, "HER") == {"One": held, "Two": {}}
    again, second = await run()
    assert (again.fetched, second.started, second.there, second.files) == (0, 0, 2, 0)
    assert await contents(owner, "HER") == {"One": held, "Two": {}}
