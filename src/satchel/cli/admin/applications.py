"""`satchel admin application`: ids and secrets of programs that sign in to the Alloy surface."""

from datetime import timedelta
from typing import Annotated

import typer

from satchel.cli import output
from satchel.cli.admin.command import UserSession, about_user
from satchel.model.ids import CredentialId


@about_user
async def application(
    session: UserSession,
    name: Annotated[str | None, typer.Argument(help="What the new one is called; without it, lists them.")] = None,
    *,
    new_secret: Annotated[
        int | None, typer.Option("--new-secret", help="Number of an application whose secret is replaced.")
    ] = None,
    expires_in_days: Annotated[
        int | None, typer.Option(help="Days until it expires; without, it does not.", min=1, max=36_500)
    ] = None,
) -> None:
    """Create an application that acts for a user, give one another secret, or list them; a secret is printed once."""
    from satchel.actions.identity import applications  # noqa: PLC0415  # only the commands that serve need these parts

    context, actor = session.context, session.actor
    if new_secret is not None:
        made = await applications.change_secret(context, actor, CredentialId(new_secret))
    elif name is not None:
        expires_at = None if expires_in_days is None else context.clock() + timedelta(days=expires_in_days)
        made = await applications.create(context, actor, session.user_id, name, expires_at=expires_at)
    else:
        known = await applications.listing(context, actor, session.user_id)
        output.table(["application", "client_id", "name"], [(one.id, one.client_id, one.name) for one in known])
        return
    rows = [("application", str(made.id)), ("client_id", made.client_id), ("client_secret", made.secret)]
    output.table(["", ""], rows)
