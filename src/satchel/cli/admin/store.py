"""`satchel admin store`: which files, and which key of secrets, belong to the database."""

from typing import TYPE_CHECKING

import typer

from satchel.cli import output
from satchel.cli.admin.command import accepting_files, accepting_key

if TYPE_CHECKING:
    from satchel.actions.context import Context

app = typer.Typer(help="Say which files and which key belong to the database.", no_args_is_help=True)


@app.command("accept-files")
@accepting_files
async def accept_files(_: "Context") -> None:
    """Make the files in the data directory those of the database, where a server refuses them as another's.

    Bytes that the database does not know are deleted by the sweep.
    """
    output.out.print("the files are the database's from now on; see what is missing with `satchel doctor`")


@app.command("accept-key")
@accepting_key
async def accept_key(context: "Context") -> None:
    """Make the key of secrets that of the database, where a server refuses it; creates one if it is missing.

    Lists the secrets that it does not open.
    """
    from satchel.actions.upkeep import belonging  # noqa: PLC0415  # only the commands that serve need the server's parts

    async with context.database.read() as tx:
        unopened = await belonging.unopened(tx, context.vault)
    output.out.print(f"secrets are sealed with the key {context.vault.fingerprint} from now on")
    for one in unopened:
        output.say(f"set again: {one.name} of {one.account}")
