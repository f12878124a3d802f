"""`satchel admin hash`: the 32-digit hashes that clients of Navixy send."""

from typing import Annotated

import typer

from satchel.cli import output
from satchel.cli.admin.command import UserSession, about_user


@about_user
async def create_hash(
    opened: UserSession,
    *,
    title: Annotated[str, typer.Option(help="What the key is for.")] = "command line",
    session: Annotated[bool, typer.Option("--session", help="Make a session of 30 days instead of a key.")] = False,
) -> None:
    """Create a hash for a user's Navixy clients, and print it this once."""
    from satchel.actions.identity import hashes  # noqa: PLC0415  # only the commands that serve need these parts

    context, actor = opened.context, opened.actor
    if session:
        made = await hashes.open_for(context, actor, opened.user_id)
    else:
        made = await hashes.create_key_for(context, actor, opened.user_id, title)
    output.out.print(made.secret, markup=False)
