"""`satchel admin keys`: the key that signs links to files and exports."""

from typing import TYPE_CHECKING

import typer

from satchel.cli import output
from satchel.cli.admin.command import on_server

if TYPE_CHECKING:
    from satchel.actions.context import Context

app = typer.Typer(help="Replace the key that signs links.", no_args_is_help=True)


@app.command("rotate")
@on_server
async def rotate(context: "Context") -> None:
    """Sign links with a new key: all earlier links to files and exports, in every account, end at once."""
    from satchel.actions.files import links  # noqa: PLC0415  # only the commands that serve need the server's parts

    await links.rotate_key(context)
    output.out.print("links are signed with a new key; every earlier link has ended", markup=False)
