"""A tree that is filled by one run: opened, exported into, its manifests written, and closed."""

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
    listener: ProgressListener | None = None,
) -> ExportReport:
    """Fill a folder with a source's files, and return a report.

    Args:
        driver: runs the source's flows.
        source: of the files.
        target: the folder; created if it does not exist.
        layout: of the folders in it.
        about: further members of the written report.
        resume: whether to continue in a folder that an export has started to fill.
        since: RFC 3339 in UTC; files that were attached earlier are skipped.
        parallel: how many files are fetched at once.
        listener: is notified of progress.

    Raises:
        Conflict: the folder holds something else, or an export from another source.
        LocalDiskFull, Unavailable, Refused: as `ExportRun.run`.
    """
    tree = ExportTree(target).open(resume=resume)
    try:
        work = ExportRun(driver, source, tree, layout=layout, since=since, parallel=parallel, listener=listener)
        try:
            report = await work.run()
            write_manifests(tree, work.ledger, report, {"source": source.address, **about})
        finally:
            work.ledger.close()
        tree.finish()
    finally:
        tree.close()
    return report
