"""`satchel import`: the instances of a tree, or of an account elsewhere, started anew with their values and files."""

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
from satchel.cli.remote import DEFAULT_URL, NEEDS_TOKEN, Token, Url
from satchel.model.errors import InvalidRequest, Unavailable

if TYPE_CHECKING:
    from satchel.client.import_report import ImportReport
    from satchel.client.progress import ExportReport

INTERRUPTED = 130
"""The exit code after Ctrl-C, as shells have it."""

LAYOUT = "{identifier}_({subject})"
"""Where files from an account elsewhere lie until, and after, they are imported."""

_MOST_SHOWN = 20
_FIELDS, _ACCOUNT = "What goes where", "From an account elsewhere (its credentials: see below)"


class UnknownField(StrEnum):
    """What becomes of a field that the app does not have."""

    FAIL = "fail"
    REPORT = "report"


Tree = Annotated[
    Path,
    typer.Argument(
        help="A folder that satchel export filled; for an account elsewhere, one to fill first.",
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
    typer.Option(help="A field that is not taken; repeat for several.", rich_help_panel=_FIELDS),
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
    typer.Option(help="A file of NAME=value, yours alone, instead of the environment.", rich_help_panel=_ACCOUNT),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only count what the account has.", rich_help_panel=_ACCOUNT)]
Parallel = Annotated[
    int, typer.Option(help="How many files are fetched at once.", min=1, max=32, rich_help_panel=_ACCOUNT)
]

EPILOG = (
    "Credentials of an account elsewhere come from the environment, from --credentials, or are asked for:"
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
    url: Url = DEFAULT_URL,
    token: Token = "",
) -> None:
    """Start an instance for each one of a tree, or of an account elsewhere, with its values, files and links.

    From an account the folder is filled first, each file checked.

    The folder knows what was done: run again, it does the rest, and what is new, and nothing twice.

    What was left out or failed is in its import-report.jsonl, a line each.
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
    asked = _Options(
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
        raise typer.Exit(output.run(_import(asked)))
    except KeyboardInterrupt:
        output.err.print("interrupted; the same command goes on")
        raise typer.Exit(INTERRUPTED) from None


def _pairs(texts: list[str]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in texts:
        there, is_pair, here = text.partition("=")
        if not is_pair or not there or not here:
            raise typer.BadParameter(f"--map takes THEIRS=OURS, not {text!r}.")
        pairs[there] = here
    return pairs


async def _import(asked: _Options) -> ExitCode:
    account = source_account(asked.wanted)
    if account is None:
        if asked.dry_run:
            raise InvalidRequest("--dry-run counts what an account elsewhere has.")
        return await _start(asked, is_lenient=asked.unknown is UnknownField.REPORT, is_numbered=True)
    if os.name != "posix":
        raise Unavailable("A folder is filled on POSIX systems only: use WSL.")
    if asked.app is None and not asked.dry_run:
        raise InvalidRequest("Say which app is started: --app CODE.")
    if not asked.token and not asked.dry_run:
        raise InvalidRequest(NEEDS_TOKEN)
    filled = await _fill(asked, account)
    if asked.dry_run:
        return filled
    started = await _start(asked, is_lenient=asked.unknown is not UnknownField.FAIL, is_numbered=account.is_numbered)
    return max(filled, started)


async def _fill(asked: _Options, account: SourceAccount) -> ExitCode:
    """Fill the folder from the account, or only count."""
    from satchel.client.api import AsyncClient  # noqa: PLC0415  # only this command needs it
    from satchel.client.exporting import measure  # noqa: PLC0415  # same
    from satchel.client.filling import fill  # noqa: PLC0415  # same
    from satchel.client.layout import FolderLayout  # noqa: PLC0415  # same

    source = account.source
    async with AsyncClient(source.address, token=account.token, basic=account.basic) as client:
        if asked.dry_run:
            return _counted(await measure(client.driver, source))
        with ProgressBar() as bar:
            report = await fill(
                client.driver,
                source,
                asked.tree,
                layout=FolderLayout(LAYOUT),
                about={"started_at": datetime.now(UTC).isoformat()},  # noqa: TID251  # this process's clock
                resume=True,
                parallel=asked.parallel,
                watch=bar,
            )
    return _fetched(report, asked.tree)


def _counted(report: "ExportReport") -> ExitCode:
    output.out.print(
        f"{report.instances} instances, {report.files} files ({bytes_text(report.bytes)} where sizes are known),"
        f" {report.links} links; {report.absent} numbers are nobody's, {report.failed} instances cannot be had",
        markup=False,
    )
    return ExitCode.OK


def _fetched(report: "ExportReport", tree: Path) -> ExitCode:
    output.out.print(
        f"{report.files} files ({bytes_text(report.bytes)}) of {report.instances} instances in {tree}:"
        f" {report.fetched} fetched, {report.kept} there already, {report.failed} failed; {report.links} links",
        markup=False,
    )
    if report.absent:
        output.err.print(f"{report.absent} of the numbers are nobody's")
    for failure in report.failures[:_MOST_SHOWN]:
        output.err.print(f"failed: {failure['path']}: {failure['message']} [{failure['code']}]", markup=False)
    if report.failed > _MOST_SHOWN:
        output.err.print(f"... and {report.failed - _MOST_SHOWN} more, in report.json", markup=False)
    return ExitCode.FINDINGS if report.failed else ExitCode.OK


async def _start(asked: _Options, *, is_lenient: bool, is_numbered: bool) -> ExitCode:
    """Start the instances of the folder."""
    from satchel.client.api import AsyncClient  # noqa: PLC0415  # only this command needs it
    from satchel.client.importing import ImportRun  # noqa: PLC0415  # same

    if not asked.token:
        raise InvalidRequest(NEEDS_TOKEN)
    async with AsyncClient(asked.url, token=asked.token) as client:
        work = ImportRun(
            client,
            asked.tree,
            app=asked.app,
            names=asked.names,
            skip=asked.skip,
            is_lenient=is_lenient,
            is_numbered=is_numbered,
        )
        return _print_report(await work.run())


def _print_report(report: "ImportReport") -> ExitCode:
    """Print what was done, and return the exit code that goes with it."""
    output.out.print(
        f"{report.instances} instances: {report.started} started, {report.there} there already, {report.failed} failed;"
        f" {report.files} files, {report.links} links",
        markup=False,
    )
    for name, count in report.fields.most_common(_MOST_SHOWN):
        output.err.print(f"left out: {name}, of {count} instances", markup=False)
    if report.moved:
        output.err.print(f"{report.moved} files without a field went to the attachments tab")
    if report.orphans:
        output.err.print(f"{report.orphans} files are of instances that the folder does not list, and were passed over")
    for failure in report.failures[:_MOST_SHOWN]:
        what = failure.get("name") or failure["title"]
        output.err.print(
            f"failed: {failure['identifier'] or failure['instance']} ({what}): {failure['message']}", markup=False
        )
    if report.failed > _MOST_SHOWN:
        output.err.print(f"... and {report.failed - _MOST_SHOWN} more failed")
    if report.failed or report.fields or report.moved:
        output.err.print("each is a line of import-report.jsonl")
    return ExitCode.FINDINGS if report.failed else ExitCode.OK
