"""What brings an account elsewhere into the other account of the small world, as the command does."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from client.conftest import Network, signed_in, token
from satchel.actions.apps import deploying
from satchel.client.api import AsyncClient
from satchel.client.filling import fill
from satchel.client.import_report import ImportReport
from satchel.client.importing import ImportRun
from satchel.client.layout import FolderLayout
from satchel.client.progress import ExportReport
from satchel.client.sources.source import Source
from surfaces.conftest import Api
from world import bundle


async def new_owner(api: Api, network: Network, manifest: Mapping[str, object]) -> AsyncClient:
    """Return a client of the other account's administrator, where an app is deployed and empty."""
    await deploying.deploy(api.world.context, api.world.rival, bundle(manifest))
    return signed_in(network, await token(api, "rival"), [])


async def bring(
    network: Network, owner: AsyncClient, source: Source, tree: Path, app: str, **options: Any
) -> tuple[ExportReport, ImportReport]:
    """Fill a folder from a source and import it."""
    async with signed_in(network, "", []) as elsewhere:
        elsewhere.driver.account.url = source.address
        filled = await fill(
            elsewhere.driver,
            source,
            tree,
            layout=FolderLayout("{identifier}_({subject})"),
            about={},
            resume=True,
            parallel=2,
        )
    given = {"is_lenient": True, "is_numbered": False, **options}
    return filled, await ImportRun(owner, tree, app=app, **given).run()


async def contents(owner: AsyncClient, app: str) -> dict[str, dict[tuple[str | None, str], object]]:
    """Return what each instance of an app holds, by title: its files by place and name; a link is its address."""
    found: dict[str, dict[tuple[str | None, str], object]] = {}
    async for one in owner.search({"app": app}, with_files=True):
        held: dict[tuple[str | None, str], object] = {}
        for file in one.files:
            assert (file.field, file.name) not in held, "a file came twice"
            held[file.field, file.name] = await owner.read(file.id) if file.url is None else file.url
        assert one.title not in found, "an instance came twice"
        found[one.title] = held
    return found


async def values(owner: AsyncClient, app: str) -> dict[str, dict[str, object]]:
    """Return the values of each instance of an app, by title."""
    return {one.title: dict(one.values) async for one in owner.search({"app": app})}
