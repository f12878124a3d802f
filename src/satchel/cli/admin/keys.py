"""`satchel admin keys`: the key that links to files and exports are signed with."""

from typing import TYPE_CHECKING

import typer

from satchel.cli import output
from satchel.cli.admin.command import on_server

if TYPE_CHECKING:
    from satchel.actions.context import Context

app = typer.Typer(help="Replace the key that links are signed with.", no_args_is_help=True)


@app.command("rotate")
@on_server
async def rotate(context: "Context") -> None:
    """Sign links with a new key: all that were made before, to files and exports, in every account, end at once."""
    from satchel.actions.files import links  # noqa: PLC0415  # only the commands that serve need the server's parts

    await links.rotate_key(context)
    output.out.print("links are signed with a new key; every link that was made before has ended", markup=False)
