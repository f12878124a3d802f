"""`satchel admin hash`: the 32-digit hashes that clients of Navixy send."""

from typing import Annotated

import typer

from satchel.cli import output
from satchel.cli.admin.command import Session, in_account


@in_account
async def create_hash(
    opened: Session,
    email: str,
    *,
    title: Annotated[str, typer.Option(help="What the key is for.")] = "command line",
    session: Annotated[bool, typer.Option("--session", help="Make a session of 30 days instead of a key.")] = False,
) -> None:
    """Create a hash for a user's Navixy clients, and print it this once."""
    from satchel.actions.identity import accounts, hashes  # noqa: PLC0415  # only the commands that serve need these parts

    context, actor = opened.context, opened.actor
    user = await accounts.user_by_email(context, actor, email)
    if session:
        made = await hashes.open_for(context, actor, user.id)
    else:
        made = await hashes.create_key_for(context, actor, user.id, title)
    output.out.print(made.secret, markup=False)
