"""`satchel admin env`: what differs from server to server in the settings of service tasks."""

from typing import Annotated

import typer

from satchel.cli import output
from satchel.cli.admin.command import AdminContext, in_account


@in_account
async def environment(
    session: AdminContext,
    name: Annotated[str | None, typer.Argument(help="Name without env., such as erp_url; without it, lists.")] = None,
    value: Annotated[str | None, typer.Argument(help="The value; it is no secret.")] = None,
    *,
    delete: Annotated[bool, typer.Option("--delete", help="Delete it instead.")] = False,
) -> None:
    """Set, list or delete the values that service tasks name as {{ env.NAME }}."""
    from satchel.actions.identity import environment as values  # noqa: PLC0415  # only the commands that serve need it

    context, actor = session.context, session.actor
    if name is None:
        known = await values.listing(context, actor)
        output.table(["name", "value", "set"], [(one.name, one.value, one.changed_at.isoformat()) for one in known])
    elif delete:
        await values.delete(context, actor, name)
        output.say(f"env.{name} deleted")
    elif value is None:
        raise typer.BadParameter("Give the value, or --delete.")
    else:
        await values.put(context, actor, name, value)
        output.say(f"env.{name} set")
