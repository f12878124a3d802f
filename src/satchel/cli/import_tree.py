"""`satchel import`: the instances of an export's tree, started anew with their values and files."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from satchel.cli import output
from satchel.cli.output import Code
from satchel.cli.remote import DEFAULT_URL, Token, Url
from satchel.model.errors import InvalidRequest

if TYPE_CHECKING:
    from satchel.client.importing import ImportReport

_MOST_SHOWN = 20

Source = Annotated[Path, typer.Argument(help="A folder that satchel export filled.", exists=True, file_okay=False)]
App = Annotated[str | None, typer.Option(help="The code of the app to start; without it, those that the tree names.")]
Map = Annotated[list[str] | None, typer.Option("--map", help="HERE=THERE: a field's id in the tree and in the app.")]
Skip = Annotated[list[str] | None, typer.Option(help="A field of the tree that is not taken; repeat for several.")]


def import_tree(
    tree: Source,
    *,
    app: App = None,
    names: Map = None,
    skip: Skip = None,
    url: Url = DEFAULT_URL,
    token: Token = "",
) -> None:
    """Start an instance for each one of a tree, with its values, files and links.

    What was done is noted in the tree's import.jsonl: run again, it does the rest, and nothing twice.
    """
    pairs: dict[str, str] = {}
    for text in names or ():
        here, is_pair, there = text.partition("=")
        if not is_pair or not here or not there:
            raise typer.BadParameter(f"--map takes HERE=THERE, not {text!r}.")
        pairs[here] = there
    raise typer.Exit(output.run(_import(tree, app=app, names=pairs, skip=skip or [], url=url, token=token)))


async def _import(tree: Path, *, app: str | None, names: dict[str, str], skip: list[str], url: str, token: str) -> Code:
    from satchel.client.api import AsyncClient  # noqa: PLC0415  # only this command needs it
    from satchel.client.importing import Import  # noqa: PLC0415  # same

    if not token:
        raise InvalidRequest("Give a token: --token, or SATCHEL_TOKEN. `satchel admin token EMAIL` makes one.")
    async with AsyncClient(url, token=token) as client:
        return _told(await Import(client, tree, app=app, names=names, skip=skip).run())


def _told(report: "ImportReport") -> Code:
    """Print what was done, and return the exit code that goes with it."""
    output.out.print(
        f"{report.instances} instances: {report.started} started, {report.there} there already, {report.failed} failed;"
        f" {report.files} files, {report.links} links",
        markup=False,
    )
    for left in report.left_out[:_MOST_SHOWN]:
        output.err.print(f"left out: {left['field']} of {left['instance']}: {left['value']}", markup=False)
    for failure in report.failures[:_MOST_SHOWN]:
        output.err.print(f"failed: {failure['instance']} ({failure['title']}): {failure['message']}", markup=False)
    for name, count in (("left out", len(report.left_out)), ("failed", len(report.failures))):
        if count > _MOST_SHOWN:
            output.err.print(f"... and {count - _MOST_SHOWN} more {name}")
    return Code.FINDINGS if report.failed else Code.OK
