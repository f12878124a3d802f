"""A tree that is filled by one run: opened, exported into, its manifests written, and let go of."""

from collections.abc import Mapping
from pathlib import Path

from satchel.client.drivers import AsyncDriver
from satchel.client.exporting import PARALLEL, ExportRun
from satchel.client.layout import FolderLayout
from satchel.client.manifests import write_manifests
from satchel.client.progress import ExportReport, ProgressListener
from satchel.client.sources.source import Source
from satchel.client.tree import ExportTree


async def fill(
    driver: AsyncDriver,
    source: Source,
    target: Path,
    *,
    layout: FolderLayout,
    about: Mapping[str, object],
    resume: bool,
    since: str | None = None,
    parallel: int = PARALLEL,
    watch: ProgressListener | None = None,
) -> ExportReport:
    """Fill a folder with what a source finds, and return what was done.

    Args:
        driver: takes the source's flows.
        source: where the files come from.
        target: the folder; it is made if it is not there.
        layout: which folders in it they go to.
        about: what the report says beside what was done.
        resume: whether a folder that an export has begun to fill is gone on with.
        since: RFC 3339 in UTC; files that were attached before are passed over.
        parallel: how many files are fetched at once.
        watch: hears how far it is.

    Raises:
        Conflict: the folder holds something else, or an export from elsewhere.
        NoRoom, Unavailable, Refused: as `ExportRun.run`.
    """
    tree = ExportTree(target).open(resume=resume)
    try:
        work = ExportRun(driver, source, tree, layout=layout, since=since, parallel=parallel, watch=watch)
        try:
            report = await work.run()
            write_manifests(tree, work.ledger, report, {"source": source.address, **about})
        finally:
            work.ledger.close()
        tree.finish()
    finally:
        tree.close()
    return report
