"""`satchel admin mail`: the mail server of an account, and a test of it."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from satchel.cli import output
from satchel.cli.admin.command import AccountName, AdminContext, in_account
from satchel.cli.serve import DataDirectory

if TYPE_CHECKING:
    from satchel.model.mail import MailServer


def mail(
    url: Annotated[
        str | None,
        typer.Argument(
            help="smtp://, smtp+starttls:// or smtps://, USER@ if required, HOST:PORT; without it, only shows.",
            show_default=False,
        ),
    ] = None,
    *,
    sender: Annotated[
        str | None,
        typer.Option("--from", help="Sender of the account's mail; required with a URL.", show_default=False),
    ] = None,
    password: Annotated[
        str | None,
        typer.Option(
            "--password", envvar="SATCHEL_PASSWORD", help="Of the USER; prompted for if not given.", show_default=False
        ),
    ] = None,
    test: Annotated[
        str | None, typer.Option("--test", metavar="EMAIL", help="Send a test to this address.", show_default=False)
    ] = None,
    delete: Annotated[bool, typer.Option("--delete", help="Use the server's own mail server again.")] = False,
    account: AccountName = None,
    data: DataDirectory = None,
) -> None:
    """Set, show or test the mail server of an account; its password is prompted for, and never shown."""
    server = None
    if url is not None and not delete:
        if sender is None:
            raise typer.BadParameter("name the sender of the account's mail.", param_hint="--from")
        server = _server(url, password)
    _mail(server=server, sender=sender, test=test, delete=delete, account=account, data=data)


def _server(url: str, password: str | None) -> "MailServer":
    from satchel.setting_kinds import smtp_url  # noqa: PLC0415  # only the commands that serve need the server's parts

    try:
        server = smtp_url(url)
    except ValueError as error:
        raise typer.BadParameter(f"it {error}.", param_hint="URL") from None
    # Prompts before the server's parts are open: a person may take a while.
    if server.user is not None and not server.password:
        prompted = password or typer.prompt(f"Password of {server.user}", hide_input=True)
        server = replace(server, password=prompted)
    return server


@in_account
async def _mail(
    session: AdminContext, *, server: "MailServer | None", sender: str | None, test: str | None, delete: bool
) -> None:
    from satchel.actions import mail_servers  # noqa: PLC0415  # as above

    context, actor = session.context, session.actor
    if delete:
        await mail_servers.delete(context, actor)
    elif server is not None:
        await mail_servers.put(context, actor, server, sender or "")
    if test is not None:
        used = await mail_servers.send_test(context, actor.account_id, test)
        output.out.print(f"{used.server.host}:{used.server.port} took a test mail to {test}", markup=False)
        return
    known = await mail_servers.mailer(context, actor.account_id)
    health = await mail_servers.health(context, actor.account_id)
    if known is None:
        output.out.print("no mail server: notifications are only listed in the application", markup=False)
        return
    whose = "of this account" if known.is_own else "of this server (SATCHEL_SMTP_URL)"
    where = f"{known.server.security}://{known.server.host}:{known.server.port}"
    output.out.print(f"{where} {whose}, from {known.sender}", markup=False)
    if health is not None and health.failing_since is not None:
        output.out.print(f"fails since {health.failing_since.isoformat()}: {health.failure}", markup=False)
