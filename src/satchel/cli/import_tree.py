"""`satchel import`: starts the instances of a tree, or of another vendor's account, with their values and files."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from satchel.cli import output
from satchel.cli.import_accounts import AccountOptions, SourceAccount, source_account
from satchel.cli.output import ExitCode, bytes_text
from satchel.cli.progress import ProgressBar
from satchel.cli.remote import UNNAMED, Token, Url, server_of
from satchel.model.errors import InvalidRequest, Unavailable

if TYPE_CHECKING:
    from satchel.client.import_report import ImportReport
    from satchel.client.progress import ExportReport

INTERRUPTED = 130
"""The exit code after Ctrl-C, as in shells."""

LAYOUT = "{identifier}_({subject})"
"""The folders for files from another vendor's account, before and after they are imported."""

_MOST_SHOWN = 20
_FIELDS, _ACCOUNT = "Fields", "From another vendor's account (credentials: see below)"


class UnknownField(StrEnum):
    """What to do with a field that the app does not have."""

    FAIL = "fail"
    REPORT = "report"


Tree = Annotated[
    Path,
    typer.Argument(
        help="A folder from satchel export; for another vendor's account, a folder to fill first.",
        file_okay=False,
        show_default=False,
    ),
]
App = Annotated[
    str | None,
    typer.Option(help="The code of the app to start; a tree's own apps without it.", rich_help_panel=_FIELDS),
]
Map = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        help="THEIRS=OURS: a field's id or label (or title, identifier, state, starter, started_at) and its id here.",
        rich_help_panel=_FIELDS,
    ),
]
Skip = Annotated[
    list[str] | None,
    typer.Option(help="A field to leave out; repeat for several.", rich_help_panel=_FIELDS),
]
Unknown = Annotated[
    UnknownField | None,
    typer.Option(
        help="A field that the app does not have: fail its instance (default for a tree), or report it and put its"
        " files into the attachments tab (default for an account).",
        rich_help_panel=_FIELDS,
    ),
]
Questetra = Annotated[
    str | None, typer.Option(metavar="URL", help="A Questetra server, up to /API.", rich_help_panel=_ACCOUNT)
]
Alloy = Annotated[
    str | None, typer.Option(metavar="URL", help="An Alloy Navigator server, with /api.", rich_help_panel=_ACCOUNT)
]
Flokzu = Annotated[
    str | None, typer.Option(metavar="URL", help="Flokzu's Open API, up to /v2.", rich_help_panel=_ACCOUNT)
]
Navixy = Annotated[str | None, typer.Option(metavar="URL", help="Navixy's API, with /v2.", rich_help_panel=_ACCOUNT)]
TheirApp = Annotated[
    str | None,
    typer.Option(
        help="Questetra's app number, Alloy's class, Flokzu's process code, Navixy's template.",
        rich_help_panel=_ACCOUNT,
    ),
]
Criteria = Annotated[
    Path | None,
    typer.Option(help="Questetra: a file of criteria, XML or JSON.", exists=True, rich_help_panel=_ACCOUNT),
]
Where = Annotated[
    list[str] | None,
    typer.Option(help="Alloy: a condition such as Status=Closed; repeat for several.", rich_help_panel=_ACCOUNT),
]
Ids = Annotated[
    Path | None,
    typer.Option(help="Flokzu: a file with an identifier a line.", exists=True, rich_help_panel=_ACCOUNT),
]
Numbers = Annotated[
    str | None, typer.Option(help="Flokzu: the numbers of a process, such as 1-500.", rich_help_panel=_ACCOUNT)
]
Credentials = Annotated[
    Path | None,
    typer.Option(
        help="A file of NAME=value that only you can read, instead of the environment.", rich_help_panel=_ACCOUNT
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only count what the account has.", rich_help_panel=_ACCOUNT)]
Parallel = Annotated[
    int, typer.Option(help="How many files are fetched at once.", min=1, max=32, rich_help_panel=_ACCOUNT)
]

EPILOG = (
    "Credentials of another vendor's account are read from the environment, from --credentials, or from a prompt:"
    " QUESTETRA_EMAIL and QUESTETRA_API_PASSWORD, or QUESTETRA_TOKEN; ALLOY_CLIENT_ID and ALLOY_CLIENT_SECRET, or"
    " ALLOY_USERNAME and ALLOY_PASSWORD; FLOKZU_USERNAME and FLOKZU_API_KEY; NAVIXY_API_KEY, or NAVIXY_LOGIN and"
    " NAVIXY_PASSWORD."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    """The command line."""

    tree: Path
    app: str | None
    names: dict[str, str]
    skip: list[str]
    unknown: UnknownField | None
    wanted: AccountOptions
    dry_run: bool
    parallel: int
    url: str
    token: str


def import_tree(
    tree: Tree,
    *,
    app: App = None,
    names: Map = None,
    skip: Skip = None,
    unknown: Unknown = None,
    questetra: Questetra = None,
    alloy: Alloy = None,
    flokzu: Flokzu = None,
    navixy: Navixy = None,
    their_app: TheirApp = None,
    criteria: Criteria = None,
    where: Where = None,
    ids: Ids = None,
    numbers: Numbers = None,
    credentials: Credentials = None,
    dry_run: DryRun = False,
    parallel: Parallel = 8,
    url: Url = UNNAMED,
    token: Token = "",
) -> None:
    """Start an instance for each one of a tree, or of another vendor's account, with its values, files and links.

    From an account, the folder is filled first, and each file checked.

    The folder records what was imported: run again, the command imports the rest and what is new, and nothing twice.

    Values left out and failures are in import-report.jsonl, a line each.
    """
    wanted = AccountOptions(
        questetra=questetra,
        alloy=alloy,
        flokzu=flokzu,
        navixy=navixy,
        their_app=their_app,
        criteria=criteria,
        where=where or (),
        ids=ids,
        numbers=numbers,
        credentials=credentials,
    )
    options = _Options(
        tree=tree,
        app=app,
        names=_pairs(names or []),
        skip=skip or [],
        unknown=unknown,
        wanted=wanted,
        dry_run=dry_run,
        parallel=parallel,
        url=url,
        token=token,
    )
    try:
        raise typer.Exit(output.run(_import(options)))
    except KeyboardInterrupt:
        output.err.print("interrupted; the same command continues")
        raise typer.Exit(INTERRUPTED) from None


def _pairs(texts: list[str]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in texts:
        there, is_pair, here = text.partition("=")
        if not is_pair or not there or not here:
            raise typer.BadParameter(f"--map takes THEIRS=OURS, not {text!r}.")
        pairs[there] = here
    return pairs


async def _import(options: _Options) -> ExitCode:
    account = source_account(options.wanted)
    if account is None:
        if options.dry_run:
            raise InvalidRequest("--dry-run counts another vendor's account.")
        return await _start(options, is_lenient=options.unknown is UnknownField.REPORT, is_numbered=True)
    if os.name != "posix":
        raise Unavailable("A folder is filled on POSIX systems only: use WSL.")
    if options.app is None and not options.dry_run:
        raise InvalidRequest("Name the app to start: --app CODE.")
    if not options.dry_run:
        server_of(options.url, options.token)
    filled = await _fill(options, account)
    if options.dry_run:
        return filled
    started = await _start(
        options, is_lenient=options.unknown is not UnknownField.FAIL, is_numbered=account.is_numbered
    )
    return max(filled, started)


async def _fill(options: _Options, account: SourceAccount) -> ExitCode:
    """Fill the folder from the account, or only count."""
    from satchel.client.api import AsyncClient  # noqa: PLC0415  # only this command needs it
    from satchel.client.exporting import measure  # noqa: PLC0415  # same
    from satchel.client.filling import fill  # noqa: PLC0415  # same
    from satchel.client.layout import FolderLayout  # noqa: PLC0415  # same

    source = account.source
    async with AsyncClient(source.address, token=account.token, basic=account.basic) as client:
        if options.dry_run:
            return _counted(await measure(client.driver, source))
        with ProgressBar() as bar:
            report = await fill(
                client.driver,
                source,
                options.tree,
                layout=FolderLayout(LAYOUT),
                about={"started_at": datetime.now(UTC).isoformat()},  # noqa: TID251  # this process's clock
                resume=True,
                parallel=options.parallel,
                listener=bar,
            )
    return _fetched(report, options.tree)


def _counted(report: "ExportReport") -> ExitCode:
    output.out.print(
        f"{report.instances} instances, {report.files} files ({bytes_text(report.bytes)} where sizes are known),"
        f" {report.links} links; {report.absent} numbers do not exist, {report.failed} instances cannot be read",
        markup=False,
    )
    return ExitCode.OK


def _fetched(report: "ExportReport", tree: Path) -> ExitCode:
    output.out.print(
        f"{report.files} files ({bytes_text(report.bytes)}) of {report.instances} instances in {tree}:"
        f" {report.fetched} fetched, {report.kept} kept, {report.failed} failed; {report.links} links",
        markup=False,
    )
    if report.absent:
        output.err.print(f"{report.absent} of the numbers do not exist")
    for failure in report.failures[:_MOST_SHOWN]:
        said = f"failed: {failure['path']}: {failure['message']} [{failure['code']}]"
        output.note(said)
    if report.failed > _MOST_SHOWN:
        output.err.print(f"... and {report.failed - _MOST_SHOWN} more, in report.json", markup=False)
    return ExitCode.FINDINGS if report.failed else ExitCode.OK


async def _start(options: _Options, *, is_lenient: bool, is_numbered: bool) -> ExitCode:
    """Start the instances of the folder."""
    from satchel.client.api import AsyncClient  # noqa: PLC0415  # only this command needs it
    from satchel.client.importing import ImportRun  # noqa: PLC0415  # same

    async with AsyncClient(server_of(options.url, options.token), token=options.token) as client:
        work = ImportRun(
            client,
            options.tree,
            app=options.app,
            names=options.names,
            skip=options.skip,
            is_lenient=is_lenient,
            is_numbered=is_numbered,
        )
        return _print_report(await work.run())


def _print_report(report: "ImportReport") -> ExitCode:
    """Print a report, and return its exit code."""
    output.out.print(
        f"{report.instances} instances: {report.started} started, {report.there} already imported,"
        f" {report.failed} failed; {report.files} files, {report.links} links",
        markup=False,
    )
    for name, count in report.fields.most_common(_MOST_SHOWN):
        output.note(f"left out: {name}, of {count} instances")
    if report.moved:
        output.err.print(f"{report.moved} files without a field went to the attachments tab")
    if report.orphans:
        output.err.print(f"{report.orphans} files belong to instances that the folder does not list, and were skipped")
    for failure in report.failures[:_MOST_SHOWN]:
        what = failure.get("name") or failure["title"]
        said = f"failed: {failure['identifier'] or failure['instance']} ({what}): {failure['message']}"
        output.note(said)
    if report.failed > _MOST_SHOWN:
        output.err.print(f"... and {report.failed - _MOST_SHOWN} more failed")
    if report.failed or report.fields or report.moved:
        output.err.print("each is a line of import-report.jsonl")
    return ExitCode.FINDINGS if report.failed else ExitCode.OK
