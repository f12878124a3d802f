"""`satchel export`: fetches every file of a search into a folder tree that a second run completes."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from satchel.cli import output
from satchel.cli.output import ExitCode, bytes_text
from satchel.cli.progress import ProgressBar
from satchel.cli.remote import UNNAMED, Token, Url, server_of
from satchel.client import layout as layouts
from satchel.model.errors import InvalidRequest, Unavailable
from satchel.settings import variables

if TYPE_CHECKING:
    from satchel.client.api import AsyncClient
    from satchel.client.progress import ExportReport
    from satchel.client.sources.source import Source

INTERRUPTED = 130
"""The exit code after Ctrl-C, as in shells."""

_MOST_SHOWN = 20
_MEMBERS = ("app", "states", "title", "started_from", "started_to", "ended_from", "ended_to", "starter")
"""Members of a native query that are options, in the order of the options."""

Target = Annotated[Path, typer.Argument(help="The folder to fill, or a .zip to create.", show_default=False)]
Criteria = Annotated[
    Path | None,
    typer.Option(help="A file with the search: Questetra's criteria (XML or JSON) or a native query.", exists=True),
]
Questetra = Annotated[
    str | None, typer.Option(help="The address of a Questetra server, up to /API, instead of Satchel's.")
]
Email = Annotated[str, typer.Option(envvar="QUESTETRA_EMAIL", help="With --questetra: whom the API password is of.")]
ApiPassword = Annotated[
    str, typer.Option(envvar="QUESTETRA_API_PASSWORD", help="With --email; without both, --token is an OAuth2 token.")
]
Search = Annotated[int | None, typer.Option(help="The number of a saved search.")]
App = Annotated[str | None, typer.Option(help="The app's code (at Questetra: its number).")]
State = Annotated[list[str] | None, typer.Option(help="running, ended, cancelled or failed; repeat for several.")]
Title = Annotated[str | None, typer.Option(help="What the title contains.")]
Day = Annotated[str | None, typer.Option(help="A day, a moment, or #today.addDays(n).")]
Starter = Annotated[str | None, typer.Option(help="Who started it: a user's number, or me.")]
Condition = Annotated[list[str] | None, typer.Option(help="x=y, x~part, x>=low, x<=high; repeat for several.")]
Fields = Annotated[str | None, typer.Option(help="Only these file fields, separated by commas; no attachments tab.")]
Attachments = Annotated[bool, typer.Option("--attachments/--no-attachments", help="Include the attachments tab.")]
Pattern = Annotated[str, typer.Option(help="Folders: {id} {identifier} {app} {code} {subject} {year} {field} ...")]
Resume = Annotated[bool, typer.Option("--resume", help="Continue in a folder that an export has started to fill.")]
Since = Annotated[str | None, typer.Option(help="Only files attached from this day or moment on; adds to the folder.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only count: instances, files, bytes.")]
Parallel = Annotated[int, typer.Option(help="How many files are fetched at once.", min=1, max=32)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    """The command line."""

    target: Path
    url: str
    token: str
    questetra: str | None
    basic: tuple[str, str] | None
    query: dict[str, object]
    criteria: Path | None
    search: int | None
    fields: tuple[str, ...] | None
    attachments: bool
    layout: str
    resume: bool
    since: str | None
    dry_run: bool
    parallel: int


def export(
    target: Target,
    *,
    criteria: Criteria = None,
    search: Search = None,
    app: App = None,
    state: State = None,
    title: Title = None,
    started_from: Day = None,
    started_to: Day = None,
    ended_from: Day = None,
    ended_to: Day = None,
    started_by: Starter = None,
    field: Condition = None,
    fields: Fields = None,
    attachments: Attachments = True,
    layout: Pattern = layouts.DEFAULT,
    resume: Resume = False,
    since: Since = None,
    dry_run: DryRun = False,
    parallel: Parallel = 8,
    questetra: Questetra = None,
    email: Email = "",
    api_password: ApiPassword = "",
    url: Url = UNNAMED,
    token: Token = "",
) -> None:
    """Fetch every file of the instances that a search finds into a folder tree, with a manifest and the values.

    After an interruption, the same command with --resume completes it, and fetches only missing or wrong files.
    """
    starter = None if started_by is None else started_by.removeprefix("#")
    values = (app, state, title, started_from, started_to, ended_from, ended_to, starter)
    query: dict[str, object] = {name: value for name, value in zip(_MEMBERS, values, strict=True) if value is not None}
    if field:
        query["fields"] = _conditions(field)
    options = _Options(
        target=target,
        url=url,
        token=token,
        questetra=questetra,
        basic=(email, api_password) if email else None,
        query=query,
        criteria=criteria,
        search=search,
        fields=None if fields is None else tuple(part.strip() for part in fields.split(",") if part.strip()),
        attachments=attachments and fields is None,
        layout=layout,
        resume=resume or since is not None,
        since=since,
        dry_run=dry_run,
        parallel=parallel,
    )
    raise typer.Exit(_ran(options))


def _ran(options: _Options) -> int:
    """Return the exit code of a run, also of an interrupted one."""
    try:
        return output.run(_export(options))
    except KeyboardInterrupt:
        output.err.print("interrupted; the same command with --resume continues")
        return INTERRUPTED


def _conditions(given: list[str]) -> object:
    from satchel.client import searches  # noqa: PLC0415  # only this command needs it

    try:
        return searches.conditions(given)
    except InvalidRequest as error:
        raise typer.BadParameter(error.message, param_hint="--field") from None


async def _export(options: _Options) -> ExitCode:
    if os.name != "posix" and options.target.suffix.lower() != ".zip":
        raise Unavailable("A folder is filled on POSIX systems only: use WSL, or name a .zip.")
    if (options.criteria is not None) + (options.search is not None) + bool(options.query) > 1:
        raise InvalidRequest("Choose what to export in one way: --criteria, --search, or the other options.")
    return await (_from_satchel(options) if options.questetra is None else _from_questetra(options, options.questetra))


async def _from_satchel(options: _Options) -> ExitCode:
    from satchel.client import searches  # noqa: PLC0415  # only this command needs it
    from satchel.client.api import AsyncClient  # noqa: PLC0415  # same
    from satchel.client.sources.native import NativeSource  # noqa: PLC0415  # same

    address = server_of(options.url, options.token)
    async with AsyncClient(address, token=options.token) as client:
        zone = (await client.me()).time_zone
        query, fields, attachments = options.query, options.fields, options.attachments
        if options.search is not None:
            query = dict((await client.saved_search(options.search)).query)
        text = "" if options.criteria is None else searches.read_text(options.criteria)
        if options.criteria is not None and searches.is_questetra(text):
            meaning = await client.read_criteria(text)
            query = dict(meaning.query)
            if meaning.fields and fields is None:
                fields, attachments = tuple(meaning.fields), False
        elif options.criteria is not None:
            query = searches.read_query(text)
        query = searches.dated(query, _now(), zone)
        if options.target.suffix.lower() == ".zip" and not options.dry_run:
            return await _zip(client, options, query, fields, is_whole=attachments)
        source = NativeSource(address, query, fields=fields, attachments=attachments)
        moment = None if options.since is None else searches.since(options.since, _now(), zone)
        return await (_count if options.dry_run else _fill)(client, source, options, moment)


async def _zip(
    client: "AsyncClient",
    options: _Options,
    query: dict[str, object],
    fields: tuple[str, ...] | None,
    *,
    is_whole: bool,
) -> ExitCode:
    """Export as a zip made by the server, and fetch it; its number is kept beside it until it is complete."""
    if options.since is not None or options.layout != layouts.DEFAULT:
        raise InvalidRequest("--since and --layout are for folders, not for a zip.")
    number = options.target.with_name(f"{options.target.name}.export")
    if options.target.exists():
        raise InvalidRequest(f"{options.target} exists already. Name another file.")
    if options.resume and number.exists():
        begun = int(number.read_text(encoding="ascii"))
    else:
        conditions = {name: value for name, value in query.items() if name not in ("limit", "cursor")}
        begun = (await client.begin_export(conditions, fields=fields, attachments=is_whole)).id
        options.target.with_name(f"{options.target.name}.part").unlink(missing_ok=True)
        number.write_text(str(begun), encoding="ascii")
    ready = await client.wait_for_export(begun)
    with ProgressBar() as bar:
        bar.expect(files=ready.files, size=ready.size or 0)
        await client.download_export(begun, options.target, on_bytes=bar.arrived)
    number.unlink()
    left = ready.left_out + ready.missing
    output.out.print(
        f"{ready.files} files ({bytes_text(ready.bytes)}) of {ready.instances} instances in {options.target};"
        f" {left} left out",
        markup=False,
    )
    return ExitCode.FINDINGS if ready.missing else ExitCode.OK


async def _from_questetra(options: _Options, address: str) -> ExitCode:
    from satchel.client import searches  # noqa: PLC0415  # only this command needs it
    from satchel.client.api import AsyncClient  # noqa: PLC0415  # same
    from satchel.client.sources.questetra import QuestetraSource  # noqa: PLC0415  # same

    if options.target.suffix.lower() == ".zip":
        raise InvalidRequest("Questetra makes no zip; name a folder.")
    if options.search is not None or options.since is not None:
        raise InvalidRequest("--search and --since are for Satchel; Questetra's files have no date.")
    token = options.token
    if variables(["SATCHEL_TOKEN"]).get("SATCHEL_TOKEN") == token:
        token = ""  # it is for Satchel's server, not for Questetra's
    token = token or variables(["QUESTETRA_TOKEN"]).get("QUESTETRA_TOKEN", "")
    if options.basic is None and not token:
        raise InvalidRequest(
            "Sign in with --email and --api-password, or with an OAuth2 token: --token, or QUESTETRA_TOKEN."
        )
    criteria = searches.criteria_of(options.query) if options.criteria is None else searches.read_text(options.criteria)
    items = None if options.fields is None else [searches.item_number(field) for field in options.fields]
    async with AsyncClient(address, token=token if options.basic is None else None, basic=options.basic) as client:
        source = QuestetraSource(address, criteria, items=items)
        return await (_count if options.dry_run else _fill)(client, source, options, None)


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251  # this process's clock: the user's #today


async def _count(client: "AsyncClient", source: "Source", options: _Options, moment: str | None) -> ExitCode:
    from satchel.client.exporting import measure  # noqa: PLC0415  # only this command needs it

    report = await measure(client.driver, source, since=moment)
    output.out.print(
        f"{report.instances} instances, {report.files} files, {report.bytes} bytes ({bytes_text(report.bytes)}),"
        f" {report.links} links; nothing was fetched into {options.target}",
        markup=False,
    )
    return ExitCode.OK


async def _fill(client: "AsyncClient", source: "Source", options: _Options, moment: str | None) -> ExitCode:
    from satchel.client.exporting import measure  # noqa: PLC0415  # only this command needs it
    from satchel.client.filling import fill  # noqa: PLC0415  # same

    with ProgressBar() as bar:
        if bar.is_shown:
            total = await measure(client.driver, source, since=moment)
            bar.expect(files=total.files, size=total.bytes)
        report = await fill(
            client.driver,
            source,
            options.target,
            layout=layouts.FolderLayout(options.layout),
            about={"started_at": _now().isoformat(), "query": options.query, "layout": options.layout},
            resume=options.resume,
            since=moment,
            parallel=options.parallel,
            listener=bar,
        )
    return _print_report(report, options.target)


def _print_report(report: "ExportReport", target: Path) -> ExitCode:
    """Print a report, and return its exit code."""
    if report.instances == 0:
        output.out.print("nothing was found")
    output.out.print(
        f"{report.files} files ({bytes_text(report.bytes)}) of {report.instances} instances in {target}:"
        f" {report.fetched} fetched, {report.kept} kept, {report.failed} failed; {report.links} links",
        markup=False,
    )
    if report.window is not None:
        output.err.print(f"a text of fewer than three characters was searched in the newest {report.window} only")
    for failure in report.failures[:_MOST_SHOWN]:
        said = f"failed: {failure['path']}: {failure['message']} [{failure['code']}]"
        output.note(said)
    if report.failed > _MOST_SHOWN:
        output.err.print(f"... and {report.failed - _MOST_SHOWN} more, in report.json", markup=False)
    return ExitCode.FINDINGS if report.failed else ExitCode.OK
